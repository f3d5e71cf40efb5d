//! What a motion asks for, whole: what admins read before they second it.

use std::collections::BTreeMap;

use super::{Page, member_table, policy_sentences, standing};
use crate::domain::{Governance, Line, PersonId, Policy, Proposal, Restoration};

/// Puts onto a page what a motion asks for and what it would replace.
pub fn proposal(page: &mut Page, proposal: &Proposal, governance: &Governance, names: &BTreeMap<PersonId, Line>) {
    match proposal {
        Proposal::Enrol(members) => {
            page.block("members").verbatim(0, "", member_table(members, names, None));
        }
        Proposal::Roles { person, standing: new, .. } => {
            let present = governance.people().get(person);
            let now = present.map_or(String::new(), |it| standing(&it.standing));
            page.field("now", if now.is_empty() { "nothing" } else { &now });
            page.field("then", standing(new));
        }
        Proposal::Retire { person, .. } => {
            let now = governance.people().get(person).map_or(String::new(), |it| standing(&it.standing));
            page.field("now", now).field("then", "nothing: they may not act any more");
        }
        Proposal::AddKey { person, key, vouch, .. } => {
            let label = format!("the new key of {person}");
            page.block(&label).verbatim(0, "", format_args!("{}\n{key}", key.fingerprint()));
            match vouch {
                Some(vouch) => page.text("vouched for by", format_args!("their key {}", vouch.key)),
                None => page.text(
                    "vouched for by",
                    format_args!(
                        "NOBODY: no key of {person} signed for it. Ask {person} by another way than this one."
                    ),
                ),
            };
        }
        Proposal::Policy { policy, .. } => policy_change(page, governance.policy(), policy),
        Proposal::Restored(Restoration { restored, lost }) => {
            page.block("what was lost");
            page.text("after", format_args!("entry {restored}"));
            page.text("up to", format_args!("entry {lost}"));
            page.text("", "Whoever verified any of it forgets it, and goes on with this log.");
        }
        Proposal::Lift { .. } | Proposal::Redact(_) => {}
    }
}

/// The new policy in sentences: `+` is new, `-` would not hold any more.
pub fn policy_change(page: &mut Page, old: Option<&Policy>, new: &Policy) {
    let old = old.map(policy_sentences).unwrap_or_default();
    let new = policy_sentences(new);
    page.block("policy");
    for line in old.iter().filter(|line| !new.contains(line)) {
        page.text("-", line);
    }
    for line in &new {
        page.text(if old.contains(line) { " " } else { "+" }, line);
    }
}
