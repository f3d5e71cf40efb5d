//! One history: entries are drawn, and after each one the register is held against the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use twinseal::domain::{Event, EventKind, Field, PersonId, Refusal, Status};

use super::draw::{BEGIN, Draw, Rng, TICK};
use super::facts::{Entry, Time, What};
use super::model::Model;
use super::real::{KEYS, PEOPLE, Real, change, glass, id, time};
use super::rules::Broken;
use super::safety;

/// In one of so many histories every verdict is compared after every entry.
const WHOLE: u64 = 16;

/// One in so many histories is about machines.
const MACHINES: u64 = 7;

/// One in so many histories is about freezes.
const FREEZES: u64 = 5;

/// One in so many histories is about templates.
const TEMPLATES: u64 = 6;

/// The rules that histories reach too seldom: one needs more people than a history has, one a freeze that is reserved for an
/// approved change and too short for it, one the texts that these histories do not have; and those about deviations and
/// about the blanks of templates, which they do not draw. `rules/deviations.rs`, `rules/effective_time.rs`,
/// `rules/reserved.rs`, `rules/sensitive.rs` and `rules/templates.rs` break them.
const BEYOND: [&str; 29] = [
    "service-limit",
    "template-blank-declared",
    "template-blank-form",
    "template-blank-used",
    "deviation-number",
    "deviation-known",
    "deviation-time",
    "deviation-report",
    "deviation-part",
    "deviation-record-known",
    "deviation-undecided",
    "deviation-review-once",
    "deviation-redacted",
    "operator-limit",
    "restored-by",
    "sensitive-named",
    "checkpoint-role",
    "checkpoint-size",
    "checkpoint-root",
    "checkpoint-changes",
    "checkpoint-breakglasses",
    "audit-role",
    "sample-count",
    "statement-ahead",
    "statement-expired",
    "statement-once",
    "statement-register",
    "statement-seen",
    "statement-superseded",
];

/// The kinds of entry that the model does not draw. A checkpoint states what no model without hashes knows:
/// `tamper::recorded` computes it from the entries.
const UNDRAWN: [&str; 6] =
    ["approval.submit", "deviation.record", "deviation.review", "log.checkpoint", "log.sample", "log.reconciliation"];

/// What the histories met.
#[derive(Debug, Default)]
pub struct Coverage {
    histories: u64,
    steps: u64,
    accepted: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    compared: u64,
    gates: u64,
    on_paper: u64,
    redacted: u64,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, steps, compared, gates, on_paper, redacted, .. } = self;
        writeln!(
            f,
            "{histories} histories, {steps} steps, {compared} verdicts compared, {gates} of them an open gate"
        )?;
        writeln!(f, "{on_paper} histories in a file, {redacted} texts redacted there")?;
        writeln!(f, "accepted: {:?}", self.accepted)?;
        write!(f, "refused: {:?}", self.refused)
    }
}

impl Coverage {
    /// The generator is not idle: every rule said no many times, and changes and proposals went all their way.
    pub fn is_enough(&self) {
        let seen = |name: &str, list: &BTreeMap<String, u64>| list.get(name).copied().unwrap_or_default();
        for rule in Refusal::RULES.iter().filter(|it| !BEYOND.contains(it)) {
            assert!(seen(rule, &self.refused) >= 10, "{rule} said no too seldom: {self}");
        }
        for kind in EventKind::WORDS.iter().filter(|it| !UNDRAWN.contains(it)) {
            assert!(seen(kind, &self.accepted) >= 500, "{kind} was accepted too seldom: {self}");
        }
        let starts = seen("change.start", &self.accepted);
        assert!(starts >= self.histories / 2, "too few changes were started: {self}");
        assert!(self.gates >= self.histories, "too few changes could be started: {self}");
        assert!(self.on_paper >= 100 && self.redacted >= 10, "too little of it went through a file: {self}");
    }
}

struct History {
    seed: u64,
    model: Model,
    real: Real,
    now: Time,
    rng: Rng,
}

/// Runs one history.
pub fn run(seed: u64, on_paper: bool, coverage: &mut Coverage) {
    let rng = Rng::new(seed);
    let mut history = History { seed, model: Model::default(), real: Real::new(seed, on_paper), now: BEGIN, rng };
    let steps = 30 + history.rng.below(31);
    for _ in 0..steps {
        history.step(coverage);
        coverage.steps += 1;
    }
    coverage.histories += 1;
    history.close(coverage);
}

