//! Effective time, computed anew for each question by going back through the list of entries.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Entry, Key, Person, Place, Proposal, Time};
use super::model::Model;

/// The difference between clocks that is tolerated.
const TOLERATED: Time = 300;

/// The times at which something is judged: what is claimed, and the effective time.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub claimed: Time,
    pub effective: Time,
}

impl Model {
    /// The moment of an entry that would come at the end of the list.
    pub fn moment(&self, entry: &Entry) -> Moment {
        let claimed = entry.time;
        Moment {
            claimed,
            effective: self.effective(self.entries.len(), claimed, &self.behind_act(entry.actor, entry.key)),
        }
    }

    /// The moment at which somebody reads who has not acted.
    pub fn reading(&self, claimed: Time) -> Moment {
        Moment { claimed, effective: self.effective(self.entries.len(), claimed, &BTreeSet::new()) }
    }

    pub fn effective(&self, place: Place, claimed: Time, actors: &BTreeSet<Person>) -> Time {
        self.witnessed(place, actors).map_or(claimed, |witnessed| claimed.max(witnessed - TOLERATED))
    }

    /// What more than half of the first fifteen other people have reached, going back from a place.
    pub fn witnessed(&self, place: Place, actors: &BTreeSet<Person>) -> Option<Time> {
        let (mut seen, mut claims) = (actors.clone(), Vec::new());
        for entry in self.entries[..place].iter().rev() {
            let machine = !self.operators(entry.actor).is_empty();
            if !machine && claims.len() < 15 && seen.insert(entry.actor) {
                claims.push(entry.time);
            }
        }
        claims.sort_unstable();
        claims.reverse();
        if claims.len() < 2 { None } else { Some(claims[claims.len() / 2]) }
    }

    /// The effective time of the entry that opened a proposal.
    pub fn opened(&self, proposal: Proposal) -> Time {
        let entry = &self.entries[proposal.opened];
        self.effective(proposal.opened, entry.time, &[entry.actor].into())
    }

    /// Whether a proposal claims a time that others had not reached when three of them had acted after it.
    pub fn is_ahead(&self, proposal: Proposal) -> bool {
        let entry = &self.entries[proposal.opened];
        let others = self.three_others(proposal.opened, &[entry.actor].into());
        others.is_some_and(|(_, claims)| claims.iter().filter(|time| entry.time > **time + TOLERATED).count() >= 2)
    }

    /// The newest claims of the first three other people to act after a place, and where the third of them acted.
    pub fn three_others(&self, place: Place, actors: &BTreeSet<Person>) -> Option<(Place, Vec<Time>)> {
        let mut others = BTreeMap::new();
        for (at, after) in self.entries.iter().enumerate().skip(place + 1) {
            if !actors.contains(&after.actor) && self.operators(after.actor).is_empty() {
                others.insert(after.actor, after.time);
            }
            if others.len() == 3 {
                return Some((at, others.into_values().collect()));
            }
        }
        None
    }

    /// Everybody who answers for an act with a key: for a machine, whoever operated it since the key was enrolled.
    pub fn behind_act(&self, actor: Person, key: Key) -> BTreeSet<Person> {
        self.behind(actor, self.enrolled(key).or_else(|| self.first_stood(actor)).unwrap_or(0))
    }

    /// Everybody who answers for what an account may do: for a machine, whoever operated it since its oldest key that is
    /// not revoked was enrolled.
    pub fn behind_account(&self, account: Person) -> BTreeSet<Person> {
        let keys = self.keys_of(account).into_iter().filter(|key| !self.is_revoked(*key));
        let oldest = keys.filter_map(|key| self.enrolled(key)).min();
        self.behind(account, oldest.or_else(|| self.first_stood(account)).unwrap_or(0))
    }

    /// Everybody who answers for what an account wrote: for a machine, whoever ever operated it.
    pub fn behind_author(&self, account: Person) -> BTreeSet<Person> {
        self.behind(account, self.first_stood(account).unwrap_or(0))
    }
}
