//! What keeps a change from being started for now.

use twinseal::domain::{ChangeId, Register};

/// Whether a change in progress that it overlaps and does not list has to be finished first.
pub fn must_wait(state: &Register, id: ChangeId) -> bool {
    let change = state.change(id).unwrap();
    let current = change.current();
    state.overlaps(id, &current.facts).unwrap().iter().any(|it| it.stops(&current.conflicts))
}
