//! One line about what an entry says.

use crate::domain::{Action, Event, RefusedAttempt, Restoration};

/// What a proposal asks for, in a few words.
pub fn asks(action: &Action) -> String {
    match action {
        Action::Enrol(members) => {
            let machine = members.iter().all(|member| member.grants.is_machine());
            let people: Vec<&str> = members.iter().map(|member| member.person.as_str()).collect();
            format!("to enrol {}{}", if machine { "the machine " } else { "" }, people.join(", "))
        }
        Action::Roles { person, grants, .. } => format!("that {person} be {}", super::grants(grants)),
        Action::Retire { person, .. } => format!("to retire {person}"),
        Action::AddKey { person, key, vouch, .. } => {
            let word = if vouch.is_some() { "" } else { ", for which no other key of theirs vouches" };
            format!("to give {person} the key {}{word}", key.fingerprint())
        }
        Action::Lift { key, .. } => format!("to lift the suspension of {key}"),
        Action::Policy { policy, .. } => format!("for another policy: {} approvals", policy.approvals()),
        Action::Redact(texts) => {
            let seqs: Vec<String> = texts.keys().map(u64::to_string).collect();
            format!("to redact the text of {} {}", if seqs.len() == 1 { "entry" } else { "entries" }, seqs.join(", "))
        }
        Action::Restored(Restoration { restored, lost }) => {
            format!("to go on from entry {}, without what was lost up to entry {}", restored.seq, lost.seq)
        }
    }
}

/// What was done, in a few words.
pub fn describe(event: &Event) -> String {
    match event {
        Event::Init { members, policy, .. } => {
            format!("founded the register with {} members, {} approvals", members.len(), policy.approvals())
        }
        Event::Seal => "sealed the register".to_owned(),
        Event::Propose { proposal, action } => format!("opened proposal {proposal} {}", asks(action)),
        Event::KeyRevoke(key) => format!("revoked their key {key}"),
        Event::KeySuspend(key) => format!("suspended the key {key}"),
        Event::Second(at) => format!("seconded proposal {}", at.proposal),
        Event::Decline(at) => format!("declined proposal {}", at.proposal),
        Event::ProposalWithdraw(at) => format!("withdrew proposal {}", at.proposal),
        Event::File { change, facts } => format!("filed {change}: {} {}", facts.risk, facts.kind),
        Event::Approve(at) => format!("approved {} revision {}", at.change, at.number),
        Event::Reject(at) => format!("rejected {} revision {}", at.change, at.number),
        Event::Start { revision, .. } => format!("started {} revision {}", revision.change, revision.number),
        Event::Revise { replaces, .. } => format!("revised {}: revision {}", replaces.change, replaces.number + 1),
        Event::ChangeWithdraw(at) => format!("withdrew {}", at.change),
        Event::Retract(at) => format!("retracted the approval of {} revision {}", at.change, at.number),
        Event::Note(change) => format!("remarked on {change}"),
        Event::Refused { attempt, rule } => refused(attempt, rule.as_str()),
        Event::Finish { revision, outcome } => format!("finished {}: {outcome}", revision.change),
    }
}

fn refused(attempt: &RefusedAttempt, rule: &str) -> String {
    let about = match attempt {
        RefusedAttempt::Second(at) => format!("proposal {}", at.proposal),
        RefusedAttempt::Approve(at) | RefusedAttempt::Reject(at) | RefusedAttempt::Start { revision: at, .. } => {
            at.change.to_string()
        }
    };
    format!("was refused to {} {about}: {rule}", attempt.verb())
}
