//! `start` finds the artifacts that are not named. Their SHA-256 decides, wherever they were found.

use crate::support::{CHANGE, World};
use twinseal::error::Exit;

/// CHG-1 with two artifacts, approved; it is 10:00.
fn world() -> World {
    let world = World::founded();
    world.write("build/x/gw.tar.gz", "the approved build");
    world.write("build/gw.conf", "pool = 160\n");
    let artifacts = "\n[[artifacts]]\nname = \"gw.tar.gz\"\nfile = \"build/x/gw.tar.gz\"\n\
                     [[artifacts]]\nname = \"gw.conf\"\nfile = \"build/gw.conf\"\n";
    world.write("change.toml", format!("{CHANGE}{artifacts}"));
    world.ok("erin", "file change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world
}

#[test]
fn artifacts_are_found_below_a_directory() {
    let world = world();
    // A second copy of the same content.
    world.write("build/y/gw.tar.gz", "the approved build");
    // Also with -q, because the SHA-256 of these files is signed.
    let output = world.run("erin", "-q start CHG-1 --artifacts build");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    for said in ["artifact gw.tar.gz: build/x/gw.tar.gz\n", "artifact gw.conf: build/gw.conf\n"] {
        assert!(output.err.contains(said), "{said}\n{}", output.screen);
    }
}

#[test]
fn artifacts_are_found_in_the_current_directory() {
    let world = world();
    world.write("gw.tar.gz", "the approved build");
    world.ok("erin", "start CHG-1 --artifact gw.conf=build/gw.conf");
}

#[test]
fn no_artifact_that_differs_is_started_wherever_it_was_found() {
    let world = world();
    for (command, complaint) in [
        ("start CHG-1", "approved artifact gw.tar.gz was not given"),
        ("start CHG-1 --artifacts empty", "cannot read empty"),
    ] {
        let output = world.run("erin", command);
        assert!(output.exit != Exit::Done && output.err.contains(complaint), "{command}\n{}", output.screen);
    }
    assert!(world.run("erin", "start CHG-1").err.contains("hint: name its file: --artifact gw.tar.gz=FILE"));
    world.write("build/x/gw.tar.gz", "another build");
    world.fails(
        "erin",
        "start CHG-1 --artifacts build",
        Exit::Refused,
        "artifact gw.tar.gz differs from the approved one",
    );
    world.fails("erin", "start CHG-1 --artifacts build --artifact gw.tar.gz=build/gw.conf", Exit::Refused, "differs");
    // A link leads nowhere.
    std::fs::remove_file(world.path("build/x/gw.tar.gz")).unwrap();
    world.write("elsewhere/gw.tar.gz", "the approved build");
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("build/link")).unwrap();
    world.fails("erin", "start CHG-1 --artifacts build", Exit::Refused, "approved artifact gw.tar.gz was not given");
    assert!(world.change("CHG-1").started().is_none());
    world.ok("erin", "start CHG-1 --artifacts build --artifact gw.tar.gz=elsewhere/gw.tar.gz");
}

#[test]
fn no_approved_copy_vouches_for_another_file_of_its_name() {
    let start = "start CHG-1 --artifacts build";
    for [approved, deployed] in [
        ["build/.cache/gw.tar.gz", "build/x/gw.tar.gz"],
        ["build/x/gw.tar.gz", "build/gw.tar.gz"],
        ["build/a b/gw.tar.gz", "build/x/gw.tar.gz"],
    ] {
        let world = world();
        std::fs::remove_file(world.path("build/x/gw.tar.gz")).unwrap();
        world.write(approved, "the approved build");
        world.write(deployed, "another build");
        world.fails("erin", start, Exit::Refused, "the files named gw.tar.gz differ: ");
        let said = world.run("erin", start).err;
        for path in [approved, deployed] {
            let word = if path.contains(' ') { format!("'{path}'") } else { path.to_owned() };
            assert!(said.contains(&format!("--artifact gw.tar.gz={word}")), "{path}\n{said}");
        }
        assert!(world.change("CHG-1").started().is_none());
        world.fails("erin", &format!("{start} --artifact gw.tar.gz={deployed}"), Exit::Refused, "differs from");
        world.ok("erin", &format!("{start} --artifact 'gw.tar.gz={approved}'"));
    }
}

#[test]
fn no_link_with_the_name_of_an_artifact_is_passed_over() {
    let world = world();
    world.write("elsewhere/other", "another build");
    let link = world.path("build/gw.tar.gz");
    std::os::unix::fs::symlink(world.path("elsewhere/other"), &link).unwrap();
    world.fails("erin", "start CHG-1 --artifacts build", Exit::Refused, "the files named gw.tar.gz differ: ");
    // What cannot be read might be what is deployed.
    std::fs::remove_file(world.path("elsewhere/other")).unwrap();
    world.fails("erin", "start CHG-1 --artifacts build", Exit::Invalid, "cannot read ");
    std::fs::remove_file(&link).unwrap();
    world.ok("erin", "start CHG-1 --artifacts build");
}

#[test]
fn no_start_rests_on_a_part_of_the_directory() {
    let world = world();
    (0..100_000).for_each(|n| world.write(&format!("build/many/{n}"), ""));
    world.fails(
        "erin",
        "start CHG-1 --artifacts build",
        Exit::Invalid,
        "more than 100000 files and directories below build",
    );
}

#[test]
fn no_artifact_of_a_run_is_looked_for_by_its_name() {
    let world = world();
    world.write("gw.tar.gz", "the approved build");
    world.write("gw.conf", "pool = 160\n");
    let complaint = "--artifacts is not for pipelines";
    world.fails("erin", "start CHG-1 --run-id 7 --artifacts build", Exit::Refused, complaint);
    world.fails("erin", "start CHG-1 --run-id 7", Exit::Refused, "approved artifact gw.tar.gz was not given");
    let gate = world.run("erin", "gate CHG-1 --start --run-id 7");
    assert!(gate.exit == Exit::Refused && gate.screen.contains("gw.tar.gz was not given"), "{}", gate.screen);
    assert!(world.change("CHG-1").started().is_none());
    world.ok("erin", "start CHG-1 --run-id 7 -a gw.tar.gz=gw.tar.gz -a gw.conf=gw.conf");
}
