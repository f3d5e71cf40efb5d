//! The commented file that `draft` prints.

use crate::domain::{ChangeKind, PersonId, Time};

const TEMPLATE: &str = include_str!("template.toml");

/// The commented file that `policy draft` prints.
pub const POLICY_TEMPLATE: &str = include_str!("policy.toml");

/// A draft to fill in: owned by whoever asks, its window tomorrow evening in UTC.
pub fn template(kind: ChangeKind, owner: Option<&PersonId>, now: Time) -> String {
    let day = now.plus(86_400).utc().format("%Y-%m-%d").to_string();
    let risk = if kind == ChangeKind::Emergency { "critical" } else { "medium" };
    TEMPLATE
        .replace("{kind}", kind.as_str())
        .replace("{risk}", risk)
        .replace("{owner}", owner.map_or("", PersonId::as_str))
        .replace("{day}", &day)
}
