//! Filing without a file: from options, from an earlier change, and in the editor.

use crate::support::{CHANGE, World};
use twinseal::error::Exit;

/// Lets erin's editor replace the draft by this content.
fn editor_writes(world: &World, content: &str) {
    world.write("edited.toml", content);
    let from = world.path("edited.toml").display().to_string();
    world.variable("erin", "EDITOR", Some(&format!("cp {from}")));
}

#[test]
fn a_draft_is_written_in_the_editor_and_filed() {
    let world = World::founded();
    editor_writes(&world, CHANGE);
    let filed = world.run_typing("erin", "file", &["y"]);
    assert!(filed.exit == Exit::Done && filed.err.contains("CHG-1 filed"), "{}", filed.screen);
    let asked = filed.screen.find("window").unwrap() < filed.screen.find("File it?").unwrap();
    assert!(asked, "the window is shown before the question: {}", filed.screen);
    assert_eq!(world.run("erin", "drafts list").err, "no drafts\n");
}

#[test]
fn the_editor_opens_a_template_with_the_owner_and_a_window_in_the_users_zone() {
    let world = World::founded();
    world.ok("erin", "config set zone Asia/Shanghai");
    let seen = world.path("seen.toml").display().to_string();
    world.variable("erin", "EDITOR", Some(&format!("f() {{ cp \"$1\" {seen}; }}; f")));
    assert_eq!(world.run_typing("erin", "file", &["n"]).exit, Exit::Refused);
    let template = std::fs::read_to_string(seen).unwrap();
    for line in ["owner = \"erin\" ", "start = \"2026-12-02T20:00:00+08:00\"", "zone = \"Asia/Shanghai\""] {
        assert!(template.contains(line), "{line}: {template}");
    }
}

#[test]
fn no_draft_is_lost() {
    let world = World::founded();
    let before = world.acts();
    editor_writes(&world, &CHANGE.replace("\"high\"", "\"huge\""));
    let left = world.run_typing("erin", "file", &["n"]);
    assert!(left.exit == Exit::Refused && left.err.contains("risk: not a risk"), "{}", left.screen);
    let kept = "error: not filed; kept as draft 1\nhint: `twinseal drafts resume 1`\n";
    assert!(left.err.ends_with(kept), "{}", left.screen);
    editor_writes(&world, CHANGE);
    let left = world.run_typing("erin", "file", &["no"]);
    assert!(left.exit == Exit::Refused && left.err.contains("kept as draft 2"), "{}", left.screen);
    let listed = world.ok("erin", "drafts list");
    assert!(listed.contains("Raise the") && listed.lines().count() == 3, "{listed}");
    assert_eq!(world.acts(), before, "something was recorded");

    let resumed = world.run_typing("erin", "drafts resume 1", &["y"]);
    assert!(resumed.exit == Exit::Done && resumed.err.contains("CHG-1 filed"), "{}", resumed.screen);
    world.ok("erin", "drafts discard 2");
    for draft in ["1", "2", "x", "../2"] {
        world.fails("erin", &format!("drafts resume {draft}"), Exit::Invalid, &format!("no draft {draft}"));
    }
}

#[test]
fn a_draft_with_faults_is_opened_again() {
    let world = World::founded();
    world.write("good.toml", CHANGE);
    let good = world.path("good.toml").display().to_string();
    // The first edit leaves most of the template, the second fills it in.
    let once = world.path("once").display().to_string();
    let script = format!(
        "f() {{ if test -e {once}; then cp {good} \"$1\"; else touch {once}; echo '# More.' >> \"$1\"; fi; }}; f"
    );
    world.variable("erin", "EDITOR", Some(&script));
    let filed = world.run_typing("erin", "file", &["y", "y"]);
    assert!(filed.err.contains("title: required, but missing or empty"), "{}", filed.screen);
    assert!(filed.exit == Exit::Done && filed.err.contains("CHG-1 filed"), "{}", filed.screen);
}

