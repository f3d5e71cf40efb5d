//! Which rules an entry would break: all of them, as far as they can be asked, not only the first.

use std::collections::BTreeSet;

use twinseal::domain::{Duty, Field, Outcome, Role};

use super::facts::{Artifact, DAY, Entry, Facts, Key, Person, Revision, Time, What};
use super::model::{Model, Story};

/// The rules that say no, by their names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Broken(pub Vec<&'static str>);

impl Broken {
    /// The rule says no if this holds.
    pub fn when(&mut self, broken: bool, rule: &'static str) {
        if broken {
            self.0.push(rule);
        }
    }

    /// Whether no rule says no.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl Model {
    /// The rules that this entry would break at the end of the list. `answer` is the rule by which what an entry says
    /// was refused is refused; none where it is allowed.
    pub fn broken(&self, entry: &Entry, answer: Option<&str>) -> Broken {
        let mut no = Broken::default();
        match &entry.what {
            What::Init { format, members, .. } => {
                self.break_init(&mut no, entry, *format, members);
                return no;
            }
            _ if self.entries.is_empty() => {
                let governs = entry.what.change().is_none() && entry.what.glass().is_none();
                no.when(true, if governs { "founding" } else { "sealed" });
                return no;
            }
            What::Seal => {
                no.when(self.entries.len() > 1, "sealed-once");
                let founder = self.entries[0].actor == entry.actor;
                no.when(founder || !self.has_role(entry.actor, Role::Admin, self.moment(entry)), "seal-by-another");
            }
            _ => no.when(self.entries.len() < 2, "sealed"),
        }
        self.break_actor(&mut no, entry);
        match &entry.what {
            What::Refused { attempt, rule } => self.break_refused(&mut no, entry, attempt, rule, answer),
            what if what.glass().is_some() => self.break_glass(&mut no, entry),
            what => match what.change() {
                Some(change) => self.break_change(&mut no, entry, change),
                None => self.break_governance(&mut no, entry),
            },
        }
        no
    }

    /// The same for an entry on a change of a sealed register whose story was read.
    pub fn broken_on(&self, story: &Story<'_>, entry: &Entry) -> Broken {
        let mut no = Broken::default();
        self.break_actor(&mut no, entry);
        self.break_story(&mut no, entry, story);
        no
    }

    /// Everybody who acts.
    fn break_actor(&self, no: &mut Broken, entry: &Entry) {
        self.break_signer(no, entry.actor, entry.key);
    }

    /// Everybody who signs.
    pub fn break_signer(&self, no: &mut Broken, actor: Person, key: Key) {
        let (actor, key) = (&actor, &key);
        no.when(self.stands(*actor).is_none(), "enrolled");
        no.when(self.is_retired(*actor), "retired");
        no.when(self.is_out(*actor), "suspended");
        no.when(self.owner_of(*key) != Some(*actor), "own-key");
        no.when(self.suspension(*key).is_some() || self.is_revoked(*key), "key-live");
        let operators = self.operators(*actor);
        no.when(!operators.is_empty() && !operators.iter().any(|it| self.can_operate(*it)), "operator-active");
    }

    fn break_refused(&self, no: &mut Broken, entry: &Entry, attempt: &What, rule: &str, answer: Option<&str>) {
        no.when(answer != Some(rule), "refused");
        let target = |what: &What| match what {
            What::Second(proposal) => (0, proposal.opened),
            What::Approve(of) => (1, of.filed),
            What::Reject(of) => (2, of.filed),
            What::Start { of, target, .. } => (3 + target.map_or(0, |it| it + 1), of.filed),
            other => panic!("a refusal of {other:?} is not recorded"),
        };
        match (attempt, attempt.change()) {
            (What::Second(proposal), _) => no.when(!self.proposals().contains(proposal), "proposal-known"),
            (_, Some(change)) => no.when(self.story(change).is_none(), "change-known"),
            _ => {}
        }
        let same = |it: &Entry| match &it.what {
            What::Refused { attempt: other, rule: by } => {
                let about = attempt.change() == other.change() && target(attempt) == target(other);
                it.actor == entry.actor && about && by == rule
            }
            _ => false,
        };
        no.when(self.entries.iter().any(same), "refused-once");
    }

