//! Exceptions of a period are listed whole.

use serde_json::Value;

use super::{DAY, carry_out, each, read};
use crate::support::{FREEZE, World};
use twinseal::error::Exit;

fn kinds(world: &World) -> Vec<String> {
    let all = read(world, &format!("audit exceptions {DAY}"));
    let mut kinds: Vec<String> = each(&all["exceptions"], "kind").iter().map(|it| (*it).to_owned()).collect();
    kinds.dedup();
    kinds
}

fn second(world: &World, id: u64) {
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second {id} --digest {opened}"));
}

#[test]
fn nothing_out_of_the_ordinary_way_is_left_out() {
    let world = World::approved();
    assert_eq!(kinds(&world), ["register"], "the founding alone");
    let dave = world.run("dave", "start CHG-1");
    assert_eq!(dave.exit, Exit::Refused, "{}", dave.screen);
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    carry_out(&world, "CHG-2", |it| {
        it.replace("\"normal\"", "\"emergency\"").replace("services", "links.incident = \"INC-1\"\nservices")
    });
    world.ok("erin", "breakglass open --incident INC-2 --reason Now.");
    world.write("done.txt", "Restarted it.\n");
    world.ok("erin", "breakglass close BG-1 done.txt");
    let close = world.state().break_glass("BG-1".parse().unwrap()).unwrap().close().unwrap().leaf;
    world.ok("carol", &format!("breakglass ratify BG-1 --digest {close}"));
    world.write("freeze.toml", FREEZE);
    world.ok("alice", "freeze propose freeze.toml");
    second(&world, 1);
    world.ok("alice", "person grant carol --group dba");
    second(&world, 2);
    world.write("policy.toml", "approvals = 3\napproval_days = 14\n");
    world.ok("alice", "policy propose policy.toml");
    second(&world, 3);
    let expected = ["register", "refused", "emergency", "break-glass", "ratification", "freeze", "people", "policy"];
    assert_eq!(kinds(&world), expected);
    let csv = world.ok("audrey", &format!("audit exceptions {DAY} --csv"));
    assert_eq!(csv.lines().count(), 1 + expected.len(), "{csv}");
    // Nobody opens an entry to find what it is about.
    assert!(csv.contains("CHG-2,erin,\"started CHG-2, an emergency\""), "{csv}");
}

#[test]
fn a_requirement_that_was_overridden_is_listed_with_who_signed_for_it() {
    let world = World::founded();
    world.write(
        "policy.toml",
        "approvals = 2\napproval_days = 14\n[[require]]\nname = \"early\"\nlead_minutes = 600\nexception_group = \"cab\"\n",
    );
    world.ok("alice", "policy propose policy.toml");
    second(&world, 1);
    world.ok("alice", "person grant carol --group cab");
    second(&world, 2);
    world.at("2026-12-01T10:00:00Z");
    let exception = "\n[exception]\nrequirements = [\"early\"]\nreason = \"The desk cannot wait.\"\n";
    carry_out(&world, "CHG-1", |it| format!("{it}{exception}"));
    let all = read(&world, &format!("audit exceptions {DAY}"));
    let found: Vec<&Value> =
        all["exceptions"].as_array().unwrap().iter().filter(|it| it["kind"] == "overridden").collect();
    assert_eq!(found.len(), 1, "{all}");
    let what = found[0]["what"].as_str().unwrap();
    assert!(what.contains("requirement early") && what.contains("by carol (exception, group cab)"), "{what}");
}

#[test]
fn no_clock_hides_an_entry_from_the_period_in_which_it_was_recorded() {
    let world = World::approved();
    // Others act before and after, so that their clocks tell.
    for person in ["carol", "dave", "alice"] {
        world.ok(person, "note CHG-1 Seen.");
    }
    world.at("2025-12-01T10:00:00Z");
    let key = world.signer("dave").public().fingerprint();
    world.ok("bob", &format!("key suspend {key}"));
    world.at("2031-12-01T10:00:00Z");
    world.ok("erin", "note CHG-1 Ahead.");
    world.at("2026-12-01T10:10:00Z");
    for person in ["carol", "alice", "audrey"] {
        world.ok(person, "note CHG-1 Seen.");
    }
    let all = read(&world, &format!("audit exceptions {DAY}"));
    let clocks: Vec<&Value> = all["exceptions"].as_array().unwrap().iter().filter(|it| it["kind"] == "clock").collect();
    assert_eq!(clocks.len(), 2, "{all}");
    assert!(each(&all["exceptions"], "kind").contains(&"people"), "the suspension that claims another year: {all}");
    let before = read(&world, "audit exceptions --from 2025-12-01T00:00:00Z --to 2025-12-02T00:00:00Z");
    assert_eq!(before["exceptions"].as_array().unwrap().len(), 0, "{before}");
}

#[test]
fn no_entry_is_between_two_neighbouring_periods() {
    let world = World::approved();
    let notes = [
        ("alice", "09:58:00"),
        // Recorded at ten, by a clock that is a little behind, much behind, and ahead.
        ("carol", "09:56:00"),
        ("dave", "03:00:00"),
        ("bob", "23:00:00"),
        ("alice", "10:00:00"),
        ("carol", "09:57:00"),
        ("dave", "10:01:00"),
    ];
    for (person, time) in notes {
        world.at(&format!("2026-12-01T{time}Z"));
        world.ok(person, "note CHG-1 Seen.");
    }
    let ends = ["2000-01-01", "2026-12-01", "2026-12-02", "2999-01-01"].map(|day| format!("{day}T00:00:00Z"));
    let hours: Vec<String> = (0..24).map(|hour| format!("2026-12-01T{hour:02}:00:00Z")).collect();
    let all = [&ends[..1], &hours, &ends[2..]].concat();
    for times in [&ends[..], &all] {
        let mut next = 0;
        for pair in times.windows(2) {
            let found = read(&world, &format!("audit exceptions --from {} --to {}", pair[0], pair[1]));
            if let Some(first) = found["entries"]["first"].as_u64() {
                assert!(first <= next, "{pair:?}");
                next = found["entries"]["last"].as_u64().unwrap() + 1;
            }
        }
        assert_eq!(Some(next), world.state().head().map(|head| head.seq + 1), "{times:?}");
    }
}

#[test]
fn no_single_claim_of_the_last_quarter_hides_what_others_did_in_this_one() {
    let world = World::approved();
    world.at("2026-12-10T09:00:00Z");
    let key = world.signer("dave").public().fingerprint();
    world.ok("alice", &format!("key suspend {key}"));
    // Too little for any clock to seem wrong: most people acted last before the end of the first period.
    world.at("2026-12-01T23:59:59Z");
    world.ok("erin", "note CHG-1 Seen.");
    world.at("2027-01-04T09:00:00Z");
    let next = read(&world, "audit exceptions --from 2026-12-02T00:00:00Z --to 2027-01-01T00:00:00Z");
    assert_eq!(each(&next["exceptions"], "kind"), ["people"]);
}
