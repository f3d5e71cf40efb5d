//! Encoding of the governance part of a body: members and their grants, policies, and what proposals ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use data_encoding::BASE64;

use super::body::{spaced, words};
use super::lines::{Reader, Writer};
use super::request::{Founding, read_asked, write_asked};
use super::{Defect, freeze, service, template};
use crate::domain::{
    Action, BreakGlassLimits, Conditions, Digest, Emergency, EventKind, Granted, Grants, Invalid, LostEntries, Member,
    NewGrants, Period, Periods, Policy, PolicyParts, Predecessor, PublicKey, Requirement, Restoration, Vouch, number,
};

/// Encodes the register that a new register succeeds.
pub fn write_predecessor(out: &mut Writer, it: &Predecessor) {
    let Predecessor { register, fingerprint, head } = it;
    out.put("after", format_args!("{register} {fingerprint} {head}"));
}

/// Decodes the register that a new register succeeds; `None` if there is no `after` line.
///
/// # Errors
/// A defect of the grammar.
pub fn read_predecessor(lines: &mut Reader<'_>) -> Result<Option<Predecessor>, Defect> {
    let read = |value: &str| {
        let mut parts = value.splitn(3, ' ');
        let mut part = || parts.next().unwrap_or("");
        Ok(Predecessor { register: part().parse()?, fingerprint: part().parse()?, head: part().parse()? })
    };
    if lines.next_is("after") { lines.parse_with("after", read).map(Some) } else { Ok(None) }
}

/// Encodes a policy.
pub fn write_policy(out: &mut Writer, policy: &Policy) {
    out.put("approvals", policy.approvals());
    out.put("approval-days", policy.approval_days());
    put_words(out, "separate", policy.separate());
    let minutes = policy.break_glass().minutes();
    out.put_all("break-glass-minutes", Some(minutes).filter(|it| *it != BreakGlassLimits::MOST_MINUTES));
    put_words(out, "break-glass-groups", policy.break_glass().groups());
    put_words(out, "teams", policy.teams());
    put_words(out, "emergency-waives", &policy.emergency().waives);
    out.put("emergency-review-days", policy.emergency().review_days);
    let days = Some(policy.parts().review_days);
    out.put_all("review-days", days.filter(|it| *it != Policy::REVIEW_DAYS));
    let hours = Some(policy.checkpoint_hours());
    out.put_all("checkpoint-hours", hours.filter(|it| *it != Policy::CHECKPOINT_HOURS));
    for it in policy.requirements() {
        out.put("require", &it.name);
        write_requirement(out, it);
    }
}

fn write_requirement(out: &mut Writer, it: &Requirement) {
    let Conditions { kinds, risks, tags, services, tiers, environments, targets, freezes, sensitive } = &it.when;
    put_words(out, "when-kind", kinds);
    put_words(out, "when-risk", risks);
    put_words(out, "when-tag", tags);
    put_words(out, "when-service", services);
    put_words(out, "when-tier", tiers);
    put_words(out, "when-environment", environments);
    put_words(out, "when-freeze", freezes);
    out.put_all("when-targets", *targets);
    out.put_all("sensitive", sensitive);
    out.put_all("need-approvals", it.approvals);
    out.put_all("from", it.from.iter().map(|(group, count)| format!("{group} {count}")));
    put_words(out, "need", &it.needed);
    out.put_all("lead-minutes", it.lead_minutes);
    out.put_all("longest-minutes", it.longest_minutes);
    out.put_all("independent", it.independent.then_some(YES));
    out.put_all("keys", it.keys);
    out.put_all("confirm", it.confirm.then_some(YES));
    out.put_all("exception-group", &it.exception);
}

/// The value of a line that is there or not.
const YES: &str = "yes";

fn take_yes(lines: &mut Reader<'_>, key: &'static str) -> Result<bool, Defect> {
    let yes = |value: &str| if value == YES { Ok(()) } else { Err(Invalid::Word { what: "yes", allowed: &[YES] }) };
    if lines.next_is(key) { lines.parse_with(key, yes).map(|()| true) } else { Ok(false) }
}

