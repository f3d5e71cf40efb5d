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
    for part in ["you       carol (approver)", "register  prod#", "approve  CHG-1"] {
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
