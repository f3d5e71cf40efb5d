//! A restoration lists every lost entry, and excuses no pin that it does not list.

use std::fs;

use twinseal::domain::{Action, Digest, Event, Head, LostEntries, ProposalId, ProposalRef};
use twinseal::error::Exit;

use super::{leaf_of, put_back, restored, stopped};
use crate::support::{CHANGE, World};

/// A proposal to continue after entry 2, without entries that have these leaf hashes.
fn restoration(world: &World, leaves: &[Digest]) -> Event {
    let restored = Head { seq: 2, leaf: world.raw(2).leaf() };
    let lost = LostEntries::after(restored, leaves.to_vec()).unwrap();
    Event::Propose { proposal: world.state().governance().next_proposal(), action: Action::Restored(lost) }
}

/// Two admins agree on a restoration in which each counts on the other: neither has verified the lost entries.
fn agree_unseen(world: &World, leaves: &[Digest]) {
    world.record_all("alice", [restoration(world, leaves)]);
    let opened = world.newest_proposal().opened;
    let proposal = ProposalId::after(world.state().governance().proposals() - 1);
    world.record_all("bob", [Event::Second(ProposalRef { proposal, opened })]);
}

#[test]
fn a_pin_beyond_the_listed_entries_is_not_excused() {
    let world = restored();
    agree_unseen(&world, &[leaf_of(&world, "late.db", 3)]);
    stopped(&world, "carol", "list");
    // A second proposal lists all the lost entries.
    world.ok("alice", "proposal restored --reason 'It was entry 4.'");
    world.run_typing("bob", "proposal second 2", &["2"]);
    world.ok("carol", "list");
}

#[test]
fn a_pin_at_another_entry_than_the_listed_one_is_not_excused() {
    let world = restored();
    agree_unseen(&world, &[leaf_of(&world, "late.db", 3), Digest::new([7; 32])]);
    stopped(&world, "carol", "list");
}

#[test]
fn a_pin_between_the_ends_is_excused_only_if_it_is_listed() {
    for listed in [true, false] {
        let world = World::filed();
        world.ok("erin", "backup early.db");
        world.approve("carol", "CHG-1");
        world.ok("audrey", "list");
        world.approve("dave", "CHG-1");
        world.ok("erin", "backup late.db");
        world.ok("bob", "list");
        put_back(&world, "early.db");
        let between = if listed { leaf_of(&world, "late.db", 3) } else { Digest::new([7; 32]) };
        agree_unseen(&world, &[between, leaf_of(&world, "late.db", 4)]);
        // bob verified the last listed entry, and audrey the one before it.
        world.ok("bob", "list");
        match listed {
            true => drop(world.ok("audrey", "list")),
            false => stopped(&world, "audrey", "list"),
        }
    }
}

#[test]
fn nobody_seconds_a_restoration_who_holds_more_than_it_lists() {
    let world = restored();
    let (three, four) = (leaf_of(&world, "late.db", 3), leaf_of(&world, "late.db", 4));
    let cases = [
        (vec![three], "Verified up to entry 4", "The list ends at entry 3"),
        (vec![three, Digest::new([7; 32])], "on another branch", "Verified up to entry 4"),
        (vec![Digest::new([7; 32]), Digest::new([8; 32]), four], "on another branch", "Verified up to entry 4"),
    ];
    for (at, (leaves, one, other)) in (1..).zip(cases) {
        world.record_all("alice", [restoration(&world, &leaves)]);
        let shown = world.ok("bob", &format!("proposal show {at}")).replace("\n", " ");
        assert!(shown.contains(one) && shown.contains(other), "{shown}");
        let entries = world.entries();
        let complaint = "which the restoration does not list as lost";
        let typed = world.run_typing("bob", &format!("proposal second {at}"), &[&at.to_string()]);
        assert!(typed.exit == Exit::Broken && typed.err.contains(complaint), "{}", typed.screen);
        let digest = world.newest_proposal().opened;
        world.fails("bob", &format!("proposal second {at} --digest {digest}"), Exit::Broken, complaint);
        assert_eq!(world.entries(), entries);
    }
}