pub(super) fn put_words<T: Display>(out: &mut Writer, key: &str, words: &BTreeSet<T>) {
    if !words.is_empty() {
        out.put(key, spaced(words));
    }
}

pub(super) fn take_words<T: FromStr<Err = Invalid> + Ord>(
    lines: &mut Reader<'_>,
    key: &'static str,
) -> Result<BTreeSet<T>, Defect> {
    if lines.next_is(key) { lines.parse_with(key, words) } else { Ok(BTreeSet::new()) }
}

/// Decodes a policy.
///
/// # Errors
/// A defect of the grammar, or [`Defect::Value`] for a policy that [`Policy::new`] rejects.
pub fn read_policy(lines: &mut Reader<'_>) -> Result<Policy, Defect> {
    let approvals = lines.parse_with("approvals", within(Policy::check_approvals))?;
    let approval_days = lines.parse_with("approval-days", within(Policy::check_days))?;
    let separate = take_words(lines, "separate")?;
    let minutes = take_number(lines, "break-glass-minutes", BreakGlassLimits::check_minutes)?;
    let groups = take_words(lines, "break-glass-groups")?;
    let break_glass = BreakGlassLimits::new(minutes.unwrap_or(BreakGlassLimits::MOST_MINUTES), groups);
    let break_glass = break_glass.map_err(|invalid| lines.defect("break-glass-minutes", invalid))?;
    let teams = take_words(lines, "teams")?;
    let waives = take_words(lines, "emergency-waives")?;
    let review_days = lines.parse_with("emergency-review-days", within(Policy::check_days))?;
    let emergency = Emergency { waives, review_days };
    let other_days = take_number(lines, "review-days", Policy::check_days)?.unwrap_or(Policy::REVIEW_DAYS);
    let hours = take_number(lines, "checkpoint-hours", Policy::check_checkpoint_hours)?;
    let checkpoint_hours = hours.unwrap_or(Policy::CHECKPOINT_HOURS);
    let mut requirements = Vec::new();
    while lines.next_is("require") {
        requirements.push(read_requirement(lines)?);
    }
    let parts = PolicyParts { approvals, approval_days, separate, teams, emergency, ..PolicyParts::default() };
    let parts = PolicyParts { break_glass, review_days: other_days, checkpoint_hours, requirements, ..parts };
    Policy::new(parts).map_err(|invalid| lines.defect("require", invalid))
}

/// A number that `check` accepts.
fn within(check: fn(u64) -> Result<(), Invalid>) -> impl Fn(&str) -> Result<u64, Invalid> {
    move |text: &str| number(text).and_then(|found| check(found).map(|()| found))
}

fn take_number(
    lines: &mut Reader<'_>,
    key: &'static str,
    check: fn(u64) -> Result<(), Invalid>,
) -> Result<Option<u64>, Defect> {
    if lines.next_is(key) { lines.parse_with(key, within(check)).map(Some) } else { Ok(None) }
}

fn read_requirement(lines: &mut Reader<'_>) -> Result<Requirement, Defect> {
    let name = lines.parse("require")?;
    let when = Conditions {
        kinds: take_words(lines, "when-kind")?,
        risks: take_words(lines, "when-risk")?,
        tags: take_words(lines, "when-tag")?,
        services: take_words(lines, "when-service")?,
        tiers: take_words(lines, "when-tier")?,
        environments: take_words(lines, "when-environment")?,
        freezes: take_words(lines, "when-freeze")?,
        targets: take_number(lines, "when-targets", Conditions::check_targets)?,
        sensitive: lines.parse_all("sensitive", str::parse)?,
    };
    Ok(Requirement {
        name,
        when,
        approvals: take_number(lines, "need-approvals", Policy::check_approvals)?,
        from: lines.parse_all("from", |value| {
            let (group, count) = value.split_once(' ').unwrap_or((value, ""));
            Ok((group.parse()?, within(Requirement::check_slots)(count)?))
        })?,
        needed: take_words(lines, "need")?,
        lead_minutes: take_number(lines, "lead-minutes", Requirement::check_minutes)?,
        longest_minutes: take_number(lines, "longest-minutes", Requirement::check_minutes)?,
        independent: take_yes(lines, "independent")?,
        keys: if lines.next_is("keys") { Some(lines.parse("keys")?) } else { None },
        confirm: take_yes(lines, "confirm")?,
        exception: if lines.next_is("exception-group") { Some(lines.parse("exception-group")?) } else { None },
    })
}