    fn break_change(&self, no: &mut Broken, entry: &Entry, change: usize) {
        if let What::File { facts, .. } = &entry.what {
            no.when(change != self.changes() + 1, "change-number");
            no.when(!self.has_role(entry.actor, Role::Engineer, self.moment(entry)), "role");
            self.break_follows(no, facts, change);
            self.break_conflicts(no, change, facts);
            return self.break_filing(no, entry, facts, &[]);
        }
        match self.story(change) {
            None => no.when(true, "change-known"),
            Some(story) => self.break_story(no, entry, &story),
        }
    }

    /// The rules about an entry on a change whose story was read.
    fn break_story(&self, no: &mut Broken, entry: &Entry, story: &Story<'_>) {
        let Entry { actor, time, words, .. } = entry;
        let (facts, now) = (story.facts(), self.moment(entry));
        match &entry.what {
            What::Revise { of, facts: revised } => {
                let left = self.has_left(facts.owner) || facts.implementers.iter().all(|it| self.has_left(*it));
                match left && self.has_role(*actor, Role::Engineer, now) {
                    true => self.break_undecided(no, story, *of),
                    false => self.break_open(no, entry, story, *of),
                }
                let facts = revised;
                let before: Vec<_> = story.revisions.iter().map(|(_, filing, _)| *filing).collect();
                self.break_filing(no, entry, facts, &before);
                self.break_follows(no, facts, story.number);
                self.break_conflicts(no, story.number, facts);
            }
            What::Withdraw(of) => self.break_open(no, entry, story, *of),
            What::Approve(of) => {
                self.break_undecided(no, story, *of);
                no.when(!self.has_role(*actor, Role::Approver, now), "role");
                let admin = self.has_role(*actor, Role::Admin, now);
                no.when(admin && self.separates(Duty::AdminApprover), "separate-duties");
                no.when(self.touched(story, *actor), "conflict-of-interest");
                no.when(story.rejected, "rejected");
                no.when(self.is_redacted(story.current().filed), "revision-redacted");
                no.when(*time >= facts.window.1, "window-not-ended");
                no.when(facts.is_too_late(*time), "time-to-roll-back");
            }
            What::Reject(of) => {
                self.break_undecided(no, story, *of);
                no.when(!self.has_role(*actor, Role::Approver, now), "role");
                no.when(!words.contains(&Field::Reason), "reason-required");
            }
            What::Retract(of) => {
                self.break_undecided(no, story, *of);
                no.when(self.approval(story, *actor).is_none(), "own-approval");
                no.when(!words.contains(&Field::Reason), "reason-required");
            }
            What::Start { of, target, artifacts, .. } => {
                break_targets(no, story, *target);
                self.break_start(no, entry, story, *of, artifacts);
            }
            What::Finish { of, target, run, outcome } => {
                let named = facts.owner == *actor || facts.implementers.contains(actor);
                let none_left = self.has_left(facts.owner) && facts.implementers.iter().all(|it| self.has_left(*it));
                let may = named || none_left && self.has_role(*actor, Role::Admin, now);
                no.when(!may, "implementer-or-owner");
                no.when(*of != story.current(), "current-revision");
                no.when(story.after.closed, "closed");
                break_outcome(no, story, (*target, *run), *outcome);
            }
            What::Review { .. } | What::ActionDone { .. } | What::Close(_) => self.break_after(no, entry, story),
            What::Confirm { of, outcome } => self.break_confirm(no, entry, story, (*of, *outcome)),
            What::Note(_) => no.when(!words.contains(&Field::Note), "note-required"),
            other => panic!("{other:?} is about no change"),
        }
    }

    /// Only the current revision is decided about, before the start, and not after it was taken back.
    fn break_undecided(&self, no: &mut Broken, story: &Story<'_>, of: Revision) {
        no.when(of != story.current(), "current-revision");
        no.when(story.withdrawn, "withdrawn");
        no.when(story.start.is_some(), "undecided");
    }

