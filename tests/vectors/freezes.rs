//! Freezes: in the good log, in bad entries, and in refused ones.

use twinseal::domain::{
    Action, CalendarName, CalendarRef, ClosedPeriod, ClosedPeriods, Description, Digest, Event, Execution, Facts,
    Field, FreezeName, FreezeRef, Known, LiftFreeze, Reserved, Scope, SetCalendar, SetFreeze, Terms, Text,
};
use twinseal::format::{Raw, data};

use super::bad_entries::{Bad, body_of, replaced, with_body, with_data};
use super::good_log::{Log, all, few_facts, few_words, full_facts, many_words, remark};
use super::refused::{Attempt, propose};

/// A freeze that was set and replaced, one that one person opened and ended, one that a proposal ended, and a revision
/// that names an exception.
pub fn freeze(log: &mut Log) {
    let carry_out = |log: &mut Log, replaces, terms| {
        let it = SetFreeze { name: "month-end".parse().unwrap(), replaces, terms };
        log.carry_out(Action::SetFreeze(Box::new(it)), remark(Field::Reason, "The books are closed."));
    };
    carry_out(log, None, freeze_terms());
    let since = |log: &Log, name: &FreezeName| log.state.governance().freeze(name).unwrap().since;
    let month_end: FreezeName = "month-end".parse().unwrap();
    let all_of_it = Terms {
        scope: Scope::default(),
        except_kinds: all(&[]),
        except_tags: all(&[]),
        known: Known::Complete,
        ..freeze_terms()
    };
    carry_out(log, Some(since(log, &month_end)), all_of_it);
    let now =
        |until: &str, services: &[&str]| Event::FreezeNow { until: until.parse().unwrap(), services: all(services) };
    for (until, services) in
        [("2026-12-01T14:00:00Z", &["order-gateway", "risk-engine"][..]), ("2026-12-02T00:00:00Z", &[])]
    {
        log.add("bob", now(until, services), remark(Field::Reason, "Orders are rejected."));
        let name = FreezeName::now(log.entries.len() as u64 - 1);
        let since = since(log, &name);
        match services {
            [] => {
                let again = true;
                log.carry_out(Action::LiftFreeze(LiftFreeze { name, replaces: since, again }), None);
            }
            _ => _ = log.add("bob", Event::FreezeEnd(FreezeRef { name, since }), remark(Field::Reason, "They pass.")),
        }
    }
    let facts = Facts { excepted: [(month_end.clone(), since(log, &month_end))].into(), ..facts_with_tests() };
    let words = Description { exception: Some("The desk cannot wait.".parse().unwrap()), ..many_words() };
    log.file(facts, words, Execution::default());
    calendar(log);
    log.add("alice", now("2026-12-01T11:00:00Z", &["ledger"]), remark(Field::Reason, "A figure is wrong."));
}

/// A calendar that was set and replaced, and a freeze that refers to the newer one.
fn calendar(log: &mut Log) {
    let known = freeze_terms().known;
    let set = |replaces, known| {
        let (name, periods) = (market(), market_periods());
        Action::SetCalendar(SetCalendar { name, replaces, known, periods })
    };
    log.carry_out(set(None, known), remark(Field::Reason, "The trading days."));
    let since = log.state.governance().calendars()[&market()];
    log.carry_out(set(Some(since), Known::Complete), None);
    let terms = following(log.state.governance().calendars()[&market()]);
    let it = SetFreeze { name: "market-hours".parse().unwrap(), replaces: None, terms };
    log.carry_out(Action::SetFreeze(Box::new(it)), None);
}

fn market() -> CalendarName {
    "market-cn".parse().unwrap()
}

/// A freeze whose periods a calendar has, as its entry says it.
fn following(since: Digest) -> Terms {
    let calendar = Some(CalendarRef { name: market(), since });
    Terms { calendar, known: Known::Complete, periods: ClosedPeriods::default(), ..freeze_terms() }
}

/// Facts that the policy in force accepts, of a revision without targets.
fn facts_with_tests() -> Facts {
    Facts { targets: 0, stop_after: None, authors: all(&["erin"]), ..full_facts() }
}

