//! The data part of an entry: bulk content that rules need, in the line grammar. It has no salt and is permanent.
//!
//! A revision has its targets and its machine-readable steps in it, a restoration the lost entries, a freeze or a calendar
//! its closed periods, a set of services the difference to the set before, a template all that it says. The body holds the digest of the data part, so the signature and the leaf hash cover it.

use std::collections::BTreeMap;

use super::lines::{Reader, Writer};
use super::service::{self, ServiceChanges};
use super::text;
use super::{Defect, freeze, template};
use crate::domain::{
    Action, Argument, Automation, ClosedPeriods, Command, Digest, Event, EventKind, Execution, Head, Invalid, Template,
    conflicts_root,
};

/// The most bytes in a data part.
pub const MAX_DATA: usize = 4 * 1024 * 1024;

/// The most bytes in the data part of a template: every change from it is shown with its blanks filled in.
pub const MAX_TEMPLATE: usize = 256 * 1024;

/// The content of a data part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Of `change.file` and `change.revise`: targets, and steps as a machine could carry them out.
    Execution(Box<Execution>),
    /// Of `register.restored`: the lost entries.
    Lost(Vec<Head>),
    /// Of `calendar.set` and `freeze.set`: the closed periods.
    Closed(ClosedPeriods),
    /// Of `service.set`: what is dropped, and what is put.
    Services(Box<ServiceChanges>),
    /// Of `template.set`: what it says.
    Template(Box<Template>),
}

/// Whether an entry has a data part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Never.
    None,
    /// If there is something to write in it.
    Optional,
    /// Always.
    Required,
}

/// Whether the entry of an event has a data part. A freeze that refers to a calendar has none: the calendar has it.
pub fn presence(event: &Event) -> Presence {
    match event {
        Event::File { .. } | Event::Revise { .. } => Presence::Optional,
        Event::Propose { action: Action::SetFreeze(it), .. } if it.terms.calendar.is_some() => Presence::None,
        Event::Propose {
            action:
                Action::Restored(_)
                | Action::SetFreeze(_)
                | Action::SetCalendar(_)
                | Action::SetServices(_)
                | Action::SetTemplate(_),
            ..
        } => Presence::Required,
        _ => Presence::None,
    }
}

/// Encodes a data part.
pub fn write(data: &Data) -> Vec<u8> {
    let mut out = Writer::default();
    match data {
        Data::Execution(it) => write_execution(&mut out, it),
        Data::Lost(heads) => out.put_all("lost", heads),
        Data::Closed(periods) => freeze::write_periods(&mut out, periods),
        Data::Services(it) => service::write_changes(&mut out, it),
        Data::Template(it) => template::write_template(&mut out, it),
    }
    out.finish().into_bytes()
}

fn write_execution(out: &mut Writer, it: &Execution) {
    out.put_all("conflict", it.conflicts.iter().map(|(change, filed)| format!("{change} {filed}")));
    out.put_all("target", &it.targets);
    write_steps(out, it);
}

pub(super) fn write_steps(out: &mut Writer, it: &Execution) {
    for (name, steps) in [("plan", &it.plan), ("rollback", &it.rollback)] {
        for (n, step) in steps {
            let Automation { command, cwd, account } = step;
            match command {
                Command::Args(args) => {
                    let key = format!("{name}-arg {n}");
                    args.as_slice().iter().for_each(|arg| out.put_exact(&key, arg.as_str()));
                }
                Command::Shell(script) => out.put_prose(&format!("{name}-shell {n}"), script.as_str()),
            }
            cwd.iter().for_each(|cwd| out.put_exact(&format!("{name}-cwd {n}"), cwd.as_str()));
            account.iter().for_each(|account| out.put_exact(&format!("{name}-account {n}"), account.as_str()));
        }
    }
}