    fn break_open(&self, no: &mut Broken, entry: &Entry, story: &Story<'_>, of: Revision) {
        let theirs = story.requested_by(entry.actor) || story.facts().owner == entry.actor;
        no.when(!theirs, "requester-or-owner");
        self.break_undecided(no, story, of);
    }

    /// A change follows others, which were filed.
    fn break_follows(&self, no: &mut Broken, facts: &Facts, own: usize) {
        no.when(facts.follows.iter().any(|it| *it == own || self.story(*it).is_none()), "follows-known");
    }

    fn break_start(&self, no: &mut Broken, entry: &Entry, story: &Story<'_>, of: Revision, read: &[Artifact]) {
        let (facts, now) = (story.facts(), entry.time);
        no.when(!facts.implementers.contains(&entry.actor), "implementer");
        no.when(of != story.current(), "current-revision");
        no.when(story.withdrawn, "withdrawn");
        no.when(story.rejected, "rejected");
        no.when(self.is_redacted(story.current().filed), "revision-redacted");
        self.break_services(no, facts);
        let (place, filing, _) = story.revisions[story.revisions.len() - 1];
        let filed = self.before(place).moment(filing).effective;
        self.break_template(no, facts, (self.moment(entry).effective, filed));
        self.break_policy(no, (filing, filed), facts);
        if self.separates(Duty::RequesterImplementer) {
            let own = |(_, filing, _): &(usize, &Entry, &Facts)| self.same(filing, entry.actor);
            no.when(story.revisions.iter().any(own), "separate-duties");
        }
        let (counted, moment) = (self.counted(story, self.moment(entry)), self.moment(entry));
        no.when(counted.len() < self.needed(facts), "enough-approvals");
        no.when(!self.has_groups(story, &counted, moment), "group-approvals");
        no.when(!self.has_independent(story, &counted, moment), "independent-approver");
        no.when(now < facts.window.0 || now >= facts.window.1, "in-window");
        no.when(facts.is_too_late(now), "time-to-roll-back");
        self.break_frozen(no, entry, story);
        let succeeded = |it: &usize| {
            let story = self.story(*it).expect("it was filed before");
            // Targets may be rolled back after the change has ended.
            let targets = !story.facts().targets.is_empty();
            story.outcomes == [Outcome::Succeeded] && (!targets || story.derived() == Outcome::Succeeded)
        };
        no.when(!facts.follows.iter().all(succeeded), "follows-succeeded");
        self.break_disturbed(no, story);
        let named = |list: &[Artifact], name: u8| list.iter().filter(|(it, _)| *it == name).count();
        no.when(facts.artifacts.iter().any(|(name, _)| named(read, *name) == 0), "artifact-required");
        no.when(read.iter().any(|(name, _)| named(&facts.artifacts, *name) == 0), "artifact-approved");
        no.when(read.iter().any(|(name, _)| named(read, *name) > 1), "artifact-once");
        let differs = |(name, content): &Artifact| facts.artifacts.iter().any(|it| it.0 == *name && it.1 != *content);
        no.when(read.iter().any(differs), "artifact-match");
    }

    /// Whether somebody answers for an entry and for an account.
    fn same(&self, filing: &Entry, account: Person) -> bool {
        !self.behind_act(filing.actor, filing.key).is_disjoint(&self.behind_account(account))
    }

