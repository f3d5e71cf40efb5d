//! Errors as JSON, in the shape that `docs/json.md` documents.

use serde_json::{Value, json};

use super::{Error, Exit};
use crate::input::Fault;

impl Error {
    fn shape(exit: Exit, message: &str, hint: Option<String>) -> Value {
        json!({ "error": {
            "exit": exit as u8, "message": message, "hint": hint, "rule": null, "recorded": null, "faults": [],
        }})
    }

    /// The error as a JSON document.
    pub fn json(&self) -> Value {
        let faults = self.faults().map_or(&[][..], |(_, faults)| faults);
        let fault = |it: &Fault| json!({ "line": Some(it.line).filter(|line| *line > 0), "field": it.field, "problem": it.problem.to_string() });
        let (rule, recorded) = match self {
            Self::Refused(refusal) => (Some(refusal.rule()), None),
            Self::RefusedOnRecord { refusal, seq } => (Some(refusal.rule()), Some(seq)),
            _ => (None, None),
        };
        let mut error = Self::shape(self.exit(), &self.to_string(), self.hint());
        error["error"]["rule"] = json!(rule.map(|rule| rule.as_str()));
        error["error"]["recorded"] = json!(recorded);
        error["error"]["faults"] = faults.iter().map(fault).collect();
        error
    }
}
