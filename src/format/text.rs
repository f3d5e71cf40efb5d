//! The text part of an entry: a `salt` line, then what people wrote, in the line grammar.
//!
//! The key of a list item carries its number, from 1: `plan 1 …`, `plan-command 1 …`. The salt is 128 random bits.
//! Without it, the digest in the body would confirm a guess at a redacted text.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::Defect;
use super::lines::{Reader, Writer};
use crate::domain::{
    Description, Digest, EventKind, Field, Invalid, Line, PersonId, Prose, ReviewText, Step, Text, TextRef, Trial, hex,
    unhex,
};

/// Encodes a text part. Returns its bytes, and the reference to it for the body.
pub fn write(text: &Text, salt: [u8; 16]) -> (Vec<u8>, TextRef) {
    let bytes = encode(text, salt);
    let reference = TextRef { filled: text.filled(), digest: digest(&bytes) };
    (bytes, reference)
}

fn encode(text: &Text, salt: [u8; 16]) -> Vec<u8> {
    let mut out = Writer::default();
    out.put("salt", hex(&salt));
    match text {
        Text::Description(description) => write_description(&mut out, description),
        Text::Names(names) => names.iter().for_each(|(person, name)| out.put("name", format_args!("{person} {name}"))),
        Text::Remark(field, prose) => out.put_prose(field.as_str(), prose.as_str()),
        Text::Review(review) => write_review(&mut out, review),
    }
    out.finish().into_bytes()
}

/// The digest by which a body names a text part: its SHA-256 (FIPS 180-4).
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::new(Sha256::digest(bytes).into())
}

const DESCRIPTION: &[Field] = &[
    Field::Title,
    Field::Reason,
    Field::Impact,
    Field::Security,
    Field::Plan,
    Field::Rollback,
    Field::AbortIf,
    Field::Tests,
    Field::Success,
    Field::Exception,
];
const REVIEW: &[Field] = &[Field::Happened, Field::Helped, Field::Hindered, Field::Learned, Field::Actions];

/// The fields that a text part may fill in an entry of this kind; empty if it has no text part.
pub fn fields(kind: EventKind) -> &'static [Field] {
    match kind {
        EventKind::Review => REVIEW,
        EventKind::File | EventKind::Revise => DESCRIPTION,
        EventKind::Init | EventKind::Enrol => &[Field::Name],
        EventKind::Reject
        | EventKind::Decline
        | EventKind::Retract
        | EventKind::ChangeWithdraw
        | EventKind::KeyRevoke
        | EventKind::KeySuspend
        | EventKind::PersonSuspend
        | EventKind::Lift
        | EventKind::Roles
        | EventKind::Retire
        | EventKind::AddKey
        | EventKind::Redact
        | EventKind::Restored
        | EventKind::SetFreeze
        | EventKind::LiftFreeze
        | EventKind::SetCalendar
        | EventKind::SetServices
        | EventKind::SetTemplate
        | EventKind::EndTemplate
        | EventKind::FreezeNow
        | EventKind::FreezeEnd
        | EventKind::BreakGlassOpen
        | EventKind::BreakGlassEnter => &[Field::Reason],
        EventKind::Approve
        | EventKind::Finish
        | EventKind::Confirm
        | EventKind::ActionDone
        | EventKind::Close
        | EventKind::Note
        | EventKind::BreakGlassClose
        | EventKind::DeviationRecord
        | EventKind::DeviationReview
        | EventKind::BreakGlassRatify => &[Field::Note],
        EventKind::Policy | EventKind::Reconciliation => &[Field::Source],
        EventKind::Seal
        | EventKind::Second
        | EventKind::ProposalWithdraw
        | EventKind::Submit
        | EventKind::Start
        | EventKind::Checkpoint
        | EventKind::Sample
        | EventKind::ChangeRefused
        | EventKind::ProposalRefused => &[],
    }
}

/// Decodes the text part of an entry of this kind.
///
/// # Errors
/// A defect of the grammar; [`Defect::TextNone`] if this kind has no text part; [`Defect::NotCanonical`].
pub fn read(kind: EventKind, bytes: &[u8]) -> Result<Text, Defect> {
    let mut lines = Reader::new(bytes)?;
    let salt = lines.parse_with("salt", |hex| unhex(hex).ok_or(Invalid::Digest))?;
    let text = match fields(kind) {
        [] => return Err(Defect::TextNone),
        [Field::Name] => Text::Names(lines.parse_all("name", read_name)?),
        [field] => read_remark(&mut lines, *field)?,
        _ if kind == EventKind::Review => Text::Review(Box::new(read_review(&mut lines)?)),
        _ => Text::Description(Box::new(read_description(&mut lines)?)),
    };
    lines.end()?;
    if encode(&text, salt) == bytes { Ok(text) } else { Err(Defect::NotCanonical) }
}

