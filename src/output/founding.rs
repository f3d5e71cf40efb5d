//! People, grants and policies as text, for admins to read before they sign.

use super::{Gutter, Page, Quoted, list};
use crate::domain::{Granted, Grants, Line, Member, Period, PersonId, PublicKey};
use crate::{tr, trf};
use std::collections::BTreeMap;

/// Writes each member with name, grants, request and key. Nothing is cut off, however long another person's name is,
/// because an admin signs for all of it.
pub fn member_blocks(page: &mut Page, members: &[Member], names: &BTreeMap<PersonId, Line>) {
    for member in members {
        page.block(member.person.as_str());
        if let Some(name) = names.get(&member.person) {
            page.quote(&Quoted::new(Gutter::Prose, name).marked(tr!("name:", "姓名：")), 6);
        }
        page.text(tr!("roles:", "角色："), grants(&member.grants));
        if let Some(more) = unasked(member) {
            page.text(tr!("not asked for:", "未申请："), more);
        }
        let (asked, expires) = (member.asked.time(), member.asked.expires());
        page.text(tr!("asked:", "申请："), trf!("{asked}, expires {expires}", "{asked}，{expires} 过期"));
        page.text(tr!("key:  ", "密钥："), key_name(&member.key));
    }
}

/// The fingerprint of a key, and for what application if a FIDO token has it.
pub fn key_name(key: &PublicKey) -> String {
    let fingerprint = key.fingerprint();
    match key.application() {
        Some(application) => {
            trf!("{fingerprint} (FIDO key for {application})", "{fingerprint}（{application} 的 FIDO 密钥）")
        }
        None => fingerprint.to_string(),
    }
}

/// Members in one line, each with what they get: `frank (approver), mallory (admin; not asked for: admin)`.
pub fn members_line(members: &[Member]) -> String {
    let line = |member: &Member| {
        let unasked = unasked(member).map_or(String::new(), |more| trf!("; not asked for: {more}", "；未申请：{more}"));
        trf!("{} ({}{unasked})", "{}（{}{unasked}）", member.person, grants(&member.grants))
    };
    list(members.iter().map(line))
}

/// What a member would get beyond their request.
fn unasked(member: &Member) -> Option<String> {
    let more = member.asked.unasked(&member.grants);
    let roles = more.roles.iter().map(|it| it.phrase());
    let operators = more.operators.iter().map(|it| trf!("operator {it}", "操作责任人 {it}"));
    let all: Vec<String> = roles.chain(operators).collect();
    if all.is_empty() { None } else { Some(list(all)) }
}

/// Grants in one line, each period by itself: `approver until 2026-12-31T00:00:00Z, engineer; group dba`.
pub fn grants(grants: &Grants) -> String {
    let mut parts = vec![granted(&grants.roles, |role| role.phrase())];
    if !grants.groups.is_empty() {
        let word = if grants.groups.len() == 1 { tr!("group", "组") } else { tr!("groups", "组") };
        parts.push(format!("{word} {}", granted(&grants.groups, ToString::to_string)));
    }
    if grants.is_machine() {
        let operators = list(&grants.operators);
        parts.push(trf!("machine account operated by {operators}", "机器账号，操作责任人：{operators}"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(tr!("; ", "；"))
}

fn granted<T>(grants: &Granted<T>, phrase: impl Fn(&T) -> String) -> String {
    let periods = grants.iter().flat_map(|(what, periods)| periods.iter().map(move |period| (what, period)));
    list(periods.map(|(what, period): (&T, Period)| format!("{}{}", phrase(what), bounds(period))))
}

/// The beginning and end of a period, each with a space before it; empty for a permanent grant.
fn bounds(period: Period) -> String {
    match (period.from(), period.until()) {
        (None, None) => String::new(),
        (Some(from), None) => trf!(" from {from}", "（{from} 起）"),
        (None, Some(until)) => trf!(" until {until}", "（至 {until}）"),
        (Some(from), Some(until)) => trf!(" from {from} until {until}", "（{from} 至 {until}）"),
    }
}
