//! Calendars: the sessions of exchanges, and the drafts of freezes that are made from them.

mod night;
mod view;

use std::collections::BTreeSet;
use std::fs;

use twinseal::domain::{ClosedPeriod, Time};
use twinseal::error::Exit;
use twinseal::input::read_freeze;
use twinseal::venue::{Session, Venue, VenueError, venues};
use twinseal::zone::Zone;

use crate::support::World;

/// The closed periods of a draft that `calendar venue` prints.
fn periods(world: &World, command: &str) -> Vec<ClosedPeriod> {
    let draft = world.ok("erin", &format!("calendar venue {command} --exception-group duty"));
    read_freeze(&draft).unwrap().terms.periods.as_slice().to_vec()
}

/// The periods on a day, as `08:30-20:00` in UTC.
fn on(periods: &[ClosedPeriod], day: &str) -> Vec<String> {
    let clock = |time: Time| time.to_string()[11..16].to_owned();
    let there = periods.iter().filter(|it| it.from().to_string().starts_with(day));
    there.map(|it| format!("{}-{}", clock(it.from()), clock(it.until()))).collect()
}

#[test]
fn a_trading_day_in_shanghai_is_one_closed_period_with_lunch_auctions_and_clearing() {
    let world = World::founded();
    for mic in ["XSHG", "XSHE"] {
        let day = periods(&world, &format!("{mic} --year 2026 --before 45m --after 4h30m"));
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let local = |time: Time| zone.at(time).format("%H:%M:%S").to_string();
        assert_eq!(day.len(), 242, "{mic}");
        for period in &day {
            assert_eq!((local(period.from()), local(period.until())), ("08:30:00".into(), "20:00:00".into()), "{mic}");
        }
    }
}

#[test]
fn the_shipped_example_is_what_the_command_prints() {
    let world = World::founded();
    let command = "calendar venue XSHG --year 2026 --before 45m --after 4h30m --exception-group duty";
    let example = fs::read_to_string("examples/market-hours.toml").unwrap();
    assert_eq!(example, world.ok("erin", command), "make it again: twinseal {command} > examples/market-hours.toml");
    world.write("freeze.toml", example);
    world.ok("alice", "freeze propose freeze.toml");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    world.fails("erin", "freeze check 2026-12-01T15:10:00+08:00", Exit::Refused, "1 freeze is closed");
    world.ok("erin", "freeze check 2026-12-01T20:00:00+08:00");
    // Saturday, and the first day of the year that is not published.
    world.ok("erin", "freeze check 2026-12-05T10:00:00+08:00");
    world.fails("erin", "freeze check 2027-01-01T00:00:00+08:00", Exit::Refused, "1 freeze is closed");
}

#[test]
fn a_year_that_is_not_published_is_refused() {
    let world = World::founded();
    let published = "the trading days of XSHG in 2027 are not known: they are published up to 2026-12-31";
    world.fails("erin", "calendar venue XSHG --year 2027", Exit::Invalid, published);
    for (mic, year) in [("XSHE", 2027), ("XLON", 2009), ("XNYS", 1), ("XHKG", 9999), ("XSHG", 65_535)] {
        world.fails("erin", &format!("calendar venue {mic} --year {year}"), Exit::Invalid, "are not known");
    }
    world.fails(
        "erin",
        "calendar venue XSHF --year 2026",
        Exit::Invalid,
        "no calendar of venue XSHF (did you mean XSHG?); known: XSHG, XSHE",
    );
    for wrong in ["--year 70000", "--year soon", "--year 2026 --after 25h", "--year 2026 --name now-1", ""] {
        assert_eq!(world.run("erin", &format!("calendar venue XSHG {wrong}")).exit, Exit::Invalid, "{wrong}");
    }
}

#[test]
fn without_merging_the_sessions_are_apart_by_lunch_and_the_auction() {
    let world = World::founded();
    let apart = periods(&world, "XSHG --year 2026 --merge-gaps 0m");
    assert_eq!(on(&apart, "2026-12-01"), ["01:15-01:25", "01:30-03:30", "05:00-07:30"]);
    assert_eq!(on(&periods(&world, "XSHG --year 2026"), "2026-12-01"), ["01:15-07:30"]);
    assert_eq!(on(&periods(&world, "XSHG --year 2026 --merge-gaps 10m"), "2026-12-01"), ["01:15-03:30", "05:00-07:30"]);
}

