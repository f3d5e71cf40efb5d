//! `inbox`: list what a person can act on.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::lookup::parse;
use crate::domain::{
    Change, ConflictOfInterest, Denied, Governance, Left, Moment, PersonId, Role, Status, Time, Verdict,
};
use crate::error::Error;
use crate::output::{ago, summary, table};
use crate::store::Session;

/// List what you can act on
///
/// Lists changes to approve, start, finish or revise, and proposals to second, oldest first. The inbox is that of your
/// key's owner, or of the person given with --as.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal inbox
  twinseal inbox --as carol")]
pub struct Inbox {}

/// An act that a person can take.
struct Waiting {
    what: String,
    about: String,
    since: Time,
    why: String,
}

impl Inbox {
    /// # Errors
    /// The register cannot be opened or read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let me: PersonId = match context.key_choice.person_meant() {
            Some(meant) => parse(meant)?,
            None => context.key_choice.actor(&session, context.key_choice.key_for(&session)?.public())?,
        };
        let now = session.state().moment(context.env.now());
        let mut waiting = proposals(&session, &me, now)?;
        waiting.extend(seal(&session, &me, now)?);
        let open = session.queries().open_for(&me, now.claimed)?;
        let acts = session.ask_each(None, open, |change, governance| act(change, governance, &me, now))??;
        waiting.extend(acts.into_iter().flatten());
        if waiting.is_empty() && !context.ui.json {
            context.env.status(format_args!("inbox of {me} is empty"));
            return Ok(());
        }
        waiting.sort_by_key(|it| it.since);
        let json = || {
            let item = |it: &Waiting| {
                let since = it.since.to_string();
                json!({ "action": it.what, "subject": it.about, "since": since, "reason": it.why })
            };
            json!({ "person": me.to_string(), "items": waiting.iter().map(item).collect::<Value>() })
        };
        let row = |it: &Waiting| [it.what.clone(), it.about.clone(), ago(it.since, now.claimed), it.why.clone()];
        let width = context.env.width;
        let rows = || waiting.iter().map(row).collect();
        context.ui.answer(context.env, json, || table(["ACTION", "SUBJECT", "SINCE", "REASON"], rows(), width))
    }
}

/// The seal of a new register, for every founding admin but its founder.
fn seal(session: &Session, me: &PersonId, now: Moment) -> Result<Option<Waiting>, Error> {
    let governance = session.state().governance();
    let Some(founder) = governance.founder().filter(|founder| *founder != me && !governance.is_sealed()) else {
        return Ok(None);
    };
    if !session.ask(|state| Ok(state.governance().has_role(me, Role::Admin, now)?))?? {
        return Ok(None);
    }
    let since = session.entry(0)?.map_or(now.claimed, |entry| entry.header.time);
    let why = format!("founded by {founder}; accepts nothing before it is sealed");
    Ok(Some(Waiting { what: "seal".to_owned(), about: "register".to_owned(), since, why }))
}

fn proposals(session: &Session, me: &PersonId, now: Moment) -> Result<Vec<Waiting>, Error> {
    let mut waiting = Vec::new();
    if !session.ask(|state| Ok(state.governance().has_role(me, Role::Admin, now)?))?? {
        return Ok(waiting);
    }
    for id in session.queries().open_proposals()? {
        let proposal = session.ask(|state| state.governance().proposal(id).cloned())??;
        let may_be_seconded = now.effective < proposal.lapses() && !proposal.ahead && proposal.proposer != *me;
        let Some(action) = proposal.action().filter(|_| may_be_seconded) else {
            continue;
        };
        waiting.push(Waiting {
            what: "second".to_owned(),
            about: format!("proposal {id}"),
            since: proposal.moment.claimed,
            why: format!("{}; lapses {}", summary(action), ago(proposal.lapses(), now.claimed)),
        });
    }
    Ok(waiting)
}

/// The act that this person can take on a change.
fn act(change: &Change, governance: &Governance, me: &PersonId, now: Moment) -> Result<Option<Waiting>, Denied> {
    let revision = change.current();
    let window = &revision.facts.window;
    let conflict = change.conflict_of_interest(governance, me)?;
    let implements = revision.facts.implementers.contains(me);
    let counted = change.tally(governance, now)?;
    let approver = governance.has_role(me, Role::Approver, now)?;
    let (judged_at, now) = (now, now.claimed);
    let opens = if window.contains(now) {
        format!("window closes {}", ago(window.end(), now))
    } else {
        format!("window opens {}", ago(window.start(), now))
    };
    let risk = revision.facts.risk;
    let left = change.stranded(governance, None)?;
    let stands_in = left == Left::All && governance.has_role(me, Role::Admin, judged_at)?;
    let (what, since, why) = match change.status(governance, judged_at)? {
        Status::AwaitingApproval
            if conflict.is_none() && approver && !counted.counted.iter().any(|vote| vote.person == *me) =>
        {
            let have = counted.counted.len();
            ("approve", revision.time, format!("{risk}; {have} of {} approvals; {opens}", counted.need))
        }
        Status::Approved if implements => ("start", revision.time, format!("{risk}; approved; {opens}")),
        Status::InProgress if implements || conflict == Some(ConflictOfInterest::Owns) || stands_in => {
            let since = change.started().map_or(revision.time, |act| act.time);
            ("finish", since, format!("in progress; window closes {}", ago(window.end(), now)))
        }
        Status::Rejected if matches!(conflict, Some(ConflictOfInterest::Requested | ConflictOfInterest::Owns)) => {
            let Some(vote) = change.votes().iter().rfind(|vote| vote.verdict == Verdict::Reject) else {
                return Ok(None);
            };
            ("revise", vote.time, format!("rejected by {}", vote.person))
        }
        Status::Expired if matches!(conflict, Some(ConflictOfInterest::Requested | ConflictOfInterest::Owns)) => {
            ("revise", window.end(), "expired; window closed without a start".to_owned())
        }
        _ => return Ok(None),
    };
    let why = if left.is_any() { format!("{why}; {}", left.phrase()) } else { why };
    Ok(Some(Waiting { what: what.to_owned(), about: change.id().to_string(), since, why }))
}
