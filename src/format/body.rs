//! The body of an entry: everything that rules read, in the line grammar. A body is accepted only if encoding what was
//! decoded gives the same bytes, so each body has exactly one encoding.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use data_encoding::BASE64;

use super::data::Presence;
use super::lines::{Reader, Writer};
use super::request::Founding;
use super::{Defect, about_log, data, deviation, freeze, governance, review, template, text};
use crate::domain::{
    Artifact, Confirmation, CountedRoot, Event, EventKind, FORMAT, Facts, Field, Finish, FreezeRef, Header, Invalid,
    Opening, ProposalRef, RefusedAttempt, RevisionRef, Start, Submission, TextRef, Verb, Window, number,
};

/// The SSHSIG namespace for entries of this kind, which is also the first line of their body.
pub fn namespace(kind: EventKind) -> String {
    format!("twinseal/{kind}/v1")
}

/// Encodes a body.
pub fn write(header: &Header, event: &Event) -> String {
    let mut out = Writer::with_first_line(&namespace(event.kind()));
    out.put("register", &header.register);
    out.put("seq", header.seq);
    out.put("prev", header.prev);
    out.put("governance", header.governance);
    out.put_all("last", header.last);
    out.put("time", header.time);
    out.put("actor", &header.actor);
    out.put("key", header.key);
    write_event(&mut out, event);
    out.put_all("data", header.data);
    if let Some(text) = &header.text {
        out.put("filled", spaced(&text.filled));
        out.put("text", text.digest);
    }
    out.finish()
}

fn write_event(out: &mut Writer, event: &Event) {
    match event {
        Event::Init { format, after, policy, members } => {
            out.put("format", format);
            after.iter().for_each(|it| governance::write_predecessor(out, it));
            governance::write_policy(out, policy);
            governance::write_members(out, members);
        }
        Event::Seal => {}
        Event::Propose { proposal, action } => {
            out.put("proposal", proposal);
            governance::write_action(out, action);
        }
        Event::KeyRevoke(key) | Event::KeySuspend(key) => out.put("target", key),
        Event::PersonSuspend(person) => out.put("person", person),
        Event::FreezeNow { until, services } => {
            out.put_all("service", services);
            out.put("until", until);
        }
        Event::FreezeEnd(freeze) => out.put("freeze", freeze),
        Event::Second(at) | Event::Decline(at) | Event::ProposalWithdraw(at) => write_proposal(out, at),
        Event::File { change, facts, .. } => {
            out.put("change", change);
            write_facts(out, facts);
        }
        Event::Revise { replaces, facts, .. } => {
            write_revision(out, replaces);
            write_facts(out, facts);
        }
        Event::ChangeWithdraw(at) | Event::Approve(at) | Event::Reject(at) | Event::Retract(at) => {
            write_revision(out, at);
        }
        Event::Review(_) | Event::ActionDone(_) | Event::Close(_) => review::write(out, event),
        Event::Submit(it) => super::statement::write_submission(out, it),
        Event::Confirm(it) => write_confirmation(out, it),
        Event::Note(change) => out.put("change", change),
        Event::Start(start) => {
            write_revision(out, &start.revision);
            out.put_all("target", &start.target);
            out.put_all("run", &start.run);
            out.put_all("artifact", start.artifacts.iter().map(artifact_line));
        }
        Event::Finish(finish) => {
            write_revision(out, &finish.revision);
            out.put_all("target", &finish.target);
            out.put_all("run", &finish.run);
            out.put("outcome", finish.outcome);
        }
        Event::BreakGlassOpen { .. }
        | Event::BreakGlassEnter { .. }
        | Event::BreakGlassClose(_)
        | Event::BreakGlassRatify { .. } => write_break_glass(out, event),
        Event::DeviationRecord { .. } | Event::DeviationReview { .. } => deviation::write(out, event),
        Event::Checkpoint(_) | Event::Sample(_) | Event::Reconciliation(_) => about_log::write(out, event),
        Event::Refused { attempt, rule } => {
            write_attempt(out, attempt);
            out.put("rule", rule);
        }
    }
}

fn write_confirmation(out: &mut Writer, it: &Confirmation) {
    write_revision(out, &it.revision);
    out.put("outcome", it.outcome);
}

