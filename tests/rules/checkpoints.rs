//! Rules about `log.checkpoint`: who records it, and that what it states is true.

use super::prelude::*;

/// A register with a change, a break-glass and a machine account.
fn world() -> World {
    let world = World::approved();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator erin --role engineer");
    second(&world, "bob", "1");
    world.ok("erin", "breakglass open --incident INC-1 --reason Now.");
    world
}

fn roots(world: &World) -> LogRoots {
    world.state().roots().unwrap()
}

#[test]
fn nobody_but_an_auditor_an_admin_or_a_machine_records_a_checkpoint() {
    let world = world();
    let true_one = Event::Checkpoint(roots(&world));
    for person in ["erin", "carol"] {
        forbidden(&world, person, true_one.clone(), None, "checkpoint-role");
    }
    for person in ["audrey", "alice", "robot"] {
        accepted(&world, person, true_one.clone(), None);
    }
    let key = key_of(&world, "audrey");
    world.ok("alice", &format!("key suspend {key}"));
    forbidden(&world, "audrey", Event::Checkpoint(roots(&world)), None, "key-live");
}

#[test]
fn no_checkpoint_states_what_is_not_true_of_the_log() {
    let world = world();
    let wrong = |root: CountedRoot| CountedRoot { root: WRONG, ..root };
    let more = |root: CountedRoot| CountedRoot { count: root.count + 1, ..root };
    let it = roots(&world);
    assert_eq!((it.log.count, it.changes.count, it.break_glasses.count), (world.entries(), 1, 1));
    for (stated, rule) in [
        (LogRoots { log: more(it.log), ..it }, "checkpoint-size"),
        (LogRoots { log: CountedRoot { count: it.log.count - 1, ..it.log }, ..it }, "checkpoint-size"),
        (LogRoots { log: wrong(it.log), ..it }, "checkpoint-root"),
        (LogRoots { changes: wrong(it.changes), ..it }, "checkpoint-changes"),
        (LogRoots { changes: more(it.changes), ..it }, "checkpoint-changes"),
        (LogRoots { changes: it.break_glasses, break_glasses: it.changes, ..it }, "checkpoint-changes"),
        (LogRoots { break_glasses: wrong(it.break_glasses), ..it }, "checkpoint-breakglasses"),
        (LogRoots { break_glasses: more(it.break_glasses), ..it }, "checkpoint-breakglasses"),
    ] {
        forbidden(&world, "audrey", Event::Checkpoint(stated), None, rule);
    }
}

#[test]
fn a_checkpoint_that_was_true_before_is_refused_later() {
    let world = world();
    let before = roots(&world);
    world.ok("erin", "note CHG-1 Seen.");
    forbidden(&world, "audrey", Event::Checkpoint(before), None, "checkpoint-size");
    // With the size and the root of now, but the tree of changes of before.
    let stated = LogRoots { log: roots(&world).log, ..before };
    forbidden(&world, "audrey", Event::Checkpoint(stated), None, "checkpoint-changes");
}

#[test]
fn no_checkpoint_is_recorded_for_a_file_that_exists() {
    let world = world();
    world.write("kept", "another");
    let before = world.entries();
    world.fails("audrey", "checkpoint --record --out kept", Exit::Invalid, "kept");
    assert_eq!(world.entries(), before);
}
