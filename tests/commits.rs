//! Authors that are taken from git commits.

use std::process::Command;

use crate::support::{CHANGE, World, stock_tool};
use twinseal::domain::Author;
use twinseal::error::Exit;

/// Runs git in the folder of the world, without this account's configuration.
fn git(world: &World, args: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=Somebody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgSign=false"]);
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = git.args(args).current_dir(world.path("")).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(world: &World, address: &str) {
    git(world, &["commit", "--quiet", "--allow-empty", "-m", "A commit", "--author", &format!("Them <{address}>")]);
}

/// A register, a draft, and a repository with the tag `v1` and commits by carol (twice) and by a vendor after it.
fn world(authors: &str) -> Option<World> {
    if !stock_tool("git") {
        return None;
    }
    let world = World::founded_with_spare_approvers();
    git(&world, &["init", "--quiet"]);
    commit(&world, "first@example.com");
    git(&world, &["tag", "v1"]);
    ["Carol@example.com", "jane@vendor.example", "carol@example.com"].iter().for_each(|it| commit(&world, it));
    world.write("change.toml", CHANGE);
    world.write("people/erin/.config/twinseal/config.toml", format!("[authors]\n{authors}\n"));
    Some(world)
}

const MAPPED: &str = "\"carol@example.com\" = \"carol\"\n\"Jane@vendor.example\" = \"external vendor-jane\"";

fn authors(world: &World) -> Vec<String> {
    world.change("CHG-1").current().facts.authors.iter().map(Author::to_string).collect()
}

#[test]
fn the_authors_of_commits_are_added_to_those_in_the_draft_and_cannot_approve() {
    let Some(world) = world(MAPPED) else { return };
    world.write("change.toml", CHANGE.replace("risk =", "authors = \"erin\"\nrisk ="));
    let checked = world.ok("erin", "--json check change.toml --register prod.db --commits v1..HEAD");
    assert!(checked.contains("external vendor-jane"), "{checked}");
    world.ok("erin", "file change.toml --commits v1..HEAD");
    assert_eq!(authors(&world), ["carol", "erin", "external vendor-jane"]);
    let shown = world.ok("audrey", "show CHG-1");
    assert!(shown.contains("= author     carol\n= author     erin\n= author     external vendor-jane\n"), "{shown}");
    let approve = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("carol", &approve, Exit::Refused, "because you are an author of it");
    world.ok("dave", &approve);
    // A revision is filed in the same way.
    commit(&world, "carol@example.com");
    world.ok("erin", "revise CHG-1 change.toml --commits HEAD~1..HEAD");
    assert_eq!(authors(&world), ["carol", "erin"]);
}

#[test]
fn nothing_is_filed_if_an_address_is_not_mapped() {
    let Some(world) = world("\"dave@example.com\" = \"dave\"") else { return };
    commit(&world, "dave@example.com");
    let output = world.run("erin", "file change.toml --commits v1..HEAD");
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    for address in ["Carol@example.com", "carol@example.com", "jane@vendor.example"] {
        let fault = format!("authors: commits by {address}: the address is not in [authors] of config.toml");
        assert!(output.err.contains(&fault), "{}", output.screen);
    }
    assert!(!output.err.contains("dave@"), "{}", output.screen);
    assert_eq!(world.entries(), 2);
}

#[test]
fn an_address_of_somebody_who_was_never_enrolled_is_a_fault() {
    let mapped = MAPPED.replace("\"carol\"", "\"mallory\"");
    let Some(world) = world(&mapped) else { return };
    world.fails("erin", "file change.toml --commits v1..HEAD", Exit::Invalid, "author mallory is not enrolled");
    assert_eq!(world.entries(), 2);
}

#[test]
fn a_mailmap_in_the_repository_replaces_no_author() {
    let Some(world) = world(MAPPED) else { return };
    world.write(".mailmap", "Jane <jane@vendor.example> <carol@example.com>\n");
    git(&world, &["config", "log.mailmap", "true"]);
    world.ok("erin", "file change.toml --commits v1..HEAD");
    assert_eq!(authors(&world), ["carol", "external vendor-jane"]);
}

#[test]
fn no_commit_that_stands_in_for_another_hides_its_author() {
    let Some(world) = world("\"carol@example.com\" = \"carol\"\n\"erin@example.com\" = \"erin\"") else { return };
    commit(&world, "carol@example.com");
    git(&world, &["tag", "deployed"]);
    git(&world, &["checkout", "--quiet", "--detach", "HEAD~1"]);
    commit(&world, "erin@example.com");
    git(&world, &["replace", "deployed", "HEAD"]);
    world.ok("erin", "file change.toml --commits deployed~1..deployed");
    assert_eq!(authors(&world), ["carol"]);
}

#[test]
fn a_range_is_never_an_option_of_git() {
    let Some(world) = world(MAPPED) else { return };
    for range in ["--output=found..HEAD", "v1", "..HEAD", "v1..", "v1...HEAD", "-1..HEAD", "v1..HEAD --all", ""] {
        let args = ["file", "change.toml", &format!("--commits={range}")].map(str::to_owned);
        let output = world.run_words("erin", &args, None);
        assert_eq!(output.exit, Exit::Invalid, "{range}: {}", output.screen);
    }
    assert!(!world.path("found..HEAD").exists() && !world.path("found").exists());
    world.fails("erin", "file change.toml --commits v1..v9", Exit::Invalid, "cannot read the commits: fatal: ");
    world.fails("erin", "file change.toml --commits HEAD..v1", Exit::Invalid, "authors: no commits in HEAD..v1");
    assert_eq!(world.entries(), 2);
}

#[test]
fn a_repository_runs_no_program_of_its_own() {
    let Some(world) = world(MAPPED) else { return };
    let trap = world.path("trap.sh");
    world.write("trap.sh", "#!/bin/sh\ntouch \"$(dirname \"$0\")/sprung\"\n");
    Command::new("chmod").arg("+x").arg(&trap).status().unwrap();
    for key in ["core.pager", "pager.log", "core.fsmonitor", "gpg.program", "diff.external", "core.sshCommand"] {
        git(&world, &["config", key, trap.to_str().unwrap()]);
    }
    git(&world, &["config", "log.showSignature", "true"]);
    git(&world, &["config", "alias.log", "!./trap.sh"]);
    world.ok("erin", "file change.toml --commits v1..HEAD");
    assert!(!world.path("sprung").exists());
}

#[test]
fn a_table_of_authors_that_says_nothing_clear_is_refused() {
    for (authors, complaint) in [
        ("\"a@example.com\" = \"Not A Person\"", "a@example.com: not a person"),
        ("\"a@example.com\" = \"external \"", "a@example.com: not an external author's name"),
        ("\"a@example.com\" = \"erin\"\n\"A@example.com\" = \"dave\"", "a@example.com is listed twice"),
        ("\"a@example.com\" = 1", "invalid type"),
    ] {
        let Some(world) = world(authors) else { return };
        world.fails("erin", "file change.toml --commits v1..HEAD", Exit::Invalid, complaint);
    }
}
