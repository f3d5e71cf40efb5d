//! Overlapping changes in the model: which a revision must list, and which it must not be started beside.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain;

use super::draw::Draw;
use super::facts::{Facts, Place, What};
use super::model::{Model, Story};
use super::real::{Real, change};
use super::requirements::execution;
use super::rules::Broken;

/// Changes, each with the place at which its current revision was filed.
pub type Conflicts = BTreeMap<usize, Place>;

impl Model {
    /// The changes that are neither withdrawn nor finished, and not rejected, beside this one.
    fn open_beside(&self, change: usize) -> Vec<Story<'_>> {
        let stories = (1..=self.changes()).filter(|it| *it != change).filter_map(|it| self.story(it));
        stories.filter(|it| !it.withdrawn && !it.rejected && it.outcomes.is_empty()).collect()
    }

    /// Whether one of these services is among those, or needs one of them.
    fn lead_to(&self, from: &BTreeSet<usize>, to: &BTreeSet<usize>) -> bool {
        let set = self.services().map_or_else(BTreeMap::new, |(_, set)| set);
        let (mut seen, mut waiting) = (BTreeSet::new(), from.iter().copied().collect::<Vec<_>>());
        while let Some(it) = waiting.pop() {
            if seen.insert(it) {
                waiting.extend(set.get(&it).into_iter().flat_map(|it| it.needs.iter().copied()));
            }
        }
        !seen.is_disjoint(to)
    }

    /// Whether a change with these facts has something in common with an open one at one time.
    fn overlap(&self, facts: &Facts, other: &Story<'_>) -> bool {
        let theirs = other.facts();
        let at_once = facts.window.0 < theirs.window.1 && theirs.window.0 < facts.window.1;
        let somebody = facts.implementers.intersection(&theirs.implementers).any(|it| self.operators(*it).is_empty());
        let something =
            self.lead_to(&facts.services, &theirs.services) || self.lead_to(&theirs.services, &facts.services);
        (at_once || other.start.is_some()) && (somebody || something)
    }

    /// The changes that a revision of this one must list.
    pub fn conflicts(&self, change: usize, facts: &Facts) -> Conflicts {
        let met = self.open_beside(change).into_iter().filter(|it| self.overlap(facts, it));
        met.map(|it| (it.number, it.current().filed)).collect()
    }

    pub fn break_conflicts(&self, no: &mut Broken, change: usize, facts: &Facts) {
        let found = self.conflicts(change, facts);
        no.when(found.iter().any(|(it, filed)| facts.conflicts.get(it) != Some(filed)), "conflict-listed");
        no.when(facts.conflicts.keys().any(|it| !found.contains_key(it)), "conflict-real");
    }

    /// What is under way keeps others from being started, unless they list it.
    pub fn break_disturbed(&self, no: &mut Broken, story: &Story<'_>) {
        let running = self.open_beside(story.number).into_iter().filter(|it| it.start.is_some());
        let mut met = running.filter(|it| self.overlap(story.facts(), it));
        let unlisted = |it: &Story<'_>| story.facts().conflicts.get(&it.number) != Some(&it.current().filed);
        no.when(story.start.is_none() && met.any(|it| unlisted(&it)), "conflict-in-progress");
    }
}

impl Draw<'_> {
    /// What a revision lists: mostly what it must.
    pub fn list_conflicts(&mut self, what: &mut What) {
        let (change, facts) = match what {
            What::File { change, facts } => (*change, facts),
            What::Revise { of, facts } => (of.change, facts),
            _ => return,
        };
        facts.conflicts = self.model.conflicts(change, facts);
        let (any, changes) = (1 + self.rng.below(self.model.changes() + 1), self.model.changes());
        match self.rng.below(60) {
            0 => _ = facts.conflicts.pop_first(),
            1 => facts.conflicts.extend((any <= changes).then(|| (any, self.revision(any).filed))),
            2 => facts.conflicts.values_mut().take(1).for_each(|filed| *filed = filed.saturating_sub(1)),
            _ => {}
        }
    }
}

impl Real {
    /// What a revision says, with the leaf hashes of the entries that it names, and its data part.
    pub fn filed(&self, it: &Facts) -> (Box<domain::Facts>, Box<domain::Execution>) {
        let (mut facts, mut execution) = (Box::new(self.facts(it)), execution(it));
        execution.conflicts = it.conflicts.iter().map(|(it, filed)| (change(*it), self.leaf(*filed))).collect();
        facts.conflicts = domain::conflicts_root(&execution.conflicts);
        (facts, execution)
    }
}
