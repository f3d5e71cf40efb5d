//! Which message goes to whom.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::found::Found;
use crate::domain::{Digest, Group, PersonId};
use crate::notify::{Queued, Rules};

/// Turns what was found into messages.
pub struct FanOut<'r> {
    /// The rules.
    pub rules: &'r Rules,
    /// The people of the register who can still act, each with their groups.
    pub groups: &'r BTreeMap<PersonId, BTreeSet<Group>>,
    /// The register.
    pub fingerprint: Digest,
    /// The newest verified entry.
    pub head: u64,
}

impl FanOut<'_> {
    /// The messages about one thing: one for each target that is no person's, if it is `new`, and one for each of
    /// `people` with an address. Each receiver gets it once, however many rules choose it.
    pub fn messages(&self, found: &Found, new: bool, people: &BTreeSet<PersonId>) -> Vec<Queued> {
        let Some(event) = found.notice.what.event() else { return Vec::new() };
        let mut receivers = BTreeSet::new();
        for rule in self.rules.rules.iter().filter(|rule| rule.chooses(event, &found.facets)) {
            let asked = |person: &&PersonId| {
                let groups = self.groups.get(*person);
                let member = groups.is_some_and(|groups| !groups.is_disjoint(&rule.groups));
                groups.is_some() && (!rule.asks_for_people() || rule.people.contains(*person) || member)
            };
            let concerned: Vec<&PersonId> = found.people.iter().filter(asked).collect();
            if rule.asks_for_people() && concerned.is_empty() {
                continue;
            }
            for name in &rule.to {
                let Some(target) = self.rules.targets.get(name) else { continue };
                if target.is_personal() {
                    let reached = |it: &&&PersonId| people.contains(**it) && self.rules.people.contains_key(**it);
                    receivers.extend(concerned.iter().filter(reached).map(|it| (name.clone(), it.to_string())));
                } else if new {
                    receivers.insert((name.clone(), String::new()));
                }
            }
        }
        let message = |(target, recipient): (String, String)| {
            let id = self.id(&found.key, &target, &recipient);
            Queued { id, target, recipient, notice: found.notice.clone() }
        };
        receivers.into_iter().map(message).collect()
    }

    /// The id of a message. The head makes a difference between two times at which the same thing began to hold.
    fn id(&self, key: &str, target: &str, recipient: &str) -> String {
        let named = format!("{}\n{}\n{key}\n{target}\n{recipient}", self.fingerprint, self.head);
        HEXLOWER.encode(&Sha256::digest(named)[..16])
    }
}
