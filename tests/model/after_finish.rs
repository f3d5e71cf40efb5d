//! What follows the finish of a change: confirmations, reviews with their actions, and the close.

use std::collections::BTreeSet;

use twinseal::domain::{ActionDone, ChangeKind, Event, Field, Outcome, Review, ReviewAction, RevisionRef, Risk, Role};

use super::draw::{Draw, TICK};
use super::facts::{DAY, Entry, Facts, Person, Place, Revision, Time, What};
use super::model::{Model, Story};
use super::real::{id, time};
use super::rules::Broken;

/// What happened to a change since its finish.
#[derive(Debug, Clone, Default)]
pub struct After {
    /// Where the outcome was recorded from which on a review is due, and whether it is not there yet.
    pub due: Option<Place>,
    pub awaited: bool,
    /// The owner of each action, and whether it is done.
    pub actions: Vec<(Person, bool)>,
    pub closed: bool,
}

impl After {
    /// Takes in an entry on a change of which the story has taken in everything else.
    pub fn take(story: &mut Story<'_>, (place, what): (Place, &What)) {
        let last = if story.on.is_empty() { story.outcomes.last().copied() } else { Some(story.derived()) };
        let facts = story.facts();
        let asked =
            facts.kind == ChangeKind::Emergency || facts.risk == Risk::Critical || last != Some(Outcome::Succeeded);
        let (finished, after) = (!story.outcomes.is_empty(), &mut story.after);
        match what {
            What::Finish { outcome, .. } => {
                let again = !after.awaited && *outcome != Outcome::Succeeded;
                if finished && asked && (after.due.is_none() || again) {
                    (after.due, after.awaited) = (Some(place), true);
                }
            }
            What::Review { actions, .. } => {
                after.awaited = false;
                after.actions.extend(actions.iter().map(|(_, owner, _)| (*owner, false)));
            }
            What::ActionDone { number, .. } => after.actions[number - 1].1 = true,
            What::Close(_) => after.closed = true,
            _ => {}
        }
    }
}

/// A review, an action that is done, or a close, as the register reads it.
pub fn event(what: &What, revision: RevisionRef) -> Event {
    let action = |(number, owner, due): &(usize, Person, Time)| ReviewAction {
        number: *number as u64,
        owner: id(*owner).clone(),
        due: time(*due),
    };
    match what {
        What::Review { actions, .. } => {
            Event::Review(Review { revision, actions: actions.iter().map(action).collect() })
        }
        What::ActionDone { number, .. } => Event::ActionDone(ActionDone { revision, number: *number as u64 }),
        _ => Event::Close(revision),
    }
}

impl Model {
    /// When a change must be reviewed: so many days after the outcome as was said at the start.
    pub fn review_due(&self, story: &Story<'_>) -> Option<Time> {
        let (start, finish) = (story.start?, story.after.due?);
        let policy = self.before(start).policy().map(|(_, policy)| policy.clone())?;
        let emergency = story.facts().kind == ChangeKind::Emergency;
        let days = if emergency { policy.review_days } else { policy.other_review_days };
        Some(self.before(finish).moment(&self.entries[finish]).effective + days as Time * DAY)
    }

    /// An emergency has no owner whose review is overdue, nor one for whom such an owner answers.
    pub fn break_overdue(&self, no: &mut Broken, entry: &Entry, facts: &Facts) {
        if facts.kind != ChangeKind::Emergency {
            return;
        }
        let (mut owners, now) = (self.behind_account(facts.owner), self.moment(entry).effective);
        owners.insert(facts.owner);
        let awaited = (1..=self.changes()).filter_map(|it| self.story(it));
        let awaited = awaited.filter(|it| it.after.awaited && owners.contains(&it.facts().owner));
        no.when(awaited.into_iter().any(|it| self.review_due(&it).is_some_and(|due| now >= due)), "review-overdue");
    }

    /// The rules about what follows the finish.
    pub fn break_after(&self, no: &mut Broken, entry: &Entry, story: &Story<'_>) {
        let (facts, now) = (story.facts(), self.moment(entry));
        match &entry.what {
            What::Review { of, actions } => {
                let has = |role| self.has_role(entry.actor, role, now);
                let person = self.operators(entry.actor).is_empty();
                no.when(!person || !(has(Role::Engineer) || has(Role::Approver)), "reviewer");
                self.break_late(no, story, *of);
                let told = [Field::Happened, Field::Learned].iter().all(|field| entry.words.contains(field));
                no.when(!told, "field-required");
                for (at, (number, owner, due)) in actions.iter().enumerate() {
                    no.when(*number != story.after.actions.len() + at + 1, "action-number");
                    no.when(!self.is_here(*owner), "participant-enrolled");
                    let grants = self.stands(*owner).and_then(|(_, grants)| grants);
                    let audits = grants.is_some_and(|it| it.roles.contains_key(&Role::Auditor));
                    no.when(audits, "participant-not-auditor");
                    no.when(*due <= entry.time, "action-due");
                }
            }
            What::ActionDone { of, number } => {
                no.when(*of != story.current(), "current-revision");
                match number.checked_sub(1).and_then(|at| story.after.actions.get(at)) {
                    None => no.when(true, "action-known"),
                    Some((owner, done)) => {
                        no.when(![*owner, facts.owner].contains(&entry.actor), "action-owner");
                        no.when(*done, "action-once");
                    }
                }
            }
            What::Close(of) => {
                let named = facts.owner == entry.actor || facts.implementers.contains(&entry.actor);
                let none_left = self.has_left(facts.owner) && facts.implementers.iter().all(|it| self.has_left(*it));
                let may = named || none_left && self.has_role(entry.actor, Role::Admin, now);
                no.when(!may, "implementer-or-owner");
                self.break_late(no, story, *of);
                no.when(self.is_to_confirm(story) && !story.confirmed, "close-confirmed");
                no.when(story.after.awaited, "close-reviewed");
            }
            other => panic!("{other:?} does not follow a finish"),
        }
    }

