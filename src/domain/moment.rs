//! Effective time: what an actor claims, corrected by what most other people have already claimed.
//!
//! The order of entries is certain and their times are claims. Power that ends (grants, proposals) is judged at the
//! effective time, so that a clock that was set back does not prolong it. One wrong clock, or two on one host, cannot
//! end anybody's power early, because more than half of the witnesses must agree.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{BreakGlassId, PersonId, ProposalId, Time};

/// The largest number of people whose claims witness the time of an entry.
const WITNESSES: usize = 15;

/// The largest number of operators that a machine account can have had since its oldest key that is not revoked.
/// Together with the fifteen witnesses it bounds how many people must be remembered.
pub const MOST_OPERATORS: usize = 32;

/// The difference between clocks that is tolerated, in seconds.
pub const TOLERANCE: i64 = 300;

/// The number of other people, before or after an entry, who tell whether its claim is behind or ahead.
const OTHERS: usize = 3;

/// The two times at which an entry is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The time that the actor claims. Windows and the age of approvals are judged at it.
    pub claimed: Time,
    /// The effective time, never earlier than the claim. The end of grants and proposals is judged at it. Among selected
    /// entries the earliest that it can be.
    pub effective: Time,
    /// The latest that the effective time can be. Whether something is ahead is judged at it.
    pub latest: Time,
}

impl Moment {
    /// A moment with a known effective time.
    pub fn at(claimed: Time, effective: Time) -> Self {
        Self { claimed, effective, latest: effective }
    }

    /// A moment without witnesses.
    pub fn unwitnessed(claimed: Time) -> Self {
        Self::at(claimed, claimed)
    }

    /// A moment whose witnesses are not known: its effective time is the claim, or any later time.
    pub fn unknown(claimed: Time) -> Self {
        Self { latest: Time::LAST, ..Self::unwitnessed(claimed) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Witness {
    person: PersonId,
    claimed: Time,
}

/// What was recorded with a claimed time on which something depends later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Watched {
    /// A proposal, by the claim of its proposer.
    Proposal(ProposalId),
    /// A break-glass, by the claim of its opener.
    BreakGlass(BreakGlassId),
}

/// The newest claim of each person who acted recently, and the proposals and break-glasses whose own claims are not
/// settled yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnesses {
    /// Each person once, the one who acted last first. Machine accounts witness nothing.
    newest: Vec<Witness>,
    unsettled: Vec<(Watched, Time, Since)>,
}

impl Witnesses {
    /// The witnessed time for an actor for whom the people in `actors` answer: more than half of the first fifteen
    /// other people have reached it. `None` with fewer than two other people.
    pub(in crate::domain) fn time(&self, actors: &BTreeSet<PersonId>) -> Option<Time> {
        let others = self.newest.iter().filter(|it| !actors.contains(&it.person)).take(WITNESSES);
        let mut claims: Vec<Time> = others.map(|it| it.claimed).collect();
        claims.sort_by(|a, b| b.cmp(a));
        if claims.len() < 2 { None } else { claims.get(claims.len() / 2).copied() }
    }

    /// The moment of an act at a claimed time.
    pub fn moment(&self, claimed: Time, actors: &BTreeSet<PersonId>) -> Moment {
        let witnessed = self.time(actors).map(|time| time.plus(-TOLERANCE));
        Moment::at(claimed, witnessed.map_or(claimed, |time| time.max(claimed)))
    }

    /// Whether a claim is behind: more than [`TOLERANCE`] seconds earlier than the witnessed time, or than the claims of
    /// two of the three other people who acted last. Many of the fifteen may not have acted for long, so their claims
    /// alone would miss a clock that was set back by hours.
    pub fn is_behind(&self, claimed: Time, actors: &BTreeSet<PersonId>) -> bool {
        let last = self.newest.iter().filter(|it| !actors.contains(&it.person)).take(OTHERS);
        let later = last.filter(|it| it.claimed > claimed.plus(TOLERANCE)).count();
        later >= 2 || self.moment(claimed, actors).effective > claimed
    }

    /// Takes in the claim of a person, after the entry with it was judged.
    pub fn record(&mut self, person: &PersonId, claimed: Time) {
        self.newest.retain(|it| it.person != *person);
        self.newest.insert(0, Witness { person: person.clone(), claimed });
        // Up to all operators of a machine account and the account itself are left out when its entries are judged.
        self.newest.truncate(WITNESSES + MOST_OPERATORS + 1);
    }

    /// What is not settled.
    pub(in crate::domain) fn unsettled(&self) -> impl Iterator<Item = Watched> {
        self.unsettled.iter().map(|(watched, ..)| *watched)
    }

    /// Watches something until its claim is settled.
    pub(in crate::domain) fn watch(&mut self, watched: Watched, claimed: Time, since: Since) {
        self.unsettled.push((watched, claimed, since));
    }

    /// Stops watching a proposal that has ended.
    pub(in crate::domain) fn forget(&mut self, proposal: ProposalId) {
        self.unsettled.retain(|(watched, ..)| *watched != Watched::Proposal(proposal));
    }