#[test]
fn an_earlier_change_is_filed_again_with_another_window() {
    let world = World::filed();
    world.ok("erin", "config set zone Asia/Shanghai");
    world.ok("erin", "file --from 1 --window 'sat 20:00 for 2h'");
    let shown = world.ok("erin", "show 2");
    assert!(shown.contains("Sat 2026-12-05 20:00 to 22:00 Asia/Shanghai"), "{shown}");
    world.ok("erin", "file --from 1 --title 'Lower the pool' --risk low --window 'sun 20:00 to 22:30'");
    let shown = world.ok("erin", "show 3");
    assert!(
        shown.contains("Lower the pool") && shown.contains("Sun 2026-12-06 20:00 to 22:30 Asia/Shanghai"),
        "{shown}"
    );
    world.ok("erin", "file --from 1 --title 'At night' --window 'sat 22:00 to 02:00'");
    let shown = world.ok("erin", "show 4");
    assert!(shown.contains("Sat 2026-12-05 22:00 to Sun 2026-12-06 02:00"), "{shown}");
    for (arguments, complaint) in [
        ("--from 9 --risk low", "no change CHG-9"),
        ("--from 1 --window sat", "does not have the form 'sat 20:00 for 2h'"),
        ("--from 1 --window 'soon for 2h'", "\"soon\": not a time"),
        ("--from 1 --window 'sat 20:00 for long'", "\"long\" does not have the form"),
        ("--from 1 --risk huge", "\"huge\": not a risk"),
        ("--from 1 --service 'a b'", "\"a b\": "),
        ("--from 1 --risk low --commits main", "does not have the form v2.4.0..HEAD"),
        ("--from 1", "no draft given, and no terminal for an editor"),
        ("", "no draft given, and no terminal for an editor"),
        ("change.toml --from 1", "cannot be used with"),
    ] {
        world.fails("erin", &format!("file {arguments}"), Exit::Invalid, complaint);
    }
    assert_eq!(world.run("erin", "drafts list").err, "no drafts\n", "a script leaves none behind");
}

#[test]
fn the_window_of_a_copy_is_not_read_in_the_zone_of_the_copied_change() {
    let world = World::filed();
    for command in ["file --from 1 --title 'Lower the pool'", "revise 1"] {
        let local = format!("{command} --window 'sat 20:00 for 2h'");
        world.fails("erin", &local, Exit::Invalid, "\"sat 20:00\": which zone?");
    }
    world.ok("erin", "revise 1 --window '2026-12-05T20:00:00+08:00 for 2h'");
    let shown = world.ok("erin", "show 1");
    assert!(shown.contains("Sat 2026-12-05 12:00 to 14:00 UTC"), "{shown}");
}

#[test]
fn an_everyday_change_takes_at_most_six_commands_and_120_keystrokes() {
    let world = World::filed();
    world.ok("erin", "config set zone Asia/Shanghai");
    let window = "'wed 20:00 for 2h'";
    let day: [(&str, String, &[&str]); 5] = [
        ("erin", format!("file -f 1 -w {window}"), &["y"]),
        ("carol", "approve 2".to_owned(), &["CHG-2"]),
        ("dave", "approve 2".to_owned(), &["CHG-2"]),
        ("erin", "start 2".to_owned(), &[]),
        ("erin", "finish 2".to_owned(), &["s"]),
    ];
    let mut keystrokes = 0;
    for (person, command, typed) in &day {
        if command.starts_with("start") {
            world.at("2026-12-02T12:00:00Z");
        }
        let output = world.run_typing(person, command, typed);
        assert_eq!(output.exit, Exit::Done, "{person}: {command}\n{}", output.screen);
        let enter = 1;
        keystrokes += "twinseal ".len() + command.len() + enter;
        keystrokes += typed.iter().map(|it| it.len() + enter).sum::<usize>();
    }
    assert!(world.ok("erin", "show 2").contains("succeeded"));
    // The window is what is new about the change.
    let new = window.len();
    assert!(day.len() <= 6 && keystrokes - new <= 120, "{} commands, {} keystrokes", day.len(), keystrokes - new);
}

