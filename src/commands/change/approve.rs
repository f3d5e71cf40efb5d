//! `approve`: sign a revision that was read.

use clap::Args;

use crate::commands::look::diff;
use crate::commands::look::show::page;
use crate::commands::lookup::{change, parse, remark};
use crate::commands::{Context, report_recorded};
use crate::domain::{ChangeId, Digest, Event, Field, PersonId, Text, Verdict};
use crate::error::Error;
use crate::output::{Page, window_lines};
use crate::record::{Plan, record, rehearse};
use crate::store::Session;

/// Approve changes: shows each whole revision, then asks for its id to be typed
///
/// Without a terminal, --revision names exactly what is signed: the digest that `twinseal show` prints.
#[derive(Debug, Args)]
pub struct Approve {
    /// The change, such as CHG-42; of several, each is shown and signed by itself
    #[arg(required = true, value_name = "CHANGE")]
    changes: Vec<String>,
    /// The digest of the revision that you have read; needed without a terminal, once for each change, in their order
    #[arg(long = "revision", value_name = "DIGEST")]
    revisions: Vec<String>,
    /// A remark to go with it
    #[arg(long)]
    note: Option<String>,
}

impl Approve {
    /// Runs it.
    ///
    /// # Errors
    /// The rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let ids = self.changes.iter().map(|it| parse(it)).collect::<Result<Vec<ChangeId>, _>>()?;
        let digests = self.revisions.iter().map(|it| parse(it)).collect::<Result<Vec<Digest>, _>>()?;
        if !digests.is_empty() && digests.len() != ids.len() {
            return Err(Error::DigestCount { changes: ids.len(), digests: digests.len() });
        }
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        for id in &ids {
            change(&mut session, *id)?;
        }
        for (at, id) in ids.into_iter().enumerate() {
            approve(context, &mut session, id, digests.get(at).copied(), text.as_ref())?;
        }
        Ok(())
    }
}

/// Approves one change: what was shown, or what the digest names.
fn approve(
    context: &mut Context<'_>,
    session: &mut Session,
    id: ChangeId,
    digest: Option<Digest>,
    text: Option<&Text>,
) -> Result<(), Error> {
    // Fixed before it is shown: if it is revised while somebody reads, the signature is refused.
    let revision = change(session, id)?.current().id;
    let plan = |_: &mut Session| Ok(Plan { event: Event::Approve(revision), text: text.cloned() });
    let entry = match digest {
        Some(given) if given != revision.filed => {
            return Err(Error::OtherDigest { flag: "--revision", given, found: revision.filed });
        }
        Some(_) => record(context.recorder(), session, plan)?,
        None if !context.env.console.is_interactive() => return Err(Error::NeedDigest { flag: "--revision" }),
        None => {
            let mut rehearsal = rehearse(&mut context.recorder(), session, plan)?;
            let mut page = page(context, session, id)?;
            show_changes(&mut page, session, id, rehearsal.actor())?;
            summary(&mut page, session, id, rehearsal.actor())?;
            // On the terminal where the question is asked, whatever becomes of standard output.
            context.env.status(page.finish());
            rehearsal.confirm(context.env, "approve this revision", &id.to_string())?;
            rehearsal.record(context.recorder(), session)?
        }
    };
    change(session, id)?;
    let tally = session.state().change(id)?.tally(session.state().governance(), context.env.now());
    let then = if tally.is_enough() { "it may start in its window" } else { "it waits for the others" };
    let (number, have, need) = (revision.number, tally.counted.len(), tally.need);
    report_recorded(context, &entry, None, format_args!("{id} revision {number} approved: {have} of {need}; {then}"))
}

/// What is about to be signed, in a few lines that stand right above the question.
fn summary(page: &mut Page, session: &Session, id: ChangeId, me: &PersonId) -> Result<(), Error> {
    let change = session.state().change(id)?;
    let revision = change.current();
    let mine = change.votes().iter().rfind(|vote| vote.person == *me && vote.revision == revision.id.filed);
    let approved_before = mine.is_some_and(|vote| vote.verdict == Verdict::Approve);
    let facts = &revision.facts;
    page.block("you are about to sign");
    page.text(
        "",
        format_args!("{id} revision {}: {} {}, owner {}", revision.id.number, facts.risk, facts.kind, facts.owner),
    );
    page.text("", window_lines(&facts.window)).verbatim(0, "", revision.id.filed);
    if approved_before {
        page.text("", "You approved it before; to approve again renews that.");
    }
    Ok(())
}

/// What changed since the revision that this person last approved, else since the one before.
fn show_changes(page: &mut Page, session: &Session, id: ChangeId, me: &PersonId) -> Result<(), Error> {
    let change = session.state().change(id)?;
    let current = change.current().id.number;
    let mine = change.votes().iter().rev().find(|vote| vote.person == *me && vote.verdict == Verdict::Approve);
    let number = |filed| change.revisions().find(|it| it.id.filed == filed).map(|it| it.id.number);
    let since = mine.and_then(|vote| number(vote.revision)).unwrap_or(current.saturating_sub(1));
    if (1..current).contains(&since) {
        let what = if mine.is_some() { "which you approved" } else { "the one before" };
        page.block(&format!("what changed since revision {since}, {what}"));
        diff::between(page, session, id, since, current)?;
    }
    Ok(())
}
