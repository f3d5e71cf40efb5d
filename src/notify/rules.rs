//! The rules: targets, people, and which events are sent where. They are written in TOML.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use serde::Deserialize;

use super::notice::{EventName, Facets};
use super::secrets::{Secrets, SecretsError};
use super::target::Target;
use crate::domain::{ChangeKind, Environment, Group, Invalid, PersonId, Risk, ServiceId};
use crate::private::{self, Owner, PrivateError};
use crate::zone::Zone;
use crate::{tr, trf};

mod table;

use table::TargetTable;

/// Why the rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The file cannot be read, or others could write it.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// There is no file.
    #[error("{}", trf!("no rules for notices at {}", "{} 处没有通知规则", .0.display()))]
    Missing(PathBuf),
    /// The file of secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The content is invalid.
    #[error("{}", trf!("{}: {}", "{}：{}", .path.display(), .faults.join(tr!("; ", "；"))))]
    Content {
        /// The file.
        path: PathBuf,
        /// Every fault.
        faults: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    secrets: Option<PathBuf>,
    remind_minutes: Option<u32>,
    zone: Option<String>,
    #[serde(default)]
    people: BTreeMap<String, String>,
    #[serde(default)]
    targets: BTreeMap<String, TargetTable>,
    #[serde(default)]
    rules: Vec<RuleTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    events: Vec<EventName>,
    to: Vec<String>,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    environments: Vec<String>,
    #[serde(default)]
    risks: Vec<String>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
}

/// Which events go to which targets. An empty set asks for nothing.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The events.
    pub events: BTreeSet<EventName>,
    /// The targets.
    pub to: BTreeSet<String>,
    /// Only changes of these services.
    pub services: BTreeSet<ServiceId>,
    /// Only changes of these environments.
    pub environments: BTreeSet<Environment>,
    /// Only changes of these risks.
    pub risks: BTreeSet<Risk>,
    /// Only changes of these kinds.
    pub kinds: BTreeSet<ChangeKind>,
    /// Only what concerns one of these people, or a member of `groups`.
    pub people: BTreeSet<PersonId>,
    /// See `people`.
    pub groups: BTreeSet<Group>,
}

impl Rule {
    /// Whether it chooses an event about these things, apart from the people whom it concerns.
    pub fn chooses(&self, event: EventName, facets: &Facets) -> bool {
        fn meets<T: Ord>(asked: &BTreeSet<T>, has: Option<&BTreeSet<T>>) -> bool {
            asked.is_empty() || has.is_none_or(|has| !asked.is_disjoint(has))
        }
        self.events.contains(&event)
            && meets(&self.services, facets.services.as_ref())
            && meets(&self.environments, facets.environments.as_ref())
            && meets(&self.risks, facets.risks.as_ref())
            && meets(&self.kinds, facets.kinds.as_ref())
    }

    /// Whether it asks whom something concerns.
    pub fn asks_for_people(&self) -> bool {
        !self.people.is_empty() || !self.groups.is_empty()
    }
}

