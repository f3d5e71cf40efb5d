//! Many entries, and many people at once.

use std::process::Child;

use crate::support::{CHANGE, MORNING, PATIENCE, World};
use twinseal::domain::{Digest, Event, Head};
use twinseal::format::Raw;
use twinseal::store::{Appended, Pin, PinFile, Writer};

/// A log that is longer than any of the ways in which its work is shared out is there for.
const LONG: u64 = 9_000;

/// How many changes it is about.
const CHANGES: u64 = 30;

#[test]
fn a_broken_entry_in_a_long_log_is_named_alone() {
    let world = World::filed();
    for _ in 1..CHANGES {
        world.ok("erin", "file change.toml --again");
    }
    let revisions: Vec<_> = (1..=CHANGES).map(|n| world.revision(&format!("CHG-{n}"))).collect();
    let approvals = revisions.iter().cycle().map(|it| Event::Approve(*it));
    world.record_all("carol", approvals.take((LONG - world.entries()) as usize));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    assert_eq!(world.entries(), LONG);
    for broken in [907, LONG - 2] {
        let sign_as = |person: &str, other: &str| {
            let blob = String::from_utf8(world.raw(broken).blob).unwrap();
            let blob = blob.replace(&format!("actor {person}"), &format!("actor {other}"));
            world.put(&Raw { blob: blob.into(), ..world.raw(broken) });
        };
        sign_as("carol", "audre");
        let findings = world.findings("audrey");
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert!(findings[0].starts_with(&format!("entry {broken}: [signature]")), "{findings:#?}");
        sign_as("audre", "carol");
    }
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn nothing_is_lost_when_many_record_at_once() {
    let world = World::founded();
    let now = world.at_real_time();
    let time = |seconds| now.plus(seconds).to_string();
    let change = CHANGE.replace("2026-12-01T10:00:00Z", &time(0)).replace("2026-12-01T12:00:00Z", &time(3600));
    world.write("change.toml", change);
    let before = world.entries();
    let filings: Vec<_> = (0..8).map(|_| spawn(&world, "erin", &["file", "--again", "change.toml"])).collect();
    let mut acknowledged: Vec<String> = filings.into_iter().map(first_word).collect();
    acknowledged.sort();
    let changes: Vec<String> = (1..=8).map(|n| format!("CHG-{n}")).collect();
    assert_eq!(acknowledged, changes);

    // Eight processes of one account share a verified cache, and each needs another change of it.
    let revisions: Vec<String> = changes.iter().map(|change| world.revision(change).filed.to_string()).collect();
    let approve = |n: usize| spawn(&world, "carol", &["approve", &changes[n], "--revision", &revisions[n]]);
    let approvals: Vec<_> = (0..8).map(approve).collect();
    approvals.into_iter().for_each(|process| drop(first_word(process)));
    assert_eq!(world.entries(), before + 16);
    world.at(&time(60));
    assert_eq!(world.findings("erin"), Vec::<String>::new());
    assert!(changes.iter().all(|change| world.change(change).votes().len() == 1));
}

fn spawn(world: &World, person: &str, arguments: &[&str]) -> Child {
    world.command(person, arguments).spawn().unwrap()
}

/// Waits for a process that must be done, and returns the first word that it said.
fn first_word(process: Child) -> String {
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn nothing_is_appended_on_another_head_than_the_newest_entry() {
    let world = World::filed();
    let (mut shared, _) = world.open_store();
    let turn = shared.turn(&Writer { account: "erin".to_owned(), patience: PATIENCE }).unwrap();
    let raw = Raw { seq: 3, blob: b"blob".to_vec(), text: None, data: None };
    let head = |seq, leaf| Some(Head { seq, leaf });
    let (newest, other) = (world.raw(2).leaf(), Digest::new([9; 32]));
    // At its place, but another entry; an earlier one; one that is yet to come; none.
    for wrong in [head(2, other), head(2, world.raw(1).leaf()), head(1, world.raw(1).leaf()), head(3, newest), None] {
        let appended = shared.append(&turn, wrong, &raw, &[], &|_| Ok(())).unwrap();
        assert!(matches!(appended, Appended::HeadMoved), "{wrong:?}");
    }
    assert_eq!(world.entries(), 3);
    let appended = shared.append(&turn, head(2, newest), &raw, &[], &|_| Ok(())).unwrap();
    assert!(matches!(appended, Appended::Done));
}

#[test]
fn no_pin_is_replaced_that_another_process_has_moved() {
    let folder = tempfile::tempdir().unwrap();
    let (leaf, verified) = (Digest::new([7; 32]), MORNING.parse().unwrap());
    let pin = |seq| Pin { fingerprint: leaf, head: Head { seq, leaf }, verified };
    let file = PinFile::in_folder(folder.path());
    file.advance(pin(4)).unwrap();
    // A restoration moves the pin from entry 4 back to entry 2, but another process has verified entry 6 by now.
    file.advance(pin(6)).unwrap();
    for old in [Some(pin(4)), Some(pin(7)), None] {
        assert_eq!(file.replace(old, pin(2)).unwrap(), pin(6));
        assert_eq!(file.read(leaf).unwrap(), Some(pin(6)));
    }
    assert_eq!(file.replace(Some(pin(6)), pin(2)).unwrap(), pin(2));
    assert_eq!(file.read(leaf).unwrap(), Some(pin(2)));
}