fn write_attempt(out: &mut Writer, attempt: &RefusedAttempt) {
    match attempt {
        RefusedAttempt::Approve(at) | RefusedAttempt::Reject(at) => write_revision(out, at),
        RefusedAttempt::Start(start) => write_revision(out, &start.revision),
        RefusedAttempt::Second(at) => write_proposal(out, at),
    }
    out.put("verb", attempt.verb());
    if let RefusedAttempt::Start(start) = attempt {
        out.put_all("target", &start.target);
        out.put_all("artifact", start.artifacts.iter().map(artifact_line));
    }
}

fn write_break_glass(out: &mut Writer, event: &Event) {
    match event {
        Event::BreakGlassOpen { id, opening } => {
            out.put("breakglass", id);
            write_opening(out, opening);
        }
        Event::BreakGlassEnter { id, opening, word } => {
            out.put("breakglass", id);
            super::word::write(out, word);
            write_opening(out, opening);
            out.put("proof", BASE64.encode(&word.proof));
        }
        Event::BreakGlassClose(id) => out.put("breakglass", id),
        Event::BreakGlassRatify { id, closed } => {
            out.put("breakglass", id);
            out.put("closed", closed);
        }
        _ => {}
    }
}

pub(super) fn write_opening(out: &mut Writer, opening: &Opening) {
    out.put("incident", &opening.incident);
    out.put_all("service", &opening.services);
    out.put_all("affects", opening.affects);
}

fn write_proposal(out: &mut Writer, at: &ProposalRef) {
    out.put("proposal", format_args!("{} {}", at.proposal, at.opened));
}

pub(super) fn write_revision(out: &mut Writer, at: &RevisionRef) {
    out.put("change", at.change);
    out.put("revision", format_args!("{} {}", at.number, at.filed));
}

/// Encodes the facts of a revision as the body of `change.file` and `change.revise` does.
pub fn facts(facts: &Facts) -> String {
    let mut out = Writer::default();
    write_facts(&mut out, facts);
    out.finish()
}

fn write_facts(out: &mut Writer, facts: &Facts) {
    out.put("kind", facts.kind);
    out.put("risk", facts.risk);
    out.put("owner", &facts.owner);
    out.put_all("author", &facts.authors);
    out.put_all("implementer", &facts.implementers);
    out.put_all("service", &facts.services);
    out.put_all("environment", &facts.environments);
    out.put_all("tag", &facts.tags);
    out.put("window", &facts.window);
    out.put("outage-minutes", facts.outage_minutes);
    out.put("rollback-minutes", facts.rollback_minutes);
    out.put_all("artifact", facts.artifacts.iter().map(artifact_line));
    out.put_all("evidence", facts.evidence.iter().map(|(test, digest)| format!("{test} {digest}")));
    out.put_all("link", &facts.links);
    out.put_all("follows", &facts.follows);
    out.put_all("conflicts", facts.conflicts);
    out.put_all("freeze-exception", facts.excepted.iter().map(|(name, since)| format!("{name} {since}")));
    out.put("plan-steps", facts.plan_steps);
    out.put("rollback-steps", facts.rollback_steps);
    out.put("targets", facts.targets);
    out.put_all("stop-after", facts.stop_after);
    out.put_all("exception", &facts.exceptions);
    out.put_all("sensitive", &facts.sensitive);
    template::write_used(out, facts.template.as_ref());
}

fn artifact_line(artifact: &Artifact) -> String {
    format!("{} {}", artifact.name, artifact.digest)
}

