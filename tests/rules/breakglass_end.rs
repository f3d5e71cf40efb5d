//! Rules about the end of a break-glass: who closes it, until when it is ratified, and what a wrong clock does to it.

use super::breakglass::{OPEN, closed, done, glass, one, opened, ratified_by, ratify, status};
use super::effective_time::act;
use super::prelude::*;

#[test]
fn only_its_opener_closes_a_break_glass_that_is_open() {
    let world = opened();
    let close = Event::BreakGlassClose(one());
    world.ok("alice", "person grant ivy engineer");
    second(&world, "bob", "1");
    world.at("2026-12-01T12:59:59Z");
    let early = "BG-1 is open until 2026-12-01T13:00:00Z; before that only its opener closes it";
    world.fails("ivy", "breakglass close BG-1 done.txt", Exit::Refused, early);
    forbidden(&world, "ivy", close.clone(), done("Nothing."), "breakglass-close-open");
    world.fails("carol", "breakglass close BG-1 done.txt", Exit::Refused, "carol does not have the role engineer");
    forbidden(&world, "carol", close.clone(), done("Done."), "role");
    forbidden(&world, "erin", close.clone(), None, "breakglass-report");
    world.write("empty.txt", "\n \n");
    world.fails("erin", "breakglass close BG-1 empty.txt", Exit::Invalid, "empty.txt");
    // Its opener closes it even if they are no engineer any more. Nobody else adds to that.
    world.ok("alice", "person revoke-role erin engineer");
    second(&world, "bob", "2");
    world.ok("erin", "breakglass close BG-1 done.txt");
    world.fails("ivy", "breakglass close BG-1 done.txt", Exit::Refused, "BG-1 is already closed");
    forbidden(&world, "ivy", close, done("Done."), "breakglass-close-once");
}

#[test]
fn nobody_takes_the_last_word_from_who_opened_a_break_glass() {
    let world = opened();
    world.ok("alice", "person grant ivy engineer");
    second(&world, "bob", "1");
    world.at("2026-12-01T13:00:00Z");
    world.write("false.txt", "Nothing was done.\n");
    world.ok("ivy", "breakglass close BG-1 false.txt");
    let false_report = ratify(&world);
    ratified_by(&world, "carol");
    world.at("2026-12-01T14:00:00Z");
    world.ok("erin", "breakglass close BG-1 done.txt");
    // What was ratified before is not what is to be ratified now, and its end is where it was.
    forbidden(&world, "dave", false_report, None, "breakglass-close-known");
    ratified_by(&world, "dave");
    assert_eq!(status(&world, "audrey"), "closed", "carol ratified another report");
    assert_eq!(glass(&world).end(), "2026-12-01T13:00:00Z".parse().unwrap());
    let shown = world.ok("carol", "breakglass show BG-1");
    assert!(shown.contains("Nothing was done.") && shown.contains("Restarted gw-01."), "{shown}");
    // Whoever wrote the first report had a part in it too.
    forbidden(&world, "ivy", ratify(&world), None, "breakglass-part");
    ratified_by(&world, "carol");
    assert_eq!(status(&world, "audrey"), "ratified");
    world.fails("erin", "breakglass close BG-1 done.txt", Exit::Refused, "BG-1 is ratified");
    forbidden(&world, "erin", Event::BreakGlassClose(one()), done("More."), "breakglass-undecided");
}

#[test]
fn a_break_glass_that_ended_by_itself_can_still_be_closed_by_another_engineer() {
    let world = opened();
    world.ok("alice", "person grant ivy engineer");
    second(&world, "bob", "1");
    world.at("2026-12-01T12:59:59Z");
    assert_eq!(status(&world, "carol"), "open");
    world.at("2026-12-01T13:00:00Z");
    assert_eq!(status(&world, "carol"), "ended");
    world.ok("ivy", "breakglass close BG-1 done.txt");
    assert_eq!(glass(&world).end(), "2026-12-01T13:00:00Z".parse().unwrap(), "a late close does not prolong it");
    for person in ["erin", "ivy"] {
        forbidden(&world, person, ratify(&world), None, "breakglass-part");
    }
}

#[test]
fn a_break_glass_that_nobody_ratified_within_a_day_of_its_end_is_unauthorised_for_good() {
    let world = closed();
    ratified_by(&world, "carol");
    world.at("2026-12-02T08:59:59Z");
    accepted(&world, "dave", ratify(&world), None);
    world.at("2026-12-02T09:00:00Z");
    assert_eq!(status(&world, "audrey"), "unauthorised");
    let digest = glass(&world).close().unwrap().leaf;
    let complaint = "BG-1 has been unauthorised since 2026-12-02T09:00:00Z";
    world.fails("dave", &format!("breakglass ratify BG-1 --digest {digest}"), Exit::Refused, complaint);
    forbidden(&world, "dave", ratify(&world), None, "breakglass-deadline");
    world.at("2027-12-02T09:00:00Z");
    assert_eq!(status(&world, "audrey"), "unauthorised");
    assert!(world.ok("audrey", "breakglass list").contains("unauthorised  for good"));
    assert!(world.run("audrey", "verify").out.contains("BG-1 by erin (entry 2): unauthorised since"));
}

