//! The first day: founding a register with `found`, and joining one with `join`.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Output, World};
use twinseal::error::Exit;

/// An account without a key and without settings.
fn newcomer(world: &World, person: &str) {
    fs::create_dir_all(world.path(&format!("people/{person}"))).unwrap();
    for variable in ["TWINSEAL_KEY", "TWINSEAL_REGISTER"] {
        world.variable(person, variable, None);
    }
    world.variable(person, "LOGNAME", Some(person));
}

/// Runs a command that must succeed, with an answer for each question and a question for each answer.
#[track_caller]
fn typed(world: &World, person: &str, command: &str, answers: &[&str]) -> Output {
    let output = world.run_typing(person, command, answers);
    assert_eq!(output.exit, Exit::Done, "{person}: {command}\n{}", output.screen);
    let (more, fewer) = (&output.unanswered, &output.unasked);
    assert!(more.is_empty() && fewer.is_empty(), "{person}: {command}: {more:?} {fewer:?}\n{}", output.screen);
    output
}

fn config(world: &World, person: &str) -> String {
    fs::read_to_string(world.path(&format!("people/{person}/.config/twinseal/config.toml"))).unwrap_or_default()
}

/// frank, who has run `join` once, with the answers that a person gives.
fn asked(world: &World) -> Output {
    newcomer(world, "frank");
    let answers = ["yes", "", "correct horse", "correct horse", "", "Frank Ng", "engineer, approver"];
    typed(world, "frank", "join --register prod.db", &answers)
}

/// Two admins enrol frank.
fn enrol(world: &World) {
    world.ok("alice", "person enrol frank=frank.request:engineer");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
}

