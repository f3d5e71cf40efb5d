//! Rules about accepting a loss after a restore from a backup.

use twinseal::domain::{Head, Restoration};

use super::prelude::*;

fn head(seq: u64) -> Head {
    Head { seq, leaf: Digest::new([7; 32]) }
}

fn restored(restored: u64, lost: u64) -> Action {
    Action::Restored(Restoration { restored: head(restored), lost: head(lost) })
}

#[test]
fn nothing_is_lost_before_what_was_restored_and_nothing_restored_that_is_yet_to_come() {
    let world = World::filed();
    let next = world.entries();
    for (from, lost) in [(2, 2), (2, 1), (next, next + 1), (next + 1, next + 2)] {
        forbidden(&world, "alice", propose(&world, restored(from, lost)), None, "restored-before");
    }
    accepted(&world, "alice", propose(&world, restored(next - 1, next)), None);
    accepted(&world, "alice", propose(&world, restored(0, 9_007_199_254_740_991)), None);
}

#[test]
fn no_loss_is_excused_twice() {
    let world = World::filed();
    world.ok("alice", &format!("proposal restored --restored 2 --lost 4:{} --reason Why.", "7".repeat(64)));
    let at = proposal(&world, "1");
    let Some(Action::Restored(same)) = world.state().governance().proposal(at.proposal).unwrap().action().cloned()
    else {
        panic!("another proposal");
    };
    world.ok("bob", &format!("proposal second 1 --digest {}", at.opened));
    forbidden(&world, "alice", propose(&world, Action::Restored(same)), None, "proposal-has-effect");
    let longer = Restoration { lost: head(5), ..same };
    accepted(&world, "alice", propose(&world, Action::Restored(longer)), None);
}
