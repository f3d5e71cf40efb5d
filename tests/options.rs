//! The options of all commands about the terminal.

use crate::support::World;
use twinseal::error::Exit;
use twinseal::lang::Lang;

#[test]
fn a_quiet_command_says_nothing_of_what_it_did() {
    let world = World::founded();
    world.write("change.toml", crate::support::CHANGE);
    for (person, command) in [
        ("erin", "check change.toml"),
        ("erin", "file change.toml"),
        ("erin", "note CHG-1 'pool of the test system set'"),
        ("carol", "inbox"),
        ("alice", "breakglass list"),
        ("alice", "proposal list"),
        ("alice", "backup copy.db"),
    ] {
        assert_eq!(world.run(person, &format!("{command} --quiet")).err, "", "{command}");
    }
    let loud = world.run("erin", "note CHG-1 again").err;
    assert!(!loud.is_empty());
    let refused = world.run("erin", "-q start CHG-1");
    assert!(refused.err.starts_with("error: ") && refused.err.contains("\nhint: "), "{}", refused.err);
}

#[test]
fn a_quiet_command_hides_nothing_that_is_signed_and_no_question() {
    let world = World::filed();
    let shown = |command: &str| world.run_typing("carol", command, &["no"]).screen;
    let (loud, quiet) = (shown("approve CHG-1"), shown("approve CHG-1 -q"));
    assert!(quiet.contains("Type CHG-1 to approve") && quiet.contains("about to sign"), "{quiet}");
    assert_eq!(loud, quiet);
}

#[test]
fn nobody_is_asked_if_there_is_to_be_no_input() {
    let world = World::filed();
    let before = world.acts();
    let output = world.run_typing("carol", "approve CHG-1 --no-input", &["CHG-1"]);
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    assert!(output.err.contains("--revision DIGEST is required"), "{}", output.err);
    assert_eq!((output.unasked, world.acts()), (vec!["CHG-1".to_owned()], before));
    let output = world.run_typing("erin", "file --no-input", &["y"]);
    assert!(output.err.contains("no terminal for an editor"), "{}", output.err);
}

#[test]
fn colours_are_used_as_the_option_and_the_variables_say() {
    let world = World::filed();
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = world.command("erin", arguments).envs(variables.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout.contains(&0x1b)
    };
    assert!(!coloured(&["show", "CHG-1"], &[]));
    assert!(coloured(&["show", "CHG-1", "--color", "always"], &[]));
    assert!(coloured(&["show", "CHG-1", "--color=always"], &[("NO_COLOR", "1")]));
    assert!(coloured(&["show", "CHG-1"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["show", "CHG-1"], &[("CLICOLOR_FORCE", "0")]));
    assert!(!coloured(&["show", "CHG-1"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!coloured(&["show", "CHG-1", "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    world.fails("erin", "list --color blue", Exit::Invalid, "--color: \"blue\" is none of auto, always, never");
}

#[test]
fn utc_has_precedence_over_the_zone_of_the_account_and_excludes_another() {
    let world = World::filed();
    world.ok("erin", "config set zone Asia/Shanghai");
    let window = |options: &str| world.run("erin", &format!("freeze check '2026-12-01 20:00' {options}")).err;
    assert!(window("").contains("20:00 +08:00"), "{}", window(""));
    assert!(window("--utc").contains("T20:00:00Z"), "{}", window("--utc"));
    world.fails("erin", "list --utc --zone Asia/Shanghai", Exit::Invalid, "--utc cannot be used with --zone");
}

#[test]
fn json_behind_a_double_dash_is_an_argument_in_every_language() {
    let world = World::filed();
    for lang in [Lang::En, Lang::Zh] {
        world.speak(lang);
        let output = world.run("erin", "list --bogus -- --json");
        assert_eq!((output.exit, output.out.as_str()), (Exit::Invalid, ""), "{}", output.screen);
    }
}

#[test]
fn csv_is_no_json() {
    let world = World::filed();
    let output = world.run("carol", "--json export csv");
    assert_eq!(output.exit, Exit::Invalid);
    let said: serde_json::Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(said["error"]["message"], "export csv prints CSV, not JSON");
    assert!(world.ok("carol", "--json export jsonl").starts_with('{'));
}