#[test]
fn a_change_is_filed_from_options_alone() {
    let world = World::founded();
    let change = "--title 'Restart the gateway' --service order-gateway --window '2026-12-05 20:00 for 90m' --zone UTC \
                  --reason 'Memory leak.' --impact 'Orders wait.' --step 'Restart it.' --rollback 'Start the old one.'";
    world.ok("erin", &format!("file {change}"));
    let shown = world.ok("erin", "show 1");
    for part in ["Restart the gateway", "Memory leak.", "Orders wait.", "Restart it.", "Start the old one."] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_draft_in_which_nothing_was_written_is_not_kept() {
    let world = World::filed();
    for (editor, exit, told) in
        [("true", Exit::Refused, "not filed: nothing was written"), ("no-such-editor", Exit::Invalid, "cannot edit")]
    {
        world.variable("erin", "EDITOR", Some(editor));
        for command in ["file", "file --from 1"] {
            let left = world.run_typing("erin", command, &[]);
            assert!(left.exit == exit && left.err.contains(told), "{editor}, {command}: {}", left.screen);
            assert!(!left.err.contains("kept as"), "{editor}, {command}: {}", left.screen);
            assert_eq!(world.run("erin", "drafts list").err, "no drafts\n");
        }
    }
    // What was written before the editor failed is kept.
    world.variable("erin", "EDITOR", Some("f() { echo '# More.' >> \"$1\"; exit 1; }; f"));
    let left = world.run_typing("erin", "file", &[]);
    assert!(left.err.contains("kept as draft 5; go on with: `twinseal drafts resume 5`"), "{}", left.screen);
}

#[test]
fn a_draft_that_was_filed_is_not_kept_if_a_later_step_fails() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let world = World::founded();
    editor_writes(&world, CHANGE);
    let (mut env, recording) = world.env("erin", Some(&["y"]));
    env.out = Box::new(Full);
    let filed = World::run_in(&mut env, &recording, &["file".to_owned()]);
    assert!(filed.err.contains("is recorded, but a later step failed"), "{}", filed.screen);
    assert!(!filed.err.contains("kept as"), "{}", filed.screen);
    assert_eq!(world.run("erin", "drafts list").err, "no drafts\n");
    assert!(world.ok("erin", "show 1").contains("Raise the pool"));
}

#[test]
fn no_number_of_a_draft_is_given_twice() {
    let world = World::founded();
    editor_writes(&world, CHANGE);
    assert_eq!(world.run_typing("erin", "file", &["y"]).exit, Exit::Done);
    editor_writes(&world, &CHANGE.replace("Raise", "Lower"));
    let left = world.run_typing("erin", "file", &["n"]);
    // An editor that still has draft 1 open, filed since, writes into no other draft.
    assert!(left.err.contains("kept as draft 2"), "{}", left.screen);
    // A draft that was filed or discarded while it was edited is not filed again.
    world.variable("erin", "EDITOR", Some("rm"));
    let gone = world.run_typing("erin", "drafts resume 2", &[]);
    assert!(gone.exit == Exit::Invalid && gone.err.contains("no draft 2"), "{}", gone.screen);
}

#[test]
fn nobody_writes_a_draft_that_they_may_not_file() {
    let world = World::filed();
    world.write("people/carol/.local/state/twinseal/drafts/1.toml", CHANGE);
    world.variable("carol", "EDITOR", Some("touch opened"));
    for command in ["file", "file --from CHG-1", "file --title Mine --edit", "drafts resume 1"] {
        let refused = world.run_typing("carol", command, &[]);
        assert_eq!(refused.exit, Exit::Refused, "{command}: {}", refused.screen);
        assert!(refused.err.contains("carol does not have the role engineer"), "{command}: {}", refused.screen);
    }
    assert!(!world.path("opened").exists(), "the editor was opened");
    assert_eq!(world.ok("carol", "drafts").lines().count(), 2, "only the draft that was there");
}

#[test]
fn the_editor_begins_with_the_next_window_without_a_freeze() {
    let world = World::founded();
    world.ok("erin", "config set zone Asia/Shanghai");
    world.write(
        "freeze.toml",
        crate::support::FREEZE.replace("2026-12-01T11", "2026-12-02T12").replace("-01T12", "-03T01"),
    );
    world.ok("alice", "freeze propose freeze.toml");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    let seen = world.path("seen.toml").display().to_string();
    world.variable("erin", "EDITOR", Some(&format!("f() {{ cp \"$1\" {seen}; }}; f")));
    world.run_typing("erin", "file", &["n"]);
    let template = std::fs::read_to_string(seen).unwrap();
    for line in ["start = \"2026-12-03T09:00:00+08:00\"", "end = \"2026-12-03T11:00:00+08:00\""] {
        assert!(template.contains(line), "{line}: {template}");
    }
}
