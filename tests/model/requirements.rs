//! What the policy in force asks of a change, in the model.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::{self, ChangeKind, Field, LinkKind, Needed, Outcome, Role, Waivable};

use super::clocks::Moment;
use super::facts::{Entry, Facts, Person, Requirement, Revision, Time};
use super::model::{Model, Story};
use super::rules::Broken;

impl Requirement {
    /// Whether it is about a change; `model` knows the freezes and services.
    pub fn is_about(&self, model: &Model, facts: &Facts) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&facts.kind))
            && (self.risks.is_empty() || self.risks.contains(&facts.risk))
            && (self.tags.is_empty() || facts.tags.iter().any(|tag| self.tags.contains(tag)))
            && (!self.service || facts.services.contains(&0))
            && self.tier.is_none_or(|tier| model.is_of_tier(facts, tier))
            // Whoever names no environment may touch any.
            && (!self.elsewhere || !facts.production)
            && facts.targets.len() as u64 >= self.targets.unwrap_or(0)
            && (!self.sensitive || facts.dangerous != (false, false))
            && (!self.frozen || model.freezes().values().any(|it| it.freeze.touches(facts)))
    }
}

impl Model {
    /// The requirements in force that are about a change.
    pub fn asked<'a>(&'a self, facts: &'a Facts) -> impl Iterator<Item = (usize, &'a Requirement)> {
        let all = self.policy().map_or(&[][..], |(_, policy)| policy.requirements.as_slice());
        all.iter().enumerate().filter(|(_, it)| it.is_about(self, facts))
    }

    /// What the requirements refuse in the content of a revision that was filed by this entry, at this effective time.
    pub fn break_content(&self, no: &mut Broken, (filing, filed): (&Entry, Time), facts: &Facts) {
        let Some((_, policy)) = self.policy() else { return };
        let filled = self.filled(filing, facts);
        for (n, it) in self.asked(facts) {
            let excepted = it.exception.is_some() && facts.exceptions.contains(&n);
            let emergency = |what| facts.kind == ChangeKind::Emergency && policy.waives.contains(&what);
            let goes_without = |needed| match needed {
                Needed::Tests => excepted || emergency(Waivable::Tests),
                Needed::Evidence => excepted || emergency(Waivable::Evidence),
                _ => false,
            };
            let lacks = |needed: &Needed| !is_there(*needed, &filled, facts) && !goes_without(*needed);
            no.when(it.needed.iter().any(lacks), "policy-field");
            let (start, end) = facts.window;
            let soon = it.lead_minutes.is_some_and(|lead| start - filed < 60 * lead as Time);
            no.when(soon && !excepted && !emergency(Waivable::LeadTime), "lead-time");
            let long = it.longest_minutes.is_some_and(|longest| end - start > 60 * longest as Time);
            no.when(long && !excepted && !emergency(Waivable::LongestWindow), "longest-window");
        }
    }

    /// The exceptions that a revision asks for when it is filed.
    pub fn break_exceptions(&self, no: &mut Broken, filing: &Entry, facts: &Facts) {
        let allowed = |n: &usize| self.asked(facts).any(|(at, it)| at == *n && it.exception.is_some());
        no.when(!facts.exceptions.iter().all(allowed), "exception-allowed");
        let reason = filing.words.contains(&Field::Exception);
        no.when(!facts.exceptions.is_empty() && !reason, "field-required");
    }

    /// Whether one of those whose approvals count is in no team with anybody who takes part.
    pub fn has_independent(&self, story: &Story<'_>, counted: &BTreeSet<Person>, now: Moment) -> bool {
        let Some((_, policy)) = self.policy() else { return false };
        if !self.asked(story.facts()).any(|(_, it)| it.independent) {
            return true;
        }
        let touched = self.all_touched(story);
        // Whoever was suspended or let go is in no group any more, and that makes nobody independent.
        if touched.iter().any(|who| !self.is_here(*who)) {
            return false;
        }
        let teams = |who: Person| policy.teams.iter().filter(move |team| self.is_in(who, **team, now));
        let taken: BTreeSet<&usize> = touched.iter().flat_map(|who| teams(*who)).collect();
        counted.iter().any(|who| teams(*who).all(|team| !taken.contains(team)))
    }

    /// Whether the policy at the start asked for a confirmation.
    pub fn is_to_confirm(&self, story: &Story<'_>) -> bool {
        let Some(start) = story.start else { return false };
        let before = self.before(start);
        before.asked(story.facts()).any(|(_, it)| it.confirm)
    }

    /// Whether somebody took part in a change, other than by owning it.
    pub fn took_part(&self, story: &Story<'_>, person: Person) -> bool {
        let named = |(_, entry, facts): &(usize, &Entry, &Facts)| {
            self.behind_act(entry.actor, entry.key).contains(&person)
                || facts.authors.iter().any(|it| self.behind_author(*it).contains(&person))
                || facts.implementers.iter().any(|it| self.behind_author(*it).contains(&person))
        };
        let carried_out = |it: &Person| self.behind_author(*it).contains(&person);
        story.revisions.iter().any(named) || story.carried_out.iter().any(carried_out)
    }

    /// Who may confirm an outcome, and which.
    pub fn break_confirm(&self, no: &mut Broken, entry: &Entry, story: &Story<'_>, (of, outcome): (Revision, Outcome)) {
        let grants = self.stands(entry.actor).and_then(|(_, grants)| grants);
        let auditor = grants.is_some_and(|it| it.roles.contains_key(&Role::Auditor));
        no.when(grants.is_none() || auditor || !self.operators(entry.actor).is_empty(), "confirmer");
        no.when(of != story.current(), "current-revision");
        no.when(story.outcomes.is_empty(), "finished");
        no.when(story.after.closed, "closed");
        no.when(!self.is_to_confirm(story), "confirmation-asked");
        no.when(story.confirmed, "confirm-once");
        let newest = if story.on.is_empty() { story.outcomes.last().copied() } else { Some(story.derived()) };
        no.when(!story.outcomes.is_empty() && newest != Some(outcome), "confirmed-outcome");
        no.when(self.took_part(story, entry.actor), "confirm-part");
    }

    /// How many people of each group must approve.
    pub fn of_groups(&self, facts: &Facts) -> BTreeMap<usize, u64> {
        let mut groups = BTreeMap::new();
        for (n, it) in self.asked(facts) {
            let signs = it.exception.filter(|_| facts.exceptions.contains(&n)).map(|group| (group, 1));
            for (group, count) in it.from.iter().map(|(group, count)| (*group, *count)).chain(signs) {
                let most: &mut u64 = groups.entry(group).or_default();
                *most = (*most).max(count);
            }
        }
        groups
    }

    /// How many approvals a revision needs.
    pub fn needed(&self, facts: &Facts) -> usize {
        let Some((_, policy)) = self.policy() else { return usize::MAX };
        let each = self.asked(facts).filter_map(|(_, it)| it.approvals);
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

fn is_there(needed: Needed, filled: &BTreeSet<Field>, facts: &Facts) -> bool {
    match needed {
        Needed::Security => filled.contains(&Field::Security),
        Needed::AbortIf => filled.contains(&Field::AbortIf),
        Needed::Tests => filled.contains(&Field::Tests),
        Needed::Success => filled.contains(&Field::Success),
        Needed::Evidence => facts.evidence,
        Needed::Artifact => !facts.artifacts.is_empty(),
        Needed::Incident => facts.links.contains(&LinkKind::Incident),
        Needed::Ticket => facts.links.contains(&LinkKind::Ticket),
        Needed::Vulnerability => facts.links.contains(&LinkKind::Vulnerability),
    }
}

/// What a machine could carry out, with a dangerous command if it has one.
pub fn execution(it: &Facts) -> Box<domain::Execution> {
    let targets = it.targets.iter().map(|it| super::real::host(*it)).collect();
    let words = ["psql", "-c", "DROP  TABLE pool"].map(|it| it.parse().unwrap()).to_vec();
    let command = domain::Command::Args(words.try_into().unwrap());
    let step = domain::Automation { command, cwd: None, account: None };
    let plan = it.dangerous.0.then_some((1, step)).into_iter().collect();
    Box::new(domain::Execution { targets, plan, ..domain::Execution::default() })
}
