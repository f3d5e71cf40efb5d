//! Every field of what is signed is on the page that is shown before. The test reads the fields from the recorded
//! entries, so a new field is looked for without a change here.

use twinseal::error::Exit;

use crate::support::{CHANGE, PEOPLE, World};

/// The fields that may change while somebody reads, because another entry is recorded first, or because the time and
/// the salt are drawn anew.
const VOLATILE: [&str; 6] = ["seq", "prev", "governance", "last", "time", "text"];

/// The fields on a page: names and values, without the breaks that the width made.
fn shown_fields(page: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in page.lines() {
        if let Some(field) = line.strip_prefix("= ") {
            fields.push(field.to_owned());
        } else if let Some(more) = line.strip_prefix("=…") {
            fields.last_mut().unwrap().push_str(&more[11..]);
        }
    }
    let plain = |field: String| {
        let (name, value) = field.split_once(' ').unwrap_or((&field, ""));
        format!("{name} {}", value.trim_start()).trim_end().to_owned()
    };
    fields.into_iter().map(plain).collect()
}

/// The fields of an entry.
fn fields(world: &World, seq: u64) -> Vec<String> {
    let blob = String::from_utf8(world.raw(seq).blob).unwrap();
    blob.split("\n\n").next().unwrap().lines().map(str::to_owned).collect()
}

/// Asserts that a page has the fields of an entry that was signed below it.
#[track_caller]
fn has_signed(world: &World, page: &str, seq: u64) {
    let shown = shown_fields(page);
    for field in fields(world, seq) {
        let name = field.split(' ').next().unwrap();
        // A new change, proposal or break-glass gets its number when it is recorded.
        let new = name == "change" && fields(world, seq)[0].contains("change.file")
            || name == "proposal" && field.split(' ').count() == 2
            || name == "breakglass" && fields(world, seq)[0].contains("breakglass.open");
        let there = shown.contains(&field) || VOLATILE.contains(&name) || new;
        assert!(there, "entry {seq}: {field}\n{shown:#?}\n{page}");
    }
    if let Some(text) = world.raw(seq).text {
        let text = String::from_utf8(text).unwrap();
        for line in text.lines().skip(1) {
            let (key, written) = line.split_once(' ').unwrap();
            // A name stands below the person.
            let written = if key == "name" { written.split_once(' ').unwrap().1 } else { written };
            // The number of a step is part of its key.
            let written = written.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
            assert!(page.contains(written), "entry {seq}: {written}\n{page}");
        }
    }
}

/// Asserts that a page has every field of an entry that was signed before.
#[track_caller]
fn has_all(world: &World, page: &str, seq: u64) {
    let shown = shown_fields(page);
    for field in fields(world, seq) {
        assert!(shown.contains(&field), "entry {seq}: {field}\n{shown:#?}\n{page}");
    }
}

/// Runs a command on a terminal, and asserts that it shows every field of the entry that it signs. Returns the page.
#[track_caller]
fn signs(world: &World, person: &str, command: &str, typed: &[&str]) -> String {
    let output = world.run_typing(person, command, typed);
    assert_eq!(output.exit, Exit::Done, "{person}: {command}\n{}", output.screen);
    assert!(output.unanswered.is_empty() && output.unasked.is_empty(), "{command}: {output:?}");
    has_signed(world, &output.err, world.entries() - 1);
    output.err
}

const FULL: &str = r#"targets = ["gw-01", "gw-02"]
environments = ["prod"]
tags = ["capacity"]
stop_after = 1
risk ="#;

fn world(columns: u16) -> World {
    let world = World::founded();
    world.write("change.toml", CHANGE.replacen("risk =", FULL, 1));
    world.ok("erin", "file change.toml");
    world.columns(Some(columns));
    world
}