fn read_name(value: &str) -> Result<(PersonId, Line), Invalid> {
    let (person, name) = value.split_once(' ').unwrap_or((value, ""));
    Ok((person.parse()?, name.parse()?))
}

fn read_remark(lines: &mut Reader<'_>, field: Field) -> Result<Text, Defect> {
    Ok(Text::Remark(field, lines.required_prose(field.as_str(), field.as_str())?))
}

fn write_review(out: &mut Writer, it: &ReviewText) {
    for (field, prose) in it.parts() {
        prose.into_iter().for_each(|prose| out.put_prose(field.as_str(), prose.as_str()));
    }
    it.actions.iter().for_each(|(n, action)| out.put_prose(&format!("action {n}"), action.as_str()));
}

fn read_review(lines: &mut Reader<'_>) -> Result<ReviewText, Defect> {
    let mut part = |field: Field| lines.prose(field.as_str(), field.as_str());
    let (happened, helped) = (part(Field::Happened)?, part(Field::Helped)?);
    let (hindered, learned) = (part(Field::Hindered)?, part(Field::Learned)?);
    let mut actions = BTreeMap::new();
    while let Some(n) = lines.next_number("action") {
        actions.insert(n, lines.required_prose(&format!("action {n}"), "action")?);
    }
    Ok(ReviewText { happened, helped, hindered, learned, actions })
}

pub(super) fn write_description(out: &mut Writer, it: &Description) {
    let mut prose = |key: &str, prose: Option<&str>| {
        if let Some(prose) = prose {
            out.put_prose(key, prose);
        }
    };
    prose("title", it.title.as_ref().map(Line::as_str));
    prose("reason", it.reason.as_ref().map(Prose::as_str));
    prose("impact", it.impact.as_ref().map(Prose::as_str));
    prose("security", it.security.as_ref().map(Prose::as_str));
    for (name, steps) in [("plan", &it.plan), ("rollback", &it.rollback)] {
        for (n, step) in numbered(steps) {
            prose(&format!("{name} {n}"), Some(step.text.as_str()));
            prose(&format!("{name}-command {n}"), step.command.as_ref().map(Prose::as_str));
        }
    }
    for (n, criterion) in numbered(&it.abort_if) {
        prose(&format!("abort-if {n}"), Some(criterion.as_str()));
    }
    for (n, test) in numbered(&it.tests) {
        prose(&format!("test {n}"), Some(test.what.as_str()));
        prose(&format!("test-result {n}"), Some(test.result.as_str()));
        prose(&format!("test-evidence {n}"), test.evidence.as_ref().map(Line::as_str));
    }
    prose("success", it.success.as_ref().map(Prose::as_str));
    prose("exception", it.exception.as_ref().map(Prose::as_str));
}

fn numbered<T>(items: &[T]) -> impl Iterator<Item = (usize, &T)> {
    items.iter().enumerate().map(|(at, item)| (at + 1, item))
}

pub(super) fn read_description(lines: &mut Reader<'_>) -> Result<Description, Defect> {
    Ok(Description {
        title: lines.line("title", "title")?,
        reason: lines.prose("reason", "reason")?,
        impact: lines.prose("impact", "impact")?,
        security: lines.prose("security", "security")?,
        plan: items(|n| read_step(lines, "plan", n))?,
        rollback: items(|n| read_step(lines, "rollback", n))?,
        abort_if: items(|n| lines.prose(&format!("abort-if {n}"), "abort-if"))?,
        tests: items(|n| read_trial(lines, n))?,
        success: lines.prose("success", "success")?,
        exception: lines.prose("exception", "exception")?,
    })
}

/// Decodes items 1, 2, 3… up to the first number that is not there.
fn items<T>(mut read: impl FnMut(usize) -> Result<Option<T>, Defect>) -> Result<Vec<T>, Defect> {
    (1..).map_while(|n| read(n).transpose()).collect()
}

fn read_step(lines: &mut Reader<'_>, name: &'static str, n: usize) -> Result<Option<Step>, Defect> {
    let Some(text) = lines.prose(&format!("{name} {n}"), name)? else { return Ok(None) };
    let command = lines.prose(&format!("{name}-command {n}"), name)?;
    Ok(Some(Step { text, command }))
}

fn read_trial(lines: &mut Reader<'_>, n: usize) -> Result<Option<Trial>, Defect> {
    let Some(what) = lines.prose(&format!("test {n}"), "test")? else { return Ok(None) };
    let result = lines.required_prose(&format!("test-result {n}"), "test-result")?;
    let evidence = lines.line(&format!("test-evidence {n}"), "test-evidence")?;
    Ok(Some(Trial { what, result, evidence }))
}

/// The display names in a text part of `register.init` or `person.enrol`; `None` for other text parts.
pub fn names(text: &Text) -> Option<&BTreeMap<PersonId, Line>> {
    match text {
        Text::Names(names) => Some(names),
        _ => None,
    }
}
