//! Records a draft, as a new change or as a new revision of one; in the editor, until it has no faults.

use std::fs;
use std::path::Path;

use crate::commands::change::again::Again;
use crate::commands::change::check::{CheckedDraft, DraftFile, approvals_needed, read_draft};
use crate::commands::change::compose::Compose;
use crate::commands::change::drafts;
use crate::commands::lookup::{change, governance_about, parts};
use crate::commands::{Context, about_to_sign, report_recorded};
use crate::domain::{Change, ChangeId, Event, Line, RevisionRef, Text};
use crate::error::{AccountError, Error};
use crate::format::{Entry, Unsigned};
use crate::input::{mark_faults, without_marks};
use crate::output::{Equal, Gutter, Parts, diff, list, safe_lines, window};
use crate::record::{Plan, Rehearsal, rehearse};
use crate::store::Session;

/// What a draft becomes.
#[derive(Debug, Clone, Copy)]
pub enum Becomes {
    /// A new change.
    Change,
    /// The next revision of a change.
    Revision {
        /// Of which change.
        of: ChangeId,
        /// The revision from which the draft was made; `None` for the one that is current when it is read.
        from: Option<RevisionRef>,
    },
}

impl Becomes {
    /// The change that is revised.
    pub fn revises(self) -> Option<ChangeId> {
        match self {
            Self::Change => None,
            Self::Revision { of, .. } => Some(of),
        }
    }

    /// The revision from which the draft was made.
    fn made_from(self) -> Option<RevisionRef> {
        match self {
            Self::Change => None,
            Self::Revision { from, .. } => from,
        }
    }

    /// The act, behind "to".
    fn act(self) -> String {
        match self {
            Self::Change => "file a new change".to_owned(),
            Self::Revision { of, .. } => format!("revise {of}"),
        }
    }
}

/// Makes a draft of `text`, and records it: after the editor if the options say so.
///
/// # Errors
/// As [`record`]. At a terminal the draft is kept.
pub fn compose_and_record(
    context: &mut Context<'_>,
    becomes: Becomes,
    text: &str,
    (compose, commits, again): (&Compose, Option<String>, Again),
) -> Result<(), Error> {
    let path = drafts::keep(context, text, becomes.made_from())?;
    if compose.edits() {
        return edit_and_record(context, becomes, (&path, Some(text)), commits);
    }
    let from = DraftFile::begun(&path, drafts::number_of(&path), commits);
    let recorded = record(context, becomes, &from, again);
    if recorded.is_err() && (context.options.dry_run || !context.env.console.is_interactive()) {
        // It can be made again from the options, and nobody would resume it.
        drafts::remove(&path)?;
        return recorded;
    }
    finish(context, &path, recorded)
}

/// Opens a draft in the editor until it has no faults and is recorded, or until the user leaves it. Faults stand as comments
/// above their lines.
///
/// A draft that is still as it was `offered` is deleted.
///
/// # Errors
/// As [`record`]; the draft is kept.
pub fn edit_and_record(
    context: &mut Context<'_>,
    becomes: Becomes,
    (path, offered): (&Path, Option<&str>),
    commits: Option<String>,
) -> Result<(), Error> {
    let from = DraftFile::begun(path, drafts::number_of(path), commits);
    loop {
        let edited = context.env.edit(path);
        let edited = edited.map_err(|source| Error::File { doing: "edit", path: path.to_owned(), source });
        if !path.exists() {
            // Filed or discarded meanwhile.
            return edited.and(Err(AccountError::NoDraft(drafts::number_of(path)).into()));
        }
        let text = without_marks(&fs::read_to_string(path).unwrap_or_default());
        if offered.is_some_and(|offered| text == offered) {
            drafts::remove(path)?;
            return edited.and(Err(AccountError::NothingWritten.into()));
        }
        let recorded =
            edited.and_then(|()| drafts::unmark(path)).and_then(|()| record(context, becomes, &from, Again::default()));
        match recorded {
            Err(Error::Faults { path: name, faults }) if context.env.console.is_interactive() => {
                let (marked, faults) = mark_faults(&text, &faults);
                drafts::replace(path, &marked)?;
                let (said, _) = Error::Faults { path: name, faults }.on_screen(context.env.err_width);
                context.env.status(format_args!("error: {}", safe_lines(&said)));
                if context.env.console.ask("Type e to edit it again; anything else keeps the draft:")? != "e" {
                    return finish(context, path, Err(Error::NotConfirmed));
                }
            }
            recorded => return finish(context, path, recorded),
        }
    }
}