#[test]
fn no_field_is_signed_unseen_when_a_change_is_decided_and_carried_out() {
    for columns in [40, 80] {
        let world = world(columns);
        for (person, command, typed) in [
            ("carol", "approve CHG-1 --note 'Read with the desk.'", &["CHG-1"][..]),
            ("carol", "retract CHG-1 --reason 'Wait.'", &[]),
            ("carol", "reject CHG-1 --reason 'Not today.'", &[]),
        ] {
            let page = signs(&world, person, command, typed);
            for shown in ["Raise the pool", "high risk", "outage 0 min", "rollback 5 min"] {
                assert!(page.contains(shown), "{command}: {shown}\n{page}");
            }
            if command.starts_with("approve") {
                has_all(&world, &page, 2);
            }
        }
        world.ok("erin", "revise CHG-1 change.toml --again");
        has_all(&world, &signs(&world, "carol", "approve CHG-1", &["CHG-1"]), 6);
        has_all(&world, &signs(&world, "dave", "approve CHG-1", &["CHG-1"]), 6);
        world.at("2026-12-01T10:00:00Z");
        for target in ["gw-01", "gw-02"] {
            for act in [
                format!("start CHG-1 --target {target}"),
                format!("finish CHG-1 --target {target} --outcome succeeded"),
            ] {
                let page = signs(&world, "erin", &act, &[]);
                let verb = act.split(' ').next().unwrap();
                let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(words.contains(&format!("about to sign: {verb} {target} ")), "{act}\n{page}");
            }
        }
        signs(&world, "erin", "finish CHG-1 --note 'All well.'", &[]);
        world.ok("erin", "file change.toml --again");
        signs(&world, "erin", "file change.toml", &["CHG-2"]);
        signs(&world, "erin", "withdraw CHG-2 --reason 'Later.'", &["CHG-2"]);
    }
}

#[test]
fn no_field_is_signed_unseen_when_somebody_acts_without_approval() {
    for columns in [40, 80] {
        let world = world(columns);
        world.write("done.txt", "Restarted gw-01.");
        let open =
            "breakglass open --incident INC-1 --service order-gateway --change CHG-1 --reason 'Orders are rejected.'";
        let page = signs(&world, "erin", open, &["INC-1"]);
        assert!(page.contains("nobody has approved this"), "{page}");
        has_all(&world, &signs(&world, "erin", "breakglass close BG-1 done.txt", &["BG-1"]), 3);
        let page = signs(&world, "carol", "breakglass ratify BG-1 --note 'Read with erin.'", &["BG-1"]);
        (3..5).for_each(|seq| has_all(&world, &page, seq));
        for said in ["| Orders are rejected.", "| Restarted gw-01."] {
            assert!(page.contains(said), "{said}\n{page}");
        }
        let refused = world.run_typing("dave", "breakglass ratify BG-1", &["BG-2"]);
        assert!(refused.exit == Exit::Refused && world.entries() == 6, "{}", refused.screen);
    }
}

#[test]
fn no_field_is_signed_unseen_when_a_register_is_founded() {
    for columns in [40, 80] {
        let world = World::with_requests();
        world.columns(Some(columns));
        let members: Vec<String> =
            PEOPLE.iter().map(|(person, roles)| format!("--member {person}={person}.request:{roles}")).collect();
        signs(&world, "alice", &format!("init --name prod --register prod.db {}", members.join(" ")), &["prod"]);
        has_all(&world, &signs(&world, "bob", "seal", &["yes", "prod"]), 0);
    }
}

#[test]
fn no_field_is_signed_unseen_when_a_register_is_governed() {
    let world = world(80);
    let key = |person: &str| world.signer(person).public().fingerprint().to_string();
    let named = world.named();
    for (person, more) in [("frank", ""), ("deploy", "--operator erin"), ("carol", "--vouch people/carol/key")] {
        world.columns(None);
        std::fs::create_dir_all(world.path(&format!("people/{person}"))).unwrap();
        world.ok(person, &format!("key new --no-passphrase {person}.new"));
        let name = if person == "carol" { "" } else { "--name 'A Name'" };
        let request = format!("person request {person} --key {person}.new {more} {name} --register {named}");
        world.ok(person, &format!("{request} --out {person}.new.request"));
    }
    world.write("policy.toml", "approvals = 3\napproval_days = 7\n");
    world.ok("alice", "note CHG-1 Secret.");
    world.columns(Some(80));
    let propose = [
        "person enrol frank=frank.new.request:engineer".to_owned(),
        "person machine deploy=deploy.new.request --role engineer --operator erin".to_owned(),
        "person grant carol --group dba --reason Help.".to_owned(),
        "person revoke-role erin approver --reason Less.".to_owned(),
        "person add-key carol.new.request --reason 'A laptop.'".to_owned(),
        "policy propose policy.toml".to_owned(),
        format!("proposal redact {} --reason 'A secret.'", world.entries() - 1),
    ];
    for command in propose {
        signs(&world, "alice", &command, &[]);
        let (proposed, opened) = (world.entries() - 1, world.state().governance().proposals());
        let page = signs(&world, "bob", &format!("proposal second {opened}"), &[&opened.to_string()]);
        has_all(&world, &page, proposed);
    }
    signs(&world, "alice", &format!("key suspend {} --reason 'Lost.'", key("dave")), &["dave"]);
    signs(&world, "alice", &format!("key lift {} --reason 'Found.'", key("dave")), &[]);
    let proposed = world.entries() - 1;
    has_all(&world, &signs(&world, "bob", "proposal decline 8 --reason 'No.'", &["8"]), proposed);
    signs(&world, "alice", "person retire dave --reason 'Left.'", &[]);
    has_all(&world, &signs(&world, "alice", "proposal withdraw 9", &[]), world.entries() - 2);
    signs(&world, "carol", &format!("key revoke {}", key("carol")), &["carol"]);
    signs(&world, "alice", "person suspend frank --reason 'Lost.'", &["frank"]);
}