/// The rules about notices, with targets whose secrets were read.
pub struct Rules {
    /// The file.
    pub path: PathBuf,
    /// How long before a deadline people are reminded, in seconds.
    pub remind: i64,
    /// The zone of times in messages, if it is set.
    pub zone: Option<String>,
    /// The mail addresses of people.
    pub people: BTreeMap<PersonId, Mailbox>,
    /// The targets by name.
    pub targets: BTreeMap<String, Target>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

/// The longest that people are reminded before a deadline: a week.
const LONGEST_REMINDER: u32 = 7 * 24 * 60;

impl Rules {
    /// Reads the rules and the file of secrets that they name. Paths in them start at the directory of the rules.
    ///
    /// # Errors
    /// [`RulesError`], with every fault of the rules at once.
    pub fn read(path: &Path) -> Result<Self, RulesError> {
        let text = private::read(path, Owner::MeOrRoot)?.ok_or_else(|| RulesError::Missing(path.to_owned()))?;
        let content = |faults: Vec<String>| RulesError::Content { path: path.to_owned(), faults };
        let file: File = toml::from_str(&text).map_err(|error| {
            // The line could hold a secret that belongs into the other file, so it is not shown.
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            content(vec![trf!("line {line}: {}", "第 {line} 行：{}", without_values(error.message()))])
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let secrets = file.secrets.as_ref().map(|name| Secrets::read(&folder.join(name))).transpose()?;
        let mut faults = Vec::new();
        let rules = Self::resolve(path, file, &secrets.unwrap_or_default(), &mut faults);
        if faults.is_empty() { Ok(rules) } else { Err(content(faults)) }
    }

    fn resolve(path: &Path, file: File, secrets: &Secrets, faults: &mut Vec<String>) -> Self {
        let folder = path.parent().unwrap_or(Path::new("."));
        let remind = file.remind_minutes.unwrap_or(60);
        if remind > LONGEST_REMINDER {
            faults.push(trf!(
                "remind_minutes is above {LONGEST_REMINDER}, a week",
                "remind_minutes 大于 {LONGEST_REMINDER}，即一周"
            ));
        }
        if let Some(zone) = file.zone.as_deref().filter(|zone| Zone::named(zone).is_none()) {
            faults.push(trf!("zone: {zone} is no time zone", "zone：{zone} 不是时区"));
        }
        let mut people = BTreeMap::new();
        for (person, address) in &file.people {
            match (person.parse(), address.parse()) {
                (Ok(person), Ok(address)) => drop(people.insert(person, address)),
                (Err(invalid), _) => faults.push(trf!("people: {person}: {invalid}", "people：{person}：{invalid}")),
                (_, Err(_)) => faults.push(trf!(
                    "people.{person}: {address} is no mail address",
                    "people.{person}：{address} 不是邮件地址"
                )),
            }
        }
        let mut targets = BTreeMap::new();
        let names: BTreeSet<String> = file.targets.keys().cloned().collect();
        for (name, table) in file.targets {
            match table.target(folder, secrets) {
                Ok(target) => drop(targets.insert(name, target)),
                Err(found) => faults
                    .extend(found.into_iter().map(|fault| trf!("targets.{name}: {fault}", "targets.{name}：{fault}"))),
            }
        }
        let mut rules = Vec::new();
        for (number, table) in (1..).zip(file.rules) {
            let (rule, found) = table.rule(&names);
            faults.extend(found.into_iter().map(|fault| trf!("rule {number}: {fault}", "规则 {number}：{fault}")));
            rules.push(rule);
        }
        if rules.is_empty() {
            faults.push(tr!("no [[rules]]: nothing would be sent", "没有 [[rules]]：不会发送任何内容").to_owned());
        }
        let remind = i64::from(remind) * 60;
        Self { path: path.to_owned(), remind, zone: file.zone, people, targets, rules }
    }
}

/// A message in which nothing is quoted but what looks like a name of ours.
fn without_values(message: &str) -> String {
    let ours = |word: &str| word.len() <= 24 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_');
    let (mut shown, mut rest) = (String::new(), message);
    while let Some((before, after)) = rest.split_once(['"', '`']) {
        let quote = if rest.as_bytes().get(before.len()) == Some(&b'"') { '"' } else { '`' };
        let Some((word, after)) = after.split_once(quote) else { return format!("{shown}{before}…") };
        // An escaped quote does not end what is quoted, so it could be anywhere.
        if word.contains('\\') {
            return format!("{shown}{before}…");
        }
        let word = if ours(word) { word } else { "…" };
        shown.push_str(&format!("{before}{quote}{word}{quote}"));
        rest = after;
    }
    shown + rest
}

impl RuleTable {
    /// The rule, and its faults.
    fn rule(self, targets: &BTreeSet<String>) -> (Rule, Vec<String>) {
        fn set<T>(given: &[String], faults: &mut Vec<String>) -> BTreeSet<T>
        where
            T: std::str::FromStr<Err = Invalid> + Ord,
        {
            let mut parsed = BTreeSet::new();
            for it in given {
                match it.parse() {
                    Ok(value) => drop(parsed.insert(value)),
                    Err(invalid) => faults.push(trf!("{it}: {invalid}", "{it}：{invalid}")),
                }
            }
            parsed
        }
        let mut faults = Vec::new();
        if self.events.is_empty() {
            faults.push(tr!("events is empty", "events 为空").to_owned());
        }
        if self.to.is_empty() {
            faults.push(tr!("to is empty", "to 为空").to_owned());
        }
        for unknown in self.to.iter().filter(|name| !targets.contains(*name)) {
            faults.push(trf!("no target {unknown}", "没有通知渠道 {unknown}"));
        }
        let rule = Rule {
            events: self.events.into_iter().collect(),
            to: self.to.into_iter().collect(),
            services: set(&self.services, &mut faults),
            environments: set(&self.environments, &mut faults),
            risks: set(&self.risks, &mut faults),
            kinds: set(&self.kinds, &mut faults),
            people: set(&self.people, &mut faults),
            groups: set(&self.groups, &mut faults),
        };
        (rule, faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_a_file_quotes_no_value_of_it() {
        let shown = without_values("invalid type: string \"TOKEN7\", expected `u16` or \"a \\\" TOKEN8\"");
        assert!(!shown.contains("TOKEN"), "{shown}");
        let unknown = "unknown field `ur`, expected one of `url`, `url_secret`";
        assert_eq!(without_values(unknown), unknown);
    }
}
