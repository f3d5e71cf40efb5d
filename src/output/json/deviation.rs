//! A deviation as JSON.

use serde_json::{Value, json};

use super::{list, written};
use crate::domain::{Event, Told};

/// What the body of an entry about a deviation says.
pub fn act(event: &Event) -> Value {
    match event {
        Event::DeviationRecord { told, .. } => self::told(told),
        Event::DeviationReview { recorded, .. } => json!({ "recorded": recorded.to_string() }),
        _ => Value::Null,
    }
}

/// What was told of it.
pub fn told(it: &Told) -> Value {
    json!({
        "done": it.done.to_string(),
        "by": list(&it.by),
        "services": list(&it.services),
        "incident": written(it.incident.as_ref()),
    })
}