#[test]
fn nobody_seconds_a_restoration_that_does_not_fit_the_log() {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    world.ok("bob", "list");
    let propose = |world: &World, restored: Head, leaves: &[Digest]| {
        let lost = LostEntries::after(restored, leaves.to_vec()).unwrap();
        let proposal = world.state().governance().next_proposal();
        world.record_all("alice", [Event::Propose { proposal, action: Action::Restored(lost) }]);
    };
    let at = |seq: u64| Head { seq, leaf: world.raw(seq).leaf() };
    let cases = [
        (
            Head { seq: 2, leaf: Digest::new([9; 32]) },
            vec![Digest::new([8; 32])],
            "its entry 2 is not the entry 2 0909",
        ),
        (at(1), vec![at(2).leaf, at(3).leaf], "it has entry 2, which the proposal lists as lost"),
        (at(1), vec![Digest::new([8; 32]), at(3).leaf], "it has entry 3, which the proposal lists as lost"),
    ];
    for (number, (restored, leaves, complaint)) in (1..).zip(cases) {
        propose(&world, restored, &leaves);
        let digest = world.newest_proposal().opened;
        let command = format!("proposal second {number} --digest {digest}");
        world.fails("bob", &command, Exit::Broken, complaint);
    }
}

#[test]
fn whoever_verified_none_of_the_lost_entries_sees_that() {
    let world = World::filed();
    world.ok("bob", "list");
    world.ok("erin", "backup early.db");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.ok("alice", "list");
    put_back(&world, "early.db");
    let said = world.run("alice", "proposal restored --reason 'The disk died.'");
    let listed = "the proposal lists entries 3 to 4; the list is permanent and cannot be redacted";
    assert!(said.exit == Exit::Done && said.err.contains(listed), "{}", said.screen);
    let shown = world.run_typing("bob", "proposal second 1", &["1"]);
    assert_eq!(shown.exit, Exit::Done, "{}", shown.screen);
    assert!(shown.screen.contains("The log has every entry that this account verified."), "{}", shown.screen);
    world.ok("carol", "list");
}

#[test]
fn an_account_without_the_lost_entries_in_its_cache_cannot_list_them() {
    let world = restored();
    let folder = format!("people/alice/.local/state/twinseal/{}", world.fingerprint());
    for file in ["verified.sqlite", "verified.sqlite-wal", "verified.sqlite-shm"] {
        let _ = fs::remove_file(world.path(&format!("{folder}/{file}")));
    }
    let complaint = "this account's verified cache lacks the lost entries";
    world.fails("alice", "proposal restored --reason Why.", Exit::Invalid, complaint);
    world.ok("bob", "proposal restored --reason 'The disk died.'");
    // The pin alone shows that the newest entry is listed.
    let shown = world.run_typing("alice", "proposal second 1", &["1"]);
    assert_eq!(shown.exit, Exit::Done, "{}", shown.screen);
    world.ok("alice", "list");
}

#[test]
fn what_only_another_account_verified_is_listed_after_ones_own() {
    let world = World::filed();
    world.ok("erin", "backup early.db");
    world.approve("carol", "CHG-1");
    world.ok("alice", "list");
    world.approve("dave", "CHG-1");
    world.ok("erin", "backup late.db");
    put_back(&world, "early.db");
    let lost = format!("4:{}", leaf_of(&world, "late.db", 4));
    world.ok("alice", &format!("proposal restored --lost {lost} --reason 'Nobody has it.'"));
    assert!(world.run_typing("bob", "proposal second 1", &["1"]).screen.contains("entries 3 to 4 lost"));
    for person in ["alice", "carol", "dave"] {
        world.ok(person, "list");
    }
}

#[test]
fn no_restoration_of_another_log_excuses_a_pin_by_listing_its_entry() {
    let world = World::founded();
    world.ok("erin", "backup early.db");
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.ok("carol", "list");
    world.ok("erin", "backup late.db");
    // Entry 2 is another one in the log that two admins continue, and they list only what follows it as lost.
    put_back(&world, "early.db");
    fs::create_dir_all(world.path("people/frank")).unwrap();
    fs::copy(world.path("people/erin/key"), world.path("people/frank/key")).unwrap();
    world.write("other.toml", CHANGE.replace("160", "990"));
    world.ok("frank", &format!("file other.toml --fingerprint {}", world.fingerprint()));
    agree_unseen(&world, &[3, 4].map(|seq| leaf_of(&world, "late.db", seq)));
    stopped(&world, "carol", "list");
    let verified = world.run("carol", "verify");
    assert_eq!(verified.exit, Exit::Broken, "{}", verified.screen);
    stopped(&world, "carol", "list");
}
