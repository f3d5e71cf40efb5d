//! What rests on the acts of a stolen key.

use serde_json::Value;
use twinseal::domain::Role;
use twinseal::error::Exit;

use super::{DAY, carry_out, each, read};
use crate::support::{CHANGE, World};

/// CHG-1, approved by carol and dave, started and finished by erin.
fn executed() -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    world
}

fn without(world: &World, whose: &str, since: &str) -> Value {
    read(world, &format!("audit compromise {whose} --since {since}"))
}

#[test]
fn a_change_whose_approval_is_discounted_falls_below_its_requirements() {
    let world = executed();
    let key = world.signer("carol").public().fingerprint();
    for whose in ["--person carol".to_owned(), format!("--signed-by {key}")] {
        let found = without(&world, &whose, "0");
        assert_eq!(each(&found["below"], "change"), ["CHG-1"]);
        let it = &found["below"][0];
        assert_eq!(
            (&it["rule"], &it["would_count"], &it["needed"]),
            (&"enough-approvals".into(), &1.into(), &2.into())
        );
    }
    // Nothing becomes invalid, and the exit code is 0.
    assert!(world.findings("audrey").is_empty());
    assert_eq!(read(&world, &format!("audit population {DAY}"))["count"], 1);
}

#[test]
fn no_act_before_the_theft_is_discounted() {
    let world = executed();
    let approvals: Vec<u64> = world.change("CHG-1").votes().iter().map(|vote| vote.seq).collect();
    let below = |since: &str| without(&world, "--person carol", since)["below"].as_array().unwrap().len();
    assert_eq!(below(&approvals[0].to_string()), 1);
    assert_eq!(below(&(approvals[0] + 1).to_string()), 0);
    assert_eq!((below("2026-12-01T09:00:00Z"), below("2026-12-01T09:30:00Z")), (1, 0));
}

#[test]
fn a_backdated_claim_hides_no_act_after_the_theft() {
    let world = World::filed();
    world.ok("audrey", "note CHG-1 'Carol lost her laptop.'");
    world.at("2026-12-01T08:00:00Z");
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world.approve("dave", "CHG-1");
    world.ok("erin", "start CHG-1");
    assert_eq!(each(&without(&world, "--person carol", "2026-12-01T08:30:00Z")["below"], "change"), ["CHG-1"]);
}

#[test]
fn a_first_act_after_the_theft_hides_behind_no_claim_of_its_own() {
    let world = World::filed();
    world.at("2026-12-01T09:55:00Z");
    world.ok("audrey", "note CHG-1 'Carol lost her laptop.'");
    // Little enough that no clock seems wrong, and before the time that is asked for.
    world.at("2026-12-01T09:58:00Z");
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world.approve("dave", "CHG-1");
    world.ok("erin", "start CHG-1");
    for whose in ["--person carol".to_owned(), format!("--signed-by {}", world.signer("carol").public().fingerprint())]
    {
        assert_eq!(each(&without(&world, &whose, "2026-12-01T09:59:00Z")["below"], "change"), ["CHG-1"]);
    }
}

#[test]
fn no_claim_of_anybody_that_is_recorded_later_moves_the_beginning() {
    let world = World::filed();
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.at("2026-12-01T08:58:00Z");
    world.ok("audrey", "note CHG-1 Seen.");
    world.at("2026-12-01T11:00:00Z");
    assert_eq!(each(&without(&world, "--person carol", "2026-12-01T08:59:00Z")["below"], "change"), ["CHG-1"]);
    let ahead = "audit compromise --person carol --since 2036-12-01T00:00:00Z";
    world.fails("audrey", ahead, Exit::Invalid, "2036");
}

#[test]
fn what_a_thief_took_away_is_not_given_back() {
    let world = World::founded_with_spare_approvers();
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    for person in ["ivy", "jack", "carol"] {
        world.approve(person, "CHG-1");
    }
    world.ok("carol", "retract CHG-1 --reason 'Not mine.'");
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    let found = without(&world, "--person carol", "0");
    assert!(found["below"].as_array().unwrap().is_empty(), "{found}");
    assert_eq!(each(&found["executed_with_acts"], "change"), ["CHG-1"]);
}

#[test]
fn an_approver_whom_a_stolen_admin_key_enrolled_does_not_count() {
    for (proposer, seconder) in [("alice", "bob"), ("bob", "alice")] {
        let world = World::founded();
        world.person("mallory");
        let ask = format!("person request mallory --register {} --role approver --out mallory.request", world.named());
        world.ok("mallory", &ask);
        world.ok(proposer, "person enrol mallory=mallory.request:approver");
        let opened = world.newest_proposal().opened;
        world.ok(seconder, &format!("proposal second 1 --digest {opened}"));
        world.ok("mallory", &format!("list --fingerprint {}", world.fingerprint()));
        world.write("change.toml", CHANGE);
        world.ok("erin", "file change.toml");
        ["carol", "mallory"].iter().for_each(|person| world.approve(person, "CHG-1"));
        world.at("2026-12-01T10:00:00Z");
        world.ok("erin", "start CHG-1");
        let found = without(&world, "--person alice", "2");
        assert_eq!(each(&found["below"], "rule"), ["enough-approvals"], "{found}");
        assert!(found["governance"][0]["what"].as_str().unwrap().contains("enrol mallory"), "{found}");
        // The founding itself cannot be discounted.
        let founder = without(&world, "--person bob", "0");
        assert_eq!(each(&founder["below"], "rule"), ["enough-approvals"], "{founder}");
    }
}