/// The data part of an event; `None` if it has none.
pub fn of(event: &Event) -> Option<Vec<u8>> {
    match event {
        Event::File { execution, .. } | Event::Revise { execution, .. } if !execution.is_empty() => {
            Some(write(&Data::Execution(execution.clone())))
        }
        Event::Propose { action: Action::SetFreeze(it), .. } if it.terms.calendar.is_none() => {
            Some(write(&Data::Closed(it.terms.periods.clone())))
        }
        Event::Propose { action: Action::SetCalendar(it), .. } => Some(write(&Data::Closed(it.periods.clone()))),
        Event::Propose { action: Action::SetServices(it), .. } => {
            let changes = ServiceChanges { dropped: it.dropped.clone(), put: it.put.clone() };
            Some(write(&Data::Services(Box::new(changes))))
        }
        Event::Propose { action: Action::SetTemplate(it), .. } => {
            Some(write(&Data::Template(Box::new(it.template.clone()))))
        }
        Event::Propose { action: Action::Restored(lost), .. } => Some(write(&Data::Lost(lost.heads().collect()))),
        _ => None,
    }
}

/// The digest by which the body names the data part of an event; `None` if it has none.
pub fn digest_of(event: &Event) -> Option<Digest> {
    of(event).as_deref().map(digest)
}

/// The digest by which a body names a data part: its SHA-256.
pub fn digest(bytes: &[u8]) -> Digest {
    text::digest(bytes)
}

/// Decodes the data part of an entry of this kind.
///
/// # Errors
/// A defect of the grammar; [`Defect::NotCanonical`]; [`Defect::DataUnnamed`] if this kind has no data part.
pub fn read(kind: EventKind, bytes: &[u8]) -> Result<Data, Defect> {
    let mut lines = Reader::new(bytes)?;
    let data = match kind {
        EventKind::File | EventKind::Revise => Data::Execution(Box::new(read_execution(&mut lines)?)),
        EventKind::Restored => {
            let first = lines.parse("lost")?;
            let rest: Vec<Head> = lines.parse_all("lost", str::parse)?;
            Data::Lost([vec![first], rest].concat())
        }
        EventKind::SetFreeze | EventKind::SetCalendar => Data::Closed(freeze::read_periods(&mut lines)?),
        EventKind::SetTemplate => Data::Template(Box::new(template::read_template(&mut lines)?)),
        EventKind::SetServices => Data::Services(Box::new(service::read_changes(&mut lines)?)),
        _ => return Err(Defect::DataUnnamed),
    };
    lines.end()?;
    if write(&data) == bytes { Ok(data) } else { Err(Defect::NotCanonical) }
}

fn read_execution(lines: &mut Reader<'_>) -> Result<Execution, Defect> {
    let it = Execution {
        conflicts: lines.parse_all("conflict", |value| {
            let (change, filed) = value.split_once(' ').unwrap_or((value, ""));
            Ok((change.parse()?, filed.parse()?))
        })?,
        targets: lines.parse_all("target", str::parse)?,
        plan: read_steps(lines, "plan")?,
        rollback: read_steps(lines, "rollback")?,
    };
    if it.is_empty() { Err(Defect::Expected { line: 1, key: "target" }) } else { Ok(it) }
}

pub(super) fn read_steps(lines: &mut Reader<'_>, name: &'static str) -> Result<BTreeMap<u64, Automation>, Defect> {
    let key = |part: &str| format!("{name}-{part}");
    let mut steps = BTreeMap::new();
    while let Some(n) = lines.next_number(&key("arg")).or_else(|| lines.next_number(&key("shell"))) {
        let numbered = |part: &str| format!("{name}-{part} {n}");
        let command = match lines.next_is(&numbered("arg")) {
            true => {
                let mut args = Vec::new();
                while let Some(arg) = read_exact(lines, &numbered("arg"), name)? {
                    args.push(arg);
                }
                Command::Args(args.try_into().map_err(|invalid| lines.defect(name, invalid))?)
            }
            false => {
                let script = lines.required_prose(&numbered("shell"), name)?;
                Command::Shell(script.try_into().map_err(|invalid| lines.defect(name, invalid))?)
            }
        };
        let (cwd, account) =
            (read_filled(lines, &numbered("cwd"), name)?, read_filled(lines, &numbered("account"), name)?);
        steps.insert(n, Automation { command, cwd, account });
    }
    Ok(steps)
}

