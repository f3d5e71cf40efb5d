//! A review as JSON.

use serde_json::{Value, json};

use super::{revision, written};
use crate::domain::{Review, ReviewText};

/// What the body of a review says.
pub fn review(it: &Review) -> Value {
    let action = |it: &crate::domain::ReviewAction| json!({ "number": it.number, "owner": it.owner.to_string(), "due": it.due.to_string() });
    json!({ "revision": revision(&it.revision), "actions": it.actions.iter().map(action).collect::<Value>() })
}

/// Its free text.
pub fn text(it: &ReviewText) -> Value {
    let action = |(number, text): (&u64, &crate::domain::Prose)| json!({ "number": number, "text": text.as_str() });
    json!({
        "happened": written(it.happened.as_ref()),
        "helped": written(it.helped.as_ref()),
        "hindered": written(it.hindered.as_ref()),
        "learned": written(it.learned.as_ref()),
        "actions": it.actions.iter().map(action).collect::<Value>(),
    })
}