    /// It is finished, and not closed.
    fn break_late(&self, no: &mut Broken, story: &Story<'_>, of: Revision) {
        no.when(of != story.current(), "current-revision");
        no.when(story.outcomes.is_empty(), "finished");
        no.when(story.after.closed, "closed");
    }
}

impl Draw<'_> {
    /// Whether any change is finished.
    pub fn any_finished(&self) -> bool {
        (1..=self.model.changes()).any(|it| self.model.story(it).is_some_and(|it| !it.outcomes.is_empty()))
    }

    /// A review, an action that is done, or a close.
    pub fn after_finish(&mut self) -> Entry {
        let closed = self.rng.percent(12);
        let change = self.change(|it| !it.outcomes.is_empty() && it.after.closed == closed);
        let of = self.revision(change);
        let story = self.model.story(change);
        let (awaited, actions) = story.as_ref().map_or((false, &[][..]), |it| (it.after.awaited, &it.after.actions));
        let open = actions.iter().position(|(_, done)| !done);
        match self.rng.below(10) {
            0..4 if open.is_some() || self.rng.percent(20) => {
                let number = open.map_or(1, |at| at + 1);
                let number = if self.rng.percent(90) { number } else { self.rng.below(4) };
                let owner = number.checked_sub(1).and_then(|at| actions.get(at)).map(|(owner, _)| *owner);
                let actor = self.somebody(|it| owner.is_none_or(|owner| owner == it));
                self.by(actor, What::ActionDone { of, number })
            }
            0..7 if awaited || self.rng.percent(40) => self.review(of, actions.len()),
            _ => {
                let named = |it: Person| {
                    let facts = story.as_ref().map(Story::facts);
                    facts.is_none_or(|facts| facts.owner == it || facts.implementers.contains(&it))
                };
                let actor = self.somebody(named);
                self.by(actor, What::Close(of))
            }
        }
    }

    fn review(&mut self, of: Revision, before: usize) -> Entry {
        let mut actions = Vec::new();
        for at in 0..self.rng.weighed(&[40, 40, 20]) {
            let number = before + at + if self.rng.percent(96) { 1 } else { 2 };
            let due = self.now + if self.rng.percent(94) { DAY } else { -TICK };
            let owner = if self.rng.percent(90) { self.somebody(|_| true) } else { self.anybody() };
            actions.push((number, owner, due));
        }
        // The numbers of the text are those of the body, each once.
        let mut seen = BTreeSet::new();
        actions.retain(|(number, ..)| seen.insert(*number));
        actions.sort_by_key(|(number, ..)| *number);
        let role = if self.rng.percent(50) { Role::Engineer } else { Role::Approver };
        let actor = self.with_role(role);
        self.by(actor, What::Review { of, actions })
    }

    /// The fields that the text of a review fills.
    pub fn review_words(&mut self, actions: bool) -> BTreeSet<Field> {
        let mut words: BTreeSet<Field> = self.rng.some(&[Field::Helped, Field::Hindered], 40).into_iter().collect();
        words.extend(self.rng.some(&[Field::Happened, Field::Learned], 97));
        words.extend(actions.then_some(Field::Actions));
        words
    }

    /// Whether a change is finished whose confirmation is asked for, and was not given, or was.
    pub fn finished(&self, confirmed: bool) -> bool {
        let asked = |it: usize| {
            let story = self.model.story(it);
            story
                .is_some_and(|it| !it.outcomes.is_empty() && it.confirmed == confirmed && self.model.is_to_confirm(&it))
        };
        (1..=self.model.changes()).any(asked)
    }

    /// Whether a change is finished whose confirmation is not asked for.
    pub fn finished_unasked(&self) -> bool {
        let stories = (1..=self.model.changes()).filter_map(|it| self.model.story(it));
        stories.into_iter().any(|it| !it.outcomes.is_empty() && !self.model.is_to_confirm(&it))
    }

    /// That the outcome of a change is as it is, mostly by somebody who took no part.
    pub fn confirm(&mut self) -> Entry {
        let model = self.model;
        let unasked = !self.finished(false) || self.rng.percent(15);
        let change = self.change(|it| !it.outcomes.is_empty() && model.is_to_confirm(it) != unasked);
        let of = self.revision(change);
        let story = model.story(change);
        let newest = story.as_ref().and_then(|it| {
            let newest = it.outcomes.last().copied();
            if it.on.is_empty() { newest } else { Some(it.derived()) }
        });
        let any = self.rng.one(Outcome::ALL);
        let outcome = newest.filter(|_| self.rng.percent(93)).unwrap_or(any);
        let apart = |it: Person| story.as_ref().is_none_or(|story| !model.took_part(story, it));
        let any_part = self.rng.percent(20);
        let actor = self.somebody(|it| (any_part || apart(it)) && model.operators(it).is_empty());
        self.by(actor, What::Confirm { of, outcome })
    }
}