/// Says where a draft is kept that was not recorded.
fn finish(context: &mut Context<'_>, path: &Path, recorded: Result<(), Error>) -> Result<(), Error> {
    let n = drafts::number_of(path);
    match recorded {
        // It was recorded, or another process has discarded it.
        Err(error) if error.is_after_recording() || !path.exists() => Err(error),
        Err(Error::NotConfirmed) => Err(AccountError::NotFiled(n).into()),
        Err(error) => {
            context.env.status(format_args!("kept as draft {n}; go on with: `twinseal drafts resume {n}`"));
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// Shows everything that a draft says and what it changes, and asks whether to record it.
fn ask(
    context: &mut Context<'_>,
    session: &Session,
    (becomes, revised): (Becomes, Option<&Change>),
    (checked, entry): (&CheckedDraft, Option<&Unsigned>),
) -> Result<(), Error> {
    if !context.env.console.is_interactive() || context.options.dry_run {
        return Ok(());
    }
    let mut page = context.page_above_question();
    page.block(&format!("about to sign: {}", becomes.act()));
    about_to_sign(&mut page, entry);
    if let (Some(revised), Some(entry)) = (revised, entry) {
        let (old, new) = (revised.current(), Parts::new(entry.body().as_bytes(), entry.text(), entry.data()));
        page.block(&format!("changes since revision {}", old.id.number));
        diff(&mut page, &parts(session, old.seq)?, &new, Equal::Near);
    }
    context.env.show(page.finish().trim_start());
    let (draft, mut page) = (&checked.draft, context.page_above_question());
    page.quote_text(Gutter::Prose, draft.description.title.as_ref().map_or("", Line::as_str));
    page.field("kind, risk", format_args!("{}, {}", draft.facts.kind, draft.facts.risk));
    page.field("services", list(&draft.facts.services));
    page.field("window", window(&draft.facts.window, context.env.now()));
    context.env.status(format_args!("\n{}", page.legend().finish()));
    let what = match revised {
        Some(revised) => format!("revision {} of {}", revised.current().id.number + 1, revised.current().id.change),
        None => "it".to_owned(),
    };
    match context.env.console.ask(&format!("\nType y to file {what}; anything else keeps the draft:"))?.as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Error::NotConfirmed),
    }
}

/// Records a draft. One of this account, which the user may not have seen as it is, is shown before and deleted after.
///
/// # Errors
/// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
pub fn record(context: &mut Context<'_>, becomes: Becomes, from: &DraftFile, again: Again) -> Result<(), Error> {
    let mut session = context.open()?;
    // Fixed before the draft is read: a revision filed meanwhile must not be replaced unseen.
    let revised = becomes.revises().map(|of| change(&session, of)).transpose()?;
    let current = revised.as_ref().map(|it| it.current().id);
    let replaces = match becomes {
        Becomes::Revision { from: Some(from), .. } => Some(from),
        _ => current,
    };
    let checked = read_draft(context, Some(&session), from)?;
    let draft = &checked.draft;
    let rehearsal = rehearse(&mut context.recorder(), &mut session, |session| {
        let (facts, execution) = (Box::new(draft.facts.clone()), Box::new(draft.execution.clone()));
        let event = match replaces {
            Some(replaces) => Event::Revise { replaces, facts, execution },
            None => Event::File { change: session.state().next_change(), facts, execution },
        };
        Ok(Plan { event, text: Some(Text::Description(Box::new(draft.description.clone()))) })
    })?;
    check_and_ask(context, &session, (becomes, revised.as_ref()), (&checked, &rehearsal, from), again)?;
    let need = approvals_needed(&session, &draft.facts, &draft.execution)?;
    let voided = revised.as_ref().map(|it| counted(context, &session, it)).transpose()?.unwrap_or_default();
    let recorded = rehearsal.record(context.recorder(), &mut session);
    let filed = recorded.as_ref().map_or_else(Error::is_after_recording, |_| true);
    let removed = from.begun_at().filter(|_| filed).map_or(Ok(()), drafts::remove);
    let entry = recorded?;
    removed.map_err(|error| error.after(entry.header.seq))?;
    report(context, &entry, replaces, (&need, &voided))
}

/// What may be wrong with a valid draft, and the questions before it is recorded.
fn check_and_ask<P: FnMut(&mut Session) -> Result<Plan, Error>>(
    context: &mut Context<'_>,
    session: &Session,
    (becomes, revised): (Becomes, Option<&Change>),
    (checked, rehearsal, from): (&CheckedDraft, &Rehearsal<P>, &DraftFile),
    again: Again,
) -> Result<(), Error> {
    let (draft, now) = (&checked.draft, session.state().moment(context.env.now()));
    checked.check_capacity(now, revised, rehearsal.actor())?;
    let title = draft.description.title.as_ref().map_or("", Line::as_str);
    let similar = match becomes.revises() {
        Some(id) => vec![id],
        None => session.queries().similar(title, &draft.facts.window)?,
    };
    again.check(context, session, (draft, rehearsal.unsigned()), (&becomes.act(), &similar))?;
    // Freezes can change before the window opens, so a change that they stop can be filed.
    for problem in checked.freeze_problems(session, now, rehearsal.actor())? {
        context.env.remark(format_args!("note: {}", safe_lines(&problem.to_string())));
    }
    match from.begun_at() {
        Some(_) => ask(context, session, (becomes, revised), (checked, rehearsal.unsigned())),
        None => Ok(()),
    }
}

/// Whose approvals of a change count now.
fn counted(context: &Context<'_>, session: &Session, revised: &Change) -> Result<Vec<String>, Error> {
    let now = session.state().moment(context.env.now());
    let tally = revised.tally(&governance_about(session, revised, now)?, now)?;
    Ok(tally.counted.iter().map(|vote| vote.person.to_string()).collect())
}

/// Reports a recorded draft: which approvals it needs, and which it voided.
fn report(
    context: &mut Context<'_>,
    entry: &Entry,
    replaces: Option<RevisionRef>,
    (need, voided): (&str, &[String]),
) -> Result<(), Error> {
    let Some(change) = entry.event.change() else { return Ok(()) };
    let Some(replaces) = replaces else {
        let said = format!("{change} filed; {need}; `twinseal show {change}` shows it");
        return report_recorded(context, entry, Some(format!("{change} revision 1 {}", entry.leaf)), said);
    };
    let number = replaces.number + 1;
    let lost = match voided {
        [] => String::new(),
        voided => format!("; no longer counted: {}", voided.join(", ")),
    };
    let said = format!("{change} revised (revision {number}){lost}; {need}");
    report_recorded(context, entry, Some(format!("{change} revision {number} {}", entry.leaf)), said)
}