/// Encodes the people to be enrolled.
pub fn write_members(out: &mut Writer, members: &[Member]) {
    for member in members {
        out.put("member", &member.person);
        write_grants(out, &member.grants);
        write_asked(out, &member.asked);
        out.put("public-key", member.key);
        out.put("proof", BASE64.encode(&member.proof));
    }
}

/// Decodes the people to be enrolled.
///
/// # Errors
/// A defect of the grammar.
pub fn read_members(lines: &mut Reader<'_>, founding: Founding) -> Result<Vec<Member>, Defect> {
    let mut members = Vec::new();
    while lines.next_is("member") {
        let (person, grants) = (lines.parse("member")?, read_grants(lines)?);
        let (asked, key) = (read_asked(lines, founding)?, read_key(lines)?);
        members.push(Member { person, grants, asked, key, proof: read_blob(lines, "proof")? });
    }
    Ok(members)
}

fn read_key(lines: &mut Reader<'_>) -> Result<PublicKey, Defect> {
    // Checking that a key is safe costs as much as decoding several entries; a verified entry has passed that check.
    if lines.is_verified() { lines.parse_with("public-key", PublicKey::again) } else { lines.parse("public-key") }
}

pub(super) fn read_blob(lines: &mut Reader<'_>, key: &'static str) -> Result<Vec<u8>, Defect> {
    BASE64.decode(lines.take(key)?.as_bytes()).map_err(|_| Defect::SignatureForm)
}

fn write_grants(out: &mut Writer, grants: &Grants) {
    put_grants(out, "role", &grants.roles);
    put_grants(out, "group", &grants.groups);
    out.put_all("operator", &grants.operators);
}

fn put_grants<T: Display>(out: &mut Writer, key: &str, grants: &Granted<T>) {
    for (granted, periods) in grants {
        for period in periods.iter() {
            match period {
                Period::PERMANENT => out.put(key, granted),
                period => out.put(key, format_args!("{granted} {period}")),
            }
        }
    }
}

fn read_grants(lines: &mut Reader<'_>) -> Result<Grants, Defect> {
    Ok(Grants {
        roles: read_granted(lines, "role")?,
        groups: read_granted(lines, "group")?,
        operators: lines.parse_all("operator", str::parse)?,
    })
}

/// Lines out of order are read, and then refused by the canonical rule.
fn read_granted<T: FromStr<Err = Invalid> + Ord>(
    lines: &mut Reader<'_>,
    key: &'static str,
) -> Result<Granted<T>, Defect> {
    let read: Vec<(T, Period)> = lines.parse_all(key, read_grant)?;
    let mut found: BTreeMap<T, Vec<Period>> = BTreeMap::new();
    read.into_iter().for_each(|(granted, period)| found.entry(granted).or_default().push(period));
    let periods = |(granted, mut periods): (T, Vec<Period>)| {
        periods.sort();
        let periods = Periods::new(periods).map_err(|invalid| lines.defect(key, invalid))?;
        Ok((granted, periods))
    };
    found.into_iter().map(periods).collect()
}

fn read_grant<T: FromStr<Err = Invalid>>(value: &str) -> Result<(T, Period), Invalid> {
    match value.split_once(' ') {
        Some((granted, period)) => Ok((granted.parse()?, period.parse()?)),
        None => Ok((value.parse()?, Period::PERMANENT)),
    }
}

