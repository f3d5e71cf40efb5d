//! The commented drafts that `draft` and `policy draft` print.

use crate::domain::{ChangeKind, PersonId, Time};

const TEMPLATE: &str = include_str!("template.toml");

/// The draft of a policy.
pub const POLICY_TEMPLATE: &str = include_str!("policy.toml");

/// A draft of a change, with a window tomorrow at 20:00 UTC. The owner is left empty if `owner` is `None`.
pub fn template(kind: ChangeKind, owner: Option<&PersonId>, now: Time) -> String {
    let day = now.plus(86_400).utc().format("%Y-%m-%d").to_string();
    let risk = if kind == ChangeKind::Emergency { "critical" } else { "medium" };
    TEMPLATE
        .replace("{kind}", kind.as_str())
        .replace("{risk}", risk)
        .replace("{owner}", owner.map_or("", PersonId::as_str))
        .replace("{day}", &day)
}
