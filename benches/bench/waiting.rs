//! What keeps a change from being started for now.

use twinseal::domain::{ChangeId, Register};

/// Whether a change in progress that it overlaps and does not list has to be finished first.
pub fn must_wait(state: &Register, id: ChangeId) -> bool {
    let change = state.change(id).unwrap();
    let listed = &change.current().conflicts;
    let met = state.overlaps(id, &change.current().facts).unwrap();
    met.iter().any(|it| it.in_progress && listed.get(&it.change) != Some(&it.filed))
}