/// Encodes what a proposal asks for.
pub fn write_action(out: &mut Writer, action: &Action) {
    match action {
        Action::Enrol(members) => write_members(out, members),
        Action::Roles(changes) => {
            for (person, NewGrants { replaces, grants, revokes }) in changes {
                out.put("person", person);
                out.put("replaces", replaces);
                write_grants(out, grants);
                out.put_all("revoke", revokes);
            }
        }
        Action::Retire { person, replaces } => {
            out.put("person", person);
            out.put("replaces", replaces);
        }
        Action::AddKey { person, asked, key, proof, vouch } => {
            out.put("person", person);
            write_asked(out, asked);
            out.put("public-key", key);
            out.put("proof", BASE64.encode(proof));
            if let Some(vouch) = vouch {
                out.put("vouch-key", vouch.key);
                out.put("vouch", BASE64.encode(&vouch.proof));
            }
        }
        Action::Lift { key, replaces } => {
            out.put("target", key);
            out.put("replaces", replaces);
        }
        Action::Policy { replaces, policy } => {
            out.put("replaces", replaces);
            write_policy(out, policy);
        }
        Action::Redact(texts) => out.put_all("redact", texts.iter().map(|(seq, text)| format!("{seq} {text}"))),
        Action::SetFreeze(it) => freeze::write_set(out, it),
        Action::LiftFreeze(it) => freeze::write_lift(out, it),
        Action::SetCalendar(it) => freeze::write_calendar(out, it),
        Action::SetServices(it) => service::write_set(out, it),
        Action::SetTemplate(it) => template::write_set(out, it),
        Action::EndTemplate(it) => template::write_end(out, it),
        Action::Restored(LostEntries { ends, .. }) => {
            out.put("restored", ends.restored);
            out.put("lost", ends.lost);
        }
    }
}

/// Decodes what a proposal asks for, given the kind of the entry that opens it.
///
/// # Errors
/// A defect of the grammar; [`Defect::Kind`] for a kind that opens no proposal.
pub fn read_action(lines: &mut Reader<'_>, kind: EventKind) -> Result<Action, Defect> {
    Ok(match kind {
        EventKind::Enrol => Action::Enrol(read_members(lines, Founding::Before)?),
        EventKind::Roles => read_roles(lines)?,
        EventKind::Retire => Action::Retire { person: lines.parse("person")?, replaces: lines.parse("replaces")? },
        EventKind::AddKey => read_add_key(lines)?,
        EventKind::Lift => Action::Lift { key: lines.parse("target")?, replaces: lines.parse("replaces")? },
        EventKind::Policy => Action::Policy { replaces: lines.parse("replaces")?, policy: read_policy(lines)? },
        EventKind::Redact => {
            let texts: BTreeMap<u64, Digest> = lines.parse_all("redact", |value| {
                let (seq, text) = value.split_once(' ').unwrap_or((value, ""));
                Ok((number(seq)?, text.parse()?))
            })?;
            Action::Redact(texts)
        }
        EventKind::SetFreeze => freeze::read_set(lines)?,
        EventKind::LiftFreeze => freeze::read_lift(lines)?,
        EventKind::SetCalendar => freeze::read_calendar(lines)?,
        EventKind::SetServices => service::read_set(lines)?,
        EventKind::SetTemplate => template::read_set(lines)?,
        EventKind::EndTemplate => template::read_end(lines)?,
        EventKind::Restored => {
            let (restored, lost) = (lines.parse("restored")?, lines.parse("lost")?);
            // The data part has the leaves.
            Action::Restored(LostEntries { ends: Restoration { restored, lost }, leaves: Vec::new() })
        }
        _ => return Err(Defect::Kind),
    })
}

/// At least one person; out of order or twice is refused by the canonical rule.
fn read_roles(lines: &mut Reader<'_>) -> Result<Action, Defect> {
    let mut changes = BTreeMap::new();
    loop {
        let person = lines.parse("person")?;
        let (replaces, grants) = (lines.parse("replaces")?, read_grants(lines)?);
        let revokes = lines.parse_all("revoke", str::parse)?;
        changes.insert(person, NewGrants { replaces, grants, revokes });
        if !lines.next_is("person") {
            return Ok(Action::Roles(changes));
        }
    }
}

fn read_add_key(lines: &mut Reader<'_>) -> Result<Action, Defect> {
    let (person, asked) = (lines.parse("person")?, read_asked(lines, Founding::Before)?);
    let (key, proof) = (read_key(lines)?, read_blob(lines, "proof")?);
    let vouch = match lines.next_is("vouch-key") {
        true => Some(Vouch { key: lines.parse("vouch-key")?, proof: read_blob(lines, "vouch")? }),
        false => None,
    };
    Ok(Action::AddKey { person, asked, key, proof, vouch })
}
