//! Night sessions of futures exchanges, in the examples of `examples/calendars`, with the dates of 2026.

use std::fs;

use twinseal::domain::{ClosedPeriod, Time};
use twinseal::error::Exit;
use twinseal::input::read_freeze;
use twinseal::zone::Zone;

use crate::support::World;

/// The example with this name, and when its night sessions end.
const EXAMPLES: [(&str, Option<&str>); 7] = [
    ("shfe-gold-silver.toml", Some("02:30")),
    ("shfe-base-metals.toml", Some("01:00")),
    ("shfe-rebar-rubber.toml", Some("23:00")),
    ("ine-crude.toml", Some("02:30")),
    ("dce.toml", Some("23:00")),
    ("czce.toml", Some("23:00")),
    ("cffex.toml", None),
];

fn example(name: &str) -> String {
    fs::read_to_string(format!("examples/calendars/{name}")).unwrap()
}

fn drawn(draft: &str) -> Vec<ClosedPeriod> {
    read_freeze(draft).unwrap().terms.periods.as_slice().to_vec()
}

/// A time in Shanghai: `Fri 2026-01-09 20:55`.
fn local(time: Time) -> String {
    Zone::named("Asia/Shanghai").unwrap().at(time).format("%a %Y-%m-%d %H:%M").to_string()
}

/// The periods that begin on a day in Shanghai: `20:55 to Sat 2026-01-10 02:30, night session of Mon 2026-01-12`.
fn on(periods: &[ClosedPeriod], day: &str) -> Vec<String> {
    let here = periods.iter().filter(|it| local(it.from())[4..].starts_with(day));
    here.map(|it| format!("{} to {}, {}", &local(it.from())[15..], local(it.until()), it.name())).collect()
}

#[test]
fn a_night_session_belongs_to_the_next_trading_day_and_friday_s_ends_on_saturday() {
    let gold = drawn(&example("shfe-gold-silver.toml"));
    let day = |day: &str| format!("08:55 to {day} 15:00, {day}");
    let thursday = "20:55 to Fri 2026-01-09 02:30, night session of Fri 2026-01-09".to_owned();
    let friday = "20:55 to Sat 2026-01-10 02:30, night session of Mon 2026-01-12".to_owned();
    assert_eq!(on(&gold, "2026-01-08"), [day("Thu 2026-01-08"), thursday]);
    assert_eq!(on(&gold, "2026-01-09"), [day("Fri 2026-01-09"), friday]);
    assert!([on(&gold, "2026-01-10"), on(&gold, "2026-01-11")].concat().is_empty());
}

#[test]
fn no_night_session_is_on_the_eve_of_a_holiday() {
    let gold = drawn(&example("shfe-gold-silver.toml"));
    // The last evenings before Spring Festival, Tomb-Sweeping, Labour, Dragon Boat, Mid-Autumn and National Day, and the
    // last one of the year; each with the evening before it, and that of the first trading day afterwards.
    for (before, eve, after) in [
        ("2026-02-12", "2026-02-13", "2026-02-24"),
        ("2026-04-02", "2026-04-03", "2026-04-07"),
        ("2026-04-29", "2026-04-30", "2026-05-06"),
        ("2026-06-17", "2026-06-18", "2026-06-22"),
        ("2026-09-23", "2026-09-24", "2026-09-28"),
        ("2026-09-29", "2026-09-30", "2026-10-08"),
        ("2026-12-30", "2026-12-31", ""),
    ] {
        assert_eq!(on(&gold, before).len(), 2, "{before}");
        assert_eq!(on(&gold, eve).len(), 1, "{eve}");
        assert!(after.is_empty() || on(&gold, after).len() == 2, "{after}");
    }
    // 242 trading days, of which 7 are an eve.
    assert_eq!(gold.len(), 242 + 242 - 7);
    assert_eq!(on(&gold, "2026-01-05").len(), 2, "the first trading day of the year");
}

#[test]
fn no_adjusted_working_weekend_is_a_trading_day() {
    for (name, _) in EXAMPLES {
        let periods = drawn(&example(name));
        for day in ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"] {
            assert!(on(&periods, day).is_empty(), "{name} {day}");
        }
    }
    // The night session before one is that of the next trading day.
    let friday = &on(&drawn(&example("shfe-base-metals.toml")), "2026-02-27")[1];
    assert_eq!(friday, "20:55 to Sat 2026-02-28 01:00, night session of Mon 2026-03-02");
}

#[test]
fn each_example_has_the_hours_of_its_products() {
    for (name, end) in EXAMPLES {
        let periods = drawn(&example(name));
        let nights: Vec<_> = periods.iter().filter(|it| it.name().as_str().starts_with("night")).collect();
        assert_eq!(nights.len(), if end.is_some() { 235 } else { 0 }, "{name}");
        assert!(nights.iter().all(|it| Some(&local(it.until())[15..]) == end), "{name}");
        let text = example(name).replace("\n# ", " ");
        assert!(text.contains("with your broker's table") && text.contains("not at the exchange"), "{name}");
    }
    let files = fs::read_dir("examples/calendars").unwrap().count();
    assert_eq!(files, EXAMPLES.len(), "an example without a test");
}

#[test]
fn a_holiday_that_closes_no_weekday_is_named() {
    let without = "year = 2026\nno_night = [\"2026-01-09\"]";
    let gold = drawn(&example("shfe-gold-silver.toml").replace("year = 2026", without));
    assert_eq!([on(&gold, "2026-01-08").len(), on(&gold, "2026-01-09").len()], [2, 1]);
}

#[test]
fn a_freeze_of_night_sessions_is_signed_as_periods_in_utc() {
    let world = World::founded();
    world.write("night.toml", example("shfe-gold-silver.toml"));
    let page = world.run("alice", "freeze propose night.toml").screen;
    let signed = "2026-12-04T12:55:00Z 2026-12-04T18:30:00Z night session of Mon 2026-12-07";
    assert!(page.contains(signed) && page.contains("known until 2026-12-31T16:00:00Z"), "{page}");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    for (time, closed) in [
        ("2026-12-04T20:54:59", false),
        ("2026-12-04T20:55:00", true),
        ("2026-12-05T02:29:59", true),
        ("2026-12-05T02:30:00", false),
        ("2026-12-07T08:55:00", true),
        ("2027-01-01T00:00:00", true),
    ] {
        let exit = world.run("erin", &format!("freeze check {time}+08:00")).exit;
        assert_eq!(exit, if closed { Exit::Refused } else { Exit::Done }, "{time}");
    }
}
