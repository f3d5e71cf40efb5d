//! People, grants and policies as text, for admins to read before they sign.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Gutter, Page, Quoted};
use crate::domain::{Granted, Grants, Line, Member, Period, PersonId};

/// Writes each member with name, grants, request and key. Nothing is cut off, however long another person's name is,
/// because an admin signs for all of it.
pub fn member_blocks(page: &mut Page, members: &[Member], names: &BTreeMap<PersonId, Line>) {
    for member in members {
        page.block(member.person.as_str());
        if let Some(name) = names.get(&member.person) {
            page.quote(&Quoted::new(Gutter::Prose, name).marked("name:"), 6);
        }
        page.text("roles:", grants(&member.grants));
        if let Some(more) = unasked(member) {
            page.text("not asked for:", more);
        }
        page.text("asked:", format_args!("{}, expires {}", member.asked.time(), member.asked.expires()));
        page.text("key:  ", member.key.fingerprint());
    }
}

/// Members in one line, each with what they get: `frank (approver), mallory (admin; not asked for: admin)`.
pub fn members_line(members: &[Member]) -> String {
    let line = |member: &Member| {
        let unasked = unasked(member).map_or(String::new(), |more| format!("; not asked for: {more}"));
        format!("{} ({}{unasked})", member.person, grants(&member.grants))
    };
    members.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// What a member would get beyond their request.
fn unasked(member: &Member) -> Option<String> {
    let more = member.asked.unasked(&member.grants);
    let roles = more.roles.iter().map(ToString::to_string);
    let all: Vec<String> = roles.chain(more.operators.iter().map(|it| format!("operator {it}"))).collect();
    if all.is_empty() { None } else { Some(all.join(", ")) }
}

/// Grants in one line, each period by itself: `approver until 2026-12-31T00:00:00Z, engineer; group dba`.
pub fn grants(grants: &Grants) -> String {
    let mut parts = vec![granted(&grants.roles)];
    if !grants.groups.is_empty() {
        let word = if grants.groups.len() == 1 { "group" } else { "groups" };
        parts.push(format!("{word} {}", granted(&grants.groups)));
    }
    if grants.is_machine() {
        let operators: Vec<&str> = grants.operators.iter().map(PersonId::as_str).collect();
        parts.push(format!("machine account operated by {}", operators.join(", ")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

fn granted<T: Display>(grants: &Granted<T>) -> String {
    let periods = grants.iter().flat_map(|(what, periods)| periods.iter().map(move |period| (what, period)));
    let grant = |(what, period): (&T, Period)| format!("{what}{}", bounds(period));
    periods.map(grant).collect::<Vec<_>>().join(", ")
}

/// The beginning and end of a period, each with a space before it; empty for a permanent grant.
fn bounds(period: Period) -> String {
    let from = period.from().map_or(String::new(), |from| format!(" from {from}"));
    period.until().map_or(from.clone(), |until| format!("{from} until {until}"))
}
