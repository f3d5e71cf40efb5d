//! One line about what an entry says.

use crate::domain::{Event, Proposal};

/// What a motion asks for, in a few words.
pub fn asks(proposal: &Proposal) -> String {
    match proposal {
        Proposal::Enrol(members) => {
            let people: Vec<&str> = members.iter().map(|member| member.person.as_str()).collect();
            format!("to enrol {}", people.join(", "))
        }
        Proposal::Lift(key) => format!("to lift the suspension of {key}"),
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
        Event::Finish { revision, outcome } => format!("finished {}: {outcome}", revision.change),
    }
}
