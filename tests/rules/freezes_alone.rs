//! Rules about freezes that one person opens alone: who, for how long, and how they end.

use super::freezes::{excepted, freeze, group, in_force, lift, open, second_newest, start_of};
use super::prelude::*;
use crate::support::FREEZE;

#[test]
fn one_admin_or_person_on_duty_freezes_at_once_and_nobody_else() {
    let world = World::approved();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator erin --role engineer");
    second_newest(&world);
    group(&world, "robot", "duty");
    let until: Time = "2026-12-01T14:00:00Z".parse().unwrap();
    let now = Event::FreezeNow { until, services: [].into() };
    for person in ["carol", "erin", "audrey"] {
        let complaint = format!("{person} is neither an admin nor a person in group duty");
        world.fails(person, "freeze now --reason Why.", Exit::Refused, &complaint);
        forbidden(&world, person, now.clone(), reason("Why."), "freeze-now-by");
    }
    forbidden(&world, "robot", now.clone(), reason("Why."), "freeze-now-by");
    forbidden(&world, "alice", now.clone(), None, "reason-required");
    group(&world, "carol", "duty");
    accepted(&world, "carol", now, reason("Why."));
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T10:05:00Z");
    let name = open(&world, "alice", "");
    let complaint = format!("freeze {name} stops CHG-1: closed from 2026-12-01T10:00:00Z to 2026-12-01T14:05:00Z");
    world.fails("erin", "start CHG-1", Exit::Refused, &complaint);
    forbidden(&world, "erin", start(&world), None, "frozen");
    // A clock that is five minutes slow starts nothing either.
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "frozen");
}

#[test]
fn a_freeze_of_one_person_concerns_the_services_that_it_names() {
    let world = World::approved();
    open(&world, "alice", "--service ledger");
    accepted(&world, "erin", start(&world), None);
    open(&world, "bob", "--service ledger --service order-gateway");
    forbidden(&world, "erin", start(&world), None, "frozen");
}

#[test]
fn a_freeze_of_one_person_lasts_a_day_at_most() {
    let world = World::founded();
    let now = |until: &str| Event::FreezeNow { until: until.parse().unwrap(), services: [].into() };
    for until in ["2026-12-01T09:00:00Z", "2026-12-01T08:00:00Z", "2026-12-02T08:55:01Z", "2027-12-01T09:00:00Z"] {
        forbidden(&world, "alice", now(until), reason("Why."), "freeze-now-limit");
    }
    for until in ["2026-12-01T09:00:01Z", "2026-12-02T08:55:00Z"] {
        accepted(&world, "alice", now(until), reason("Why."));
    }
    for length in ["0h", "25h", "4", "4d", "soon"] {
        world.fails(
            "alice",
            &format!("freeze now --reason Why. --for {length}"),
            Exit::Invalid,
            "30m, 4h, 90s or 4h30m",
        );
    }
    let name = open(&world, "alice", "--for 24h");
    assert!(world.ok("audrey", &format!("freeze show {name}")).contains("2026-12-02T08:55:00Z"));
}

#[test]
fn only_who_began_a_freeze_alone_ends_it_alone() {
    let world = World::approved();
    freeze(&world, FREEZE);
    let name = open(&world, "alice", "");
    let end = |name: &str| Event::FreezeEnd(in_force(&world, name));
    for (person, name) in [("bob", name.as_str()), ("erin", &name), ("alice", "month-end")] {
        let complaint = format!("you did not begin freeze {name} alone");
        world.fails(person, &format!("freeze end {name}"), Exit::Refused, &complaint);
        forbidden(&world, person, end(name), None, "freeze-end-own");
    }
    let gone = FreezeRef { name: name.parse().unwrap(), since: WRONG };
    forbidden(&world, "alice", Event::FreezeEnd(gone), None, "freeze-known");
    let ended = end(&name);
    world.ok("alice", &format!("freeze end {name} --reason 'It is over.'"));
    forbidden(&world, "alice", ended, None, "freeze-known");
}