#[test]
fn half_days_end_early() {
    let world = World::founded();
    let hong_kong = periods(&world, "XHKG --year 2026");
    assert_eq!([on(&hong_kong, "2026-12-23"), on(&hong_kong, "2026-12-24")].concat(), ["01:00-08:10", "01:00-04:10"]);
    // The eve of the lunar new year.
    assert_eq!([on(&hong_kong, "2026-02-13"), on(&hong_kong, "2026-02-16")].concat(), ["01:00-08:10", "01:00-04:10"]);
    assert_eq!(on(&hong_kong, "2026-02-17"), [""; 0]);
    let new_york = periods(&world, "XNYS --year 2026");
    assert_eq!([on(&new_york, "2026-11-25"), on(&new_york, "2026-11-27")].concat(), ["11:30-21:00", "11:30-18:00"]);
    let london = periods(&world, "XLON --year 2026");
    assert_eq!([on(&london, "2026-12-23"), on(&london, "2026-12-24")].concat(), ["07:00-16:40", "07:00-12:30"]);
}

#[test]
fn sessions_keep_their_local_time_over_both_changes_of_summer_time() {
    let london = periods(&World::founded(), "XLON --year 2026");
    for (day, utc) in [
        ("2026-03-27", "07:00-16:40"),
        ("2026-03-30", "06:00-15:40"),
        ("2026-10-23", "06:00-15:40"),
        ("2026-10-26", "07:00-16:40"),
    ] {
        assert_eq!(on(&london, day), [utc], "{day}");
    }
}

#[test]
fn periods_that_overlap_with_the_time_around_them_are_one() {
    let world = World::founded();
    let long = periods(&world, "XSHG --year 2026 --before 12h --after 12h");
    // From Monday to Friday the market is closed to changes without a gap.
    assert_eq!(on(&long, "2026-11-29"), ["13:15-19:30"]);
    assert!(long[0].until().unix() - long[0].from().unix() > 4 * 86_400);
}

/// The local days on which a venue has a session.
fn days(venue: Venue, sessions: &[Session]) -> BTreeSet<String> {
    let zone = Zone::named(venue.zone).unwrap();
    sessions.iter().map(|it| zone.at(it.from).format("%Y-%m-%d").to_string()).collect()
}

#[test]
fn trading_days_are_those_that_another_library_knows() {
    let fixture = fs::read_to_string("tests/calendar/closed-weekdays.txt").unwrap();
    let mut compared = 0;
    for line in fixture.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (mic, year) = (words.next().unwrap(), words.next().unwrap());
        let closed: BTreeSet<String> = words.map(|day| format!("{year}-{day}")).collect();
        let venue = Venue::named(mic).unwrap();
        let sessions = venue.sessions(year.parse().unwrap()).unwrap();
        let first: Time = format!("{year}-01-01T00:00:00Z").parse().unwrap();
        let weekday = |day: &i64| {
            let utc = first.plus(day * 86_400).utc();
            let weekend = ["Sat", "Sun"].contains(&utc.format("%a").to_string().as_str());
            (!weekend && utc.format("%Y").to_string() == year).then(|| utc.format("%Y-%m-%d").to_string())
        };
        let open: BTreeSet<String> =
            (0..366).filter_map(|day| weekday(&day)).filter(|it| !closed.contains(it)).collect();
        assert_eq!(days(venue, &sessions), open, "{mic} {year}");
        compared += 1;
    }
    assert_eq!(compared, 11);
}

#[test]
fn shenzhen_s_days_are_shanghai_s_and_the_draft_says_so() {
    let [shanghai, shenzhen] = ["XSHG", "XSHE"].map(|mic| Venue::named(mic).unwrap());
    assert_eq!(shenzhen.sessions(2026), shanghai.sessions(2026));
    let draft = World::founded().ok("erin", "calendar venue XSHE --year 2026");
    assert!(draft.contains("those that the Shanghai Stock Exchange (XSHG) publishes"), "{draft}");
    // The group is left to whoever proposes it.
    let faults = read_freeze(&draft).unwrap_err();
    assert!(faults.len() == 1 && faults[0].field == "exception_group", "{faults:?}");
    let unknown = venues().into_iter().map(|venue| venue.sessions(2500));
    assert!(unknown.into_iter().all(|it| matches!(it, Err(VenueError::NotPublished { .. }))));
}