fn period(from: &str, until: &str, name: &str) -> ClosedPeriod {
    ClosedPeriod::new(from.parse().unwrap(), until.parse().unwrap(), name.parse().unwrap()).unwrap()
}

/// The periods of a calendar: one that is closed, and one that is reserved.
fn market_periods() -> ClosedPeriods {
    let test = period("2027-01-09T00:30:00Z", "2027-01-09T10:00:00Z", "全网测试 of January");
    let (tag, restored_by) = ("network-test".parse().unwrap(), "2027-01-09T12:00:00Z".parse().unwrap());
    let closed = period("2027-01-04T00:30:00Z", "2027-01-04T12:00:00Z", "Mon 4 January");
    ClosedPeriods::new(vec![closed, test.for_only(Reserved { tag, restored_by }).unwrap()]).unwrap()
}

/// A freeze with every field.
pub fn freeze_terms() -> Terms {
    let periods = vec![
        period("2026-12-31T10:00:00Z", "2027-01-01T00:00:00Z", "December 31"),
        period("2027-01-01T00:00:00Z", "2027-01-04T01:00:00Z", "年终 closing"),
    ];
    Terms {
        scope: Scope {
            kinds: all(&["normal", "emergency"]),
            risks: all(&["high", "critical"]),
            services: all(&["ledger", "risk-engine"]),
            environments: all(&["prod"]),
            tags: all(&["capacity", "open"]),
        },
        except_kinds: all(&["standard"]),
        except_tags: all(&["read-only", "text-only"]),
        group: "finance".parse().unwrap(),
        calendar: None,
        known: Known::Until("2027-01-31T00:00:00Z".parse().unwrap()),
        periods: ClosedPeriods::new(periods).unwrap(),
    }
}

