//! What a proposal asks for, whole: what admins read before they second it.

use std::collections::BTreeMap;

use super::{Page, grants, member_table, policy_sentences};
use crate::domain::{Action, Governance, Line, PersonId, Policy, Restoration};

/// Puts onto a page what a proposal asks for and what it would replace.
pub fn action(page: &mut Page, action: &Action, governance: &Governance, names: &BTreeMap<PersonId, Line>) {
    match action {
        Action::Enrol(members) => {
            page.block("members").verbatim(0, "", member_table(members, names, None));
        }
        Action::Roles { person, grants: new, .. } => {
            let present = governance.people().get(person);
            let now = present.map_or(String::new(), |it| grants(&it.grants));
            page.field("now", if now.is_empty() { "nothing" } else { &now });
            page.field("then", grants(new));
        }
        Action::Retire { person, .. } => {
            let now = governance.people().get(person).map_or(String::new(), |it| grants(&it.grants));
            page.field("now", now).field("then", "nothing: they may not act any more");
        }
        Action::AddKey { person, key, vouch, .. } => {
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
        Action::Policy { policy, .. } => policy_change(page, governance.policy(), policy),
        Action::Restored(Restoration { restored, lost }) => {
            page.block("what was lost");
            page.text("after", format_args!("entry {restored}"));
            page.text("up to", format_args!("entry {lost}"));
            page.text("", "Whoever verified any of it forgets it, and goes on with this log.");
        }
        Action::Lift { .. } | Action::Redact(_) => {}
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
