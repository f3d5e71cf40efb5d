//! Which message goes to whom.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::entries::ENTRY;
use super::found::Found;
use crate::domain::{Digest, Group, Head, PersonId};
use crate::notify::{Choice, Pending, Queued, Rules, What};

/// Turns what was found into messages.
pub struct FanOut<'r> {
    /// The rules.
    pub rules: &'r Rules,
    /// The people of the register who can still act, each with their groups.
    pub groups: &'r BTreeMap<PersonId, BTreeSet<Group>>,
    /// The register.
    pub fingerprint: Digest,
    /// The newest verified entry.
    pub head: Head,
}

impl FanOut<'_> {
    /// The messages about one thing: one for each target that is no person's, if it is `new`, and one for each of
    /// `people` with an address. Each receiver gets it once, however many rules choose it.
    pub fn messages(&self, found: &Found, new: bool, people: &BTreeSet<PersonId>) -> Vec<Queued> {
        let chosen = self.receivers(found.notice.what, &found.choice).into_iter();
        let told = |(_, person): &(String, Option<PersonId>)| person.as_ref().map_or(new, |it| people.contains(it));
        let message = |(target, person): (String, Option<PersonId>)| {
            let recipient = person.map_or(String::new(), |it| it.to_string());
            let id = self.id(&found.choice.key, &target, &recipient);
            Queued { id, target, recipient, notice: found.notice.clone(), choice: found.choice.clone() }
        };
        chosen.filter(told).map(message).collect()
    }

    /// Whether a message of the queue still has a receiver: the person, or for a target that is no person's, somebody
    /// for whom its rule asks. `holding` is what holds now.
    pub fn still_reaches(&self, it: &Pending, holding: &BTreeMap<String, Found>) -> bool {
        let happened = it.choice.key.starts_with(ENTRY);
        let now = holding.get(&it.choice.key).map(|found| found.choice.people.clone());
        let people = if happened { it.choice.people.clone() } else { now.unwrap_or_default() };
        let choice = Choice { people, ..it.choice.clone() };
        let receiver = |(target, person): &(String, Option<PersonId>)| {
            *target == it.target && person.as_ref().map_or("", |it| it.as_str()) == it.recipient
        };
        self.receivers(it.notice.what, &choice).iter().any(receiver)
    }

    /// The receivers that the rules choose: targets, each with a person if it writes to people.
    fn receivers(&self, what: What, choice: &Choice) -> BTreeSet<(String, Option<PersonId>)> {
        let mut receivers = BTreeSet::new();
        let Some(event) = what.event() else { return receivers };
        for rule in self.rules.rules.iter().filter(|rule| rule.chooses(event, &choice.facets)) {
            let asked = |person: &&PersonId| {
                let groups = self.groups.get(*person);
                let member = groups.is_some_and(|groups| !groups.is_disjoint(&rule.groups));
                groups.is_some() && (!rule.asks_for_people() || rule.people.contains(*person) || member)
            };
            let concerned: Vec<&PersonId> = choice.people.iter().filter(asked).collect();
            if rule.asks_for_people() && concerned.is_empty() {
                continue;
            }
            for name in &rule.to {
                let Some(target) = self.rules.targets.get(name) else { continue };
                if target.is_personal() {
                    let reached = concerned.iter().filter(|it| self.rules.people.contains_key(**it));
                    receivers.extend(reached.map(|it| (name.clone(), Some((*it).clone()))));
                } else {
                    receivers.insert((name.clone(), None));
                }
            }
        }
        receivers
    }

    /// The id of a message. The head makes a difference between two times at which the same thing began to hold.
    fn id(&self, key: &str, target: &str, recipient: &str) -> String {
        let named = format!("{}\n{}\n{key}\n{target}\n{recipient}", self.fingerprint, self.head.seq);
        HEXLOWER.encode(&Sha256::digest(named)[..16])
    }
}
