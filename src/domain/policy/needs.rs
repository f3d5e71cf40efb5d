//! The approvals that several requirements ask for together, and who fills the slots of groups.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Group, Policy, Requirement, matching};

/// The approvals that a change needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// From how many different people.
    pub total: usize,
    /// A slot for each approver who must be in a group: the group.
    pub slots: Vec<Group>,
    /// Whether one of them must be independent: see [`Requirement::independent`].
    pub independent: bool,
}

impl Needs {
    /// What a policy asks for if these of its requirements apply: the total and the count of each group are the maxima.
    /// Each slot takes a person of its own, so the total is never less than the number of slots.
    pub fn of<'p>(policy: &Policy, applying: impl IntoIterator<Item = &'p Requirement>) -> Self {
        let mut independent = false;
        let (mut total, mut groups) = (policy.approvals().max(Policy::FEWEST_APPROVALS), BTreeMap::new());
        for it in applying {
            total = total.max(it.approvals.unwrap_or(0));
            independent |= it.independent;
            for (group, count) in &it.from {
                let most = groups.entry(group).or_insert(0);
                *most = (*most).max(*count);
            }
        }
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let slots = groups.into_iter().flat_map(|(group, count)| std::iter::repeat_n(group.clone(), size(count)));
        let slots: Vec<Group> = slots.collect();
        Self { total: size(total).max(slots.len()), slots, independent }
    }

    /// Adds that somebody of each of these groups signs for an exception, unless a slot of the group is there already.
    pub(super) fn except<'p>(&mut self, groups: impl Iterator<Item = &'p Group>) {
        for group in groups {
            if !self.slots.contains(group) {
                self.slots.push(group.clone());
            }
        }
        self.slots.sort();
        self.total = self.total.max(self.slots.len());
    }

    /// The groups, each with its number of slots.
    pub fn groups(&self) -> BTreeMap<&Group, usize> {
        let mut groups = BTreeMap::new();
        self.slots.iter().for_each(|group| *groups.entry(group).or_default() += 1);
        groups
    }

    /// Fills as many slots as possible, each with one of the people who are in its group, nobody twice. `people` holds
    /// the groups of each person. Returns for each slot the index of the person who fills it.
    pub fn fill(&self, people: &[BTreeSet<Group>]) -> Vec<Option<usize>> {
        let able = |group: &Group| (0..).zip(people).filter(|(_, it)| it.contains(group)).map(|(at, _)| at).collect();
        let able: Vec<Vec<usize>> = self.slots.iter().map(able).collect();
        matching::fill(&able)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> Group {
        name.parse().unwrap()
    }

    fn needs(slots: &[&str]) -> Needs {
        Needs { total: slots.len().max(2), slots: slots.iter().map(|it| group(it)).collect(), independent: false }
    }

    /// How many of the slots these people fill; each is given with their groups.
    fn filled(slots: &[&str], people: &[&[&str]]) -> usize {
        let people: Vec<BTreeSet<Group>> = people.iter().map(|it| it.iter().map(|it| group(it)).collect()).collect();
        let filled = needs(slots).fill(&people);
        let by: Vec<usize> = filled.iter().flatten().copied().collect();
        assert_eq!(by.iter().collect::<BTreeSet<_>>().len(), by.len(), "one person in two slots: {filled:?}");
        let fits = |(at, by): (usize, &Option<usize>)| by.is_none_or(|by| people[by].contains(&group(slots[at])));
        assert!(filled.iter().enumerate().all(fits), "{filled:?}");
        by.len()
    }

    #[test]
    fn one_person_never_fills_two_slots() {
        assert_eq!(filled(&["dba", "finance"], &[&["dba", "finance"]]), 1);
        assert_eq!(filled(&["dba", "dba"], &[&["dba"], &["finance"]]), 1);
        assert_eq!(filled(&["dba"], &[]), 0);
    }

    #[test]
    fn people_of_several_groups_are_moved_until_every_slot_is_filled() {
        // The only person of `finance` must not be used up for `dba`.
        assert_eq!(filled(&["dba", "finance"], &[&["dba", "finance"], &["dba"]]), 2);
        assert_eq!(filled(&["dba", "finance", "risk"], &[&["dba", "finance"], &["finance", "risk"], &["dba"]]), 3);
    }
}