/// Takes the value of the next line exactly, if the line has this key. Errors name the field `name`.
fn read_exact(lines: &mut Reader<'_>, key: &str, name: &'static str) -> Result<Option<Argument>, Defect> {
    let Some(value) = lines.take_if(key) else { return Ok(None) };
    value.parse().map(Some).map_err(|invalid| lines.defect(name, invalid))
}

/// As [`read_exact`], for a value that is never empty.
fn read_filled(lines: &mut Reader<'_>, key: &str, name: &'static str) -> Result<Option<Argument>, Defect> {
    match read_exact(lines, key, name)? {
        Some(value) if value.as_str().is_empty() => Err(lines.defect(name, Invalid::Empty)),
        value => Ok(value),
    }
}

/// Completes an event that was read from a body with the data part that the body names. `bytes` is the data part of the
/// row, `None` if the row has none.
///
/// # Errors
/// [`Defect::DataMissing`], [`Defect::DataUnnamed`], [`Defect::DataDigest`], [`Defect::TooLarge`],
/// [`Defect::DataGrammar`], [`Defect::DataFields`].
pub fn complete(event: &mut Event, named: Option<Digest>, bytes: Option<&[u8]>) -> Result<(), Defect> {
    let data = match (named, bytes) {
        (None, None) => None,
        (None, Some(_)) => return Err(Defect::DataUnnamed),
        (Some(_), None) => return Err(Defect::DataMissing),
        (Some(signed), Some(bytes)) => Some(read_signed(event.kind(), signed, bytes)?),
    };
    if fill(event, data) { Ok(()) } else { Err(Defect::DataFields) }
}

fn read_signed(kind: EventKind, signed: Digest, bytes: &[u8]) -> Result<Data, Defect> {
    let most = if kind == EventKind::SetTemplate { MAX_TEMPLATE } else { MAX_DATA };
    if bytes.len() > most {
        return Err(Defect::TooLarge { bytes: bytes.len(), most });
    }
    let found = digest(bytes);
    if found != signed {
        return Err(Defect::DataDigest { signed, found });
    }
    read(kind, bytes).map_err(|inner| Defect::DataGrammar { inner: Box::new(inner) })
}

/// Adds the data to the event; `false` if it does not match the body.
fn fill(event: &mut Event, data: Option<Data>) -> bool {
    let within = |steps: &BTreeMap<u64, Automation>, count: u64| steps.keys().all(|n| (1..=count).contains(n));
    match (event, data) {
        (Event::Propose { action: Action::Restored(lost), .. }, Some(Data::Lost(heads))) => {
            lost.leaves = heads.iter().map(|head| head.leaf).collect();
            lost.heads().eq(heads) && lost.heads().last() == Some(lost.ends.lost)
        }
        (Event::Propose { action: Action::SetFreeze(it), .. }, Some(Data::Closed(periods))) => {
            it.terms.periods = periods;
            it.terms.periods.fit(it.terms.known)
        }
        (Event::Propose { action: Action::SetCalendar(it), .. }, Some(Data::Closed(periods))) => {
            it.periods = periods;
            it.periods.fit(it.known)
        }
        (Event::Propose { action: Action::SetServices(it), .. }, Some(Data::Services(changes))) => {
            let ServiceChanges { dropped, put } = *changes;
            (it.dropped, it.put) = (dropped, put);
            !it.dropped.iter().any(|id| it.put.contains_key(id))
        }
        (Event::Propose { action: Action::SetTemplate(it), .. }, Some(Data::Template(template))) => {
            it.template = *template;
            let (plan_steps, rollback_steps) = it.template.steps();
            within(&it.template.execution.plan, plan_steps) && within(&it.template.execution.rollback, rollback_steps)
        }
        (Event::File { facts, execution, .. } | Event::Revise { facts, execution, .. }, data) => {
            match data {
                Some(Data::Execution(data)) => *execution = data,
                Some(Data::Lost(_) | Data::Closed(_) | Data::Services(_) | Data::Template(_)) => return false,
                None => {}
            }
            u64::try_from(execution.targets.len()) == Ok(facts.targets)
                && conflicts_root(&execution.conflicts) == facts.conflicts
                && within(&execution.plan, facts.plan_steps)
                && within(&execution.rollback, facts.rollback_steps)
        }
        (_, None) => true,
        (_, Some(_)) => false,
    }
}