    /// The rules about what is filed; `before` are the entries that filed the revisions before it.
    fn break_filing(&self, no: &mut Broken, entry: &Entry, facts: &Facts, before: &[&Entry]) {
        let filed = self.moment(entry).effective;
        self.break_template(no, facts, (filed.max(facts.window.0), filed));
        self.break_standard(no, entry, facts);
        let filled = self.filled(entry, facts);
        let required = [Field::Title, Field::Reason, Field::Impact, Field::Plan, Field::Rollback];
        no.when(required.iter().any(|field| !filled.contains(field)), "field-required");
        no.when(facts.services.is_empty(), "services-required");
        no.when(facts.implementers.is_empty(), "implementers-required");
        for person in std::iter::once(&facts.owner).chain(&facts.implementers) {
            no.when(!self.is_here(*person), "participant-enrolled");
            // An auditor for a while stays out for good: nobody audits what they took part in.
            let grants = self.stands(*person).and_then(|(_, grants)| grants);
            no.when(grants.is_some_and(|it| it.roles.contains_key(&Role::Auditor)), "participant-not-auditor");
        }
        // Who left may have written it before.
        no.when(facts.authors.iter().any(|it| self.stands(*it).is_none()), "author-enrolled");
        let names: BTreeSet<&usize> = facts.targets.iter().collect();
        no.when(facts.targets.len() > 1000, "target-limit");
        no.when(names.len() < facts.targets.len(), "target-once");
        let most = facts.targets.len() as u64;
        no.when(facts.stop_after.is_some_and(|it| it == 0 || it > most), "stop-after-range");
        let (start, end) = facts.window;
        let far: Time = 10 * 366 * DAY;
        no.when(entry.time >= end, "window-not-ended");
        no.when(facts.is_too_late(entry.time), "time-to-roll-back");
        no.when(end - start <= facts.rollback, "window-fits-rollback");
        no.when(start > entry.time + far, "window-horizon");
        let twice = |(name, _): &Artifact| facts.artifacts.iter().filter(|it| it.0 == *name).count() > 1;
        no.when(facts.artifacts.iter().any(twice), "artifact-once");
        self.break_services(no, facts);
        self.break_overdue(no, entry, facts);
        self.break_excepted(no, entry, facts);
        self.break_exceptions(no, entry, facts);
        self.break_policy(no, (entry, self.moment(entry).effective), facts);
        let requested = [before, &[entry]].concat();
        let stopped = |it: &Person| requested.iter().any(|filing| self.same(filing, *it));
        let nobody = !facts.implementers.is_empty() && facts.implementers.iter().all(stopped);
        no.when(nobody && self.separates(Duty::RequesterImplementer), "separate-duties");
    }

    /// What the policy in force asks of a revision that this entry filed.
    fn break_policy(&self, no: &mut Broken, (filing, filed): (&Entry, Time), facts: &Facts) {
        let Some((_, policy)) = self.policy() else { return };
        self.break_content(no, (filing, filed), facts);
        let owners = self.behind_account(facts.owner);
        let both = facts.implementers.iter().any(|it| !owners.is_disjoint(&self.behind_account(*it)));
        no.when(both && policy.separate.contains(&Duty::OwnerImplementer), "separate-duties");
    }
}

/// Which target is started, if any.
fn break_targets(no: &mut Broken, story: &Story<'_>, target: Option<usize>) {
    let targets = &story.facts().targets;
    no.when(targets.is_empty() && story.start.is_some(), "start-once");
    no.when(target.is_none() && !targets.is_empty(), "target-required");
    no.when(target.is_some_and(|it| !targets.contains(&it)), "target-known");
    no.when(target.is_some_and(|it| story.on.contains_key(&it)), "target-start-once");
    no.when(!story.outcomes.is_empty(), "finish-once");
    no.when(story.facts().stop_after.is_some_and(|most| story.failed() as u64 >= most), "stop-after");
}

/// What may come of a target, or of the change as a whole.
fn break_outcome(no: &mut Broken, story: &Story<'_>, (target, run): (Option<usize>, Option<u8>), outcome: Outcome) {
    let again = |before: &[Outcome]| {
        let once = before.len() == 1 && before[0] != Outcome::RolledBack;
        !(before.is_empty() || once && outcome == Outcome::RolledBack)
    };
    if let Some(target) = target {
        no.when(!story.facts().targets.contains(&target), "target-known");
        match story.on.get(&target) {
            None => no.when(true, "target-started"),
            Some((by, before)) => {
                no.when(again(before), "target-finish-once");
                no.when(before.is_empty() && run.is_some() && run != *by, "same-run");
            }
        }
        return;
    }
    no.when(story.start.is_none(), "started");
    no.when(again(&story.outcomes), "finish-once");
    no.when(story.on.values().any(|(_, outcomes)| outcomes.is_empty()), "targets-finished");
    no.when(!story.facts().targets.is_empty() && outcome != story.derived(), "derived-outcome");
    no.when(story.outcomes.is_empty() && run.is_some() && !story.runs.contains(&run), "same-run");
}