#[test]
fn a_start_that_a_stolen_key_let_through_by_ending_a_freeze_falls_below() {
    let world = World::approved();
    world.ok("alice", "freeze now --for 90m --reason Rejects.");
    world.ok("alice", "freeze end now-5");
    world.ok("erin", "start CHG-1");
    for since in ["5", "6"] {
        let found = without(&world, "--person alice", since);
        assert_eq!(each(&found["below"], "rule"), ["frozen"], "{since}: {found}");
    }
}

#[test]
fn a_policy_that_a_stolen_key_replaced_is_not_what_is_required() {
    let world = World::founded_with_spare_approvers();
    let policy = |approvals: u64, id: u64| {
        world.write("policy.toml", format!("approvals = {approvals}\napproval_days = 14\n"));
        world.ok("alice", "policy propose policy.toml");
        let opened = world.newest_proposal().opened;
        world.ok("bob", &format!("proposal second {id} --digest {opened}"));
        world.entries()
    };
    let since = policy(3, 1);
    policy(2, 2);
    world.at("2026-12-01T10:00:00Z");
    carry_out(&world, "CHG-1", str::to_owned);
    let found = without(&world, "--person bob", &since.to_string());
    assert_eq!((&found["below"][0]["would_count"], &found["below"][0]["needed"]), (&2.into(), &3.into()), "{found}");
}

#[test]
fn confirmations_and_ratifications_that_rest_on_a_stolen_key_are_named() {
    let world = World::founded();
    world.write("policy.toml", "approvals = 2\napproval_days = 14\n[[require]]\nname = \"two\"\nconfirm = true\n");
    world.ok("alice", "policy propose policy.toml");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    world.at("2026-12-01T10:00:00Z");
    carry_out(&world, "CHG-1", str::to_owned);
    world.ok("bob", "confirm CHG-1");
    world.ok("erin", "breakglass open --incident INC-2 --reason Now.");
    world.write("done.txt", "Restarted it.\n");
    world.ok("erin", "breakglass close BG-1 done.txt");
    let close = world.state().break_glass("BG-1".parse().unwrap()).unwrap().close().unwrap().leaf;
    ["carol", "dave"].iter().for_each(|it| _ = world.ok(it, &format!("breakglass ratify BG-1 --digest {close}")));
    let found = without(&world, "--person dave", "0");
    assert_eq!((&found["unratified"][0], found["unconfirmed"].as_array().unwrap().len()), (&"BG-1".into(), 0));
    let found = without(&world, "--person bob", "4");
    assert_eq!((&found["unconfirmed"][0], found["unratified"].as_array().unwrap().len()), (&"CHG-1".into(), 0));
}

#[test]
fn the_changes_of_a_machine_are_listed_although_others_approved_them() {
    let world = World::founded();
    world.person("robot");
    let ask = format!("person request robot --register {} --role engineer --out robot.request", world.named());
    world.ok("robot", &ask);
    world.ok("alice", "person machine robot=robot.request --operator alice --role engineer");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    assert!(
        world
            .state()
            .governance()
            .person(&"robot".parse().unwrap())
            .unwrap()
            .unwrap()
            .grants
            .has_permanently(Role::Engineer)
    );
    world.ok("robot", &format!("list --fingerprint {}", world.fingerprint()));
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"robot\"]"));
    world.ok("erin", "file change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("robot", "start CHG-1");
    let found = without(&world, "--machine robot", "0");
    assert!(found["below"].as_array().unwrap().is_empty());
    assert_eq!(found["executed_with_acts"][0]["acts"][0]["kind"], "change.start");
}

#[test]
fn nothing_is_discounted_for_somebody_else_than_meant() {
    let world = executed();
    let unknown = format!("audit compromise --signed-by SHA256:{} --since 0", "A".repeat(43));
    for (command, complaint) in [
        ("audit compromise --person nobody --since 0", "no person nobody"),
        ("audit compromise --machine carol --since 0", "carol is a person"),
        (&unknown, "was never enrolled here"),
        ("audit compromise --person carol --since 99", "no entry 99"),
        ("audit compromise --person carol --signed-by x --since 0", "cannot be used with"),
        ("audit compromise --since 0", "missing: --signed-by"),
        ("audit compromise --person carol", "--since"),
    ] {
        world.fails("audrey", command, Exit::Invalid, complaint);
    }
}
