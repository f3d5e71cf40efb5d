//! `show`: one change, whole.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::lookup::{change, names, parse, redaction};
use crate::domain::{Act, Change, ChangeId, Governance, Outcome, ProposalId, RefusedAct, Revision, Text, Vote};
use crate::error::Error;
use crate::output::{Page, Remarks, Words, change_page, json};
use crate::store::Session;

/// Show a change: what it is, where it stands, what happened
#[derive(Debug, Args)]
pub struct Show {
    /// The change, such as CHG-42
    change: String,
}

impl Show {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let mut session = context.open()?;
        if context.ui.json {
            let shown = whole(context, &mut session, id)?;
            return context.ui.print_json(context.env, shown);
        }
        let page = page(context, &mut session, id)?;
        Ok(context.env.print(page.finish())?)
    }
}

/// A change as a page.
///
/// # Errors
/// [`Error::NoChange`], or what prevents reading.
pub fn page(context: &Context<'_>, session: &mut Session, id: ChangeId) -> Result<Page, Error> {
    change(session, id)?;
    let _snapshot = session.hold_snapshot()?;
    let state = session.state();
    let change = state.change(id)?;
    let description = match text(session, change.current().seq)? {
        Some(Text::Description(description)) => Some(*description),
        _ => None,
    };
    let remarks = remarks(session, change)?;
    let redacted = redaction(session, change.current().seq)?;
    let words = Words { description, redacted, remarks, names: names(session)? };
    let mut page = Page::new(context.env.colour, context.env.width);
    change_page(&mut page, change, &words, state.governance(), context.env.now());
    Ok(page)
}

/// What people said with decisions, notes and outcomes, or who redacted it.
fn remarks(session: &Session, change: &Change) -> Result<Remarks, Error> {
    let acts = change.notes().iter().chain(change.withdrawn()).chain(change.outcomes().iter().map(|(_, act)| act));
    let acts = acts.map(|act| act.seq).chain(change.votes().iter().map(|vote| vote.seq));
    let mut remarks = Remarks::new();
    for seq in acts {
        match redaction(session, seq)? {
            Some(redacted) => _ = remarks.insert(seq, format!("(redacted {redacted})")),
            None => {
                if let Some(Text::Remark(_, prose)) = text(session, seq)? {
                    remarks.insert(seq, prose.to_string());
                }
            }
        }
    }
    Ok(remarks)
}

/// A change as programs read it: as it stands now, all its revisions, and all that happened.
fn whole(context: &Context<'_>, session: &mut Session, id: ChangeId) -> Result<Value, Error> {
    change(session, id)?;
    let _snapshot = session.hold_snapshot()?;
    let (change, governance) = (session.state().change(id)?, session.state().governance());
    let now = context.env.now();
    let tally = change.tally(governance, now);
    // Once it was started, what counted is decided for good.
    let open = change.started().is_none();
    let void = |seq| tally.void.iter().find(|(vote, _)| vote.seq == seq).map(|(_, why)| why);
    let mut revisions = Vec::new();
    for it in change.revisions() {
        let text = text(session, it.seq)?;
        revisions.push(json!({
            "number": it.id.number,
            "leaf": it.id.filed.to_string(),
            "seq": it.seq,
            "time": it.time.to_string(),
            "requester": it.requester.to_string(),
            "facts": json::facts(&it.facts),
            "text": text.as_ref().map(json::text),
            "redacted_by": redacted_by(governance, it),
        }));
    }
    let remarks = remarks(session, change)?;
    let act = |act: &Act| {
        let (person, time, remark) = (act.person.to_string(), act.time.to_string(), remarks.get(&act.seq));
        json!({ "person": person, "time": time, "seq": act.seq, "remark": remark })
    };
    let vote = |it: &Vote| json::vote(change, it, void(it.seq).filter(|_| open), remarks.get(&it.seq));
    let outcome = |(outcome, it): &(Outcome, Act)| json!({ "outcome": outcome.to_string(), "act": act(it) });
    let refusal =
        |it: &RefusedAct| json!({ "verb": it.verb.to_string(), "rule": it.rule.to_string(), "act": act(&it.act) });
    Ok(json!({
        "change": id.to_string(),
        "status": change.status(governance, now).to_string(),
        "revision": change.current().id.number,
        "approvals": open.then(|| json!({ "have": tally.counted.len(), "need": tally.need })),
        "revisions": revisions,
        "votes": change.votes().iter().map(vote).collect::<Value>(),
        "notes": change.notes().iter().map(act).collect::<Value>(),
        "withdrawn": change.withdrawn().map(act),
        "started": change.started().map(act),
        "outcomes": change.outcomes().iter().map(outcome).collect::<Value>(),
        "refused": change.refused().iter().map(refusal).collect::<Value>(),
    }))
}

/// The proposal that redacted what was written in a revision.
fn redacted_by(governance: &Governance, revision: &Revision) -> Option<u64> {
    let text = revision.text.as_ref()?;
    governance.redacted(revision.seq, text.digest).map(ProposalId::number)
}

/// What was written with an entry.
fn text(session: &Session, seq: u64) -> Result<Option<Text>, Error> {
    Ok(session.entry(seq)?.and_then(|entry| entry.text))
}