/// Entries about freezes with one defect each.
pub fn bad_freezes(good: &[Raw]) -> Vec<Bad> {
    let of = |kind: &str, nth: usize| {
        let first = format!("twinseal/{kind}/v1\n");
        good.iter().filter(|raw| raw.blob.starts_with(first.as_bytes())).nth(nth).unwrap()
    };
    let edits = [
        (
            "freeze-without-known-until",
            "freeze.set",
            "known-until 2027-01-31T00:00:00Z\n",
            "",
            "line 22 is not known-until",
        ),
        ("freeze-known-for-ever", "freeze.set", "2027-01-31T00:00:00Z", "-", "line 22, known-until: Time"),
        (
            "freeze-named-like-one-that-a-person-opened",
            "freeze.set",
            "freeze month-end",
            "freeze now-7",
            "line 10, freeze: FreezeName",
        ),
        ("freeze-without-a-group", "freeze.set", "exception-group finance\n", "", "line 21 is not exception-group"),
        ("freeze-unsorted-tags", "freeze.set", "tag capacity\ntag open", "tag open\ntag capacity", "NotCanonical"),
        ("freeze-of-no-kind", "freeze.set", "when-kind normal emergency", "when-kind", "line 11, when-kind: Word"),
        (
            "freeze-known-until-before-its-last-period",
            "freeze.set",
            "2027-01-31T00:00:00Z",
            "2027-01-04T00:59:59Z",
            "DataFields",
        ),
        (
            "calendar-without-known-until",
            "calendar.set",
            "known-until 2027-01-31T00:00:00Z\n",
            "",
            "line 11 is not known-until",
        ),
        (
            "calendar-known-until-before-its-last-period",
            "calendar.set",
            "2027-01-31T00:00:00Z",
            "2027-01-09T09:59:59Z",
            "DataFields",
        ),
        ("calendar-in-capitals", "calendar.set", "calendar market-cn", "calendar Market", "line 10, calendar: Id"),
        ("freeze-lift-again-as-another-word", "freeze.lift", "again allowed", "again yes", "line 12, again: Again"),
        ("freeze-now-without-an-end", "freeze.now", "until 2026-12-01T14:00:00Z\n", "", "line 11 is not until"),
        ("freeze-end-without-its-entry", "freeze.end", "freeze now-", "freeze again now-", "line 9, freeze: Digest"),
    ];
    let edited = edits.into_iter().map(|(name, kind, from, to, defect)| {
        let raw = of(kind, 0);
        Bad { name, defect, raw: with_body(raw, replaced(&body_of(raw), from, to)) }
    });
    let follows = of("freeze.set", 2);
    let followed = [
        (
            "freeze-that-refers-to-a-calendar-by-name-alone",
            market_line(follows),
            "calendar market-cn\n".to_owned(),
            "line 22, calendar: Digest",
        ),
        (
            "freeze-that-refers-to-a-calendar-and-says-until-when-it-is-known",
            market_line(follows),
            format!("{}known-until complete\n", market_line(follows)),
            "Surplus",
        ),
    ];
    let followed = followed.into_iter().map(|(name, from, to, defect)| Bad {
        name,
        defect,
        raw: with_body(follows, replaced(&body_of(follows), &from, &to)),
    });
    let set = of("freeze.set", 0);
    let periods = String::from_utf8(set.data.clone().unwrap()).unwrap();
    let parts = [
        (
            "period-that-overlaps-the-next",
            "T10:00:00Z 2027-01-01T00:00:00Z",
            "T10:00:00Z 2027-01-01T00:00:01Z",
            "data: line 2, period: ClosedOrder",
        ),
        (
            "period-of-no-length",
            "2026-12-31T10:00:00Z 2027-01-01T00:00:00Z",
            "2026-12-31T10:00:00Z 2026-12-31T10:00:00Z",
            "data: line 1, period: PeriodOrder",
        ),
        ("period-without-a-name", " December 31\n", "\n", "data: line 1, period: Empty"),
        ("period-with-a-wide-gap-in-its-name", "December 31", "December  31", "data: line 1, period: SpaceRun"),
    ];
    let edited_data = parts.into_iter().map(|(name, from, to, defect)| Bad {
        name,
        defect,
        raw: with_data(set, replaced(&periods, from, to).as_bytes()),
    });
    let market = of("calendar.set", 0);
    let market_data = String::from_utf8(market.data.clone().unwrap()).unwrap();
    let tests = [
        ("reserved-without-a-tag", " network-test 2027", " 2027", "data: line 2, reserved: Id"),
        (
            "reserved-without-the-time-of-restoring",
            " network-test 2027-01-09T12:00:00Z",
            " network-test",
            "data: line 2, reserved: Time",
        ),
        (
            "reserved-restored-before-it-begins",
            "2027-01-09T12:00:00Z",
            "2027-01-09T00:30:00Z",
            "data: line 2, reserved: RestoredBy",
        ),
        ("reserved-without-a-name", " 全网测试 of January\n", "\n", "data: line 2, reserved: Empty"),
    ];
    let reserved = tests.into_iter().map(|(name, from, to, defect)| Bad {
        name,
        defect,
        raw: with_data(market, replaced(&market_data, from, to).as_bytes()),
    });
    let with_digest = format!("{}data {}\n", market_line(follows), data::digest(periods.as_bytes()));
    let lines: Vec<&str> = periods.lines().collect();
    let turned = format!("{}\n{}\n", lines[1], lines[0]);
    let more = [
        Bad {
            name: "periods-of-a-freeze-out-of-order",
            defect: "data: line 2, period: ClosedOrder",
            raw: with_data(set, turned.as_bytes()),
        },
        Bad {
            name: "freeze-that-refers-to-a-calendar-and-has-periods",
            defect: "Surplus",
            raw: Raw {
                data: Some(periods.clone().into_bytes()),
                ..with_body(follows, replaced(&body_of(follows), &market_line(follows), &with_digest))
            },
        },
        Bad { name: "freeze-without-periods", defect: "data: line 1 is not period", raw: with_data(set, b"") },
    ];
    edited.chain(edited_data).chain(followed).chain(reserved).chain(more).collect()
}

/// The line by which a freeze refers to its calendar.
fn market_line(raw: &Raw) -> String {
    let body = body_of(raw);
    format!("{}\n", body.lines().find(|line| line.starts_with("calendar ")).unwrap())
}

