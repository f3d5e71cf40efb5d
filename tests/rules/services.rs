//! Rules about services: what a set must be, which services a change may name, and their maintenance hours.

use super::freezes::second_newest;
use super::prelude::*;
use crate::support::SERVICES;

/// Has two admins put services in force.
pub fn services(world: &World, list: &str) {
    world.write("services.toml", list);
    world.ok("alice", "service import services.toml --prune");
    second_newest(world);
}

fn service(depends_on: &[&str]) -> Service {
    Service {
        name: "A service".parse().unwrap(),
        owner: "erin".parse().unwrap(),
        team: "gateway".parse().unwrap(),
        tier: Tier::new(1).unwrap(),
        kind: "service".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        tags: [].into(),
        depends_on: depends_on.iter().map(|it| it.parse().unwrap()).collect(),
        hours: None,
    }
}

fn id(name: &str) -> ServiceId {
    name.parse().unwrap()
}

/// A proposal that puts and drops these services, with the count and root that result.
fn set(world: &World, put: &[(&str, Service)], dropped: &[&str]) -> SetServices {
    let put = put.iter().map(|(name, it)| (id(name), it.clone())).collect();
    let dropped = dropped.iter().map(|it| id(it)).collect();
    world.state().governance().services_changed(put, dropped).unwrap()
}

fn proposing(world: &World, it: SetServices) -> Event {
    propose(world, Action::SetServices(Box::new(it)))
}

/// [`CHANGE`] in an environment, filed by erin.
fn in_prod(world: &World) {
    file(world, &[("services = ", "environments = [\"prod\"]\nservices = ")]);
}

fn prod(facts: &mut Facts) {
    facts.environments = ["prod".parse().unwrap()].into();
}

#[test]
fn a_set_is_put_and_dropped_by_two_admins_and_everybody_can_read_it() {
    let world = World::founded();
    services(&world, SERVICES);
    let listed = world.ok("audrey", "service list");
    assert!(listed.contains("order-gateway  1     prod         gateway  erin"), "{listed}");
    let shown = world.ok("audrey", "service show orders-db");
    assert!(shown.contains("Order database") && shown.contains("needed by     order-gateway"), "{shown}");
    services(&world, &SERVICES.replace("tier = 2", "tier = 1"));
    assert_eq!(world.ok("audrey", "service list --tier 1").lines().count(), 3);
    services(
        &world,
        SERVICES.split("[[service]]\nid = 'orders-db'").next().unwrap().replace("depends_on", "# ").as_str(),
    );
    world.fails("audrey", "service show orders-db", Exit::Invalid, "no service orders-db is in force");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    let in_force = *world.state().governance().services().unwrap();
    assert_eq!(in_force.count, 1);
}

