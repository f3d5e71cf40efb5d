//! `inbox`: what waits for me, and why.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::lookup::parse;
use crate::domain::{Change, ConflictOfInterest, Governance, PersonId, ProposalState, Role, Status, Time, Verdict};
use crate::error::Error;
use crate::output::{ago, asks, table};

/// Show what waits for you: changes to approve, start, finish or revise, proposals to second
///
/// You are whoever your key belongs to, or --as.
#[derive(Debug, Args)]
pub struct Inbox {}

/// Something that waits for somebody.
struct Waiting {
    what: String,
    about: String,
    since: Time,
    why: String,
}

impl Inbox {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let me: PersonId = match context.signing.person_meant() {
            Some(meant) => parse(meant)?,
            None => context.signing.actor(&session, context.signing.key_for(&session)?.public())?,
        };
        let now = context.env.now();
        let mut waiting = proposals(session.state().governance(), &me, now);
        let open = session.queries().open_for(&me, now)?;
        session.load_all(&open)?;
        let state = session.state();
        for id in open {
            waiting.extend(act(state.change(id)?, state.governance(), &me, now));
        }
        if waiting.is_empty() && !context.ui.json {
            context.env.status(format_args!("nothing waits for {me}"));
            return Ok(());
        }
        waiting.sort_by_key(|it| it.since);
        let json = || {
            let item = |it: &Waiting| json!({ "to": it.what, "about": it.about, "since": it.since.to_string(), "why": it.why });
            json!({ "person": me.to_string(), "waiting": waiting.iter().map(item).collect::<Value>() })
        };
        let row = |it: &Waiting| [it.what.clone(), it.about.clone(), ago(it.since, now), it.why.clone()];
        let width = context.env.width;
        let rows = || waiting.iter().map(row).collect();
        context.ui.answer(context.env, json, || table(["WAITS FOR YOU TO", "ABOUT", "SINCE", "WHY"], rows(), width))
    }
}

fn proposals(governance: &Governance, me: &PersonId, now: Time) -> Vec<Waiting> {
    let open = governance.proposals().iter().filter(|(_, proposal)| {
        proposal.state == ProposalState::Open && now < proposal.lapses() && proposal.proposer != *me
    });
    let mine = open.filter(|_| governance.has_role(me, Role::Admin, now));
    mine.map(|(id, proposal)| Waiting {
        what: "second".to_owned(),
        about: format!("proposal {id}"),
        since: proposal.time,
        why: format!("{}; lapses {}", asks(&proposal.action), ago(proposal.lapses(), now)),
    })
    .collect()
}

/// What a change waits for this person to do.
fn act(change: &Change, governance: &Governance, me: &PersonId, now: Time) -> Option<Waiting> {
    let revision = change.current();
    let window = &revision.facts.window;
    let conflict = change.conflict_of_interest(governance, me);
    let implements = revision.facts.implementers.contains(me);
    let counted = change.tally(governance, now);
    let opens = if window.contains(now) {
        format!("its window closes {}", ago(window.end(), now))
    } else {
        format!("its window opens {}", ago(window.start(), now))
    };
    let risk = revision.facts.risk;
    let (what, since, why) = match change.status(governance, now) {
        Status::AwaitingApproval
            if conflict.is_none()
                && governance.has_role(me, Role::Approver, now)
                && !counted.counted.iter().any(|vote| vote.person == *me) =>
        {
            let have = counted.counted.len();
            ("approve", revision.time, format!("{risk}; {have} of {} approvals; {opens}", counted.need))
        }
        Status::Approved if implements => ("start", revision.time, format!("{risk}; approved; {opens}")),
        Status::InProgress if implements || conflict == Some(ConflictOfInterest::Owns) => {
            let since = change.started().map_or(revision.time, |act| act.time);
            ("finish", since, format!("started; its window closes {}", ago(window.end(), now)))
        }
        Status::Rejected if matches!(conflict, Some(ConflictOfInterest::Requested | ConflictOfInterest::Owns)) => {
            let vote = change.votes().iter().rfind(|vote| vote.verdict == Verdict::Reject)?;
            ("revise", vote.time, format!("rejected by {}", vote.person))
        }
        Status::Expired if matches!(conflict, Some(ConflictOfInterest::Requested | ConflictOfInterest::Owns)) => {
            ("revise", window.end(), "its window closed and it was not started".to_owned())
        }
        _ => return None,
    };
    Some(Waiting { what: what.to_owned(), about: change.id().to_string(), since, why })
}