#[test]
fn join_makes_a_key_and_a_request_and_sets_the_account_up_once_it_is_enrolled() {
    let world = World::founded();
    let first = asked(&world);
    let key = world.path("people/frank/.ssh/id_ed25519");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(key.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    for part in [
        "no key found: one is made now",
        "request frank.request\nkey SHA256:",
        "it asks for: roles engineer, approver; name Frank Ng",
        "read the fingerprint of your key to two admins, by phone or in person",
        "next, once you are enrolled: `twinseal join --register ",
    ] {
        assert!(first.screen.contains(part), "{part}: {}", first.screen);
    }
    let request = fs::read_to_string(world.path("frank.request")).unwrap();
    for line in [&format!("fingerprint {}", world.fingerprint()), "asked-role approver", "name Frank Ng"] {
        assert!(request.contains(line), "{line}: {request}");
    }
    assert_eq!(config(&world, "frank"), "", "nobody is enrolled yet");

    let (before, kept) = (fs::read(&key).unwrap(), request);
    let waiting = typed(&world, "frank", "join", &[]);
    assert!(waiting.err.contains("frank.request was written before; you are not enrolled yet"), "{}", waiting.screen);

    enrol(&world);
    let joined = typed(&world, "frank", "join", &[]);
    for part in ["you are frank (engineer) in register prod#", "set as to frank", "Your inbox is empty."] {
        assert!(joined.screen.contains(part), "{part}: {}", joined.screen);
    }
    let set = config(&world, "frank");
    for line in ["register = \"prod\"\n", &format!("key = \"{}\"\n", key.display()), "as = \"frank\"\n"] {
        assert!(set.contains(line), "{line}: {set}");
    }

    let done = typed(&world, "frank", "join", &[]);
    assert!(done.err.contains("nothing left to set up"), "{}", done.screen);
    assert_eq!(config(&world, "frank"), set);
    assert_eq!(fs::read(&key).unwrap(), before);
    assert_eq!(fs::read_to_string(world.path("frank.request")).unwrap(), kept);
    assert_eq!(world.run("frank", "whoami").exit, Exit::Done);
}

#[test]
fn join_says_each_step_in_json() {
    let world = World::founded();
    newcomer(&world, "frank");
    let command = format!(
        "--json join frank --role engineer --no-passphrase --register prod.db --fingerprint {}",
        world.fingerprint()
    );
    let step = |command: &str| -> String {
        let said: serde_json::Value = serde_json::from_str(&world.ok("frank", command)).unwrap();
        assert_eq!(said["person"], "frank", "{said}");
        said["step"].as_str().unwrap().to_owned()
    };
    assert_eq!([step(&command), step(&command)], ["requested", "requested"]);
    enrol(&world);
    assert_eq!([step(&command), step("--json join")], ["joined", "done"]);
}

#[test]
fn join_makes_no_key_for_a_register_that_is_not_trusted() {
    let world = World::founded();
    newcomer(&world, "frank");
    let refused = world.run_typing("frank", "join --register prod.db", &["no"]);
    assert_eq!(refused.exit, Exit::Refused, "{}", refused.screen);
    let wrong = format!("join frank --register prod.db --fingerprint {}", "0".repeat(64));
    world.fails("frank", &wrong, Exit::Broken, "wrong register");
    assert!(!world.path("people/frank/.ssh").exists() && !world.path("frank.request").exists());
    assert!(world.ok("frank", "registers --json").contains("\"registers\":[]"));
}

#[test]
fn join_shows_the_request_for_a_register_that_is_not_founded_yet() {
    let world = World::empty();
    newcomer(&world, "bob");
    typed(&world, "bob", "join --register prod", &["", "", "", "robert", "Bob", "admin"]);
    for command in ["join --register prod", "join"] {
        let again = typed(&world, "bob", command, &[]);
        for part in ["robert.request was written before", "it asks for: roles admin; name Bob"] {
            assert!(again.err.contains(part), "{command}: {part}: {}", again.screen);
        }
        assert!(!again.err.contains("not enrolled"), "nobody knows: {}", again.screen);
    }
    // A request for another register, or of somebody else, is another one.
    typed(&world, "bob", "join --register uat", &["bob", "", "engineer"]);
    typed(&world, "bob", "join rob --register prod --role admin", &[]);
    assert!(world.path("bob.request").exists() && world.path("rob.request").exists());
}

#[test]
fn join_asks_for_no_id_that_somebody_has() {
    let world = World::founded();
    newcomer(&world, "frank");
    let answers = ["yes", "", "", "", "bob", "", "Frank Ng", ""];
    let output = typed(&world, "frank", "join --register prod.db", &answers);
    assert!(output.err.contains("error: bob is already enrolled"), "{}", output.screen);
    assert!(world.path("frank.request").exists(), "{}", output.screen);
    world.fails("frank", "join bob --role admin", Exit::Refused, "bob is already enrolled");
}

#[test]
fn no_request_that_names_another_fingerprint_is_taken_for_this_one() {
    let world = World::founded();
    newcomer(&world, "frank");
    world.person("frank");
    let (id, wrong) = (world.state().id().unwrap().to_string(), "1".repeat(64));
    let line = |fingerprint: &str| format!("join frank --role engineer --register {id} --fingerprint {fingerprint}");
    world.variable("frank", "TWINSEAL_KEY", Some(&world.path("people/frank/key").display().to_string()));
    world.ok("frank", &line(&wrong));
    world.fails("frank", &line(&world.fingerprint()), Exit::Invalid, "frank.request is another request");
}

#[test]
fn join_asks_nobody_without_a_terminal() {
    let world = World::founded();
    newcomer(&world, "frank");
    let trusted = format!("--register prod.db --fingerprint {}", world.fingerprint());
    let id = world.state().id().unwrap().to_string();
    for (command, complaint) in [
        ("join".to_owned(), "no register given"),
        ("join frank --register prod.db".to_owned(), "needs a terminal or --fingerprint"),
        (format!("join frank --register {id}"), "--fingerprint DIGEST is required"),
        (format!("join frank {trusted}"), "a new key needs a passphrase, and there is no terminal"),
        (format!("join {trusted} --no-passphrase"), "no id to be enrolled as, and no terminal to ask for it"),
        (format!("join Frank {trusted}"), "not a person: write "),
    ] {
        world.fails("frank", &command, Exit::Invalid, complaint);
    }
    let (fingerprint, unreached) = (world.fingerprint(), format!("join frank --role engineer --register {id}"));
    world.ok("frank", &format!("{unreached} --fingerprint {fingerprint}"));
    world.ok("alice", "person enrol frank=frank.request:engineer");
    world.fails("frank", "found", Exit::Invalid, "`twinseal found` asks on a terminal, and there is none");
}

#[test]
fn join_overwrites_no_request_and_no_setting() {
    let world = World::founded();
    asked(&world);
    let kept = fs::read(world.path("frank.request")).unwrap();
    fs::copy(world.path("frank.request"), world.path("ivy.request")).unwrap();
    world.fails("frank", "join ivy", Exit::Invalid, "ivy.request is another request: of frank, for register prod#");
    world.write("ivy.request", "no request");
    world.fails("frank", "join ivy", Exit::Invalid, "ivy.request is not a valid enrolment request");
    world.at("2027-01-05T09:00:00Z");
    world.fails("frank", "join frank", Exit::Invalid, "the request in frank.request expired at 2026-12-31T09:00:00Z");
    let again = typed(&world, "frank", "join frank --role engineer --out again.request", &["correct horse"]);
    assert!(again.out.contains("request again.request"), "{}", again.screen);
    assert_eq!(fs::read(world.path("frank.request")).unwrap(), kept);

    world.ok("frank", "config set register uat.db");
    world.ok("alice", "person enrol frank=again.request:engineer");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    let other = world.run("frank", "join --register prod.db");
    assert!(other.err.contains("note: config.toml names another register, uat.db"), "{}", other.screen);
    assert_eq!(config(&world, "frank"), "register = \"uat.db\"\n");
    world.ok("frank", "config unset register");
    world.ok("frank", "config set key other.key");
    let used = world.path("people/frank/.ssh/id_ed25519").display().to_string();
    let other = world.run("frank", &format!("join --key {used}"));
    assert!(other.err.contains("note: config.toml names another key, other.key"), "{}", other.screen);
    assert!(config(&world, "frank").contains("key = \"other.key\"\n"), "{}", config(&world, "frank"));
}

#[test]
fn no_request_is_kept_that_asks_for_something_else_than_the_options() {
    let world = World::founded();
    asked(&world);
    let kept = fs::read(world.path("frank.request")).unwrap();
    for options in
        ["--role admin", "--role engineer", "--role engineer,approver,auditor", "--name 'Frank Li'", "--name ''"]
    {
        let complaint = "the request in frank.request asks for other roles or another name: roles engineer, approver; \
                         name Frank Ng";
        world.fails("frank", &format!("join frank {options}"), Exit::Invalid, complaint);
        assert!(world.run("frank", &format!("join frank {options}")).err.contains("`twinseal join --out FILE`"));
    }
    let same = world.run("frank", "join frank --role approver,engineer --name 'Frank Ng'");
    let said = "it asks for: roles engineer, approver; name Frank Ng\n";
    assert!(same.exit == Exit::Done && same.err.contains(said), "{}", same.screen);
    assert!(world.run("frank", "join frank").err.contains(said));
    assert_eq!(fs::read(world.path("frank.request")).unwrap(), kept);
    typed(&world, "frank", "join frank --role admin --out other.request", &["correct horse"]);
}

#[test]
fn no_account_is_set_up_with_a_suspended_key_or_as_somebody_else() {
    let world = World::founded();
    asked(&world);
    enrol(&world);
    world.fails(
        "frank",
        "join --as frank --key people/carol/key",
        Exit::Refused,
        "the key belongs to carol, not to frank",
    );
    world.ok("alice", "person suspend frank");
    world.fails("frank", "join", Exit::Refused, "is suspended");
    assert_eq!(config(&world, "frank"), "");
}

#[test]
fn join_asks_again_until_an_answer_is_valid() {
    let world = World::founded();
    newcomer(&world, "frank");
    let answers = [
        "no/such.db",
        "two words",
        "prod.db",
        "yes",
        "people/frank/key",
        "",
        "",
        "Frank",
        "frank",
        "two\tlines",
        "",
        "boss",
        "",
    ];
    let output = typed(&world, "frank", "join", &answers);
    for part in ["no/such.db", "not a person", "not a role", "Roles to ask for", "asked-role"] {
        let known = output.screen.contains(part) || part == "asked-role";
        assert!(known, "{part}: {}", output.screen);
    }
    assert!(fs::read_to_string(world.path("frank.request")).unwrap().contains("asked-role engineer\n"));
}

#[test]
fn found_asks_again_until_an_answer_is_valid_and_does_what_init_does() {
    let world = World::empty();
    for person in ["alice", "bob", "carol"] {
        newcomer(&world, person);
    }
    typed(&world, "bob", "join --register prod", &["", "", "", "", "Bob", "admin"]);
    typed(&world, "carol", "join --register prod", &["", "", "", "", "", "approver"]);
    world.write("carol2.request", "no request");
    world.write("policy.toml", "approvals = 3\napproval_days = 7\n");
    world.write("bad.toml", "approvals = 1\n");
    let answers = [
        // name, file, key and passphrases
        "Prod",
        "prod",
        "missing/prod.db",
        "policy.toml",
        "",
        "",
        "",
        "",
        // id, display name, roles
        "",
        "Alice",
        "engineer",
        // requests, roles of bob and carol
        "carol2.request",
        "bob.request carol.request bob.request",
        "",
        "approver",
        "",
        "admin",
        // policy, and the name to sign
        "bad.toml",
        "none.toml",
        "policy.toml",
        "prod",
    ];
    let founded = typed(&world, "alice", "found", &answers);
    let file = world.path("prod.db").display().to_string();
    for part in [
        "not a register",
        "a register needs a second admin",
        "approvals",
        "Every revision needs the approvals of 3 different people.",
        &format!("register created at {file}; give everybody the fingerprint"),
        &format!("next: another founding admin runs `twinseal seal --register {file}`"),
        &format!("then everybody else runs `twinseal join --register {file}`"),
        "set register to prod in config.toml",
    ] {
        assert!(founded.screen.contains(part), "{part}: {}", founded.screen);
    }
    let (state, names) = (world.state(), world.ok("alice", "person list"));
    let roles = |person: &str| names.lines().find(|it| it.starts_with(person)).unwrap().to_owned();
    assert!(roles("alice").contains("admin, engineer") && roles("alice").contains("Alice"), "{names}");
    assert!(roles("bob").contains("approver") && roles("carol").contains("admin"), "{names}");
    assert!(!state.governance().is_sealed());
    let seal = typed(&world, "carol", "join --register prod.db", &["yes"]);
    assert!(seal.err.contains("next, if you are an admin: `twinseal seal`"), "{}", seal.screen);
    typed(&world, "carol", "seal", &["prod"]);
    assert!(world.ok("alice", "policy show").contains("3 different people"));
}

#[test]
fn found_takes_id_name_and_roles_from_the_request_of_the_founder() {
    let world = World::empty();
    ["alice", "bob"].iter().for_each(|it| newcomer(&world, it));
    typed(&world, "bob", "join bob --role admin --register prod", &["", "", ""]);
    typed(&world, "alice", "join --register prod", &["", "", "", "ali", "Alice", "admin, engineer"]);
    let founded = typed(&world, "alice", "found", &["", "", "", "", "", "", "prod"]);
    assert!(founded.err.contains("your id and name are those of your request ali.request: ali"), "{}", founded.screen);
    let people = world.ok("alice", "person list");
    let ali = people.lines().find(|it| it.starts_with("ali ")).unwrap();
    assert!(ali.contains("admin, engineer") && ali.contains("Alice"), "{people}");
}

#[test]
fn found_creates_nothing_unless_it_is_confirmed() {
    let world = World::empty();
    ["alice", "bob"].iter().for_each(|it| newcomer(&world, it));
    typed(&world, "bob", "join bob --role admin --register prod", &["", "", ""]);
    let left = world.run_typing("alice", "found", &["", "", "", "", "", "", "", "", "", "", "", "no", ""]);
    assert_eq!((left.exit, left.unanswered.len(), left.unasked.len()), (Exit::Refused, 0, 0), "{}", left.screen);
    assert!(!world.path("prod.db").exists() && config(&world, "alice").is_empty());
    // At the end of the input nothing is asked for ever.
    world.write("bob.request", "");
    let ended = world.run_typing("alice", "found", &[]);
    assert_eq!(ended.exit, Exit::Invalid, "{}", ended.screen);
}

/// The first day: two admins, two approvers and an engineer, from no key to the first change.
///
/// It was 22 commands with a draft written by hand, when each account made its key, its request and its settings by
/// commands of their own.
#[test]
fn the_first_day_takes_ten_commands_and_no_file_written_by_hand() {
    let world = World::empty();
    let count = Cell::new(0);
    let run = |person: &str, command: &str, answers: &[&str]| {
        count.set(count.get() + 1);
        typed(&world, person, command, answers)
    };
    for person in ["alice", "bob", "carol", "dave", "erin"] {
        newcomer(&world, person);
    }
    let key = ["", "correct horse", "correct horse"];
    for (person, role) in [("bob", "admin"), ("carol", "approver"), ("dave", "approver"), ("erin", "engineer")] {
        run(person, "join --register prod", &[&key[..], &["", "", role]].concat());
    }
    let founded = run("alice", "found", &["", "", "", "", "", "", "", "", "", "", "", "", "", "", "prod"]);
    // What the screens say is what the next person types.
    let next = |after: &str| {
        let (_, rest) = founded.err.split_once(after).unwrap();
        rest.split_once("`twinseal ").unwrap().1.split_once('`').unwrap().0.to_owned()
    };
    run("bob", &next("another founding admin runs "), &["yes", "prod", "correct horse"]);
    for person in ["carol", "dave", "erin"] {
        run(person, &next("everybody else runs "), &["yes"]);
    }
    let filed = run(
        "erin",
        "file --title 'Raise the pool' --service order-gateway --window '2026-12-02T20:00:00Z for 2h' --risk low \
         --reason 'Orders were rejected at the open.' --impact 'None expected.' --step 'Set the pool to 160.' \
         --rollback 'Set it back to 80.'",
        &["y", "correct horse"],
    );
    assert!(filed.err.contains("CHG-1 filed; 2 approvals needed"), "{}", filed.screen);
    assert_eq!(count.get(), 10);
    for (person, change) in [("carol", "CHG-1"), ("dave", "CHG-1")] {
        typed(&world, person, "approve CHG-1", &[change, "correct horse"]);
    }
    let made: Vec<String> =
        fs::read_dir(world.path("")).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    let by_hand = made.iter().filter(|it| !it.ends_with(".request") && !it.starts_with("prod.db") && *it != "people");
    assert_eq!(by_hand.count(), 0, "{made:?}");
}
