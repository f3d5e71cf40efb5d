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
    // Another file of that name, which comes first.
    world.write("build/a/gw.tar.gz", "an older build");
    let output = world.run("erin", "start CHG-1 --artifacts build");
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
