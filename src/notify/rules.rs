//! The rules: targets, people, and which events are sent where. They are written in TOML.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;

use super::notice::{EventName, Facets};
use super::secrets::{Secrets, SecretsError};
use super::target::Target;
use crate::domain::{ChangeKind, Environment, Group, PersonId, Risk, ServiceId};
use crate::input::{Fault, Problem, Source, Table, Value, list_faults};
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
    #[error("{}", list_faults(&.path.display().to_string(), .faults))]
    Content {
        /// The file.
        path: PathBuf,
        /// Every fault.
        faults: Vec<Fault>,
    },
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
const LONGEST_REMINDER: u64 = 7 * 24 * 60;

/// A fault in our own words.
fn setting(words: impl Into<String>) -> Problem {
    Problem::Setting(words.into())
}

/// A string as it is written.
fn string(value: &Value<'_, '_>) -> Option<String> {
    value.exact(|text| Ok(text.to_owned()))
}

impl Rules {
    /// Reads the rules and the file of secrets that they name. Paths in them start at the directory of the rules.
    ///
    /// # Errors
    /// [`RulesError`], with every fault of the rules at once.
    pub fn read(path: &Path) -> Result<Self, RulesError> {
        let text = private::read(path, Owner::MeOrRoot)?.ok_or_else(|| RulesError::Missing(path.to_owned()))?;
        let source = Source::new(text.strip_prefix('\u{feff}').unwrap_or(&text));
        let parsed = source.parse();
        let root = Table::root(&source, parsed.get_ref());
        let folder = path.parent().unwrap_or(Path::new("."));
        let named = root.get("secrets").as_ref().and_then(string);
        let secrets = named.map(|name| Secrets::read(&folder.join(name))).transpose()?;
        let rules = Self::resolve(path, root, &secrets.unwrap_or_default());
        let faults = source.finish();
        if faults.is_empty() {
            return Ok(rules);
        }
        // A syntax error hides fields, which would be reported as missing.
        let syntax = |it: &Fault| it.problem.is_syntax();
        let broken = faults.iter().any(syntax);
        let faults = faults.into_iter().filter(|it| !broken || syntax(it)).map(without_secrets).collect();
        Err(RulesError::Content { path: path.to_owned(), faults })
    }

    fn resolve(path: &Path, root: Table<'_, '_>, secrets: &Secrets) -> Self {
        let folder = path.parent().unwrap_or(Path::new("."));
        let remind = root.number("remind_minutes").unwrap_or(60);
        if remind > LONGEST_REMINDER {
            root.fault(
                "remind_minutes",
                setting(trf!("above {LONGEST_REMINDER}, a week", "大于 {LONGEST_REMINDER}，即一周")),
            );
        }
        let zone = root.get("zone").as_ref().and_then(string);
        if let Some(zone) = zone.as_deref().filter(|zone| Zone::named(zone).is_none()) {
            root.fault("zone", setting(trf!("{zone} is no time zone", "{zone} 不是时区")));
        }
        let mut people = BTreeMap::new();
        for (person, value) in root.table("people").map(Table::entries).unwrap_or_default() {
            let Some(address) = string(&value) else { continue };
            match (person.parse::<PersonId>(), address.parse()) {
                (Ok(person), Ok(address)) => drop(people.insert(person, address)),
                (Err(invalid), _) => value.fault(invalid),
                (_, Err(_)) => value.fault(setting(trf!("{address} is no mail address", "{address} 不是邮件地址"))),
            }
        }
        let (mut targets, mut names) = (BTreeMap::new(), BTreeSet::new());
        for (name, value) in root.table("targets").map(Table::entries).unwrap_or_default() {
            names.insert(name.clone());
            let target = value.table().and_then(|table| TargetTable::read(table).target(folder, secrets));
            targets.extend(target.map(|target| (name, target)));
        }
        let rules: Vec<Rule> = root.tables("rules").into_iter().map(|table| rule(table, &names)).collect();
        if rules.is_empty() {
            root.fault(
                "rules",
                setting(tr!("no [[rules]]: nothing would be sent", "没有 [[rules]]：不会发送任何内容")),
            );
        }
        root.finish();
        let remind = i64::try_from(remind.min(LONGEST_REMINDER)).unwrap_or_default() * 60;
        Self { path: path.to_owned(), remind, zone, people, targets, rules }
    }
}

/// A rule. What is at fault in it is left out.
fn rule(table: Table<'_, '_>, targets: &BTreeSet<String>) -> Rule {
    table.require_items("events");
    table.require_items("to");
    let mut to = BTreeSet::new();
    for value in table.get("to").map(Value::items_or_single).unwrap_or_default() {
        let Some(name) = string(&value) else { continue };
        if !targets.contains(&name) {
            value.fault(setting(trf!("no target {name}", "没有通知渠道 {name}")));
        }
        to.insert(name);
    }
    let rule = Rule {
        events: table.words("events"),
        to,
        services: table.words("services"),
        environments: table.words("environments"),
        risks: table.words("risks"),
        kinds: table.words("kinds"),
        people: table.words("people"),
        groups: table.words("groups"),
    };
    table.finish();
    rule
}

/// The keys whose values are no secrets, if they look like words of ours.
const PLAIN: [&str; 18] = [
    "remind_minutes",
    "zone",
    "type",
    "port",
    "tls",
    "host",
    "from",
    "timeout_seconds",
    "plaintext",
    "details",
    "lang",
    "events",
    "to",
    "services",
    "environments",
    "risks",
    "kinds",
    "groups",
];

/// The same fault without what may be a secret that belongs into the other file, or belonged there before it was pasted
/// here.
fn without_secrets(fault: Fault) -> Fault {
    let unknown = matches!(fault.problem, Problem::UnknownKey(_));
    let problem = match fault.problem {
        Problem::Syntax(message) => Problem::Syntax(without_values(&message)),
        problem => problem,
    };
    let fault = Fault { problem, ..fault };
    let (table, key) = fault.field.rsplit_once('.').map_or(("", fault.field.as_str()), |(table, key)| (table, key));
    if unknown && !is_ours(key) {
        let field = if table.is_empty() { "…".to_owned() } else { format!("{table}.…") };
        return Fault { field, excerpt: None, ..fault };
    }
    let line = fault.source_line().unwrap_or_default();
    let shown = match line.split_once('=') {
        Some((written, value)) => {
            let quoted = value.split('"').skip(1).step_by(2);
            let mut strange = quoted.filter(|it| !is_ours(it));
            PLAIN.contains(&written.trim()) && (written.trim() == "zone" || strange.next().is_none())
        }
        None => line.trim_start().starts_with('['),
    };
    if shown { fault } else { fault.without_value() }
}

/// Whether a word looks like one of ours, and not like a secret.
fn is_ours(word: &str) -> bool {
    word.len() <= 24 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_')
}

/// A message in which nothing is quoted but what looks like a name of ours.
fn without_values(message: &str) -> String {
    let (mut shown, mut rest) = (String::new(), message);
    while let Some((before, after)) = rest.split_once(['"', '`']) {
        let quote = if rest.as_bytes().get(before.len()) == Some(&b'"') { '"' } else { '`' };
        let Some((word, after)) = after.split_once(quote) else { return format!("{shown}{before}…") };
        // An escaped quote does not end what is quoted, so it could be anywhere.
        if word.contains('\\') {
            return format!("{shown}{before}…");
        }
        let word = if is_ours(word) { word } else { "…" };
        shown.push_str(&format!("{before}{quote}{word}{quote}"));
        rest = after;
    }
    shown + rest
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