#[test]
fn whoever_s_freeze_a_proposal_ended_begins_none_for_seven_days() {
    let world = World::founded();
    let name = open(&world, "alice", "");
    world.at("2026-12-01T10:00:00Z");
    world.ok("bob", &format!("freeze lift {name} --reason 'A false alarm.'"));
    second(&world, "alice", "1");
    let now = |until: &str| Event::FreezeNow { until: until.parse().unwrap(), services: [].into() };
    world.at("2026-12-08T09:59:59Z");
    world.fails(
        "alice",
        "freeze now --reason Again.",
        Exit::Refused,
        "begins none until others have acted after 2026-12-08T10:00:00Z",
    );
    forbidden(&world, "alice", now("2026-12-08T11:00:00Z"), reason("Again."), "freeze-now-again");
    accepted(&world, "bob", now("2026-12-08T11:00:00Z"), reason("Again."));
    world.at("2026-12-08T10:00:00Z");
    world.ok("erin", "breakglass open --incident INC-1 --reason Why.");
    world.ok("bob", "freeze now --service ledger --for 1m --reason Why.");
    let name = open(&world, "alice", "");
    // Unless that proposal allows it.
    world.ok("bob", &format!("freeze lift {name} --reason Over. --allow-again"));
    second(&world, "alice", "2");
    let name = open(&world, "alice", "--for 1h");
    // What has ended by itself cannot be ended any more, so that nobody is barred for it.
    let since = in_force(&world, &name).since;
    accepted(&world, "bob", lift(&world, &name, since), None);
    world.at("2026-12-08T11:00:00Z");
    forbidden(&world, "bob", lift(&world, &name, since), None, "proposal-has-effect");
}