    /// Settles what this person is the third other one to act after. Returns what is ahead, each with the effective time
    /// that others have reached.
    pub(in crate::domain) fn settle(&mut self, person: &PersonId, claimed: Time) -> Vec<(Watched, Time)> {
        let mut ahead = Vec::new();
        for (watched, time, mut since) in std::mem::take(&mut self.unsettled) {
            match since.acted(person, claimed) {
                Some(witnessed) if is_ahead(time, witnessed) => {
                    ahead.push((watched, self.moment(witnessed, &since.actors).effective));
                }
                Some(_) => {}
                None => self.unsettled.push((watched, time, since)),
            }
        }
        ahead
    }
}

/// Whether a claim is ahead of the witnessed time by more than is tolerated.
pub fn is_ahead(claimed: Time, witnessed: Time) -> bool {
    claimed > witnessed.plus(TOLERANCE)
}

/// The other people who have acted since an entry. Once they are three, its claim is settled as ahead or not. People who
/// have not acted since cannot tell: their newest claims are older even if every clock is right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Since {
    actors: BTreeSet<PersonId>,
    /// The newest claim of each.
    others: BTreeMap<PersonId, Time>,
}

impl Since {
    /// Nobody has acted since an entry for which these people answer.
    pub fn nobody(actors: BTreeSet<PersonId>) -> Self {
        Self { actors, others: BTreeMap::new() }
    }

    /// Takes in that a person has acted. Once three others have, returns the time that two of them have reached.
    pub fn acted(&mut self, person: &PersonId, claimed: Time) -> Option<Time> {
        if !self.actors.contains(person) {
            self.others.insert(person.clone(), claimed);
        }
        let mut claims: Vec<Time> = self.others.values().copied().collect();
        claims.sort_by(|a, b| b.cmp(a));
        claims.get(claims.len() / 2).copied().filter(|_| claims.len() >= OTHERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> PersonId {
        name.parse().unwrap()
    }

    fn at(seconds: i64) -> Time {
        Time::from_unix(1_000_000 + seconds).unwrap()
    }

    fn witnesses(claims: &[(&str, i64)]) -> Witnesses {
        let mut witnesses = Witnesses::default();
        claims.iter().for_each(|(person, time)| witnesses.record(&id(person), at(*time)));
        witnesses
    }

    fn effective(claims: &[(&str, i64)], actor: &str, claimed: i64) -> i64 {
        let moment = witnesses(claims).moment(at(claimed), &BTreeSet::from([id(actor)]));
        moment.effective.unix() - 1_000_000
    }

    #[test]
    fn two_people_have_no_witness() {
        assert_eq!(effective(&[], "alice", 5), 5);
        assert_eq!(effective(&[("alice", 9_000), ("bob", 9_000)], "alice", 5), 5);
    }

    #[test]
    fn a_clock_set_back_is_corrected_by_what_two_others_have_claimed() {
        assert_eq!(effective(&[("bob", 9_000), ("carol", 9_100)], "alice", 5), 8_700);
        assert_eq!(effective(&[("bob", 9_000), ("carol", 9_100)], "alice", 8_701), 8_701);
    }

    #[test]
    fn one_liar_among_three_people_moves_nobody() {
        let liar = [("carol", 0), ("bob", 10), ("liar", 99_000)];
        assert_eq!(effective(&liar, "alice", 20), 20);
        assert_eq!(effective(&liar[1..], "alice", 20), 20);
    }

    #[test]
    fn two_fast_clocks_among_five_people_move_nobody_and_three_do() {
        let two = [("a", 0), ("b", 0), ("c", 0), ("x", 99_000), ("y", 99_000)];
        assert_eq!(effective(&two, "alice", 20), 20);
        let three = [("b", 0), ("c", 0), ("x", 99_000), ("y", 99_000), ("z", 99_000)];
        assert_eq!(effective(&three, "alice", 20), 98_700);
    }

    #[test]
    fn a_later_claim_of_the_same_person_replaces_the_false_one() {
        let claims = [("x", 99_000), ("y", 99_000), ("x", 30), ("y", 30)];
        assert_eq!(effective(&claims, "alice", 20), 20);
    }

    #[test]
    fn only_the_fifteen_people_who_acted_last_are_witnesses() {
        let names: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
        let claims: Vec<(&str, i64)> = (0..20).map(|n| (names[n].as_str(), if n < 5 { 99_000 } else { 0 })).collect();
        assert_eq!(effective(&claims, "alice", 20), 20);
        let late: Vec<(&str, i64)> = (0..20).map(|n| (names[n].as_str(), if n < 12 { 0 } else { 99_000 })).collect();
        assert_eq!(effective(&late, "alice", 20), 98_700);
    }

    #[test]
    fn a_clock_set_back_is_behind_even_if_most_others_have_not_acted_for_long() {
        let seen = witnesses(&[("a", 0), ("b", 0), ("c", 0), ("d", 0), ("bob", 9_000), ("carol", 9_000)]);
        let behind = |claimed| seen.is_behind(at(claimed), &BTreeSet::from([id("alice")]));
        assert!(behind(4_000) && behind(8_699) && !behind(8_700));
        // One fast clock makes nobody late.
        let seen = witnesses(&[("a", 0), ("b", 0), ("liar", 99_000)]);
        assert!(!seen.is_behind(at(10), &BTreeSet::from([id("alice")])));
    }

    #[test]
    fn a_claim_is_settled_only_once_three_other_people_have_acted() {
        let mut since = Since::nobody(BTreeSet::from([id("alice")]));
        for person in ["bob", "bob", "alice", "carol"] {
            assert_eq!(since.acted(&id(person), at(5)), None, "{person}");
        }
        // One of the three is wrong.
        assert_eq!(since.acted(&id("dave"), at(99_000)), Some(at(5)));
        assert!(is_ahead(at(306), at(5)) && !is_ahead(at(305), at(5)));
    }
}
