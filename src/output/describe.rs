//! A log entry in one line.

use crate::domain::{Action, Event, Finish, LostEntries, PersonId, Policy, RefusedAttempt, Restoration, Start, Target};

/// What a proposal would do, as an imperative phrase: `retire dave`.
pub fn summary(action: &Action) -> String {
    match action {
        Action::Enrol(members) => {
            let machine = members.iter().all(|member| member.grants.is_machine());
            format!("enrol {}{}", if machine { "machine account " } else { "" }, super::members_line(members))
        }
        Action::Roles(changes) => match changes.first_key_value() {
            Some((person, new)) if changes.len() == 1 => {
                format!("set {person}'s grants to {}", super::grants(&new.grants))
            }
            _ => {
                let people: Vec<&str> = changes.keys().map(PersonId::as_str).collect();
                format!("set the grants of {}", people.join(", "))
            }
        },
        Action::Retire { person, .. } => format!("retire {person}"),
        Action::AddKey { person, key, vouch, .. } => {
            let word = if vouch.is_some() { "" } else { " (no key of theirs vouches for it)" };
            format!("add key {} for {person}{word}", key.fingerprint())
        }
        Action::Lift { key, .. } => format!("lift the suspension of key {key}"),
        Action::Policy { policy, .. } => {
            let (approvals, days) = (policy.approvals(), policy.approval_days());
            format!("replace the policy: {approvals} approvals, valid for {days} days, {}", requirements(policy))
        }
        Action::Redact(texts) => {
            let seqs: Vec<String> = texts.keys().map(u64::to_string).collect();
            format!("redact the text of {} {}", if seqs.len() == 1 { "entry" } else { "entries" }, seqs.join(", "))
        }
        Action::SetFreeze(it) => {
            let verb = if it.replaces.is_some() { "replace" } else { "set" };
            format!("{verb} freeze {}: {}", it.name, super::freeze::in_short(&it.terms))
        }
        Action::SetCalendar(it) => {
            let verb = if it.replaces.is_some() { "replace" } else { "set" };
            format!("{verb} calendar {}: {}", it.name, super::freeze::schedule(it.known, &it.periods))
        }
        Action::LiftFreeze(it) if it.again => format!("end freeze {}; whoever began it may begin another", it.name),
        Action::LiftFreeze(it) => format!("end freeze {}", it.name),
        Action::Restored(LostEntries { ends: Restoration { restored, lost }, .. }) => {
            format!("continue after entry {}; {} lost", restored.seq, lost_entries(restored.seq, lost.seq))
        }
    }
}

fn requirements(policy: &Policy) -> String {
    match policy.requirements().len() {
        0 => "no requirements".to_owned(),
        1 => "1 requirement".to_owned(),
        count => format!("{count} requirements"),
    }
}

/// The entries that a restoration lost: `entry 4`, `entries 4 to 6`.
pub fn lost_entries(restored: u64, lost: u64) -> String {
    match restored + 1 {
        first if first < lost => format!("entries {first} to {lost}"),
        _ => format!("entry {lost}"),
    }
}

/// What an entry records, as a phrase whose subject is the actor: `approved CHG-7 revision 2`.
pub fn describe(event: &Event) -> String {
    match event {
        Event::Init { members, policy, .. } => {
            format!("founded the register with {} members, {} approvals", members.len(), policy.approvals())
        }
        Event::Seal => "sealed the register".to_owned(),
        Event::Propose { proposal, action } => format!("opened proposal {proposal}: {}", summary(action)),
        Event::KeyRevoke(key) => format!("revoked their own key {key}"),
        Event::KeySuspend(key) => format!("suspended key {key}"),
        Event::PersonSuspend(person) => format!("suspended {person}: all grants and keys"),
        Event::FreezeNow { until, services } => {
            format!("began a freeze of {} until {until}", super::freeze::services(services))
        }
        Event::FreezeEnd(freeze) => format!("ended their own freeze {}", freeze.name),
        Event::Second(at) => format!("seconded proposal {}", at.proposal),
        Event::Decline(at) => format!("declined proposal {}", at.proposal),
        Event::ProposalWithdraw(at) => format!("withdrew proposal {}", at.proposal),
        Event::File { change, facts, .. } => format!("filed {change}: {} risk, {}", facts.risk, facts.kind),
        Event::Approve(at) => format!("approved {} revision {}", at.change, at.number),
        Event::Reject(at) => format!("rejected {} revision {}", at.change, at.number),
        Event::Start(Start { revision, target, .. }) => {
            format!("started {} revision {}{}", revision.change, revision.number, on(target.as_ref()))
        }
        Event::Revise { replaces, .. } => format!("revised {} to revision {}", replaces.change, replaces.number + 1),
        Event::ChangeWithdraw(at) => format!("withdrew {}", at.change),
        Event::Retract(at) => format!("retracted approval of {} revision {}", at.change, at.number),
        Event::Confirm(it) => format!("confirmed {}: {}", it.revision.change, it.outcome.phrase()),
        Event::Note(change) => format!("added a note to {change}"),
        Event::BreakGlassOpen { id, opening } => {
            format!("opened break-glass {id} for {}: acts without approval", opening.incident)
        }
        Event::BreakGlassEnter { id, opening, word } => {
            format!("entered break-glass {id} late: {} acted without approval for {}", word.person, opening.incident)
        }
        Event::BreakGlassClose(id) => format!("closed break-glass {id}: said what was done"),
        Event::BreakGlassRatify { id, .. } => format!("ratified break-glass {id}"),
        Event::Refused { attempt, rule } => refused(attempt, rule.as_str()),
        Event::Finish(Finish { revision, target, outcome, .. }) => {
            format!("finished {}{}: {}", revision.change, on(target.as_ref()), outcome.phrase())
        }
    }
}

/// ` on gw-1`; empty without a target.
pub fn on(target: Option<&Target>) -> String {
    target.map_or_else(String::new, |target| format!(" on {target}"))
}

fn refused(attempt: &RefusedAttempt, rule: &str) -> String {
    let about = match attempt {
        RefusedAttempt::Second(at) => format!("proposal {}", at.proposal),
        RefusedAttempt::Approve(at) | RefusedAttempt::Reject(at) => at.change.to_string(),
        RefusedAttempt::Start(it) => format!("{}{}", it.revision.change, on(it.target.as_ref())),
    };
    format!("tried to {} {about}: refused ({rule})", attempt.verb())
}