#[test]
fn another_admin_or_person_on_duty_excepts_from_a_freeze_of_one_person() {
    let world = World::founded();
    ["carol", "dave"].iter().for_each(|person| group(&world, person, "duty"));
    let name = open(&world, "carol", "");
    excepted(&world, &format!("\"{name}\""), &[]);
    let approve = |person: &str| world.approve(person, "CHG-1");
    group(&world, "erin", "finance");
    approve("carol");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    // Dave leaves the group, and comes back.
    approve("dave");
    accepted(&world, "erin", start(&world), None);
    world.ok("alice", "person revoke-role dave --group duty");
    second_newest(&world);
    forbidden(&world, "erin", start(&world), None, "freeze-exception");
    // An emergency needs no exception.
    file(&world, &[("\"normal\"", "\"emergency\"")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-2"));
    accepted(&world, "erin", start_of(&world, "CHG-2"), None);
}

/// A freeze that somebody opens alone, as an event.
fn now(until: &str, services: &[&str]) -> Event {
    let services = services.iter().map(|it| it.parse().unwrap()).collect();
    Event::FreezeNow { until: until.parse().unwrap(), services }
}

#[test]
fn nobody_opens_a_second_freeze_of_what_their_own_one_closes() {
    let world = World::founded();
    let name = open(&world, "alice", "--service ledger");
    let again = format!("your freeze {name} of the same service lasts until 2026-12-01T13:00:00Z");
    for services in ["", "--service ledger", "--service ledger --service order-gateway"] {
        world.fails("alice", &format!("freeze now --reason Again. {services}"), Exit::Refused, &again);
    }
    let until = "2026-12-01T14:00:00Z";
    for services in [&[][..], &["ledger"], &["ledger", "order-gateway"]] {
        forbidden(&world, "alice", now(until, services), reason("Again."), "freeze-now-once");
        accepted(&world, "bob", now(until, services), reason("Again."));
    }
    accepted(&world, "alice", now(until, &["order-gateway"]), reason("Again."));
    // Once it has ended, or somebody has ended it.
    world.at("2026-12-01T13:00:00Z");
    accepted(&world, "alice", now(until, &[]), reason("Again."));
    world.at("2026-12-01T10:00:00Z");
    world.ok("alice", &format!("freeze end {name}"));
    accepted(&world, "alice", now(until, &[]), reason("Again."));
    // A freeze of every service closes each of them.
    open(&world, "alice", "");
    forbidden(&world, "alice", now(until, &["order-gateway"]), reason("Again."), "freeze-now-once");
}

#[test]
fn one_person_freezes_for_no_more_than_a_day_in_seven_days_whatever_their_clock_says() {
    let world = World::founded();
    let name = open(&world, "alice", "--for 24h");
    // Not later, not with a clock that is ahead, not of something else, and not by ending the first one.
    for (time, until) in [
        ("2026-12-02T08:55:00Z", "2026-12-02T10:00:00Z"),
        ("2026-12-03T00:00:00Z", "2026-12-03T00:00:01Z"),
        ("2026-12-08T08:59:59Z", "2026-12-08T10:00:00Z"),
        ("2026-11-24T09:00:01Z", "2026-11-24T10:00:00Z"),
    ] {
        world.at(time);
        forbidden(
            &world,
            "alice",
            now(until, &["ledger"]),
            reason("Again."),
            match time {
                // Seen from an earlier time, the first one has not ended.
                "2026-11-24T09:00:01Z" => "freeze-now-once",
                _ => "freeze-now-total",
            },
        );
        accepted(&world, "bob", now(until, &["ledger"]), reason("Again."));
    }
    world.ok("alice", &format!("freeze end {name}"));
    for (time, until) in
        [("2026-11-24T09:00:01Z", "2026-11-24T10:00:00Z"), ("2026-12-01T09:30:00Z", "2026-12-01T10:00:00Z")]
    {
        world.at(time);
        forbidden(&world, "alice", now(until, &[]), reason("Again."), "freeze-now-total");
    }
    let complaint =
        "one person freezes for at most 24 h in seven days; the freezes that alice began count for 24 h 0 min";
    world.fails("alice", "freeze now --reason Again.", Exit::Refused, complaint);
    for (time, service) in [("2026-12-08T09:00:00Z", "ledger"), ("2026-11-24T09:00:00Z", "order-gateway")] {
        world.at(time);
        open(&world, "alice", &format!("--for 1h --service {service}"));
    }
}

#[test]
fn many_short_freezes_count_for_four_hours_each() {
    let world = World::founded();
    for hour in 10..16 {
        world.at(&format!("2026-12-01T{hour}:00:00Z"));
        let name = open(&world, "alice", "--for 1m");
        world.ok("alice", &format!("freeze end {name}"));
    }
    world.at("2026-12-02T10:00:00Z");
    forbidden(&world, "alice", now("2026-12-02T10:01:00Z", &[]), reason("Again."), "freeze-now-total");
}

#[test]
fn whoever_ends_their_freeze_while_a_proposal_would_is_barred_when_that_is_seconded() {
    let world = World::founded();
    let name = open(&world, "alice", "");
    let since = in_force(&world, &name).since;
    world.ok("bob", &format!("freeze lift {name} --reason 'A false alarm.'"));
    world.ok("alice", &format!("freeze end {name}"));
    let other = open(&world, "alice", "--service ledger");
    // What has ended is no longer proposed to be ended.
    forbidden(&world, "bob", lift(&world, &name, since), None, "proposal-not-stale");
    let shown = world.ok("bob", "proposal show 1");
    for line in ["Begun by alice alone.", &format!("Freeze {other}, which alice began alone too, ends as well.")] {
        assert!(shown.contains(line), "{shown}");
    }
    second(&world, "alice", "1");
    assert_eq!(world.ok("audrey", "freeze list"), "", "the other freeze has not ended");
    for services in [&[][..], &["ledger"]] {
        forbidden(&world, "alice", now("2026-12-01T14:00:00Z", services), reason("Again."), "freeze-now-again");
    }
    // It ended every freeze of hers, so that nothing is left to end.
    let since = world.state().governance().freezes().next().map(|(_, mark)| mark.since);
    assert_eq!(since, None);
    world.fails("bob", &format!("freeze lift {other} --reason No."), Exit::Invalid, "no freeze");
}

#[test]
fn a_proposal_that_allows_another_freeze_ends_only_the_one_that_it_names() {
    let world = World::founded();
    let (name, other) = (open(&world, "alice", "--service ledger"), open(&world, "alice", "--service order-gateway"));
    world.ok("bob", &format!("freeze lift {name} --reason 'A false alarm.' --allow-again"));
    second(&world, "alice", "1");
    let listed = world.ok("audrey", "freeze list");
    assert!(listed.contains(&other) && !listed.contains(&name), "{listed}");
    accepted(&world, "alice", now("2026-12-01T14:00:00Z", &["ledger"]), reason("Again."));
}

#[test]
fn a_freeze_that_a_proposal_would_end_is_not_proposed_to_be_ended_again() {
    let world = World::founded();
    let name = open(&world, "alice", "");
    world.ok("bob", &format!("freeze lift {name} --reason 'A false alarm.'"));
    let complaint = format!("proposal 1 to end freeze {name} is open");
    world.fails("alice", &format!("freeze lift {name} --reason No."), Exit::Invalid, &complaint);
    // A proposal that has lapsed is in nobody's way.
    world.ok("bob", "proposal withdraw 1");
    world.ok("alice", &format!("freeze lift {name} --reason 'A false alarm.'"));
}

#[test]
fn nobody_declines_a_proposal_to_end_a_freeze_that_they_began_alone() {
    let world = World::founded_with_spare_approvers();
    grant(&world, "ivy", "admin");
    let name = open(&world, "alice", "");
    world.ok("bob", &format!("freeze lift {name} --reason 'A false alarm.'"));
    let number = world.state().governance().proposals().to_string();
    let decline = || Event::Decline(proposal(&world, &number));
    let complaint = format!("would end freeze {name}, which you began");
    world.fails("alice", &format!("proposal decline {number}"), Exit::Refused, &complaint);
    forbidden(&world, "alice", decline(), None, "proposal-own-freeze");
    accepted(&world, "ivy", decline(), None);
    // Not after they ended it themselves either: the proposal still bars them.
    world.ok("alice", &format!("freeze end {name}"));
    forbidden(&world, "alice", decline(), None, "proposal-own-freeze");
    second(&world, "ivy", &number);
    // Anybody else declines it, and they decline what ends a freeze of somebody else.
    let other = open(&world, "bob", "");
    world.ok("ivy", &format!("freeze lift {other} --reason Over."));
    let number = world.state().governance().proposals().to_string();
    accepted(&world, "alice", Event::Decline(proposal(&world, &number)), None);
}

#[test]
fn nobody_begins_a_freeze_again_by_a_clock_that_is_ahead() {
    let world = World::founded_with_spare_approvers();
    grant(&world, "ivy", "admin");
    // A clock that is ahead plants a freeze in each of three weeks, and one proposal ends all of them.
    let names = ["2026-12-01T10:00:00Z", "2026-12-08T10:00:00Z", "2026-12-15T10:00:00Z"].map(|time| {
        world.at(time);
        open(&world, "alice", "--for 1h")
    });
    world.at("2026-12-01T10:00:00Z");
    world.ok("bob", &format!("freeze lift {} --reason 'False alarms.'", names[0]));
    let number = world.state().governance().proposals().to_string();
    second(&world, "ivy", &number);
    assert_eq!(world.ok("audrey", "freeze list"), "");
    let barred = |time: &str| {
        world.at(time);
        let until = world.now().plus(3600).to_string();
        forbidden(&world, "alice", now(&until, &[]), reason("Again."), "freeze-now-again");
    };
    ["2026-12-08T09:59:59Z", "2026-12-08T10:00:00Z", "2027-12-01T10:00:00Z"].iter().for_each(|time| barred(time));
    // One other clock that is ahead does not help.
    world.at("2027-12-01T10:00:00Z");
    world.ok("erin", "breakglass open --incident INC-1 --reason Why.");
    barred("2027-12-01T10:00:00Z");
}
