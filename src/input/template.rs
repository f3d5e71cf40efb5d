//! The commented drafts that `draft` and `policy draft` print.

use crate::domain::{ChangeKind, PersonId, Time};
use crate::tr;

const TEMPLATE: &str = include_str!("template.toml");
const CHINESE_TEMPLATE: &str = include_str!("template.zh.toml");

/// The draft of a policy.
pub fn policy_template() -> &'static str {
    tr!(include_str!("policy.toml"), include_str!("policy.zh.toml"))
}

/// A draft of a change, with a window tomorrow at 20:00 UTC. The owner is left empty if `owner` is `None`.
pub fn template(kind: ChangeKind, owner: Option<&PersonId>, now: Time) -> String {
    let day = now.plus(86_400).utc().format("%Y-%m-%d").to_string();
    let risk = if kind == ChangeKind::Emergency { "critical" } else { "medium" };
    tr!(TEMPLATE, CHINESE_TEMPLATE)
        .replace("{kind}", kind.as_str())
        .replace("{risk}", risk)
        .replace("{owner}", owner.map_or("", PersonId::as_str))
        .replace("{day}", &day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{Lang, within};

    /// The draft without its comments, with what it would have if everything that is commented out were filled in.
    fn keys(text: &str) -> (toml::Table, Vec<String>) {
        let commented = text.lines().filter_map(|line| line.strip_prefix("# "));
        let key = |line: &str| line.split([' ', ']']).next().unwrap_or_default().to_owned();
        let is_key = |line: &&str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| is_word(key));
        (text.parse().unwrap(), commented.filter(is_key).map(key).collect())
    }

    fn is_word(text: &str) -> bool {
        text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    }

    #[test]
    fn the_templates_differ_in_their_comments_alone() {
        let draft = || template(ChangeKind::Normal, Some(&"alice".parse().unwrap()), Time::default());
        assert_eq!(keys(&within(Lang::Zh, draft)), keys(&draft()));
        assert_eq!(keys(within(Lang::Zh, policy_template)), keys(policy_template()));
    }
}
