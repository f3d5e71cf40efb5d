//! `calendar`: windows, freezes and sessions side by side, day by day.

use twinseal::error::Exit;

use crate::support::{CHANGE, FREEZE, World};

/// A world with a freeze, and changes that are in progress, awaiting approval and withdrawn.
fn world() -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    for (title, from, until, service) in [
        ("换下单网关的连接池", "2026-12-02T22:00:00+08:00", "2026-12-03T02:00:00+08:00", "order-gateway"),
        ("Restart the ledger", "2026-12-31T18:30:00+08:00", "2026-12-31T19:30:00+08:00", "ledger"),
        ("Never mind", "2026-12-04T10:00:00Z", "2026-12-04T12:00:00Z", "order-gateway"),
    ] {
        let draft = CHANGE.replace("Raise the pool", title).replace("2026-12-01T10:00:00Z", from);
        world.write("change.toml", draft.replace("2026-12-01T12:00:00Z", until).replace("order-gateway", service));
        world.ok("erin", "file change.toml");
    }
    world.ok("erin", "withdraw CHG-4 --reason Never.");
    freeze(&world, FREEZE);
    world
}

/// Has two admins put a freeze in force.
fn freeze(world: &World, draft: &str) {
    world.write("freeze.toml", draft);
    world.ok("alice", "freeze propose freeze.toml");
    let opened = world.newest_proposal().opened;
    let number = world.state().governance().proposals();
    world.ok("bob", &format!("proposal second {number} --digest {opened}"));
}

#[test]
fn a_change_meeting_sees_windows_freezes_and_sessions_of_a_week_at_80_columns() {
    let world = world();
    world.at("2026-12-01T12:30:00Z");
    world.columns(Some(80));
    let shown = world.ok("audrey", "calendar --from 2026-12-01 --venue XSHG");
    let expected = "\
2026-12-01 to 2026-12-07, Asia/Shanghai
DAY        TIME         WHAT     STATUS              RISK  TITLE
now        ended 20:00  CHG-1    ! overrun           high  Raise the pool
Tue 12-01  09:15-11:30  session                            XSHG
           13:00-15:30  session                            XSHG
           18:00-20:00  CHG-1    ! overrun           high  Raise the pool
           19:00-20:00  freeze   closed                    month-end (noon)
Wed 12-02  09:15-11:30  session                            XSHG
           13:00-15:30  session                            XSHG
           22:00-…      CHG-2    awaiting approval;  high  换下单网关的连接池
                                 overlaps CHG-1
Thu 12-03  …-02:00      CHG-2    awaiting approval;  high  换下单网关的连接池
                                 overlaps CHG-1
           09:15-11:30  session                            XSHG
           13:00-15:30  session                            XSHG
Fri 12-04  09:15-11:30  session                            XSHG
           13:00-15:30  session                            XSHG
Sat 12-05               nothing
Sun 12-06               nothing
Mon 12-07  09:15-11:30  session                            XSHG
           13:00-15:30  session                            XSHG
";
    assert_eq!(shown, expected, "{shown}");
}

#[test]
fn what_is_in_progress_stands_out_wherever_its_window_is() {
    let world = world();
    world.at("2026-12-01T11:30:00Z");
    let shown = world.ok("audrey", "calendar --from 2026-12-20");
    let running = shown.lines().nth(2).unwrap();
    assert!(running.starts_with("now ") && running.contains("ends 12:00"), "{shown}");
    assert!(running.contains("CHG-1") && running.contains("> in progress"), "{shown}");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    let shown = world.ok("audrey", "calendar --from 2026-12-01");
    assert!(!shown.contains("now ") && shown.contains("succeeded") && !shown.contains("CHG-4"), "{shown}");
}

#[test]
fn a_window_in_a_freeze_is_called_frozen_and_a_service_leaves_out_the_others() {
    let world = world();
    let month = world.ok("audrey", "calendar --month --from 2026-12-15 --zone Asia/Shanghai");
    let ledger = month.lines().find(|line| line.contains("CHG-3")).unwrap();
    assert!(ledger.starts_with("Thu 12-31  18:30-19:30"), "{ledger}");
    assert!(ledger.contains("awaiting approval; frozen"), "{ledger}");
    assert!(month.contains("Fri 01-01  all day") && month.contains("month-end (December)"), "{month}");
    assert_eq!(month.lines().filter(|line| line.starts_with("Thu 01-14")).count(), 1, "{month}");
    assert!(!month.contains(" 01-15"), "{month}");
    let other = world.ok("audrey", "calendar --month --from 2026-12-15 --service order-gateway");
    assert!(!other.contains("CHG-3") && other.contains("month-end"), "{other}");
    let ledger = "scope = { service = 'ledger' }\n[[periods]]\nname = \"noon\"";
    freeze(&world, &FREEZE.replace("[[periods]]\nname = \"noon\"", ledger));
    assert!(!world.ok("audrey", "calendar --month --service order-gateway").contains("month-end"));
    assert!(world.ok("audrey", "calendar --month --service ledger").contains("month-end (noon); service ledger"));
}

