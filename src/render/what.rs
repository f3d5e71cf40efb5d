//! One line about what an entry says.

use crate::domain::{Attempt, Event, Proposal, Restoration};

/// What a motion asks for, in a few words.
pub fn asks(proposal: &Proposal) -> String {
    match proposal {
        Proposal::Enrol(members) => {
            let machine = members.iter().all(|member| member.standing.is_machine());
            let people: Vec<&str> = members.iter().map(|member| member.person.as_str()).collect();
            format!("to enrol {}{}", if machine { "the machine " } else { "" }, people.join(", "))
        }
        Proposal::Roles { person, standing, .. } => format!("that {person} be {}", super::standing(standing)),
        Proposal::Retire { person, .. } => format!("to retire {person}"),
        Proposal::AddKey { person, key, vouch, .. } => {
            let word = if vouch.is_some() { "" } else { ", for which no other key of theirs vouches" };
            format!("to give {person} the key {}{word}", key.fingerprint())
        }
        Proposal::Lift { key, .. } => format!("to lift the suspension of {key}"),
        Proposal::Policy { policy, .. } => format!("for another policy: {} approvals", policy.approvals()),
        Proposal::Redact(texts) => {
            let seqs: Vec<String> = texts.keys().map(u64::to_string).collect();
            format!("to erase the text of {} {}", if seqs.len() == 1 { "entry" } else { "entries" }, seqs.join(", "))
        }
        Proposal::Restored(Restoration { restored, lost }) => {
            format!("to go on from entry {}, without what was lost up to entry {}", restored.seq, lost.seq)
        }
    }
}

/// What was done, in a few words.
pub fn what(event: &Event) -> String {
    match event {
        Event::Init { members, policy, .. } => {
            format!("founded the register with {} members, {} approvals", members.len(), policy.approvals())
        }
        Event::Seal => "sealed the register".to_owned(),
        Event::Propose { motion, proposal } => format!("opened motion {motion} {}", asks(proposal)),
        Event::KeyRevoke(key) => format!("revoked their key {key}"),
        Event::KeySuspend(key) => format!("suspended the key {key}"),
        Event::Second(at) => format!("seconded motion {}", at.motion),
        Event::Decline(at) => format!("declined motion {}", at.motion),
        Event::MotionWithdraw(at) => format!("withdrew motion {}", at.motion),
        Event::File { change, terms } => format!("filed {change}: {} {}", terms.risk, terms.kind),
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

fn refused(attempt: &Attempt, rule: &str) -> String {
    let about = match attempt {
        Attempt::Second(at) => format!("motion {}", at.motion),
        Attempt::Approve(at) | Attempt::Reject(at) | Attempt::Start { revision: at, .. } => at.change.to_string(),
    };
    format!("was refused to {} {about}: {rule}", attempt.verb())
}
