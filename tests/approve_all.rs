//! `approve --all-of`: one answer signs all revisions of a list, or none.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use twinseal::env::Console;
use twinseal::error::Exit;
use zeroize::Zeroizing;

use crate::support::{CHANGE, World, words};

/// Four changes by erin.
fn world() -> World {
    let world = World::founded_with_spare_approvers();
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    for n in 2..=4 {
        world.write("other.toml", CHANGE.replace("160", &format!("{n}00")));
        world.ok("erin", "file other.toml");
    }
    world
}

const ALL: &str = "approve --all-of CHG-1,CHG-2,CHG-3,CHG-4";

/// The digest as `docs/approvers.md` defines it.
fn digest(world: &World, changes: &[&str]) -> String {
    let leaves: String = changes.iter().map(|it| format!("{}\n", world.revision(it).filed)).collect();
    Sha256::digest(leaves).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn answer(world: &World) -> String {
    format!("4 {}", &digest(world, &["CHG-1", "CHG-2", "CHG-3", "CHG-4"])[..8])
}

fn approvals(world: &World) -> [usize; 4] {
    ["CHG-1", "CHG-2", "CHG-3", "CHG-4"].map(|it| world.change(it).approvals().count())
}

#[test]
fn one_answer_signs_an_approval_of_each_revision() {
    let world = world();
    let before = world.entries();
    let output = world.run_typing("carol", &format!("{ALL} --note 'Read in the CAB.'"), &["y", &answer(&world)]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert_eq!((approvals(&world), world.entries()), ([1; 4], before + 4));
    for n in 1..=4 {
        assert!(output.err.contains(&format!("CHG-{n} approved (1 of 2)")), "{}", output.screen);
        let vote = world.change(&format!("CHG-{n}")).approvals().next().unwrap().clone();
        assert_eq!(vote.revision, world.revision(&format!("CHG-{n}")).filed);
    }
    let table = output.err.find("OPENS").unwrap();
    assert!(table < output.err.find("about to sign: approve 4 changes").unwrap(), "{}", output.screen);
    assert!(output.err.contains("| Read in the CAB."), "what is signed is shown: {}", output.screen);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    // Again, there is nothing to sign.
    let again = world.run_typing("carol", ALL, &[]);
    assert!(
        again.exit == Exit::Done && again.err.contains("all of them are approved by you already"),
        "{}",
        again.screen
    );
    assert_eq!(world.entries(), before + 4);
}

#[test]
fn a_list_is_read_from_a_file_from_standard_input_and_from_the_command_line() {
    let world = world();
    let all = digest(&world, &["CHG-1", "CHG-2", "CHG-3", "CHG-4"]);
    world.write("tuesday.txt", "# Patch Tuesday\nCHG-4\n\n  chg-2\n3\r\nCHG-1\n");
    for (person, list) in [("carol", "tuesday.txt"), ("dave", "4,chg-1,CHG-2,3")] {
        assert_eq!(world.run(person, &format!("approve --all-of {list} --digest {all}")).exit, Exit::Done, "{list}");
    }
    assert_eq!(approvals(&world), [2; 4]);
    let read = world.run_reading("carol", "approve --all-of -", "CHG-1\nCHG-9\n");
    assert!(read.exit == Exit::Invalid && read.err.contains("no change CHG-9"), "{}", read.screen);
    world.write("bad.txt", "CHG-1\nCHG-x\n\nseven\n");
    world.fails("carol", "approve --all-of bad.txt", Exit::Invalid, "bad.txt has 2 faults");
    let bad = world.run("carol", "approve --all-of bad.txt");
    assert!(bad.err.contains("bad.txt:2") && bad.err.contains("bad.txt:4"), "{}", bad.screen);
    world.write("empty.txt", "# none\n");
    world.fails("carol", "approve --all-of empty.txt", Exit::Invalid, "required, but missing or empty");
    world.fails("carol", "approve --all-of CHG-1,CHG-1", Exit::Invalid, "CHG-1 is named twice");
    world.fails("carol", "approve --all-of CHG-1,x", Exit::Invalid, "\"x\"");
    world.fails("carol", "approve --all-of CHG-1 CHG-2", Exit::Invalid, "cannot be used with");
    world.fails("carol", "approve CHG-1 --digest 00", Exit::Invalid, "cannot be used with");
}

#[test]
fn no_wrong_number_or_digest_signs_anything() {
    let world = world();
    let right = answer(&world);
    let short = right.split(' ').next_back().unwrap();
    for wrong in [
        "",
        "y",
        "4",
        short,
        "CHG-1",
        &format!("3 {short}"),
        &right.to_uppercase().replace("4 ", "5 "),
        &format!("{right}0"),
    ] {
        let typed = if wrong.is_empty() { &[wrong][..] } else { &[wrong; 3] };
        let output = world.run_typing("carol", ALL, typed);
        assert_eq!((output.exit, approvals(&world)), (Exit::Refused, [0; 4]), "{wrong:?}\n{}", output.screen);
    }
    world.fails("carol", ALL, Exit::Invalid, "--digest DIGEST is required");
    let other = digest(&world, &["CHG-1", "CHG-2", "CHG-3"]);
    world.fails("carol", &format!("{ALL} --digest {other}"), Exit::Invalid, "does not match the current digest");
    world.fails("carol", &format!("{ALL} --digest {short}"), Exit::Invalid, "digest");
}

#[test]
fn none_is_signed_if_one_cannot_be_approved() {
    let world = world();
    world.ok("dave", "reject CHG-2 --reason No.");
    world.write(
        "erin.toml",
        CHANGE.replace("owner = \"erin\"", "owner = \"erin\"\nauthors = [\"carol\"]").replace("160", "9"),
    );
    world.ok("erin", "revise CHG-4 erin.toml");
    let output = world.run_typing("carol", ALL, &[]);
    assert_eq!((output.exit, approvals(&world)), (Exit::Refused, [0; 4]), "{}", output.screen);
    assert!(output.unanswered.is_empty(), "it is named before the question: {}", output.screen);
    for said in [
        "CHG-2 cannot be approved: ",
        "CHG-4 cannot be approved: ",
        "error: 2 of 4 changes cannot be approved: CHG-2 CHG-4; none was signed",
        "`twinseal approve --all-of CHG-1,CHG-3`",
    ] {
        assert!(output.err.contains(said), "{said}\n{}", output.screen);
    }
}

/// A console at which something happens while the person reads.
struct Meanwhile {
    happens: Box<dyn FnMut()>,
    answer: String,
}

impl Console for Meanwhile {
    fn is_interactive(&self) -> bool {
        true
    }

    fn can_ask_secret(&self) -> bool {
        false
    }

    fn ask(&mut self, _: &str) -> io::Result<String> {
        (self.happens)();
        Ok(self.answer.clone())
    }

    fn secret(&mut self, _: &str) -> io::Result<Zeroizing<String>> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

#[test]
fn none_is_signed_if_one_changes_while_the_approver_reads() {
    for (person, meanwhile, moved) in [
        ("erin", "revise CHG-3 change.toml --again", "CHG-3"),
        ("dave", "reject CHG-2 --reason No.", "CHG-2"),
        ("erin", "withdraw CHG-1", "CHG-1"),
        ("alice", "person suspend carol", "CHG-1"),
    ] {
        let world = Rc::new(world());
        let (mut env, recording) = world.env("carol", Some(&[]));
        let other = Rc::clone(&world);
        let happens = Box::new(move || drop(other.ok(person, meanwhile)));
        env.console = Box::new(Meanwhile { happens, answer: answer(&world) });
        let output = World::run_in(&mut env, &recording, &words(ALL));
        assert_eq!((output.exit, approvals(&world)), (Exit::Refused, [0; 4]), "{meanwhile}\n{}", output.screen);
        let said = output.err.contains("changed while you read") && output.err.contains("none was signed");
        assert!(said && output.err.contains(moved), "{meanwhile}\n{}", output.screen);
    }
    // What concerns none of them keeps nobody from signing.
    let world = Rc::new(world());
    let (mut env, recording) = world.env("carol", Some(&[]));
    let other = Rc::clone(&world);
    let happens = Box::new(move || drop(other.ok("dave", "note CHG-1 Seen.")));
    env.console = Box::new(Meanwhile { happens, answer: answer(&world) });
    let output = World::run_in(&mut env, &recording, &words(ALL));
    assert_eq!((output.exit, approvals(&world)), (Exit::Done, [1; 4]), "{}", output.screen);
}

#[test]
fn a_failure_in_the_middle_says_exactly_what_was_recorded() {
    let world = world();
    let all = digest(&world, &["CHG-1", "CHG-2", "CHG-3", "CHG-4"]);
    let (mut env, recording) = world.env("carol", None);
    // The salt of each text is drawn: four times by each of the two checks, then once for each approval.
    let (drawn, mut random) = (Rc::new(Cell::new(0)), env.random);
    let count = Rc::clone(&drawn);
    env.random = Box::new(move |bytes| {
        count.set(count.get() + 1);
        if count.get() > 10 { Err(io::Error::other("the source is gone")) } else { random(bytes) }
    });
    let output = World::run_in(&mut env, &recording, &words(&format!("{ALL} --note Read. --digest {all}")));
    assert_eq!((output.exit, drawn.get()), (Exit::Environment, 11), "{}", output.screen);
    assert_eq!(approvals(&world), [1, 1, 0, 0]);
    for said in ["recorded: CHG-1 CHG-2; not recorded: CHG-3 CHG-4", "`twinseal approve --all-of CHG-3,CHG-4`"] {
        assert!(output.err.contains(said), "{said}\n{}", output.screen);
    }
    let rest = digest(&world, &["CHG-3", "CHG-4"]);
    world.ok("carol", &format!("{ALL} --digest {rest}"));
    assert_eq!(approvals(&world), [1; 4]);
}

#[test]
fn the_answer_in_json_has_every_entry() {
    let world = world();
    let all = digest(&world, &["CHG-1", "CHG-2", "CHG-3", "CHG-4"]);
    world.approve("carol", "CHG-2");
    let rest = digest(&world, &["CHG-1", "CHG-3", "CHG-4"]);
    let output = world.run("carol", &format!("{ALL} --digest {rest} --json"));
    let said: Value = serde_json::from_str(&output.out).unwrap();
    let changes: Vec<&str> =
        said["approved"].as_array().unwrap().iter().map(|it| it["recorded"]["change"].as_str().unwrap()).collect();
    assert_eq!((changes, said["already"][0].as_str()), (vec!["CHG-1", "CHG-3", "CHG-4"], Some("CHG-2")));
    assert_eq!(said["digest"].as_str(), Some(rest.as_str()));
    let before = world.entries();
    let dry = world.run("dave", &format!("{ALL} --digest {all} --dry-run"));
    assert_eq!((dry.exit, world.entries()), (Exit::Done, before), "{}", dry.screen);
    for seq in before..before + 4 {
        assert!(dry.out.contains(&format!("would be recorded as entry {seq}: change.approve")), "{}", dry.screen);
    }
    let named = world.run("dave", ALL);
    assert!(named.err.contains("hint: `twinseal approve --all-of"), "{}", named.screen);
    let dry = world.run("dave", &format!("{ALL} --dry-run"));
    assert_eq!((dry.exit, world.entries()), (Exit::Done, before), "{}", dry.screen);
    assert!(dry.err.contains(&format!("digest {all}")), "a script's author finds the digest: {}", dry.screen);
}