#[test]
fn no_change_names_a_service_that_is_not_in_force() {
    let world = World::founded();
    in_prod(&world);
    let only = SERVICES.replace("order-gateway", "fix-gateway");
    services(&world, &only);
    let (event, text) = filing(&world, |facts, _| prod(facts));
    forbidden(&world, "erin", event, text, "service-known");
    let (event, text) = revising(&world, filing(&world, |facts, _| prod(facts)));
    forbidden(&world, "erin", event, text, "service-known");
    // It was filed before there were services.
    world.approve("carol", "CHG-1");
    world.approve("dave", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "service-known");
    services(&world, SERVICES);
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn no_change_leaves_out_the_environment_of_its_service() {
    let world = World::founded();
    services(&world, SERVICES);
    let (event, text) = filing(&world, |facts, _| facts.environments = ["uat".parse().unwrap()].into());
    forbidden(&world, "erin", event, text, "service-environment");
    let (event, text) = filing(&world, |_, _| ());
    forbidden(&world, "erin", event, text, "service-environment");
    let (event, text) = filing(&world, |facts, _| prod(facts));
    accepted(&world, "erin", event, text);
}

#[test]
fn no_service_is_dropped_that_another_one_needs_or_that_is_not_there() {
    let world = World::founded();
    services(&world, SERVICES);
    forbidden(&world, "alice", proposing(&world, set(&world, &[], &["orders-db"])), None, "service-needs");
    forbidden(&world, "alice", proposing(&world, set(&world, &[], &["ledger"])), None, "service-known");
    let both = set(&world, &[], &["orders-db", "order-gateway"]);
    accepted(&world, "alice", proposing(&world, both), None);
}

#[test]
fn no_service_needs_one_that_is_not_there_or_itself_in_a_circle() {
    let world = World::founded();
    let unknown = set(&world, &[("a", service(&["b"]))], &[]);
    forbidden(&world, "alice", proposing(&world, unknown), None, "service-needs");
    let cycle = set(&world, &[("a", service(&["b"])), ("b", service(&["c"])), ("c", service(&["a"]))], &[]);
    forbidden(&world, "alice", proposing(&world, cycle), None, "service-cycle");
    forbidden(&world, "alice", proposing(&world, set(&world, &[("a", service(&["a"]))], &[])), None, "service-cycle");
    services(&world, SERVICES);
    // A circle through a service that stays.
    let back = set(&world, &[("orders-db", service(&["order-gateway"]))], &[]);
    forbidden(&world, "alice", proposing(&world, back), None, "service-cycle");
}

#[test]
fn no_set_is_without_an_owner_who_is_there_or_with_hours_that_nobody_set() {
    let world = World::founded();
    let owned = |owner: &str| Service { owner: owner.parse().unwrap(), ..service(&[]) };
    let it = set(&world, &[("a", owned("nobody"))], &[]);
    forbidden(&world, "alice", proposing(&world, it), None, "participant-enrolled");
    let it = set(&world, &[("a", owned("audrey"))], &[]);
    forbidden(&world, "alice", proposing(&world, it), None, "participant-not-auditor");
    let hours = Service { hours: Some("market-cn".parse().unwrap()), ..service(&[]) };
    forbidden(&world, "alice", proposing(&world, set(&world, &[("a", hours)], &[])), None, "calendar-known");
}

#[test]
fn no_set_has_another_count_or_root_than_its_difference_gives() {
    let world = World::founded();
    services(&world, SERVICES);
    let right = set(&world, &[("ledger", service(&["orders-db"]))], &[]);
    accepted(&world, "alice", proposing(&world, right.clone()), None);
    let count = SetServices { count: 4, ..right.clone() };
    forbidden(&world, "alice", proposing(&world, count), None, "service-root");
    let root = SetServices { root: Digest::NONE, ..right.clone() };
    forbidden(&world, "alice", proposing(&world, root), None, "service-root");
    let another = SetServices { put: [(id("ledger"), service(&[]))].into(), ..right };
    forbidden(&world, "alice", proposing(&world, another), None, "service-root");
}

#[test]
fn no_set_replaces_one_that_is_no_longer_in_force_or_changes_nothing() {
    let world = World::founded();
    let first = set(&world, &[("ledger", service(&[]))], &[]);
    services(&world, SERVICES);
    forbidden(&world, "alice", proposing(&world, first), None, "proposal-not-stale");
    refused(&world, "alice", proposing(&world, set(&world, &[], &[])), None, "proposal-has-effect");
    let same = world.state().governance().service(&id("orders-db")).unwrap().unwrap().clone();
    let same = set(&world, &[("orders-db", same)], &[]);
    forbidden(&world, "alice", proposing(&world, same), None, "service-changes");
    // Two proposals on one base: the second one to be decided is stale.
    for name in ["one", "two"] {
        world.write(
            "more.toml",
            format!("[[service]]\nid = '{name}'\nowner = 'erin'\nteam = 'x'\ntier = 4\nenvironment = 'prod'\n"),
        );
        world.ok("alice", "service import more.toml");
    }
    second(&world, "bob", "2");
    let stale = Event::Second(proposal(&world, "3"));
    forbidden(&world, "bob", stale, None, "proposal-not-stale");
}

#[test]
fn no_register_has_more_services_than_a_rule_can_read() {
    let world = World::founded();
    let put: Vec<(String, Service)> = (0..=50_000).map(|n| (format!("s{n}"), service(&[]))).collect();
    let put: Vec<(&str, Service)> = put.iter().map(|(name, it)| (name.as_str(), it.clone())).collect();
    refused(&world, "alice", proposing(&world, set(&world, &put, &[])), None, "service-limit");
}

#[test]
fn nothing_starts_outside_maintenance_hours_unless_the_team_excepts_it() {
    let world = World::founded();
    world.write(
        "calendar.toml",
        "name = 'market-cn'\nreason = 'Trading.'\nknown_until = '2026-12-05T00:00:00Z'\n\
        [[periods]]\nname = 'Tuesday'\nfrom = '2026-12-01T11:00:00Z'\nuntil = '2026-12-01T11:30:00Z'\n",
    );
    world.ok("alice", "calendar propose calendar.toml");
    second_newest(&world);
    services(&world, &SERVICES.replace("depends_on", "hours = 'market-cn'\ndepends_on"));
    let slots = || world.ok("erin", "slots --service order-gateway --from 2026-12-01T10:00:00Z --for 1h");
    assert!(slots().contains("10:00:00Z  Tue 2026-12-01T11:00:00Z"), "{}", slots());
    in_prod(&world);
    assert!(slots().contains("Tue 2026-12-01T12:00:00Z  Sat 2026-12-05T00:00:00Z"), "a change is there: {}", slots());
    world.approve("carol", "CHG-1");
    world.approve("dave", "CHG-1");
    for time in ["10:00:00", "11:00:00", "11:29:59"] {
        world.at(&format!("2026-12-01T{time}Z"));
        forbidden(&world, "erin", start(&world), None, "frozen");
    }
    world.at("2026-12-01T11:30:00Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T09:00:00Z");
    let exception = "\n[freeze_exception]\nfreezes = [\"hours/order-gateway\"]\nreason = \"The desk cannot wait.\"\n";
    let change = CHANGE.replace("services = ", "environments = [\"prod\"]\nservices = ") + exception;
    world.write("change.toml", change);
    world.ok("erin", "revise CHG-1 change.toml");
    world.approve("carol", "CHG-1");
    world.approve("dave", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "freeze-exception");
    super::freezes::group(&world, "carol", "gateway");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn an_exception_from_hours_is_void_once_they_have_changed() {
    let world = World::founded();
    let named = |facts: &mut Facts, since| {
        prod(facts);
        facts.excepted = [("hours/order-gateway".parse().unwrap(), since)].into();
    };
    let file = |world: &World, since| {
        let (event, text) = filing(world, |facts, _| named(facts, since));
        let Some(Text::Description(mut it)) = text else { unreachable!() };
        it.exception = Some("The desk cannot wait.".parse().unwrap());
        (event, Some(Text::Description(it)))
    };
    services(&world, SERVICES);
    let (event, text) = file(&world, Digest::NONE);
    forbidden(&world, "erin", event, text, "freeze-known");
    assert!("hours/x".parse::<FreezeName>().is_ok() && FreezeName::from_proposal("hours/x").is_err());
}

#[test]
fn a_requirement_about_a_tier_applies_to_a_service_that_nobody_knows() {
    let world = World::founded_with_spare_approvers();
    world.write(
        "policy.toml",
        "approvals = 2\napproval_days = 14\n[[require]]\nname = 'critical'\nwhen = { tier = [1] }\napprovals = 3\n",
    );
    world.ok("alice", "policy propose policy.toml");
    second_newest(&world);
    let needs = |world: &World| world.ok("erin", "show CHG-1");
    in_prod(&world);
    assert!(needs(&world).contains("3 approvals") || needs(&world).contains("of 3"), "{}", needs(&world));
    services(&world, &SERVICES.replace("tier = 1", "tier = 3"));
    assert!(!needs(&world).contains("of 3"), "{}", needs(&world));
    services(&world, SERVICES);
    world.approve("carol", "CHG-1");
    world.approve("dave", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}
