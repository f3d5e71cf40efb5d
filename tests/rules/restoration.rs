//! Rules about accepting a loss after a restore from a backup.

use twinseal::domain::{Head, LostEntries};

use super::prelude::*;

/// A proposal to continue after an entry, without entries that have these leaf hashes.
fn restored(world: &World, after: u64, leaves: &[u8]) -> Action {
    let leaf = if after < world.entries() { world.raw(after).leaf() } else { WRONG };
    let leaves = leaves.iter().map(|leaf| Digest::new([*leaf; 32])).collect();
    Action::Restored(LostEntries::after(Head { seq: after, leaf }, leaves).unwrap())
}

#[test]
fn nothing_is_restored_that_is_yet_to_come() {
    let world = World::filed();
    let next = world.entries();
    for after in [next, next + 1] {
        forbidden(&world, "alice", propose(&world, restored(&world, after, &[1])), None, "restored-before");
    }
    accepted(&world, "alice", propose(&world, restored(&world, next - 1, &[1])), None);
    accepted(&world, "alice", propose(&world, restored(&world, 0, &[1; 200])), None);
}

#[test]
fn no_loss_is_excused_twice() {
    let world = World::filed();
    world.record_all("alice", [propose(&world, restored(&world, 2, &[3, 4, 5]))]);
    second(&world, "bob", "1");
    forbidden(&world, "alice", propose(&world, restored(&world, 2, &[3, 4, 5])), None, "proposal-has-effect");
    // The same ends with another entry in between are another loss.
    for leaves in [&[3, 9, 5][..], &[3, 4], &[3, 4, 5, 6]] {
        accepted(&world, "alice", propose(&world, restored(&world, 2, leaves)), None);
    }
}
