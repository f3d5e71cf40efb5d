//! Rules about calendars: how they are set and replaced, and the freezes that refer to them.

use super::freezes::{freeze, in_force, second_newest};
use super::prelude::*;
use crate::support::FREEZE;

/// A calendar whose one period is in the window of [`CHANGE`].
const CALENDAR: &str = "name = 'market-cn'\nreason = 'The trading days.'\nknown_until = '2026-12-05T00:00:00Z'\n\
    [[periods]]\nname = 'Tuesday'\nfrom = '2026-12-01T11:00:00Z'\nuntil = '2026-12-01T11:30:00Z'\n";

/// A freeze that is closed in the periods of that calendar.
const FOLLOWER: &str = "name = 'market-hours'\nexception_group = 'risk'\ncalendar = 'market-cn'\n";

/// Has two admins put a calendar in force.
fn calendar(world: &World, draft: &str) {
    world.write("calendar.toml", draft);
    world.ok("alice", "calendar propose calendar.toml");
    second_newest(world);
}

fn since(world: &World) -> Digest {
    world.state().governance().calendar(&"market-cn".parse().unwrap()).unwrap().since
}

fn set(world: &World, draft: &str, replaces: Option<Digest>) -> Event {
    let input::CalendarDraft { name, known, periods, .. } = input::read_calendar(draft).unwrap();
    propose(world, Action::SetCalendar(SetCalendar { name, replaces, known, periods }))
}

/// A proposal to set a freeze of this name that refers to a calendar by an entry.
fn follow(world: &World, calendar: &str, since: Digest) -> Event {
    let input::FreezeDraft { name, terms, .. } = input::read_freeze(FOLLOWER).unwrap();
    let calendar = Some(CalendarRef { name: calendar.parse().unwrap(), since });
    let freezes =
        world.state().governance().freezes().map(|(name, mark)| (name.clone(), mark.since)).collect::<Vec<_>>();
    let replaces = freezes.into_iter().find(|(it, _)| *it == name).map(|(_, since)| since);
    propose(world, Action::SetFreeze(Box::new(SetFreeze { name, replaces, terms: Terms { calendar, ..terms } })))
}

#[test]
fn a_freeze_is_closed_in_the_periods_of_its_calendar() {
    let world = World::approved();
    calendar(&world, CALENDAR);
    accepted(&world, "erin", start_at(&world, "10:00:00"), None);
    freeze(&world, FOLLOWER);
    forbidden(&world, "erin", start_at(&world, "10:00:00"), None, "frozen");
    let complaint =
        "freeze market-hours stops CHG-1: closed from 2026-12-01T11:00:00Z to 2026-12-01T11:30:00Z (Tuesday)";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    accepted(&world, "erin", start_at(&world, "11:30:00"), None);
    let shown = world.ok("audrey", "freeze show market-hours");
    for line in [&format!("The closed periods are those of calendar market-cn {}.", since(&world)), "known until"] {
        assert!(shown.contains(line), "{shown}");
    }
}

fn start_at(world: &World, time: &str) -> Event {
    world.at(&format!("2026-12-01T{time}Z"));
    start(world)
}

#[test]
fn beyond_its_calendar_a_freeze_that_refers_to_one_is_closed() {
    let world = World::approved();
    calendar(&world, &CALENDAR.replace("2026-12-05T00:00:00Z", "2026-12-01T11:45:00Z"));
    freeze(&world, FOLLOWER);
    forbidden(&world, "erin", start_at(&world, "11:30:00"), None, "frozen");
    assert!(world.ok("alice", "inbox").contains("freeze market-hours"), "nobody is reminded");
}

#[test]
fn a_newer_calendar_changes_no_freeze_and_voids_no_exception() {
    let world = World::approved();
    calendar(&world, CALENDAR);
    freeze(&world, FOLLOWER);
    let (before, frozen) = (since(&world), in_force(&world, "market-hours"));
    world.write("calendar.toml", CALENDAR.replace("11:30:00Z", "11:45:00Z"));
    let proposed = world.run("alice", "calendar propose calendar.toml");
    assert!(proposed.err.contains("These freezes keep the older one until they are proposed again: market-hours."));
    second_newest(&world);
    assert_ne!(since(&world), before);
    assert_eq!(in_force(&world, "market-hours"), frozen, "an exception would be void");
    accepted(&world, "erin", start_at(&world, "11:30:00"), None);
    assert!(world.ok("audrey", "calendar list").contains("market-hours (older)"));
    // Proposed again, the freeze refers to the newer one, and an exception from the older is none.
    freeze(&world, FOLLOWER);
    assert_ne!(in_force(&world, "market-hours"), frozen);
    forbidden(&world, "erin", start_at(&world, "11:30:00"), None, "frozen");
    assert!(!world.ok("audrey", "calendar list").contains("(older)"));
}

