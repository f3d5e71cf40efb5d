//! What a reader must know beside "proven": of which log, as of when, and on whose word.

use twinseal::error::Exit;

use super::{carried_out, findings, packed, record};
use crate::support::World;

/// The result that a person without the register is shown.
fn result(world: &World, options: &str) -> String {
    let output = world.run("stranger", &format!("--json evidence verify {options}"));
    let json: serde_json::Value = output.out.parse().unwrap();
    json["result"].as_str().unwrap().to_owned()
}

#[test]
fn an_older_record_is_not_passed_off_as_complete_under_a_newer_checkpoint() {
    let world = carried_out();
    world.ok("erin", "note CHG-2 'Later.'");
    world.ok("dave", "checkpoint --out kept");
    world.ok("audrey", "evidence pack CHG-1 --checkpoint kept --out pack");
    assert_eq!(findings(&world, "pack"), [""; 0]);
    assert!(result(&world, "pack").contains("as of entry"), "{}", result(&world, "pack"));
    let found = findings(&world, "pack --against kept");
    assert!(found.len() == 1 && found[0].contains("[against] the pack is complete up to entry"), "{found:#?}");
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --since kept --out again");
    assert_eq!(findings(&world, "again --against kept"), [""; 0]);
    assert_eq!(result(&world, "again --against kept"), "proven");
}

#[test]
fn nobody_who_takes_part_in_a_change_vouches_for_it_unsaid() {
    let world = carried_out();
    for (person, said) in [("erin", true), ("audrey", false), ("carol", false)] {
        world.ok(person, &format!("evidence pack CHG-1 --out {person}"));
        let result = result(&world, &format!("{person} --fingerprint {}", world.fingerprint()));
        assert_eq!(result.contains("on the word of erin"), said, "{result}");
    }
    // Nor does a machine for whoever operates it.
    world.person("deploy");
    world.ok("deploy", &format!("person request deploy --register {} --out deploy.request", world.named()));
    world.ok("alice", "person machine deploy=deploy.request --operator erin");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    world.ok("deploy", &format!("checkpoint --record --as deploy --fingerprint {}", world.fingerprint()));
    world.ok("audrey", "evidence pack CHG-1 --out machine");
    let result = result(&world, &format!("machine --fingerprint {}", world.fingerprint()));
    assert!(result.contains("on the word of deploy"), "{result}");
}

#[test]
fn nothing_that_a_pack_cannot_answer_seems_to_be_asked() {
    let world = packed();
    for (asked, key) in [("confirm = true", "confirm"), ("approvals = 3\nsensitive = ['drop table']", "sensitive")] {
        let policy = format!("approvals = 2\napproval_days = 30\n[[require]]\nname = 'more'\n{asked}\n");
        world.write("floor.toml", policy);
        world.fails("carol", "evidence verify pack --require floor.toml", Exit::Invalid, &format!("`{key}`"));
    }
}

#[test]
fn another_register_of_the_name_that_this_account_trusts_is_told_apart() {
    let world = packed();
    let ours = world.ok("dave", "evidence verify pack");
    assert!(ours.lines().last().unwrap().ends_with(" proven"), "{ours}");
    let other = super::packed_elsewhere();
    std::fs::rename(other.path("pack"), world.path("other")).unwrap();
    let said = world.ok("dave", "evidence verify other");
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("proven, but not of the register prod that this account trusts"), "{said}");
}
