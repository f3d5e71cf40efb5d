//! A confirmed outcome, and a revision that names what is sensitive in its text: in the good log, in bad entries, and in
//! refused ones.

use twinseal::domain::{
    Action, ChangeId, Conditions, Confirmation, Description, Event, Execution, Facts, Field, Finish, Grants, Outcome,
    Policy, PolicyParts, Requirement, RevisionRef, Role, Start, Text,
};
use twinseal::format::Raw;

use super::bad_entries::{Bad, body_of, replaced, with_body};
use super::good_log::{Log, all, asked, asking, few_facts, few_words, home, remark, step};
use super::refused::Attempt;

/// What a revision is signed for: its text has a sensitive command.
pub fn sensitive_words() -> Description {
    Description { plan: vec![step("Drop the old table.", Some("psql -c 'DROP  TABLE pool_old'"))], ..few_words() }
}

/// A policy that asks for a confirmation of what is sensitive.
pub fn confirmed() -> Policy {
    let when = Conditions { sensitive: all(&["drop table"]), freezes: all(&["any"]), ..Conditions::default() };
    let it = Requirement { when, confirm: true, ..Requirement::named("checked".parse().unwrap()) };
    let checked = Requirement { confirm: true, ..Requirement::named("always".parse().unwrap()) };
    Policy::new(PolicyParts { requirements: vec![it, checked], review_days: 30, ..PolicyParts::default() }).unwrap()
}

/// A change that two new people approve, a third carries out and a fourth confirms.
pub fn confirm(log: &mut Log) {
    let replaces = log.state.governance().policy_since();
    log.carry_out(Action::Policy { replaces, policy: confirmed() }, None);
    let here = home(&log.entries);
    let new =
        |name: &str, role: Role| asking(&here, name, asked(&here).with([role].into(), all(&[])), Grants::of([role]));
    let (uma, vera, wim) = (new("uma", Role::Approver), new("vera", Role::Approver), new("wim", Role::Approver));
    log.carry_out(Action::Enrol(vec![uma, vera, wim]), None);
    let facts = Facts { sensitive: all(&["drop table"]), ..few_facts() };
    let revision: RevisionRef = log.file(facts, sensitive_words(), Execution::default());
    log.add("uma", Event::Approve(revision), None);
    log.add("vera", Event::Approve(revision), None);
    log.add("erin", Event::Start(Start::of(revision)), None);
    log.add("erin", Event::Finish(Finish::of(revision, Outcome::Succeeded)), None);
    let event = Event::Confirm(Confirmation { revision, outcome: Outcome::Succeeded });
    log.add("wim", event, remark(Field::Note, "No rejects until noon."));
    log.add("erin", Event::Finish(Finish::of(revision, Outcome::RolledBack)), None);
}

/// Entries with one defect each.
pub fn bad_confirmations(good: &[Raw]) -> Vec<Bad> {
    let of = |kind: &str, has: &str| {
        let first = format!("twinseal/{kind}/v1\n");
        let found = good.iter().find(|raw| raw.blob.starts_with(first.as_bytes()) && body_of(raw).contains(has));
        found.unwrap_or_else(|| panic!("no {kind} has {has}"))
    };
    let edits = [
        ("confirm-without-an-outcome", "change.confirm", "outcome succeeded\n", "", "line 12 is not outcome"),
        (
            "confirm-of-an-unknown-outcome",
            "change.confirm",
            "outcome succeeded",
            "outcome fine",
            "line 12, outcome: Word",
        ),
        (
            "confirm-with-a-target",
            "change.confirm",
            "outcome succeeded",
            "target gw-01\noutcome succeeded",
            "line 12 is not outcome",
        ),
        (
            "sensitive-phrase-in-upper-case",
            "change.file",
            "sensitive drop table",
            "sensitive Drop table",
            "line 23, sensitive: NotFolded",
        ),
        (
            "sensitive-phrase-with-two-spaces",
            "change.file",
            "sensitive drop table",
            "sensitive drop  table",
            "line 23, sensitive: NotFolded",
        ),
        (
            "sensitive-phrases-out-of-order",
            "policy.set",
            "sensitive drop table\nsensitive truncate",
            "sensitive truncate\nsensitive drop table",
            "NotCanonical",
        ),
        ("policy-confirm-no", "policy.set", "confirm yes", "confirm no", "line 38, confirm: Word"),
        (
            "policy-when-freeze-nothing",
            "policy.set",
            "when-freeze any month-end",
            "when-freeze",
            "line 27, when-freeze: Id",
        ),
    ];
    let edited = edits.into_iter().map(|(name, kind, from, to, defect)| {
        let raw = of(kind, from);
        Bad { name, defect, raw: with_body(raw, replaced(&body_of(raw), from, to)) }
    });
    edited.collect()
}

/// Entries about confirmations that a rule refuses at the end of the good log.
pub fn refused_confirmations(log: &Log) -> Vec<Attempt> {
    let mut changes = (0..log.state.filed()).map(|n| log.state.change(ChangeId::after(n)).unwrap());
    let newest = changes.find(|it| !it.confirmations().is_empty()).unwrap().current().id;
    let revision = |change: &str| log.state.change(change.parse().unwrap()).unwrap().current().id;
    let confirm = |revision, outcome| Event::Confirm(Confirmation { revision, outcome });
    let file = Event::File { change: log.state.next_change(), facts: Box::new(few_facts()), execution: Box::default() };
    let words = Some(Text::Description(Box::new(sensitive_words())));
    vec![
        ("confirm-of-an-older-outcome", "confirmed-outcome", "wim", confirm(newest, Outcome::Succeeded), None),
        ("confirm-by-who-filed-it", "confirm-part", "erin", confirm(newest, Outcome::RolledBack), None),
        ("confirm-before-the-finish", "finished", "wim", confirm(revision("CHG-3"), Outcome::Failed), None),
        ("sensitive-command-that-the-body-does-not-name", "sensitive-named", "erin", file, words),
    ]
}
