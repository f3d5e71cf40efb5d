//! Encoding of a set of services: its count and root in a body, the difference to the set before in a data part.

use std::collections::{BTreeMap, BTreeSet};

use super::Defect;
use super::lines::{Reader, Writer};
use crate::domain::{Action, Invalid, Service, ServiceId, SetServices, number};

/// A difference to a set of services, as a data part has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceChanges {
    /// The services that are removed.
    pub dropped: BTreeSet<ServiceId>,
    /// The services that are added, or said anew.
    pub put: BTreeMap<ServiceId, Service>,
}

/// Encodes a proposal to change services, all but the difference.
pub fn write_set(out: &mut Writer, it: &SetServices) {
    out.put_all("replaces", it.replaces);
    out.put("services", format_args!("{} {}", it.count, it.root));
}

/// Decodes a proposal to change services. The data part has the difference.
///
/// # Errors
/// A defect of the grammar.
pub fn read_set(lines: &mut Reader<'_>) -> Result<Action, Defect> {
    let replaces = if lines.next_is("replaces") { Some(lines.parse("replaces")?) } else { None };
    let (count, root) = lines.parse_with("services", |value| {
        let (count, root) = value.split_once(' ').unwrap_or((value, ""));
        Ok::<_, Invalid>((number(count)?, root.parse()?))
    })?;
    Ok(Action::SetServices(Box::new(SetServices { replaces, count, root, ..SetServices::default() })))
}

/// Encodes a difference.
pub fn write_changes(out: &mut Writer, it: &ServiceChanges) {
    out.put_all("drop", &it.dropped);
    for (id, service) in &it.put {
        out.put("put", id);
        service.fields().iter().for_each(|(key, value)| out.put(key, value));
    }
}

/// Decodes a difference that changes something.
///
/// # Errors
/// A defect of the grammar.
pub fn read_changes(lines: &mut Reader<'_>) -> Result<ServiceChanges, Defect> {
    let dropped: BTreeSet<ServiceId> = lines.parse_all("drop", str::parse)?;
    let mut put = BTreeMap::new();
    // Out of order or twice is refused by the canonical rule.
    while dropped.is_empty() && put.is_empty() || lines.next_is("put") {
        put.insert(lines.parse("put")?, read_service(lines)?);
    }
    Ok(ServiceChanges { dropped, put })
}

fn read_service(lines: &mut Reader<'_>) -> Result<Service, Defect> {
    Ok(Service {
        name: lines.parse("name")?,
        owner: lines.parse("owner")?,
        team: lines.parse("team")?,
        tier: lines.parse("tier")?,
        kind: lines.parse("kind")?,
        environment: lines.parse("environment")?,
        tags: lines.parse_all("tag", str::parse)?,
        depends_on: lines.parse_all("depends-on", str::parse)?,
        hours: if lines.next_is("hours") { Some(lines.parse("hours")?) } else { None },
    })
}