impl History {
    fn draw(&mut self) -> Entry {
        let founded = self.model.entries.len() >= 2;
        let early = !founded && self.rng.percent(85);
        let machines = self.seed.is_multiple_of(MACHINES);
        let freezes = self.seed % FREEZES == 1;
        let templates = self.seed % TEMPLATES == 2;
        let mut draw = Draw { rng: &mut self.rng, model: &self.model, now: self.now, machines, freezes, templates };
        if early { draw.founding() } else { draw.entry(&self.real) }
    }

    fn step(&mut self, coverage: &mut Coverage) {
        self.tick();
        let entry = self.draw();
        let answer = match &entry.what {
            What::Refused { attempt, .. } => {
                // Whoever tried to reject gave a reason, which is not kept.
                let words = if matches!(**attempt, What::Reject(_)) { [Field::Reason].into() } else { BTreeSet::new() };
                self.agree(&Entry { what: (**attempt).clone(), words, ..entry.clone() }, None)
            }
            _ => None,
        };
        match self.agree(&entry, answer) {
            Some(rule) => *coverage.refused.entry(rule.to_owned()).or_default() += 1,
            None => {
                let kind = self.real.event(&entry.what).kind().to_string();
                *coverage.accepted.entry(kind).or_default() += 1;
                if let What::Start { of, .. } = entry.what {
                    self.check_safety(of.change, entry.time);
                }
                self.real.record(&entry);
                self.model.accept(&entry);
                // A clock that was right once goes on from there.
                self.now = self.now.max(entry.time.min(self.now + 40 * TICK));
            }
        }
        self.compare(coverage);
    }

    fn tick(&mut self) {
        let ticks = match self.rng.below(100) {
            0..60 => 0,
            60..76 => 1,
            76..84 => 4,
            84..86 => 28,
            86..92 => -1,
            _ => self.rng.below(7) as Time - 3,
        };
        self.now += ticks * TICK;
    }