#[test]
fn a_freeze_refers_only_to_a_calendar_as_it_is_in_force() {
    let world = World::founded();
    calendar(&world, CALENDAR);
    let before = since(&world);
    for (name, since) in [("market-hk", before), ("market-cn", WRONG)] {
        forbidden(&world, "alice", follow(&world, name, since), None, "calendar-known");
    }
    accepted(&world, "alice", follow(&world, "market-cn", before), None);
    world.write("freeze.toml", FOLLOWER.replace("market-cn", "market-cm"));
    world.fails(
        "alice",
        "freeze propose freeze.toml",
        Exit::Invalid,
        "no calendar market-cm is in force; did you mean market-cn?",
    );
    // A calendar that is replaced before the second takes the proposal with it.
    world.write("freeze.toml", FOLLOWER);
    world.ok("alice", "freeze propose freeze.toml");
    let waiting = Event::Second(proposal(&world, "2"));
    accepted(&world, "bob", waiting.clone(), None);
    calendar(&world, &CALENDAR.replace("11:30:00Z", "11:45:00Z"));
    forbidden(&world, "bob", waiting, None, "calendar-known");
    forbidden(&world, "alice", follow(&world, "market-cn", before), None, "calendar-known");
}

#[test]
fn a_calendar_is_replaced_only_as_it_is_in_force() {
    let world = World::founded();
    calendar(&world, CALENDAR);
    let since = since(&world);
    let other = CALENDAR.replace("Tuesday", "Tue");
    for replaces in [None, Some(WRONG)] {
        forbidden(&world, "alice", set(&world, &other, replaces), None, "proposal-not-stale");
    }
    forbidden(&world, "alice", set(&world, CALENDAR, Some(since)), None, "proposal-has-effect");
    forbidden(&world, "erin", set(&world, &other, Some(since)), None, "role");
    accepted(&world, "alice", set(&world, &other, Some(since)), None);
    accepted(&world, "alice", set(&world, &other.replace("market-cn", "market-hk"), None), None);
    world.fails("alice", "calendar propose calendar.toml", Exit::Refused, "the proposal would change nothing");
    world.fails("audrey", "calendar show market-cm", Exit::Invalid, "did you mean market-cn?");
}

#[test]
fn the_same_freeze_with_the_same_calendar_changes_nothing() {
    let world = World::founded();
    calendar(&world, CALENDAR);
    freeze(&world, FOLLOWER);
    forbidden(&world, "alice", follow(&world, "market-cn", since(&world)), None, "proposal-has-effect");
    calendar(&world, &CALENDAR.replace("Tuesday", "Tue"));
    accepted(&world, "alice", follow(&world, "market-cn", since(&world)), None);
}

#[test]
fn a_calendar_is_drawn_from_sessions_like_a_freeze_and_a_freeze_has_one_source_of_periods() {
    let world = World::founded();
    let faults = |draft: &str| {
        let faults = input::read_freeze(draft).unwrap_err();
        faults.iter().map(|it| format!("{}: {}", it.line, it.field)).collect::<Vec<String>>()
    };
    assert_eq!(faults(&format!("{FOLLOWER}known_until = 'complete'\n")), ["4: known_until"]);
    assert_eq!(faults(&FOLLOWER.replace("'market-cn'", "'Market'")), ["3: calendar"]);
    let both = FREEZE.replace("reason =", "calendar = 'market-cn'\nreason =");
    assert_eq!(faults(&both).len(), 2, "known_until and periods");
    let shipped = |name: &str| fs::read_to_string(format!("examples/{name}")).unwrap();
    calendar(&world, &shipped("market-cn.toml"));
    freeze(&world, &shipped("settlement.toml"));
    assert!(world.ok("audrey", "calendar show market-cn").contains("settlement"));
    let drawn = fs::read_to_string("examples/calendars/shfe-rebar-rubber.toml").unwrap();
    let drawn: Vec<&str> = drawn.lines().filter(|line| !line.starts_with("exception_group")).collect();
    calendar(&world, &drawn.join("\n"));
    assert!(world.ok("audrey", "calendar list").contains("shfe"), "{}", world.ok("audrey", "calendar list"));
}
