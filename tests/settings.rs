//! This account's settings, the registers that it trusts, and the page without a command.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::World;
use twinseal::error::Exit;

fn config(world: &World, person: &str) -> String {
    fs::read_to_string(world.path(&format!("people/{person}/.config/twinseal/config.toml"))).unwrap_or_default()
}

/// Lets a person's editor replace `from` by `to`.
fn editor(world: &World, person: &str, from: &str, to: &str) {
    world.variable(person, "EDITOR", Some(&format!("sed -i 's/{from}/{to}/'")));
}

#[test]
fn each_setting_is_shown_with_where_it_comes_from() {
    let world = World::filed();
    world.variable("erin", "TWINSEAL_KEY", None);
    world.variable("erin", "TWINSEAL_REGISTER", None);
    world.ok("erin", "config set as erin");
    world.ok("erin", "config set key people/erin/key");
    let shown = world.ok("erin", "--register prod config show");
    for line in ["register  prod             --register", "key       people/erin/key  config.toml", "as        erin"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    world.variable("erin", "TWINSEAL_AS", Some("dave"));
    let has = |name: &str, parts: [&str; 2]| {
        let shown = world.ok("erin", "config show");
        let line = shown.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        assert!(parts.iter().all(|part| line.contains(part)), "{shown}");
    };
    has("as ", ["dave", "TWINSEAL_AS"]);
    let set = world.run("erin", "config set as erin");
    assert!(set.err.contains("note: TWINSEAL_AS is set and has precedence"), "{}", set.screen);
    world.variable("erin", "TWINSEAL_AS", None);
    world.ok("erin", "config unset as");
    has("as ", ["", "not set"]);
    assert!(world.ok("erin", "list").contains("CHG-1"), "the only register and the key of config.toml are used");
}

#[test]
fn a_setting_is_changed_without_losing_comments_or_rights() {
    let world = World::filed();
    world.ok("erin", "config set register prod");
    let path = world.path("people/erin/.config/twinseal/config.toml");
    fs::write(&path, "# mine\nregister = \"prod\" # the one\n\n[authors]\n\"jane@example.com\" = \"jane\"\n").unwrap();
    world.ok("erin", "config set key people/erin/key");
    let text = config(&world, "erin");
    assert!(text.starts_with("# mine\nregister = \"prod\" # the one\n"), "{text}");
    assert!(text.contains("key = \"people/erin/key\"\n\n[authors]\n\"jane@example.com\""), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(world.ok("erin", "config path").trim(), path.to_str().unwrap());
}

#[test]
fn no_invalid_setting_is_written() {
    let world = World::filed();
    world.fails("erin", "config set as 'Erin E'", Exit::Invalid, "not a person: write ");
    world.fails("erin", "config set register ''", Exit::Invalid, "the value is empty");
    world.fails("erin", "config set colour red", Exit::Invalid, "\"colour\" is none of");
    assert_eq!(config(&world, "erin"), "");
}

#[test]
fn an_invalid_edit_is_kept_beside_the_file_and_opened_again() {
    let world = World::filed();
    world.ok("erin", "config set register prod");
    editor(&world, "erin", "register", "rgister");
    world.fails("erin", "config edit", Exit::Invalid, "line 1: unknown field `rgister`");
    assert_eq!(config(&world, "erin"), "register = \"prod\"\n");
    editor(&world, "erin", "rgister", "register");
    world.ok("erin", "config edit");
    world.variable("erin", "EDITOR", Some("false"));
    world.fails("erin", "config edit", Exit::Invalid, "set VISUAL or EDITOR");
}

#[test]
fn an_invalid_config_toml_is_repaired_by_its_own_commands() {
    let world = World::filed();
    world.ok("erin", "config set register prod");
    fs::write(world.path("people/erin/.config/twinseal/config.toml"), "rgister = 1\n").unwrap();
    world.fails("erin", "list", Exit::Invalid, "hint: fix it in your editor: `twinseal config edit`");
    editor(&world, "erin", "rgister = 1", "register = \"prod\"");
    world.ok("erin", "config path");
    world.ok("erin", "config edit");
    world.ok("erin", "list");
}

#[test]
fn a_forgotten_register_must_be_trusted_again_and_keeps_its_pin() {
    let world = World::filed();
    world.ok("carol", "list");
    let (shown, fingerprint) = (world.ok("carol", "registers list"), world.fingerprint());
    assert!(shown.contains("prod") && shown.contains("entry 2") && shown.contains(&fingerprint), "{shown}");
    world.fails("carol", "registers forget prod", Exit::Invalid, "--fingerprint DIGEST is required");
    world.fails(
        "carol",
        &format!("registers forget uat --fingerprint {fingerprint}"),
        Exit::Invalid,
        "this account trusts no register \"uat\"",
    );
    world.fails(
        "carol",
        "registers forget prid",
        Exit::Invalid,
        "did you mean prod?\nhint: `twinseal registers` lists",
    );
    let asked = world.run_typing("carol", "registers forget prod", &["no"]);
    assert_eq!(asked.exit, Exit::Refused, "{}", asked.screen);
    world.ok("carol", "list");
    let asked = world.run_typing("carol", "registers forget prod", &["prod"]);
    assert!(asked.exit == Exit::Done && asked.err.contains(&fingerprint), "{}", asked.screen);
    world.fails("carol", "list", Exit::Invalid, "first contact with register prod");
    // The log is cut while nobody trusts it.
    world.tamper("DELETE FROM entry WHERE seq = 2");
    world.fails("carol", &format!("list --fingerprint {fingerprint}"), Exit::Broken, "entry 2");
}

#[test]
fn whoami_names_person_key_and_register() {
    let world = World::filed();
    let shown = world.ok("carol", "whoami");
    let key = world.signer("carol").public().fingerprint().to_string();
    for part in ["carol", "approver", &key, &world.fingerprint(), "prod#"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    world.fails("carol", "whoami --as dave", Exit::Refused, "the key belongs to carol, not to dave");
    world.person("frank");
    world.fails("frank", &format!("whoami --fingerprint {}", world.fingerprint()), Exit::Refused, "is not enrolled");
}

#[test]
fn without_a_command_the_home_page_says_what_waits() {
    let world = World::filed();
    let page = world.ok("carol", "");
    for part in ["you       carol (approver)", "register  prod#", "next: `twinseal approve CHG-1`"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(world.ok("audrey", "").contains("Your inbox is empty."));
    let json: serde_json::Value = serde_json::from_str(&world.ok("carol", "--json")).unwrap();
    assert_eq!((&json["me"]["person"], &json["inbox"][0]["subject"]), (&"carol".into(), &"CHG-1".into()));
}

#[test]
fn without_a_register_the_home_page_says_how_to_begin() {
    let world = World::empty();
    world.person("frank");
    world.variable("frank", "TWINSEAL_REGISTER", None);
    let page = world.ok("frank", "");
    assert!(page.starts_with("This account knows no register yet.") && page.lines().count() <= 6, "{page}");
}

#[test]
fn a_noun_alone_prints_its_list() {
    let world = World::filed();
    for (noun, list) in [("config", "config show"), ("registers", "registers list"), ("drafts", "drafts list")] {
        let [alone, listed] = [noun, list].map(|it| world.run("erin", it));
        assert_eq!((alone.exit, alone.screen), (Exit::Done, listed.screen), "{noun}");
    }
    let shown = world.ok("carol", "approve");
    assert!(shown.contains("CHG-1") && shown.contains("Raise the pool"), "{shown}");
    assert!(shown.contains("next: `twinseal approve CHG-1`"), "{shown}");
    assert_eq!(world.run("erin", "approve").err, "no change awaits the approval of erin\n");
    let json: serde_json::Value = serde_json::from_str(&world.ok("carol", "approve --json")).unwrap();
    assert_eq!(json["items"][0]["action"], "approve");
    world.fails("carol", "approve --note Read.", Exit::Invalid, "missing: CHANGE");
}

#[test]
fn a_setting_that_finds_no_register_is_warned_about() {
    let world = World::filed();
    for (given, warned) in [("/nosuch.db", "there is no file /nosuch.db"), ("nosuch", "unknown register nosuch")] {
        let set = world.run("erin", &format!("config set register {given}"));
        assert!(set.exit == Exit::Done && set.err.contains(&format!("warning: {warned}")), "{}", set.screen);
    }
    for given in ["prod", "prod.db"] {
        assert!(!world.run("erin", &format!("config set register {given}")).err.contains("warning"));
    }
}

#[test]
fn an_unknown_zone_is_refused_also_where_no_time_is_given() {
    let world = World::filed();
    for command in ["list", "show CHG-1", "", "whoami", "config"] {
        world.fails("erin", &format!("--zone Mars/Base {command}"), Exit::Invalid, "Mars/Base");
    }
}

#[test]
fn the_home_page_shows_changes_of_ones_own_that_await_others() {
    let world = World::filed();
    let page = world.ok("erin", "");
    let own =
        "your other changes (1)\n  CHG-1  Raise the pool\n         awaiting approval (0 of 2); window opens in 1 h\n";
    assert!(page.contains(own), "{page}");
    world.approve("carol", "CHG-1");
    assert!(world.ok("erin", "").contains("awaiting approval (1 of 2)"));
    world.approve("dave", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    // It stands in the inbox once there is something to do, and only there.
    let page = world.ok("erin", "");
    assert!(page.contains("start") && !page.contains("your other changes"), "{page}");
    assert!(!world.ok("carol", "").contains("your other changes"), "it is not hers");
    for n in 2..9 {
        world.ok("erin", &format!("file --from 1 --title 'Change {n}' --window '2026-12-0{n}T20:00:00Z for 2h'"));
    }
    assert!(world.ok("erin", "").contains("showing 5 of 7; all: `twinseal list --mine --status open`"));
    let json: serde_json::Value = serde_json::from_str(&world.ok("erin", "--json")).unwrap();
    assert_eq!((json["changes"].as_array().unwrap().len(), &json["changes"][0]["change"]), (7, &"CHG-2".into()));
}
