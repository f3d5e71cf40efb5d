//! Writes a filed change as a draft again.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use crate::domain::{Argument, Automation, Command, Description, Execution, Facts, Link, LinkKind, Prose, Step, Time};
use crate::trf;

/// The revision that a draft is made from.
pub struct Copied<'a> {
    /// Its structured part.
    pub facts: &'a Facts,
    /// Its text part; empty if it was redacted.
    pub words: &'a Description,
    /// Its data part.
    pub execution: &'a Execution,
}

/// A draft with the content of a revision. A window that has begun is replaced by one tomorrow at 20:00.
/// `source` names the revision in the first line.
pub fn write(source: &str, copied: &Copied<'_>, now: Time) -> String {
    let Copied { facts, words, execution } = copied;
    let mut out = trf!(
        "# Copied from {source}. Set the window, review every line, then run\n\
         # `twinseal check FILE` and `twinseal file FILE`.\n\n",
        "# 复制自 {source}。请设定变更窗口并逐行检查，\n# 然后运行 `twinseal check FILE` 和 `twinseal file FILE`。\n\n"
    );
    line(&mut out, "title", words.title.as_ref().map_or("", |title| title.as_str()));
    if let Some(used) = &facts.template {
        line(&mut out, "template", &used.template.name);
    } else {
        line(&mut out, "kind", facts.kind);
        line(&mut out, "risk", facts.risk);
    }
    line(&mut out, "owner", &facts.owner);
    list(&mut out, "authors", &facts.authors);
    list(&mut out, "implementers", &facts.implementers);
    list(&mut out, "services", &facts.services);
    list(&mut out, "environments", &facts.environments);
    list(&mut out, "tags", &facts.tags);
    list(&mut out, "follows", &facts.follows);
    list(&mut out, "targets", &execution.targets);
    if let Some(stop_after) = facts.stop_after {
        push(&mut out, format_args!("stop_after = {stop_after}\n"));
    }
    prose(&mut out, "reason", words.reason.as_ref());
    match &facts.template {
        Some(used) => {
            push(&mut out, "\n[values]\n");
            used.values.iter().for_each(|(blank, value)| line(&mut out, &key_of(blank.as_str()), value));
            window(&mut out, facts, now);
        }
        None => own_content(&mut out, copied, now),
    }
    for it in &facts.artifacts {
        push(&mut out, "\n[[artifacts]]\n");
        line(&mut out, "name", &it.name);
        line(&mut out, "sha256", it.digest);
    }
    links(&mut out, facts);
    exceptions(&mut out, facts, words);
    out
}

/// What the template of a standard change has.
fn own_content(out: &mut String, copied: &Copied<'_>, now: Time) {
    let Copied { facts, words, execution } = copied;
    prose(out, "security", words.security.as_ref());
    prose(out, "success", words.success.as_ref());
    window(out, facts, now);
    push(out, "\n[impact]\n");
    prose(out, "text", words.impact.as_ref());
    push(out, format_args!("outage_minutes = {}\n", facts.outage_minutes));
    steps(out, "plan", &words.plan, &execution.plan);
    push(out, format_args!("\n[rollback]\nminutes = {}\n", facts.rollback_minutes));
    list(out, "abort_if", &words.abort_if);
    steps(out, "rollback.steps", &words.rollback, &execution.rollback);
    for it in &words.tests {
        push(out, "\n[[tests]]\n");
        prose(out, "what", Some(&it.what));
        prose(out, "result", Some(&it.result));
        if let Some(path) = &it.evidence {
            line(out, "evidence", path);
        }
    }
}

fn exceptions(out: &mut String, facts: &Facts, words: &Description) {
    if !facts.excepted.is_empty() {
        push(out, "\n[freeze_exception]\n");
        list(out, "freezes", facts.excepted.keys());
        prose(out, "reason", words.exception.as_ref());
    }
    if !facts.exceptions.is_empty() {
        push(out, "\n[exception]\n");
        list(out, "requirements", &facts.exceptions);
        prose(out, "reason", words.exception.as_ref());
    }
}

/// The window if the change can still start in it; otherwise one tomorrow at 20:00 of two hours, or if the rollback takes longer, as long as the previous one.
fn window(out: &mut String, facts: &Facts, now: Time) {
    let previous = &facts.window;
    let (start, end) = (previous.start(), previous.end());
    push(out, "\n[window]\n");
    push(out, trf!("# Previous window: {start} to {end}\n", "# 原变更窗口：{start} 至 {end}\n"));
    if facts.last_start() > now {
        // It is not over, so whoever revises a change keeps it.
        push(out, format_args!("start = \"{start}\"\nend = \"{end}\"\n"));
        return line(out, "zone", previous.zone());
    }
    let day = now.plus(86_400).utc().format("%Y-%m-%d");
    if facts.rollback_minutes < 120 {
        push(out, format_args!("start = \"{day} 20:00\"\nend = \"{day} 22:00\"\n"));
    } else {
        // In UTC, where every length gives a time that exists.
        let length = previous.end().unix() - previous.start().unix();
        let start = Time::from_unix(now.plus(86_400).unix() / 86_400 * 86_400).unwrap_or_default().plus(20 * 3_600);
        push(out, format_args!("start = \"{start}\"\nend = \"{}\"\n", start.plus(length)));
    }
    line(out, "zone", previous.zone());
}

/// A key as TOML reads it: a dot in a bare key would begin a table.
pub(super) fn key_of(name: &str) -> String {
    if name.contains('.') { string(name) } else { name.to_owned() }
}

fn push(out: &mut String, text: impl Display) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{text}");
}

fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn line(out: &mut String, key: &str, value: impl ToString) {
    push(out, format_args!("{key} = {}\n", string(&value.to_string())));
}

fn list<T: ToString>(out: &mut String, key: &str, items: impl IntoIterator<Item = T>) {
    let items: Vec<String> = items.into_iter().map(|it| string(&it.to_string())).collect();
    if !items.is_empty() {
        push(out, format_args!("{key} = [{}]\n", items.join(", ")));
    }
}

fn prose(out: &mut String, key: &str, prose: Option<&Prose>) {
    if let Some(prose) = prose {
        line(out, key, prose);
    }
}

fn steps(out: &mut String, key: &str, steps: &[Step], automation: &BTreeMap<u64, Automation>) {
    // If the text was redacted, only the machine form is left; every step of it needs a table.
    let last = automation.keys().next_back().copied().unwrap_or(0).max(u64::try_from(steps.len()).unwrap_or(0));
    for (n, it) in (1..=last).zip(steps.iter().map(Some).chain(std::iter::repeat(None))) {
        push(out, format_args!("\n[[{key}]]\n"));
        if let Some(it) = it {
            line(out, "step", &it.text);
            prose(out, "command", it.command.as_ref());
        }
        if let Some(Automation { command, cwd, account }) = automation.get(&n) {
            match command {
                Command::Args(args) => list(out, "args", args.as_slice().iter().map(Argument::as_str)),
                Command::Shell(script) => line(out, "shell", script),
            }
            cwd.iter().for_each(|cwd| line(out, "cwd", cwd.as_str()));
            account.iter().for_each(|account| line(out, "account", account.as_str()));
        }
    }
}

fn links(out: &mut String, facts: &Facts) {
    if facts.links.is_empty() {
        return;
    }
    push(out, "\n[links]\n");
    for kind in LinkKind::ALL {
        let of_kind = |link: &&Link| link.kind == *kind;
        list(out, kind.as_str(), facts.links.iter().filter(of_kind).map(|link| &link.reference));
    }
}
