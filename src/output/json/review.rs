//! A review as JSON.

use serde_json::{Value, json};

use super::{revision, written};
use crate::domain::{Event, Prose, Review, ReviewAction, ReviewText};

/// What the body of a review, or of an action that is done, says.
pub fn act(event: &Event) -> Value {
    match event {
        Event::Review(it) => review(it),
        Event::ActionDone(it) => json!({ "revision": revision(&it.revision), "action": it.number }),
        _ => Value::Null,
    }
}

fn review(it: &Review) -> Value {
    let action =
        |it: &ReviewAction| json!({ "number": it.number, "owner": it.owner.to_string(), "due": it.due.to_string() });
    json!({ "revision": revision(&it.revision), "actions": it.actions.iter().map(action).collect::<Value>() })
}

/// Its free text.
pub fn text(it: &ReviewText) -> Value {
    let action = |(number, text): (&u64, &Prose)| json!({ "number": number, "text": text.as_str() });
    json!({
        "happened": written(it.happened.as_ref()),
        "helped": written(it.helped.as_ref()),
        "hindered": written(it.hindered.as_ref()),
        "learned": written(it.learned.as_ref()),
        "actions": it.actions.iter().map(action).collect::<Value>(),
    })
}