pub(super) fn spaced<T: Display>(words: &BTreeSet<T>) -> String {
    words.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

/// Decodes a body. The event lacks what is in the data part: see [`data::complete`].
///
/// # Errors
/// A defect of the grammar; [`Defect::Kind`]; [`Defect::Newer`] for a format level above [`FORMAT`];
/// [`Defect::TextNone`] or [`Defect::TextFields`] for a `filled` line that this kind does not allow;
/// [`Defect::NotCanonical`] if encoding the result gives other bytes.
pub fn read(bytes: &[u8]) -> Result<(Header, Event), Defect> {
    let (header, event) = read_fields(Reader::new(bytes)?)?;
    let last_fits = header.last.is_some() == event.stream().has_subject();
    if last_fits && write(&header, &event).as_bytes() == bytes {
        Ok((header, event))
    } else {
        Err(Defect::NotCanonical)
    }
}

/// Decodes a body that this account has verified before. Skips the canonical check and the safety checks of public
/// keys, which take as long as the decoding itself.
///
/// # Errors
/// A defect of the grammar.
pub fn read_verified(bytes: &[u8]) -> Result<(Header, Event), Defect> {
    read_fields(Reader::new(bytes)?.assume_verified())
}

fn read_fields(mut lines: Reader<'_>) -> Result<(Header, Event), Defect> {
    let kind = read_kind(lines.take_line())?;
    let mut header = Header {
        register: lines.parse("register")?,
        seq: lines.parse_with("seq", number)?,
        prev: lines.parse("prev")?,
        governance: lines.parse("governance")?,
        last: if lines.next_is("last") { Some(lines.parse("last")?) } else { None },
        time: lines.parse("time")?,
        actor: lines.parse("actor")?,
        key: lines.parse("key")?,
        touch: None,
        data: None,
        text: None,
    };
    let event = read_event(&mut lines, kind)?;
    header.data = match data::presence(&event) {
        Presence::Optional if lines.next_is("data") => Some(lines.parse("data")?),
        Presence::None | Presence::Optional => None,
        Presence::Required => Some(lines.parse("data")?),
    };
    if lines.next_is("filled") {
        let filled: BTreeSet<Field> = lines.parse_with("filled", words)?;
        header.text = Some(TextRef { filled, digest: lines.parse("text")? });
    }
    lines.end()?;
    let allowed = text::fields(kind);
    if header.text.as_ref().is_some_and(|text| text.filled.iter().any(|field| !allowed.contains(field))) {
        return Err(if allowed.is_empty() { Defect::TextNone } else { Defect::TextFields });
    }
    Ok((header, event))
}

fn read_kind(line: &str) -> Result<EventKind, Defect> {
    let kind = line.strip_prefix("twinseal/").and_then(|rest| rest.strip_suffix("/v1"));
    kind.and_then(|kind| kind.parse().ok()).ok_or(Defect::Kind)
}

fn read_event(lines: &mut Reader<'_>, kind: EventKind) -> Result<Event, Defect> {
    Ok(match kind {
        EventKind::Init => read_init(lines)?,
        EventKind::Seal => Event::Seal,
        EventKind::KeyRevoke => Event::KeyRevoke(lines.parse("target")?),
        EventKind::KeySuspend => Event::KeySuspend(lines.parse("target")?),
        EventKind::PersonSuspend => Event::PersonSuspend(lines.parse("person")?),
        EventKind::FreezeNow => freeze::read_now(lines)?,
        EventKind::FreezeEnd => Event::FreezeEnd(lines.parse("freeze")?),
        EventKind::Second => Event::Second(read_proposal(lines)?),
        EventKind::Decline => Event::Decline(read_proposal(lines)?),
        EventKind::ProposalWithdraw => Event::ProposalWithdraw(read_proposal(lines)?),
        EventKind::File => read_file(lines)?,
        EventKind::Revise => {
            let replaces = read_revision(lines)?;
            Event::Revise { replaces, facts: Box::new(read_facts(lines)?), execution: Box::default() }
        }
        EventKind::ChangeWithdraw => Event::ChangeWithdraw(read_revision(lines)?),
        EventKind::Approve => Event::Approve(read_revision(lines)?),
        EventKind::Submit => Event::Submit(Box::new(read_submission(lines)?)),
        EventKind::Reject => Event::Reject(read_revision(lines)?),
        EventKind::Retract => Event::Retract(read_revision(lines)?),
        EventKind::Confirm => Event::Confirm(read_confirmation(lines)?),
        EventKind::Review | EventKind::ActionDone | EventKind::Close => review::read(lines, kind)?,
        EventKind::Note => Event::Note(lines.parse("change")?),
        EventKind::Start => Event::Start(read_start(lines)?),
        EventKind::Finish => Event::Finish(read_finish(lines)?),
        EventKind::BreakGlassOpen => {
            Event::BreakGlassOpen { id: lines.parse("breakglass")?, opening: read_opening(lines)? }
        }
        EventKind::BreakGlassEnter => read_entered(lines)?,
        EventKind::BreakGlassClose => Event::BreakGlassClose(lines.parse("breakglass")?),
        EventKind::BreakGlassRatify => read_ratification(lines)?,
        EventKind::DeviationRecord | EventKind::DeviationReview => deviation::read(lines, kind)?,
        EventKind::Checkpoint => about_log::read_checkpoint(lines)?,
        EventKind::Sample => about_log::read_sample(lines)?,
        EventKind::Reconciliation => about_log::read_reconciliation(lines)?,
        EventKind::ChangeRefused | EventKind::ProposalRefused => {
            Event::Refused { attempt: read_attempt(lines, kind)?, rule: lines.parse("rule")? }
        }
        EventKind::Enrol
        | EventKind::Roles
        | EventKind::Retire
        | EventKind::AddKey
        | EventKind::Lift
        | EventKind::Policy
        | EventKind::Redact
        | EventKind::Restored
        | EventKind::SetFreeze
        | EventKind::LiftFreeze
        | EventKind::SetCalendar
        | EventKind::SetServices
        | EventKind::SetTemplate
        | EventKind::EndTemplate => {
            Event::Propose { proposal: lines.parse("proposal")?, action: governance::read_action(lines, kind)? }
        }
    })
}

fn read_file(lines: &mut Reader<'_>) -> Result<Event, Defect> {
    let change = lines.parse("change")?;
    Ok(Event::File { change, facts: Box::new(read_facts(lines)?), execution: Box::default() })
}

fn read_ratification(lines: &mut Reader<'_>) -> Result<Event, Defect> {
    Ok(Event::BreakGlassRatify { id: lines.parse("breakglass")?, closed: lines.parse("closed")? })
}

fn read_submission(lines: &mut Reader<'_>) -> Result<Submission, Defect> {
    let (statement, proof) = (super::statement::read(lines)?, governance::read_blob(lines, "proof")?);
    Ok(super::statement::submission(statement, proof))
}

fn read_entered(lines: &mut Reader<'_>) -> Result<Event, Defect> {
    let (id, mut word) = (lines.parse("breakglass")?, super::word::read(lines)?);
    let opening = read_opening(lines)?;
    word.proof = governance::read_blob(lines, "proof")?;
    Ok(Event::BreakGlassEnter { id, opening, word: Box::new(word) })
}

fn read_start(lines: &mut Reader<'_>) -> Result<Start, Defect> {
    Ok(Start {
        revision: read_revision(lines)?,
        target: read_optional(lines, "target")?,
        run: read_optional(lines, "run")?,
        artifacts: lines.parse_all("artifact", read_artifact)?,
    })
}

pub(super) fn read_opening(lines: &mut Reader<'_>) -> Result<Opening, Defect> {
    Ok(Opening {
        incident: lines.parse("incident")?,
        services: lines.parse_all("service", str::parse)?,
        affects: if lines.next_is("affects") { Some(lines.parse("affects")?) } else { None },
    })
}

fn read_attempt(lines: &mut Reader<'_>, kind: EventKind) -> Result<RefusedAttempt, Defect> {
    if kind == EventKind::ProposalRefused {
        let at = read_proposal(lines)?;
        return match lines.parse("verb")? {
            Verb::Second => Ok(RefusedAttempt::Second(at)),
            _ => Err(Defect::NotCanonical),
        };
    }
    let revision = read_revision(lines)?;
    match lines.parse("verb")? {
        Verb::Approve => Ok(RefusedAttempt::Approve(revision)),
        Verb::Reject => Ok(RefusedAttempt::Reject(revision)),
        Verb::Start => Ok(RefusedAttempt::Start(Start {
            target: read_optional(lines, "target")?,
            artifacts: lines.parse_all("artifact", read_artifact)?,
            ..Start::of(revision)
        })),
        Verb::Second => Err(Defect::NotCanonical),
    }
}

fn read_finish(lines: &mut Reader<'_>) -> Result<Finish, Defect> {
    Ok(Finish {
        revision: read_revision(lines)?,
        target: read_optional(lines, "target")?,
        run: read_optional(lines, "run")?,
        outcome: lines.parse("outcome")?,
    })
}

fn read_confirmation(lines: &mut Reader<'_>) -> Result<Confirmation, Defect> {
    Ok(Confirmation { revision: read_revision(lines)?, outcome: lines.parse("outcome")? })
}

fn read_optional<T: FromStr<Err = Invalid>>(lines: &mut Reader<'_>, key: &'static str) -> Result<Option<T>, Defect> {
    if lines.next_is(key) { lines.parse(key).map(Some) } else { Ok(None) }
}

fn read_init(lines: &mut Reader<'_>) -> Result<Event, Defect> {
    let format = lines.parse_with("format", number)?;
    if format > FORMAT {
        return Err(Defect::Newer { format });
    }
    let (after, policy) = (governance::read_predecessor(lines)?, governance::read_policy(lines)?);
    Ok(Event::Init { format, after, policy, members: governance::read_members(lines, Founding::Now)? })
}

fn read_proposal(lines: &mut Reader<'_>) -> Result<ProposalRef, Defect> {
    lines.parse_with("proposal", |value| {
        let (proposal, opened) = value.split_once(' ').unwrap_or((value, ""));
        Ok(ProposalRef { proposal: proposal.parse()?, opened: opened.parse()? })
    })
}

pub(super) fn read_revision(lines: &mut Reader<'_>) -> Result<RevisionRef, Defect> {
    let change = lines.parse("change")?;
    lines.parse_with("revision", |value| {
        let (n, filed) = value.split_once(' ').unwrap_or((value, ""));
        Ok(RevisionRef { change, number: number(n)?, filed: filed.parse()? })
    })
}

fn read_facts(lines: &mut Reader<'_>) -> Result<Facts, Defect> {
    Ok(Facts {
        kind: lines.parse("kind")?,
        risk: lines.parse("risk")?,
        owner: lines.parse("owner")?,
        authors: lines.parse_all("author", str::parse)?,
        implementers: lines.parse_all("implementer", str::parse)?,
        services: lines.parse_all("service", str::parse)?,
        environments: lines.parse_all("environment", str::parse)?,
        tags: lines.parse_all("tag", str::parse)?,
        window: lines.parse_with("window", read_window)?,
        outage_minutes: lines.parse_with("outage-minutes", number)?,
        rollback_minutes: lines.parse_with("rollback-minutes", number)?,
        artifacts: lines.parse_all("artifact", read_artifact)?,
        evidence: lines.parse_all("evidence", |value| {
            let (test, digest) = value.split_once(' ').unwrap_or((value, ""));
            Ok((at_least_one(test)?, digest.parse()?))
        })?,
        links: lines.parse_all("link", str::parse)?,
        follows: lines.parse_all("follows", str::parse)?,
        conflicts: match lines.next_is("conflicts") {
            true => Some(lines.parse_with("conflicts", read_conflicts)?),
            false => None,
        },
        excepted: lines.parse_all("freeze-exception", |value| {
            let FreezeRef { name, since } = value.parse()?;
            Ok((name, since))
        })?,
        plan_steps: lines.parse_with("plan-steps", number)?,
        rollback_steps: lines.parse_with("rollback-steps", number)?,
        targets: lines.parse_with("targets", number)?,
        stop_after: match lines.next_is("stop-after") {
            true => Some(lines.parse_with("stop-after", number)?),
            false => None,
        },
        exceptions: lines.parse_all("exception", str::parse)?,
        sensitive: lines.parse_all("sensitive", str::parse)?,
        template: template::read_used(lines)?,
    })
}

pub(super) fn at_least_one(value: &str) -> Result<u64, Invalid> {
    number(value).and_then(|found| if found == 0 { Err(Invalid::Number) } else { Ok(found) })
}

/// A revision that overlaps nothing has no such line.
fn read_conflicts(value: &str) -> Result<CountedRoot, Invalid> {
    let found: CountedRoot = value.parse()?;
    if found.count == 0 { Err(Invalid::Number) } else { Ok(found) }
}

fn read_window(value: &str) -> Result<Window, Invalid> {
    let mut parts = value.splitn(3, ' ');
    let mut part = || parts.next().unwrap_or("");
    Window::new(part().parse()?, part().parse()?, part().parse()?)
}

fn read_artifact(value: &str) -> Result<Artifact, Invalid> {
    let (name, digest) = value.split_once(' ').unwrap_or((value, ""));
    Ok(Artifact { name: name.parse()?, digest: digest.parse()? })
}

pub(super) fn words<T: FromStr<Err = Invalid> + Ord>(value: &str) -> Result<BTreeSet<T>, Invalid> {
    value.split(' ').map(str::parse).collect()
}
