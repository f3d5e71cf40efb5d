//! What is said of an entry: on the page before it is signed, and once it is recorded.

use serde_json::{Map, Value};

use super::Context;
use super::lookup::rendered;
use crate::domain::Digest;
use crate::error::Error;
use crate::format::{Entry, Unsigned};
use crate::input::Draft;
use crate::output::{self, Block, Page, Parts};
use crate::record::{Plan, rehearse};
use crate::store::Session;
use crate::{tr, trf};

/// Writes the end of a page above a question: the entry that is about to be signed. Display names stand beside the
/// people whom they name.
pub fn about_to_sign(page: &mut Page, entry: Option<&Unsigned>) {
    about_to_sign_parts(page, entry.map(parts_of));
}

/// As [`about_to_sign`], for a draft: of a standard change also what its template gives.
pub fn about_to_file(page: &mut Page, entry: Option<&Unsigned>, draft: &Draft) {
    about_to_sign_parts(page, entry.map(|entry| draft_parts(entry, draft)));
}

/// The lines of the entry that a draft becomes; of a standard change also what its template gives.
pub fn draft_parts(entry: &Unsigned, draft: &Draft) -> Parts {
    let parts = parts_of(entry);
    match &draft.template {
        Some(template) => rendered(parts, template, &draft.facts),
        None => parts,
    }
}

fn parts_of(entry: &Unsigned) -> Parts {
    Parts::new(entry.body().as_bytes(), entry.text(), entry.data())
}

fn about_to_sign_parts(page: &mut Page, parts: Option<Parts>) {
    if let Some(parts) = parts {
        page.fields(&parts.settled_fields());
        let content: Vec<Block> = parts.content().into_iter().filter(|block| block.name != "names").collect();
        for block in &content {
            // A single comment needs no heading.
            if content.len() > 1 {
                page.block(&block.heading());
            }
            page.lines(&block.lines);
        }
    }
    page.legend();
}

/// Records an entry without a question. A person at a terminal is shown what is signed: a page that `write` begins.
///
/// # Errors
/// As [`crate::record::record`], and those of `write`.
pub fn record_shown(
    context: &mut Context<'_>,
    session: &mut Session,
    write: impl FnOnce(&mut Page, &Session) -> Result<(), Error>,
    plan: impl FnMut(&mut Session) -> Result<Plan, Error>,
) -> Result<Entry, Error> {
    record_asked(context, session, write, plan, None)
}

/// What a person must confirm before an act that is rarely meant.
pub struct Question {
    /// What it would cause.
    pub warning: &'static str,
    /// The act, behind "to".
    pub act: String,
    /// The word to type.
    pub word: String,
}

/// Like [`record_shown`], and asks a person at a terminal the question, if there is one. Without a terminal nothing is
/// asked: the act may answer an attack, and must not wait.
///
/// # Errors
/// As [`record_shown`], and [`Error::NotConfirmed`].
pub fn record_asked(
    context: &mut Context<'_>,
    session: &mut Session,
    write: impl FnOnce(&mut Page, &Session) -> Result<(), Error>,
    plan: impl FnMut(&mut Session) -> Result<Plan, Error>,
    question: Option<Question>,
) -> Result<Entry, Error> {
    let mut rehearsal = rehearse(&mut context.recorder(), session, plan)?;
    if context.env.console.is_interactive() {
        let mut page = context.page_above_question();
        write(&mut page, session)?;
        about_to_sign(&mut page, rehearsal.unsigned());
        context.env.status(format_args!("{}\n", page.finish().trim_start()));
        if let Some(Question { warning, act, word }) = question {
            context.env.status(trf!("warning: {warning}", "警告：{warning}"));
            rehearsal.confirm(context.env, &act, &word)?;
        }
    }
    rehearsal.record(context.recorder(), session)
}

/// Reports a recorded entry. Standard output gets the entry with `--json`, otherwise `data`, which scripts read; `said`
/// goes to standard error.
///
/// # Errors
/// [`RecordedButNotPinned`](crate::store::StoreError::RecordedButNotPinned) if the output fails.
pub fn report_recorded(
    context: &mut Context<'_>,
    entry: &Entry,
    data: Option<String>,
    said: impl std::fmt::Display,
) -> Result<(), Error> {
    report_recorded_with(context, entry, data, said, None)
}

/// As [`report_recorded`]; the JSON answer has one more member.
///
/// # Errors
/// As [`report_recorded`].
pub fn report_recorded_with(
    context: &mut Context<'_>,
    entry: &Entry,
    data: Option<String>,
    said: impl std::fmt::Display,
    more: Option<(&'static str, Value)>,
) -> Result<(), Error> {
    let Entry { header, event, text, leaf } = entry;
    context.ui.report_recorded_notices(context.env);
    let heard = if context.ui.json {
        let recorded = output::json::entry(header, event, text.as_ref(), *leaf);
        let members = [("recorded", recorded)].into_iter().chain(more);
        let answer: Map<String, Value> = members.map(|(name, value)| (name.to_owned(), value)).collect();
        context.ui.print_json(context.env, Value::Object(answer))
    } else {
        data.map_or(Ok(()), |data| Ok(context.env.print(data)?))
    };
    heard.map_err(|error| error.after(header.seq))?;
    context.env.remark(said);
    Ok(())
}

/// Reports what a dry run would record: the page of the entry, or the entry as JSON without its leaf hash.
///
/// # Errors
/// Standard output fails.
pub fn report_dry_run(context: &mut Context<'_>, entry: &Unsigned) -> Result<(), Error> {
    let (header, event, text) = entry.decode()?;
    // Several changes in one command would be recorded one after the other.
    let seq = header.seq + context.ui.rehearsed;
    context.ui.rehearsed += 1;
    if context.ui.json {
        let mut would = output::json::entry(&header, &event, text.as_ref(), Digest::NONE);
        (would["seq"], would["leaf"]) = (seq.into(), Value::Null);
        let answer = serde_json::json!({ "recorded": null, "would_record": would });
        context.ui.print_json(context.env, answer)?;
    } else {
        let mut page = context.page();
        let (kind, phrase) = (event.kind(), event.kind().phrase());
        page.block(&trf!("would be recorded as entry {seq}: {kind}", "将记为第 {seq} 条：{phrase}"));
        about_to_sign(&mut page, Some(entry));
        context.env.print(page.finish().trim_start())?;
    }
    context.env.remark(tr!("dry run: nothing was signed or recorded", "试运行：未签名，未记录"));
    Ok(())
}

/// Reports that there was nothing to record, because the same run has done it. Standard output gets `null` as what was
/// recorded with `--json`.
///
/// # Errors
/// Standard output fails.
pub fn report_already(context: &mut Context<'_>, said: impl std::fmt::Display) -> Result<(), Error> {
    if context.ui.json {
        context.ui.print_json(context.env, serde_json::json!({ "recorded": null }))?;
    }
    context.env.remark(said);
    Ok(())
}