#[test]
fn days_have_their_hours_over_both_changes_of_summer_time() {
    let world = World::founded();
    for (from, title, day) in [
        ("2027-03-28", "set from +00:00 to +01:00; this day has 23 hours", "Sun 03-28"),
        ("2027-10-31", "set from +01:00 to +00:00; this day has 25 hours", "Sun 10-31"),
    ] {
        let shown = world.ok("audrey", &format!("calendar --from {from} --zone Europe/London"));
        let row = shown.lines().find(|line| line.starts_with(day)).unwrap();
        assert!(row.contains("clocks") && row.ends_with(title), "{shown}");
        assert_eq!(shown.lines().count(), 9, "{shown}");
    }
}

#[test]
fn days_that_an_exchange_has_not_published_are_unknown_and_not_free() {
    let world = World::founded();
    let shown = world.ok("audrey", "calendar --from 2026-12-30 --venue XSHG");
    for day in ["Fri 01-01", "Sat 01-02", "Tue 01-05"] {
        let row = shown.lines().find(|line| line.starts_with(day)).unwrap();
        assert!(row.contains("unknown") && row.contains("XSHG: days not published"), "{shown}");
    }
    assert!(shown.contains("Thu 12-31  09:15-11:30"), "{shown}");
    let later = world.ok("audrey", "calendar --from 2030-01-01 --venue XSHG --zone UTC --json");
    let later: serde_json::Value = serde_json::from_str(&later).unwrap();
    assert_eq!(later["venues"][0]["known_until"], "2029-12-31T16:00:00Z");
    // New York trades past midnight in Shanghai.
    let abroad = world.ok("audrey", "calendar --from 2026-12-02 --venue XNYS --zone Asia/Shanghai");
    let night: Vec<&str> = abroad.lines().filter(|line| line.starts_with("Wed 12-02")).collect();
    assert!(night[0].contains("…-05:00") && night[1].contains("19:30-…"), "{abroad}");
}

#[test]
fn an_invalid_argument_of_the_calendar_is_named() {
    let world = World::founded();
    for (args, complaint) in [
        ("--from tomorow", "\"tomorow\": not a time"),
        ("--from 2026-02-30", "\"2026-02-30\": not a time"),
        ("--from 9999-12-31", "\"9999-12-31\" does not have the form"),
        ("--zone Asia/Shangai", "\"Asia/Shangai\": unknown time zone; did you mean Asia/Shanghai?"),
        ("--zone CST", "\"CST\": not the name of a time zone"),
        ("--venue XSHF", "no calendar of venue XSHF (did you mean XSHG?); known: XSHG"),
        ("--week --month", "cannot be used with"),
        ("--week venue XSHG --year 2026", "cannot be used with"),
    ] {
        world.fails("audrey", &format!("calendar {args}"), Exit::Invalid, complaint);
    }
}

#[test]
fn every_row_of_a_pipe_names_its_day_and_no_row_is_wider_than_the_terminal() {
    let world = world();
    let piped = world.ok("audrey", "calendar --from 2026-12-01 --venue XSHG");
    assert!(piped.lines().skip(3).all(|line| line.contains(" 12-0")), "{piped}");
    let wide = |c: char| if c >= '\u{2e80}' { 2 } else { 1 };
    for columns in [40, 60, 72, 80, 100] {
        world.columns(Some(columns));
        let shown = world.ok("audrey", "calendar --from 2026-12-01 --venue XSHG");
        let fits = |line: &str| line.chars().map(wide).sum::<usize>() < usize::from(columns);
        assert!(shown.lines().all(fits), "{columns}\n{shown}");
    }
}

#[test]
fn a_reserved_period_says_for_which_changes_and_until_when_they_must_be_back() {
    let world = World::filed();
    let reserved = "name = \"system-test\"\nexception_group = \"risk\"\nknown_until = \"complete\"\n[[periods]]\n\
        name = \"network test\"\nfrom = \"2026-12-01T10:00:00Z\"\nuntil = \"2026-12-01T16:00:00Z\"\n\
        reserved = \"network-test\"\nrestored_by = \"2026-12-01T15:00:00Z\"\n";
    freeze(&world, reserved);
    let tested = CHANGE.replace("services =", "tags = [\"network-test\"]\nservices =");
    world.write("change.toml", tested);
    world.ok("erin", "file change.toml --again");
    let shown = world.ok("audrey", "calendar --from 2026-12-01 --zone Asia/Shanghai");
    let row = |what: &str| shown.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{shown}"));
    assert!(row("reserved").contains("18:00-24:00  reserved  only network-test"), "{shown}");
    assert!(row("reserved").ends_with("restored by Tue 23:00; system-test (network test)"), "{shown}");
    assert!(row("CHG-1").contains("awaiting approval; frozen") && !row("CHG-2     aw").contains("frozen"), "{shown}");
    assert!(row("CHG-2     aw").contains("awaiting approval; overlaps CHG-1"), "{shown}");
}
