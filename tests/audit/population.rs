//! The population of a period is complete, and says of which log.

use twinseal::error::Exit;

use super::{DAY, carry_out, each, read};
use crate::support::World;
use data_encoding::BASE64;
use sha2::Digest as _;
use twinseal::domain::Digest;

/// The root of these leaves, by the definition of RFC 9162 (2.1.1).
fn root(leaves: &[Digest]) -> Digest {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let hash = sha2::Sha256::new().chain_update([1]).chain_update(root(left).as_bytes());
    Digest::new(hash.chain_update(root(right).as_bytes()).finalize().into())
}

#[test]
fn every_change_started_in_the_period_is_in_its_population_and_no_other() {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    carry_out(&world, "CHG-2", |it| it.replace("Raise the pool", "Lower the pool"));
    world.ok("erin", "file change.toml --again");
    let all = read(&world, &format!("audit population {DAY}"));
    assert_eq!(each(&all["changes"], "change"), ["CHG-1", "CHG-2"], "CHG-3 was not started");
    assert_eq!((&all["first"], &all["last"], &all["count"]), (&"CHG-1".into(), &"CHG-2".into(), &2.into()));
    assert_eq!(all["log"]["size"], world.entries());
    let leaves: Vec<Digest> = (0..world.entries()).map(|seq| world.raw(seq).leaf()).collect();
    let root = root(&leaves);
    assert_eq!(all["log"]["root"], BASE64.encode(root.as_bytes()));
    // The end is not part of the period, and the beginning is.
    let at = all["changes"][0]["started"].as_str().unwrap();
    let count =
        |from: &str, to: &str| read(&world, &format!("audit population --from {from} --to {to}"))["count"].clone();
    assert_eq!(count(at, "2026-12-02T00:00:00Z"), 2);
    assert_eq!(count("2026-12-01T00:00:00Z", at), 0);
    let csv = world.ok("audrey", &format!("audit population {DAY} --csv"));
    assert_eq!(
        csv.lines().map(|line| line.split(',').next().unwrap()).collect::<Vec<_>>(),
        ["change", "CHG-1", "CHG-2"]
    );
}

#[test]
fn a_break_glass_is_no_member_of_a_population_and_is_named() {
    let world = World::founded();
    world.ok("erin", "breakglass open --incident INC-1 --reason Now.");
    let all = read(&world, &format!("audit population {DAY}"));
    assert_eq!((&all["count"], &all["breakglasses"][0]), (&0.into(), &"BG-1".into()));
    assert!(world.ok("audrey", &format!("audit population {DAY}")).contains("BG-1; none of them is a change"));
}

#[test]
fn no_population_is_listed_for_an_empty_period_or_in_two_formats() {
    let world = World::founded();
    let backwards = "audit population --from 2026-12-02T00:00:00Z --to 2026-12-01T00:00:00Z";
    world.fails("audrey", backwards, Exit::Invalid, "the period ends before it begins");
    world.fails("audrey", &format!("audit population {DAY} --csv --json"), Exit::Invalid, "exclude each other");
}

#[test]
fn roles_are_those_of_the_time_that_was_asked_for() {
    let world = World::founded();
    world.at("2026-12-01T10:00:00Z");
    world.ok("alice", "person retire dave");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    let held = |when: &str| {
        let all = read(&world, &format!("audit roles {when}"));
        let of = |it: &&serde_json::Value| it["person"] == "dave" && it["kind"] == "role";
        all["held"].as_array().unwrap().iter().filter(of).count()
    };
    assert_eq!((held("--as-of 1"), held("--as-of 2026-12-01T09:30:00Z"), held("")), (1, 1, 0));
    let key = world.signer("carol").public().fingerprint();
    let csv = world.ok("audrey", "audit roles --csv");
    assert!(csv.contains(&format!("carol,active,key,{key},,,live")), "{csv}");
    assert!(csv.contains("alice,active,role,admin,,,"), "{csv}");
}

#[test]
fn a_start_that_claims_the_period_before_is_named_in_the_one_in_which_it_was_recorded() {
    let world = World::approved();
    world.at("2026-12-02T09:00:00Z");
    world.ok("audrey", "note CHG-1 Seen.");
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.at("2026-12-03T09:00:00Z");
    let late = |period: &str| read(&world, &format!("audit population {period}"))["recorded_late"].clone();
    assert_eq!(late("--from 2026-12-02T00:00:00Z --to 2026-12-03T00:00:00Z"), serde_json::json!(["CHG-1"]));
    assert_eq!(late(DAY), serde_json::json!([]));
}