    /// The register and the model say the same of an entry: the rule by which it is refused, or nothing.
    fn agree(&self, entry: &Entry, answer: Option<&'static str>) -> Option<&'static str> {
        let said = self.real.judge(entry).map_err(|refusal| refusal.rule().as_str());
        self.same(said, &self.model.broken(entry, answer), entry)
    }

    fn same(&self, said: Result<(), &'static str>, broken: &Broken, entry: &Entry) -> Option<&'static str> {
        match said {
            Ok(()) if broken.is_none() => None,
            Err(rule) if broken.0.contains(&rule) => Some(rule),
            _ => self.fail(&format!("{entry:#?}\nthe register says {said:?}, the model {broken:?}")),
        }
    }

    fn fail(&self, what: &str) -> ! {
        let history: String = self
            .model
            .entries
            .iter()
            .enumerate()
            .map(|(place, entry)| format!("{place}: {}\n", brief(entry)))
            .collect();
        let again = format!("TWINSEAL_SEED={} TWINSEAL_HISTORIES=1", self.seed);
        panic!("after these entries\n{history}{what}\nagain with {again}")
    }

    /// Straight from the list: two distinct eligible people approved.
    fn check_safety(&self, number: usize, now: Time) {
        let eligible = safety::eligible(&self.model.entries, number, now);
        if eligible.len() < 2 {
            self.fail(&format!("CHG-{number} can be started with the approvals of {eligible:?} alone"));
        }
    }

    /// Straight from the list: an approval does not count if its signer has a conflict of interest, or is no approver
    /// with that key.
    fn check_counted(&self, number: usize, counted: &BTreeSet<&PersonId>) {
        let eligible = safety::eligible(&self.model.entries, number, self.now);
        if !counted.iter().all(|it| eligible.iter().any(|person| id(*person) == *it)) {
            self.fail(&format!("of CHG-{number} the approvals of {counted:?} count, and {eligible:?} are eligible"));
        }
    }

    /// Holds every change against the model: where it stands, whose approvals count, and who may do what to it.
    fn compare(&mut self, coverage: &mut Coverage) {
        self.compare_glasses();
        let changes = self.model.changes();
        // All that can be asked is asked in some histories; in the others of one change after each entry, and of each
        // person with one of their keys: what is not asked now is asked elsewhere.
        let whole = self.seed.is_multiple_of(WHOLE);
        let chosen = if changes > 0 { 1 + self.rng.below(changes) } else { 0 };
        let touched = self.model.entries.last().and_then(|it| it.what.change()).unwrap_or(chosen);
        for number in 1..=changes {
            self.compare_state(number, coverage);
            if whole || number == touched {
                self.compare_verdicts(number, whole, coverage);
            }
        }
    }

    /// Holds every break-glass against the model.
    fn compare_glasses(&self) {
        let now = self.real.register.moment(time(self.now));
        for number in 1..=self.model.glasses() {
            let status = self.real.register.break_glass(glass(number)).unwrap().status(now);
            let expected = self.model.glass_status(number, self.model.reading(self.now));
            if status != expected {
                self.fail(&format!("BG-{number} is {status} in the register, and {expected} in the model"));
            }
        }
    }

    fn compare_state(&self, number: usize, coverage: &mut Coverage) {
        let story = self.model.story(number).expect("the change was filed");
        let there = self.real.register.change(change(number)).unwrap();
        let governance = self.real.register.governance();
        let now = self.real.register.moment(time(self.now));
        let status = there.status(governance, now).unwrap();
        let expected = self.model.status(&story, self.model.reading(self.now));
        let tally = there.tally(governance, now).unwrap();
        let counted: Vec<&PersonId> = tally.counted.iter().map(|vote| &vote.person).collect();
        let (counts, needed) = self.model.tally(number, self.model.reading(self.now));
        let expect: BTreeSet<&PersonId> = counts.into_iter().map(id).collect();
        let same = counted.iter().copied().collect::<BTreeSet<_>>() == expect && counted.len() == expect.len();
        if status != expected || !same || tally.need != needed {
            let model = format!("{expected}, {expect:?} of {needed}");
            self.fail(&format!("CHG-{number} is {status} by {tally:?}\nin the register, and in the model {model}"));
        }
        let due = self.model.review_due(&story).map(time);
        if there.review_due() != due {
            self.fail(&format!("CHG-{number} is to be reviewed {:?}, and in the model {due:?}", there.review_due()));
        }
        // Eligible is who could approve now.
        if !counted.is_empty() && story.start.is_none() {
            self.check_counted(number, &expect);
        }
        if status == Status::Approved {
            self.check_safety(number, self.now);
        }
        coverage.compared += 1;
    }

    /// Who may approve and who may start it now, with which keys.
    fn compare_verdicts(&mut self, number: usize, whole: bool, coverage: &mut Coverage) {
        let story = self.model.story(number).expect("the change was filed");
        let (of, artifacts) = (story.current(), story.facts().artifacts.clone());
        let target = if self.rng.percent(90) { self.rng.maybe(&story.facts().targets) } else { None };
        let asked = |what: What| {
            let entry = Entry { actor: 0, key: 0, time: self.now, words: BTreeSet::new(), what };
            let event = self.real.event(&entry.what);
            (self.real.header(&entry, &event), event, entry)
        };
        let mut asked = [asked(What::Approve(of)), asked(What::Start { of, target, run: None, artifacts })];
        let one = self.rng.below(PEOPLE.len());
        let mut open = false;
        for actor in 0..PEOPLE.len() {
            let mut keys = self.model.keys_of(actor);
            keys.push((actor + 1) % KEYS);
            if !whole {
                keys = vec![if keys.len() > 2 { self.rng.one(&keys) } else { keys[0] }];
            }
            let starts = whole || actor == one || story.facts().implementers.contains(&actor);
            for key in keys {
                for (header, event, entry) in asked.iter_mut().take(1 + usize::from(starts)) {
                    (entry.actor, entry.key) = (actor, key);
                    let said = self.real.judge_as(header, event, actor, key).map_err(|refusal| refusal.rule().as_str());
                    let allowed = self.same(said, &self.model.broken_on(&story, entry), entry).is_none();
                    open |= allowed && matches!(event, Event::Start(_));
                    coverage.compared += 1;
                }
            }
        }
        if open {
            coverage.gates += 1;
            self.check_safety(number, self.now);
        }
    }

    fn close(&mut self, coverage: &mut Coverage) {
        let Some(paper) = &mut self.real.paper else { return };
        let texts = self.model.entries.iter().enumerate().filter(|(_, entry)| !entry.words.is_empty());
        let written: Vec<(usize, bool)> = texts.map(|(place, _)| (place, self.model.is_redacted(place))).collect();
        paper.verify(&self.real.register, &written);
        coverage.on_paper += 1;
        coverage.redacted += written.iter().filter(|(_, redacted)| *redacted).count() as u64;
    }
}

fn brief(entry: &Entry) -> String {
    let Entry { actor, key, time, words, what } = entry;
    let at = twinseal::domain::Time::from_unix(*time).unwrap();
    format!("{at} {} key {key} {words:?} {what:?}", PEOPLE[*actor])
}