#[test]
fn a_step_whose_text_was_redacted_keeps_its_number_and_its_arguments() {
    let world = World::founded();
    let step = "args = [\"a  b\", \"\"]\ncwd = \"/srv\"\n\n[[plan]]\nstep = \"Look.\"\nshell = \"true\"\n\n[rollback]";
    world.write("change.toml", CHANGE.replace("[rollback]", step));
    world.ok("erin", "file change.toml");
    world.ok("alice", "proposal redact 2 --reason 'A secret.'");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    let shown = world.ok("carol", "show CHG-1");
    let plan = "\nplan\n  1.  (text redacted)\n> arg \"a␣␣b\"\n> arg \"\"\n> cwd \"/srv\"\n  2.  (text redacted)\n> sh  true\n";
    assert!(shown.contains(plan), "{plan}\n{shown}");
}

#[test]
fn a_restoration_is_proposed_with_every_lost_entry_shown() {
    let world = World::filed();
    let leaves = ["7".repeat(64), "8".repeat(64)];
    let command = format!("proposal restored --lost 3:{} --lost 4:{} --reason 'Disk lost.'", leaves[0], leaves[1]);
    let proposed = world.run("alice", &command);
    assert_eq!(proposed.exit, Exit::Done, "{}", proposed.screen);
    let page = world.run_typing("bob", "proposal second 1", &["no"]);
    for screen in [proposed.err, page.err] {
        for shown in [format!("\n> 3 {}\n", leaves[0]), format!("\n> 4 {}\n", leaves[1])] {
            assert!(screen.contains(&shown), "{shown}\n{screen}");
        }
    }
}

#[test]
fn nobody_lifts_a_suspension_without_seeing_whose_key_it_is_who_suspended_it_and_why() {
    let world = World::founded();
    let key = world.signer("carol").public().fingerprint();
    world.ok("bob", &format!("key suspend {key} --reason 'Stolen on the train: never lift.'"));
    let proposed = world.run("alice", &format!("key lift {key} --reason Found."));
    let page = world.run_typing("bob", "proposal second 1", &["no"]);
    for screen in [proposed.err, page.err, world.ok("erin", "proposal show 1")] {
        for shown in ["key of carol", "suspended by bob", "| Stolen on the train: never lift."] {
            assert!(screen.contains(shown), "{shown}\n{screen}");
        }
    }
    world.ok("bob", "person suspend dave --reason 'Somebody used his account.'");
    let dave = world.signer("dave").public().fingerprint();
    let proposed = world.run("alice", &format!("key lift {dave} --reason Found."));
    for shown in ["key of dave", "suspended by bob", "| Somebody used his account."] {
        assert!(proposed.err.contains(shown), "{shown}\n{}", proposed.err);
    }
}

#[test]
fn nobody_lifts_a_suspension_without_seeing_which_approvals_count_again() {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    let key = world.signer("carol").public().fingerprint();
    world.ok("bob", &format!("key suspend {key}"));
    let revived = "approvals that count again\n  - CHG-1: by carol, ";
    let proposed = world.run("alice", &format!("key lift {key}"));
    let page = world.run_typing("bob", "proposal second 1", &["no"]);
    for screen in [proposed.err, page.err] {
        assert!(screen.contains(revived) && screen.contains("; then 1 of 2"), "{screen}");
    }
    let dave = world.signer("dave").public().fingerprint();
    world.ok("bob", &format!("key suspend {dave}"));
    let proposed = world.run("alice", &format!("key lift {dave}"));
    assert!(proposed.err.contains("approvals that count again\n  none"), "{}", proposed.err);
}
