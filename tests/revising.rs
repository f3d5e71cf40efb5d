//! Revising without a file: in the editor, or from options.

use std::fs;

use crate::support::{CHANGE, World};
use twinseal::error::Exit;

/// Lets erin's editor replace one text of the draft by another.
fn editor_replaces(world: &World, from: &str, to: &str) {
    world.variable("erin", "EDITOR", Some(&format!("sed -i 's/{from}/{to}/'")));
}

/// Lets erin's editor keep what it was given, and then replace one text by another.
fn editor_keeps_and_replaces(world: &World, from: &str, to: &str) -> std::path::PathBuf {
    let seen = world.path("seen.toml");
    let script = format!("f() {{ cp \"$1\" '{}'; sed -i 's/{from}/{to}/' \"$1\"; }}; f", seen.display());
    world.variable("erin", "EDITOR", Some(&script));
    seen
}

#[test]
fn the_current_revision_is_opened_in_the_editor_and_the_difference_shown_before_it_is_filed() {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    let seen = editor_keeps_and_replaces(&world, "pool to 160", "pool to 144");
    let output = world.run_typing("erin", "revise 1", &["y"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("CHG-1 revised (revision 2); no longer counted: carol"), "{}", output.screen);
    let opened = fs::read_to_string(seen).unwrap();
    assert!(opened.contains("start = \"2026-12-01T10:00:00Z\""), "it has its window: {opened}");
    let (shown, asked) = output.screen.split_once("File revision 2 of CHG-1?").unwrap();
    for line in ["changes since revision 1", "-| 1. Set the pool to 160.", "+| 1. Set the pool to 144."] {
        assert!(shown.contains(line) && !asked.contains(line), "{line}\n{}", output.screen);
    }
    assert_eq!(world.revision("CHG-1").number, 2);
    assert_eq!(world.run("erin", "drafts list").err, "no drafts\n");
}

#[test]
fn a_script_revises_with_options() {
    let world = World::filed();
    world.ok("erin", "revise CHG-1 --window '2026-12-05 20:00 for 2h' --zone Asia/Shanghai --risk low");
    let shown = world.ok("erin", "show CHG-1");
    for part in ["Sat 2026-12-05 20:00 to 22:00 Asia/Shanghai", "low", "Raise the pool"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    for (arguments, complaint) in [
        ("CHG-1", "no draft given for CHG-1, and no terminal for an editor"),
        ("CHG-9 --risk low", "no change CHG-9"),
        ("CHG-1 --risk huge", "\"huge\": not a risk"),
        ("CHG-1 change.toml --risk low", "cannot be used with"),
        ("CHG-1 --from CHG-1", "unknown option --from"),
    ] {
        world.fails("erin", &format!("revise {arguments}"), Exit::Invalid, complaint);
    }
    assert_eq!(world.run("erin", "drafts list").err, "no drafts\n", "a script leaves none behind");
    // At a terminal neither does an invalid option.
    for invalid in ["--risk x", "--service 'a b'", "--risk low --commits main", "--window never"] {
        let left = world.run_typing("erin", &format!("revise CHG-1 {invalid}"), &[]);
        assert!(left.exit == Exit::Invalid && !left.err.contains("kept as draft"), "{}", left.screen);
    }
    assert_eq!(world.run("erin", "drafts list").err, "no drafts\n");
    // A valid one is shown before.
    let left = world.run_typing("erin", "revise CHG-1 --risk medium", &["n"]);
    assert!(left.exit == Exit::Refused && left.err.contains("kept as draft"), "{}", left.screen);
}

#[test]
fn no_draft_of_a_revision_is_lost() {
    let world = World::filed();
    let before = world.acts();
    editor_replaces(&world, "\"high\"", "\"huge\"");
    let left = world.run_typing("erin", "revise CHG-1", &["n"]);
    assert!(left.exit == Exit::Refused && left.err.contains("risk: not a risk"), "{}", left.screen);
    assert!(
        left.err.ends_with("error: not filed; kept as draft 1\nhint: `twinseal drafts resume 1`\n"),
        "{}",
        left.screen
    );
    let listed = world.ok("erin", "drafts list");
    assert!(listed.contains("revises CHG-1"), "{listed}");
    let json: serde_json::Value = serde_json::from_str(&world.ok("erin", "drafts list --json")).unwrap();
    assert_eq!((&json["drafts"][0]["draft"], &json["drafts"][0]["revises"]), (&1.into(), &"CHG-1".into()));
    assert_eq!(world.acts(), before);
    // The fault stands above its line, and goes with it.
    let seen = editor_keeps_and_replaces(&world, "\"huge\"", "\"low\"");
    let resumed = world.run_typing("erin", "drafts resume 1", &["y"]);
    assert!(resumed.exit == Exit::Done && resumed.err.contains("CHG-1 revised (revision 2)"), "{}", resumed.screen);
    let opened = fs::read_to_string(seen).unwrap();
    assert!(
        opened.contains("\n#! fault: risk: not a risk: use low, medium, high or critical\nrisk = \"huge\"\n"),
        "{opened}"
    );
    let raw = world.raw(world.entries() - 1);
    assert!(!String::from_utf8(raw.text.unwrap()).unwrap().contains("fault"));
    assert_eq!(world.run("erin", "drafts list").err, "no drafts\n");
    editor_replaces(&world, "no such text", "");
    let same = world.run_typing("erin", "revise CHG-1", &[]);
    assert!(same.exit == Exit::Refused && same.err.contains("nothing was written"), "{}", same.screen);
}

#[test]
fn no_revision_that_was_filed_meanwhile_is_replaced_unseen() {
    let world = World::filed();
    world.write("other.toml", CHANGE.replace("160", "200"));
    let program = env!("CARGO_BIN_EXE_twinseal");
    // While the editor is open, the owner revises the change from elsewhere: the window is far enough for the real clock.
    let (home, register) = (world.path("people/erin"), world.path("prod.db"));
    let far = CHANGE.replace("2026-12-01T", "2027-03-01T").replace("160", "200");
    world.write("other.toml", far);
    let script = format!(
        "f() {{ HOME='{}' TWINSEAL_KEY='{}/key' '{program}' revise CHG-1 '{}' --register '{}' >&2; \
         sed -i 's/160/144/' \"$1\"; }}; f",
        home.display(),
        home.display(),
        world.path("other.toml").display(),
        register.display()
    );
    world.at_real_time();
    world.variable("erin", "EDITOR", Some(&script));
    world.variable("erin", "TWINSEAL_PAGER", Some("cat"));
    let window = CHANGE.replace("2026-12-01T", "2027-03-01T");
    world.write("change.toml", window);
    world.ok("erin", "revise CHG-1 change.toml");
    let output = world.run_typing("erin", "revise CHG-1", &["y"]);
    assert!(output.exit == Exit::Refused && output.err.contains("not the current revision"), "{}", output.screen);
    assert!(output.err.contains("kept as draft 1"), "{}", output.screen);
    assert_eq!(world.revision("CHG-1").number, 3);
    world.variable("erin", "EDITOR", Some("true"));
    let resumed = world.run_typing("erin", "drafts resume 1", &["y"]);
    assert!(resumed.exit == Exit::Refused && resumed.err.contains("was made from revision 2"), "{}", resumed.screen);
    assert_eq!(world.revision("CHG-1").number, 3);
}

#[test]
fn no_draft_that_is_resumed_undoes_a_revision_filed_since() {
    let world = World::filed();
    editor_replaces(&world, "\"high\"", "\"low\"");
    for begun in ["revise CHG-1", "revise CHG-1 --risk medium"] {
        assert!(world.run_typing("erin", begun, &["n"]).err.contains("kept as draft"), "{begun}");
    }
    world.write("other.toml", CHANGE.replace("160", "200"));
    world.ok("erin", "revise CHG-1 other.toml");
    world.variable("erin", "EDITOR", Some("touch opened; true"));
    for n in [1, 2] {
        let said = format!("draft {n} was made from revision 1 of CHG-1, whose current revision is 2");
        let resume = format!("drafts resume {n}");
        world.fails("erin", &resume, Exit::Refused, &said);
        let resumed = world.run_typing("erin", &resume, &["y"]);
        assert!(resumed.exit == Exit::Refused && resumed.err.contains(&said), "{}", resumed.screen);
        for step in ["`twinseal diff CHG-1`", "`twinseal revise CHG-1`", &format!("/drafts/{n}.CHG-1.1.")] {
            assert!(resumed.err.contains(step), "{step}\n{}", resumed.screen);
        }
        assert!(world.ok("erin", "drafts list --json").contains(&format!("\"draft\":{n},")), "it is kept");
    }
    assert!(!world.path("opened").exists(), "nobody edits it in vain");
    assert_eq!(world.revision("CHG-1").number, 2);
    // One that was made from the current revision is filed.
    editor_replaces(&world, "pool to 200", "pool to 144");
    assert!(world.run_typing("erin", "revise CHG-1", &["n"]).err.contains("kept as draft 3"));
    editor_replaces(&world, "no such text", "");
    let resumed = world.run_typing("erin", "drafts resume 3", &["y"]);
    assert!(resumed.exit == Exit::Done && resumed.err.contains("-| 1. Set the pool to 200."), "{}", resumed.screen);
}
