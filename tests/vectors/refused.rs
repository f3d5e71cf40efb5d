//! The refused entries: each could come after the good log, is well formed and correctly signed, and is refused by one
//! rule, which stands beside it.

use twinseal::domain::{
    Action, Asked, Event, Facts, Field, Grants, NewGrants, Periods, Refusal, Register, Role, Text, Time,
};
use twinseal::format::{Raw, Unsigned, entry};

use super::checkpoint::refused_checkpoints;
use super::confirmation::refused_confirmations;
use super::conflicts::refused_conflicts;
use super::detached::refused_statements;
use super::fido::refused_keys;
use super::freezes::refused_freezes;
use super::good_log::{
    Home, Log, artifact, asked, asking, few_facts, few_words, good, home, key, period, remark, sign,
};
use super::review::refused_reviews;
use super::services::refused_services;
use super::templates::refused_templates;
use crate::support::log::listing;

/// An entry that a rule refuses at the end of the good log: its name, the rule, and its bytes.
pub struct Refused {
    pub name: &'static str,
    pub rule: &'static str,
    pub raw: Raw,
}

/// The state after these entries.
pub fn state(entries: &[Raw]) -> Register {
    let mut state = Register::default();
    for raw in entries {
        let entry = entry::open(raw).unwrap();
        state.apply(&entry.header, entry.leaf, &entry.event).unwrap();
    }
    state
}

/// What somebody records, and the rule that refuses it.
pub type Attempt = (&'static str, &'static str, &'static str, Event, Option<Text>);

pub fn refused() -> Vec<Refused> {
    let entries = good();
    let log = Log { state: state(&entries), entries, ..Log::default() };
    let freezes = [refused_freezes(&log), refused_confirmations(&log), refused_services(&log)].concat();
    let attempts = [people(&log), requests(&log), others(&log), freezes].concat();
    let attempts = [attempts, refused_statements(&log), refused_keys(&log), refused_checkpoints(&log)].concat();
    let attempts = [attempts, refused_reviews(&log), refused_conflicts(&log), refused_templates(&log)].concat();
    attempts
        .into_iter()
        .map(|(name, rule, person, event, words)| refuse(&log, (name, rule), person, event, words))
        .collect()
}

pub fn refuse(
    log: &Log,
    (name, rule): (&'static str, &'static str),
    person: &str,
    event: Event,
    words: Option<Text>,
) -> Refused {
    let event = listing(&log.state, event);
    let (header, bytes) = log.header_of(person, &event, words.as_ref());
    let judged = log.state.judge(&header, &event).and_then(|()| Ok(log.state.judge_text(&event, words.as_ref())?));
    match judged {
        Err(twinseal::domain::Denied::Refused(refusal)) => {
            assert_eq!(refusal.rule().as_str(), rule, "{name}: {refusal}")
        }
        other => panic!("{name}: {other:?}"),
    }
    assert!(Refusal::RULES.contains(&rule));
    let unsigned = Unsigned::new(&header, &event, bytes).unwrap();
    let signature = sign(&key(person), unsigned.namespace(), unsigned.body().as_bytes());
    Refused { name, rule, raw: unsigned.seal(&signature).unwrap().0 }
}

pub fn propose(log: &Log, action: Action) -> Event {
    Event::Propose { proposal: log.state.governance().next_proposal(), action }
}

pub fn roles(log: &Log, changes: &[(&str, Grants)]) -> Event {
    let new = |(person, grants): &(&str, Grants)| {
        let person = person.parse().unwrap();
        let replaces = log.state.governance().person(&person).unwrap().unwrap().since;
        (person, NewGrants::new(replaces, grants.clone()))
    };
    propose(log, Action::Roles(changes.iter().map(new).collect()))
}

fn approving(periods: Periods) -> Grants {
    Grants { roles: [(Role::Approver, periods)].into(), ..Grants::default() }
}

fn people(log: &Log) -> Vec<Attempt> {
    let ended = approving(period("", "2026-12-01T10:00:00Z"));
    let later = Grants { roles: [(Role::Admin, period("2027-01-01T00:00:00Z", ""))].into(), ..Grants::default() };
    let same = |person: &str| log.state.governance().person(&person.parse().unwrap()).unwrap().unwrap().grants.clone();
    let one = Grants::of([Role::Engineer]);
    let suspend = |person: &str| Event::PersonSuspend(person.parse().unwrap());
    vec![
        ("a-period-that-has-ended", "grant-not-ended", "alice", roles(log, &[("frank", ended)]), None),
        ("an-admin-who-begins-later", "two-admins", "alice", roles(log, &[("bob", later)]), None),
        (
            "one-of-two-who-stays-the-same",
            "proposal-has-effect",
            "alice",
            roles(log, &[("carol", one.clone()), ("erin", same("erin"))]),
            None,
        ),
        ("both-admins-at-once", "two-admins", "alice", roles(log, &[("alice", one.clone()), ("bob", one)]), None),
        ("suspended-by-no-admin", "role", "erin", suspend("frank"), None),
        ("suspended-nobody-enrolled", "enrolled", "alice", suspend("mallory"), None),
        (
            "suspended-key-of-a-person",
            "key-live",
            "carol",
            Event::Note("CHG-2".parse().unwrap()),
            remark(Field::Note, "I am here."),
        ),
    ]
}

fn requests(log: &Log) -> Vec<Attempt> {
    let here = home(&log.entries);
    let time = |at: &str| at.parse::<Time>().unwrap();
    let enrol = |home: &Home, asked: Asked| {
        propose(log, Action::Enrol(vec![asking(home, "judy", asked, Grants::of([Role::Engineer]))]))
    };
    let expired = Asked::new(here.fingerprint, time("2026-11-01T09:00:00Z"), time("2026-12-01T10:00:50Z")).unwrap();
    let elsewhere = Home { fingerprint: Some(log.entries[1].leaf()), ..home(&log.entries) };
    vec![
        ("request-that-expires-at-this-time", "request-expired", "alice", enrol(&here, expired), None),
        ("request-for-another-fingerprint", "request-fingerprint", "alice", enrol(&elsewhere, asked(&elsewhere)), None),
    ]
}

fn others(log: &Log) -> Vec<Attempt> {
    let file = |alter: fn(&mut Facts)| {
        let mut facts = few_facts();
        alter(&mut facts);
        Event::File { change: log.state.next_change(), facts: Box::new(facts), execution: Box::default() }
    };
    let words = || Some(Text::Description(Box::new(few_words())));
    let twice: fn(&mut Facts) =
        |facts| facts.artifacts = [("a", "one"), ("a", "one")].map(|(n, c)| artifact(n, c)).into();
    let policy = log.state.governance().policy().unwrap();
    let same = Action::Policy { replaces: log.state.governance().policy_since(), policy: policy.clone() };
    vec![
        ("artifact-named-twice", "artifact-once", "erin", file(twice), words()),
        (
            "owner-who-was-an-auditor-and-retired",
            "participant-enrolled",
            "erin",
            file(|facts| facts.owner = "audrey".parse().unwrap()),
            words(),
        ),
        ("policy-that-is-in-force", "proposal-has-effect", "alice", propose(log, same), None),
    ]
}