#[test]
fn one_that_was_never_closed_is_unauthorised_a_day_after_it_ended_by_itself() {
    let world = opened();
    world.at("2026-12-02T12:59:59Z");
    assert_eq!(status(&world, "audrey"), "ended");
    world.at("2026-12-02T13:00:00Z");
    assert_eq!(status(&world, "audrey"), "unauthorised");
    // What was done can still be told.
    world.ok("erin", "breakglass close BG-1 done.txt");
    forbidden(&world, "carol", ratify(&world), None, "breakglass-deadline");
}

#[test]
fn a_clock_that_was_set_back_does_not_make_it_late_enough() {
    let world = closed();
    file(&world, &[]);
    act(&world, &["alice", "bob", "carol"], "2026-12-03T09:00:00Z");
    world.at("2026-12-01T09:05:00Z");
    forbidden(&world, "dave", ratify(&world), None, "breakglass-deadline");
    // Nor does it keep one open.
    world.ok("erin", OPEN);
    assert_eq!(
        world.state().break_glass("BG-2".parse().unwrap()).unwrap().end(),
        "2026-12-03T12:55:00Z".parse().unwrap()
    );
}

/// A register in which erin opened BG-1 with a clock that is ten years ahead. It is 2026-12-01 09:10.
fn opened_ahead() -> World {
    let world = World::founded_with_spare_approvers();
    file(&world, &[]);
    world.write("done.txt", "Restarted gw-01.\n");
    world.at("2036-12-01T09:00:00Z");
    world.ok("erin", OPEN);
    world.at("2026-12-01T09:10:00Z");
    world
}

#[test]
fn a_clock_ten_years_ahead_does_not_keep_a_break_glass_open() {
    let world = opened_ahead();
    assert_eq!(status(&world, "audrey"), "ended");
    let gate: serde_json::Value = world.run("erin", "--json gate CHG-1").out.parse().unwrap();
    assert_eq!(gate["breakglasses"], serde_json::json!([]));
    let shown = world.ok("audrey", "breakglass show BG-1");
    assert!(shown.contains("ended; the clock of its opener ran ahead"), "{shown}");
    // Once three other people have acted, they are believed.
    act(&world, &["alice", "bob"], "2026-12-01T09:20:00Z");
    assert!(glass(&world).end() > "2036-01-01T00:00:00Z".parse().unwrap());
    act(&world, &["carol"], "2026-12-01T09:30:00Z");
    assert_eq!(glass(&world).end(), "2026-12-01T09:20:00Z".parse().unwrap());
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    world.at("2026-12-02T09:19:59Z");
    assert_eq!(status(&world, "audrey"), "ended");
    world.at("2026-12-02T09:20:00Z");
    assert_eq!(status(&world, "audrey"), "unauthorised");
    assert!(!world.ok("audrey", "inbox").contains("BG-1"));
    world.ok("erin", "breakglass close BG-1 done.txt");
    forbidden(&world, "carol", ratify(&world), None, "breakglass-deadline");
    world.at("2036-12-01T09:00:00Z");
    assert_eq!(status(&world, "audrey"), "unauthorised");
}

#[test]
fn what_a_wrong_clock_opened_is_ratified_once_others_have_acted() {
    let world = opened_ahead();
    world.at("2036-12-01T09:01:00Z");
    world.ok("erin", "breakglass close BG-1 done.txt");
    world.at("2026-12-01T09:10:00Z");
    let complaint = "BG-1 ends at 2036-12-01T09:01:00Z, ahead of what others claim";
    let digest = glass(&world).close().unwrap().leaf;
    world.fails("carol", &format!("breakglass ratify BG-1 --digest {digest}"), Exit::Refused, complaint);
    forbidden(&world, "carol", ratify(&world), None, "breakglass-ahead");
    act(&world, &["alice", "bob", "carol"], "2026-12-01T09:20:00Z");
    for person in ["carol", "dave"] {
        ratified_by(&world, person);
    }
    assert_eq!(status(&world, "audrey"), "ratified");
}

#[test]
fn two_clocks_set_back_do_not_make_a_break_glass_too_late_to_ratify() {
    let world = opened();
    file(&world, &[]);
    world.ok("erin", "breakglass close BG-1 done.txt");
    act(&world, &["alice", "bob"], "2026-12-01T09:05:00Z");
    let end = glass(&world).end();
    // A second break-glass, after which two of the three who act claim a time two days before.
    world.ok("erin", OPEN);
    act(&world, &["ivy", "jack"], "2026-11-29T09:00:00Z");
    act(&world, &["carol"], "2026-12-01T09:06:00Z");
    let second = world.state().break_glass("BG-2".parse().unwrap()).unwrap().clone();
    assert!(second.end() >= "2026-12-01T08:55:00Z".parse().unwrap(), "{}", second.end());
    assert_eq!(glass(&world).end(), end);
}

#[test]
fn a_close_by_a_clock_that_is_behind_does_not_make_it_unauthorised() {
    let world = World::founded_with_spare_approvers();
    world.at("2026-12-04T09:00:00Z");
    world.ok("erin", OPEN);
    world.write("done.txt", "Restarted gw-01.\n");
    // Two days behind: it would end before it began, and could not be ratified any more.
    world.at("2026-12-02T09:00:00Z");
    world.ok("erin", "breakglass close BG-1 done.txt");
    assert_eq!(glass(&world).end(), "2026-12-04T09:00:00Z".parse().unwrap());
    world.at("2026-12-05T08:59:59Z");
    assert_eq!(status(&world, "audrey"), "closed");
    ["carol", "dave"].iter().for_each(|person| ratified_by(&world, person));
    assert_eq!(status(&world, "audrey"), "ratified");
}
