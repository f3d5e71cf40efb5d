//! What the policy in force asks of a change, in the model.

use std::collections::{BTreeMap, BTreeSet};

use super::clocks::Moment;
use super::facts::{Facts, Person, Requirement, Time};
use super::model::{Model, Story};

impl Requirement {
    /// Whether it is about a change.
    pub fn is_about(&self, facts: &Facts) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&facts.kind))
            && (self.risks.is_empty() || self.risks.contains(&facts.risk))
            && (self.tags.is_empty() || facts.tags.iter().any(|tag| self.tags.contains(tag)))
            && (!self.service || facts.services > 0)
            && (!self.production || facts.production)
            && facts.targets.len() as u64 >= self.targets.unwrap_or(0)
    }
}

impl Model {
    /// The requirements in force that are about a change.
    pub fn asked<'a>(&'a self, facts: &'a Facts) -> impl Iterator<Item = &'a Requirement> {
        let all = self.policy().map_or(&[][..], |(_, policy)| policy.requirements.as_slice());
        all.iter().filter(|it| it.is_about(facts))
    }

    /// How many people of each group must approve.
    pub fn of_groups(&self, facts: &Facts) -> BTreeMap<usize, u64> {
        let mut groups = BTreeMap::new();
        for (group, count) in self.asked(facts).flat_map(|it| &it.from) {
            let most: &mut u64 = groups.entry(*group).or_default();
            *most = (*most).max(*count);
        }
        groups
    }

    /// How many approvals a revision needs.
    pub fn needed(&self, facts: &Facts) -> usize {
        let Some((_, policy)) = self.policy() else { return usize::MAX };
        let each = self.asked(facts).filter_map(|it| it.approvals);
        let groups: u64 = self.of_groups(facts).values().sum();
        each.chain([2, policy.approvals, groups]).max().unwrap() as usize
    }

    /// Whether those whose approvals count can stand for the groups, each for one of them.
    pub fn has_groups(&self, story: &Story<'_>, counted: &BTreeSet<Person>, now: Moment) -> bool {
        let asked = self.of_groups(story.facts());
        let slots: Vec<usize> = asked.iter().flat_map(|(group, count)| vec![*group; *count as usize]).collect();
        self.can_stand(&slots, counted, now)
    }

    /// By trying everybody for the first one.
    fn can_stand(&self, slots: &[usize], people: &BTreeSet<Person>, now: Moment) -> bool {
        let Some((group, more)) = slots.split_first() else { return true };
        people.iter().filter(|it| self.is_in(**it, *group, now)).any(|person| {
            let others = people.iter().copied().filter(|it| it != person).collect();
            self.can_stand(more, &others, now)
        })
    }

    /// Whether somebody is in a group at a moment.
    pub fn is_in(&self, person: Person, group: usize, now: Moment) -> bool {
        let periods = self.stands(person).and_then(|(_, grants)| grants).and_then(|it| it.groups.get(&group));
        let within = |(from, until): &(Option<Time>, Option<Time>)| {
            from.is_none_or(|from| from <= now.claimed) && until.is_none_or(|until| now.effective < until)
        };
        periods.is_some_and(|periods| periods.iter().any(within))
    }
}
