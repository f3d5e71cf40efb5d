//! Many entries, and many people at once.

mod support;

use std::process::Child;

use support::{CHANGE, World};
use twinseal::domain::Event;

/// A log of more than one batch for each worker, so that order is kept across threads.
const LONG: u64 = 1_500;

/// A world whose log carol made long by approving CHG-1 again and again.
fn long() -> World {
    let world = World::filed();
    let approval = || Event::Approve(world.revision("CHG-1"));
    world.record_many("carol", approval(), LONG - world.entries());
    world
}

#[test]
fn a_long_log_is_verified_in_order() {
    let world = long();
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    assert_eq!(world.entries(), LONG);
}

#[test]
fn a_broken_entry_in_a_long_log_is_named_alone() {
    let world = long();
    world.tamper("UPDATE entry SET blob = CAST(replace(blob, 'actor carol', 'actor audre') AS BLOB) WHERE seq = 907");
    let findings = world.findings("audrey");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(findings[0].starts_with("entry 907: [signature]"), "{findings:#?}");
}

#[test]
fn nothing_is_lost_when_many_record_at_once() {
    let world = World::founded();
    let now = world.at_real_time();
    let time = |seconds| now.plus(seconds).to_string();
    let change = CHANGE.replace("2026-12-01T10:00:00Z", &time(0)).replace("2026-12-01T12:00:00Z", &time(3600));
    world.write("change.toml", change);
    let before = world.entries();
    let filings: Vec<_> = (0..8).map(|_| spawn(&world, "erin", &["file", "change.toml"])).collect();
    let mut acknowledged: Vec<String> = filings.into_iter().map(first_word).collect();
    acknowledged.sort();
    let changes: Vec<String> = (1..=8).map(|n| format!("CHG-{n}")).collect();
    assert_eq!(acknowledged, changes);

    // Eight processes of one account share a verified copy, and each needs another change of it.
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
