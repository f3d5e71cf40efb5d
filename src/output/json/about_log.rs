//! Entries about the log itself in JSON.

use serde_json::{Value, json};

use super::written;
use crate::domain::{CountedRoot, Drawn, LogRoots, Reconciliation, Sample};

/// What a recorded checkpoint states.
pub(super) fn roots(LogRoots { log, changes, break_glasses }: &LogRoots) -> Value {
    let counted = |it: &CountedRoot| json!({ "count": it.count, "root": it.root.to_string() });
    json!({
        "size": log.count,
        "root": log.root.to_string(),
        "changes": counted(changes),
        "breakglasses": counted(break_glasses),
    })
}

/// What a recorded sample states.
pub(super) fn sample(it: &Sample) -> Value {
    json!({
        "size": it.log.count,
        "root": it.log.root.to_string(),
        "from": it.period.from().to_string(),
        "to": it.period.to().to_string(),
        "input": written(it.drawn.input()),
        "seed": it.seed.to_string(),
        "of": it.of,
        "drawn": match &it.drawn {
            Drawn::Changes(changes) => super::list(changes),
            Drawn::Rows { rows, .. } => json!(rows),
        },
    })
}

/// What a recorded reconciliation states.
pub(super) fn reconciliation(it: &Reconciliation) -> Value {
    let counts = &it.counts;
    json!({
        "size": it.log.count,
        "root": it.log.root.to_string(),
        "from": it.period.from().to_string(),
        "to": it.period.to().to_string(),
        "input": it.input.to_string(),
        "outside_period": counts.outside,
        "matched": counts.matched,
        "differs": counts.differs,
        "break-glass": counts.break_glass,
        "unauthorised": counts.unauthorised,
        "without_deployment": counts.not_deployed,
    })
}
