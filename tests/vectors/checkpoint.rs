//! The checkpoint in the good log, and those that are refused after it.

use twinseal::domain::{CountedRoot, Digest, Event, LogRoots};

use super::good_log::Log;
use super::refused::Attempt;

/// A recorded checkpoint.
pub fn checkpoint(log: &mut Log) {
    let roots = log.state.roots().unwrap();
    log.add("bob", Event::Checkpoint(roots), None);
}

pub fn refused_checkpoints(log: &Log) -> Vec<Attempt> {
    let it = log.state.roots().unwrap();
    let other = |root: CountedRoot| CountedRoot { root: Digest::new([7; 32]), ..root };
    let log_of = |count| CountedRoot { count, ..it.log };
    let event = Event::Checkpoint;
    vec![
        ("checkpoint-by-an-engineer", "checkpoint-role", "erin", event(it), None),
        (
            "checkpoint-of-more-entries",
            "checkpoint-size",
            "bob",
            event(LogRoots { log: log_of(it.log.count + 1), ..it }),
            None,
        ),
        ("checkpoint-of-another-log", "checkpoint-root", "bob", event(LogRoots { log: other(it.log), ..it }), None),
        (
            "checkpoint-of-other-changes",
            "checkpoint-changes",
            "bob",
            event(LogRoots { changes: other(it.changes), ..it }),
            None,
        ),
        (
            "checkpoint-of-other-break-glasses",
            "checkpoint-breakglasses",
            "bob",
            event(LogRoots { break_glasses: other(it.break_glasses), ..it }),
            None,
        ),
    ]
}