/// Entries about freezes that a rule refuses at the end of the good log.
pub fn refused_freezes(log: &Log) -> Vec<Attempt> {
    let month_end: FreezeName = "month-end".parse().unwrap();
    let present = log.state.governance().freeze(&month_end).unwrap();
    let opened = log.entries.iter().rposition(|raw| raw.blob.starts_with(b"twinseal/freeze.now/v1\n")).unwrap() as u64;
    let alone = FreezeRef { name: FreezeName::now(opened), since: log.entries[opened as usize].leaf() };
    let first = log.entries.iter().position(|raw| raw.blob.starts_with(b"twinseal/freeze.set/v1\n")).unwrap();
    let replaced = log.entries[first + 1].leaf();
    let set = |replaces| {
        let it = SetFreeze { name: month_end.clone(), replaces, terms: present.terms.clone() };
        propose(log, Action::SetFreeze(Box::new(it)))
    };
    let lift =
        |replaces| propose(log, Action::LiftFreeze(LiftFreeze { name: month_end.clone(), replaces, again: false }));
    let calendars = log.entries.iter().position(|raw| raw.blob.starts_with(b"twinseal/calendar.set/v1\n")).unwrap();
    let (older, newer) = (log.entries[calendars + 1].leaf(), log.state.governance().calendars()[&market()]);
    let calendar = |replaces| {
        let (known, periods) = (Known::Complete, market_periods());
        propose(log, Action::SetCalendar(SetCalendar { name: market(), replaces, known, periods }))
    };
    let now = |until: &str| Event::FreezeNow { until: until.parse().unwrap(), services: all(&[]) };
    let why = || remark(Field::Reason, "Orders are rejected.");
    let file = |since| {
        let facts = Facts { excepted: [(month_end.clone(), since)].into(), ..few_facts() };
        Event::File { change: log.state.next_change(), facts: Box::new(facts), execution: Box::default() }
    };
    let words = || Some(Text::Description(Box::new(few_words())));
    let reasoned = Description { exception: Some("The desk cannot wait.".parse().unwrap()), ..few_words() };
    vec![
        ("freeze-that-is-in-force", "proposal-has-effect", "alice", set(Some(present.since)), None),
        ("freeze-that-another-one-replaced", "proposal-not-stale", "alice", set(Some(replaced)), None),
        ("freeze-of-a-name-that-is-taken", "proposal-not-stale", "alice", set(None), None),
        ("freeze-lift-of-one-that-was-replaced", "proposal-not-stale", "alice", lift(replaced), None),
        (
            "freeze-that-refers-to-an-older-calendar",
            "calendar-known",
            "alice",
            propose(
                log,
                Action::SetFreeze(Box::new(SetFreeze {
                    name: "settlement".parse().unwrap(),
                    replaces: None,
                    terms: following(older),
                })),
            ),
            None,
        ),
        ("calendar-that-is-in-force", "proposal-has-effect", "alice", calendar(Some(newer)), None),
        ("calendar-that-another-one-replaced", "proposal-not-stale", "alice", calendar(Some(older)), None),
        ("freeze-now-by-nobody-on-duty", "freeze-now-by", "frank", now("2026-12-01T12:00:00Z"), why()),
        ("freeze-now-without-a-reason", "reason-required", "bob", now("2026-12-01T12:00:00Z"), None),
        ("freeze-now-of-more-than-a-day", "freeze-now-limit", "bob", now("2026-12-02T09:58:00Z"), why()),
        ("freeze-now-that-ends-before-it-is-opened", "freeze-now-limit", "bob", now("2026-12-01T10:00:00Z"), why()),
        ("freeze-now-while-ones-own-is-closed", "freeze-now-once", "alice", now("2026-12-01T12:00:00Z"), why()),
        ("freeze-now-of-more-than-a-day-in-a-week", "freeze-now-total", "bob", now("2026-12-02T00:00:00Z"), why()),
        ("freeze-end-by-another-admin", "freeze-end-own", "bob", Event::FreezeEnd(alone.clone()), None),
        (
            "freeze-end-of-one-that-is-not-in-force",
            "freeze-known",
            "alice",
            Event::FreezeEnd(FreezeRef { since: replaced, ..alone }),
            None,
        ),
        ("exception-without-a-reason", "field-required", "erin", file(present.since), words()),
        (
            "exception-from-a-freeze-that-was-replaced",
            "freeze-known",
            "erin",
            file(replaced),
            Some(Text::Description(Box::new(reasoned))),
        ),
    ]
}
