//! `file`: record a draft as a new change.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::change::again::Again;
use crate::commands::change::check::{CheckedDraft, DraftFile, approvals_needed, read_draft};
use crate::commands::change::compose::Compose;
use crate::commands::change::drafts;
use crate::commands::{Context, about_to_sign, report_recorded};
use crate::domain::{Event, Line, Text};
use crate::error::{AccountError, Error};
use crate::format::Unsigned;
use crate::output::{Gutter, list, safe_lines, window};
use crate::record::{Plan, rehearse};

/// File a draft as a new change
///
/// Without a file, the draft is made from the options, or opened in your editor ($VISUAL or $EDITOR) on a template or on
/// a copy of an earlier change. A draft that is not filed is kept: see `twinseal drafts`. Relative paths in it start at
/// the current directory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal file change.toml
  twinseal file change.toml --commits v2.4.0..v2.4.1
  twinseal file --from CHG-7 --window 'sat 20:00 for 2h'
  twinseal file")]
pub struct File {
    /// Draft in TOML; - reads standard input
    file: Option<PathBuf>,
    /// Commits of the git repository here, such as v2.4.0..HEAD, whose authors are added to those in the draft; the table
    /// `[authors]` of config.toml says who they are
    #[arg(long, value_name = "A..B")]
    commits: Option<String>,
    #[command(flatten)]
    compose: Compose,
    #[command(flatten)]
    again: Again,
}

impl File {
    /// # Errors
    /// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if let Some(file) = self.file {
            return record(context, &DraftFile::named(file, self.commits), self.again);
        }
        if self.compose.edits() && !context.env.console.is_interactive() {
            return Err(AccountError::NoDraftGiven.into());
        }
        let draft = self.compose.text(context)?;
        let path = drafts::keep(context, &draft)?;
        if self.compose.edits() {
            return edit_and_file(context, &path, self.commits, Some(&draft));
        }
        let from = DraftFile::begun(&path, drafts::number_of(&path), self.commits);
        let recorded = record(context, &from, self.again);
        if recorded.is_err() && (context.options.dry_run || !context.env.console.is_interactive()) {
            // It can be made again from the options, and nobody would resume it.
            drafts::remove(&path)?;
            return recorded;
        }
        finish(context, &path, recorded)
    }
}

/// Opens a draft in the editor until it has no faults and is filed, or until the user leaves it.
///
/// A draft that is still as it was `offered` is deleted.
///
/// # Errors
/// As [`File::run`]; the draft is kept.
pub fn edit_and_file(
    context: &mut Context<'_>,
    path: &Path,
    commits: Option<String>,
    offered: Option<&str>,
) -> Result<(), Error> {
    let from = DraftFile::begun(path, drafts::number_of(path), commits);
    loop {
        let edited = context.env.edit(path);
        let edited = edited.map_err(|source| Error::File { doing: "edit", path: path.to_owned(), source });
        if !path.exists() {
            // Filed or discarded meanwhile.
            return edited.and(Err(AccountError::NoDraft(drafts::number_of(path)).into()));
        }
        if offered.is_some_and(|offered| fs::read_to_string(path).is_ok_and(|text| text == offered)) {
            drafts::remove(path)?;
            return edited.and(Err(AccountError::NothingWritten.into()));
        }
        let recorded = edited.and_then(|()| record(context, &from, Again::default()));
        match &recorded {
            Err(error @ Error::Faults { .. }) if context.env.console.is_interactive() => {
                context.env.status(format_args!("error: {}", safe_lines(&error.to_string())));
                if context.env.console.ask("Type e to edit it again; anything else keeps the draft:")? != "e" {
                    return finish(context, path, Err(Error::NotConfirmed));
                }
            }
            _ => return finish(context, path, recorded),
        }
    }
}

/// Says where a draft is kept that was not filed.
fn finish(context: &mut Context<'_>, path: &Path, recorded: Result<(), Error>) -> Result<(), Error> {
    let n = drafts::number_of(path);
    match recorded {
        // It was filed, or another process has discarded it.
        Err(error) if error.is_after_recording() || !path.exists() => Err(error),
        Err(Error::NotConfirmed) => Err(AccountError::NotFiled(n).into()),
        Err(error) => {
            context.env.status(format_args!("kept as draft {n}; go on with: `twinseal drafts resume {n}`"));
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// Shows everything that a draft says, and asks whether to file it.
fn ask(context: &mut Context<'_>, checked: &CheckedDraft, entry: Option<&Unsigned>) -> Result<(), Error> {
    if !context.env.console.is_interactive() || context.options.dry_run {
        return Ok(());
    }
    let mut page = context.page_above_question();
    page.block("about to sign: file a new change");
    about_to_sign(&mut page, entry);
    context.env.show(page.finish().trim_start());
    let (draft, mut page) = (&checked.draft, context.page_above_question());
    page.quote_text(Gutter::Prose, draft.description.title.as_ref().map_or("", Line::as_str));
    page.field("kind, risk", format_args!("{}, {}", draft.facts.kind, draft.facts.risk));
    page.field("services", list(&draft.facts.services));
    page.field("window", window(&draft.facts.window, context.env.now()));
    context.env.status(format_args!("\n{}", page.legend().finish()));
    match context.env.console.ask("\nType y to file it; anything else keeps the draft:")?.as_str() {
        "y" => Ok(()),
        _ => Err(Error::NotConfirmed),
    }
}

/// Records a draft. One of this account, which the user may not have seen as it is, is shown before and deleted after.
fn record(context: &mut Context<'_>, from: &DraftFile, again: Again) -> Result<(), Error> {
    let mut session = context.open()?;
    let checked = read_draft(context, Some(&session), from)?;
    let draft = &checked.draft;
    let rehearsal = rehearse(&mut context.recorder(), &mut session, |session| {
        let change = session.state().next_change();
        let (facts, execution) = (Box::new(draft.facts.clone()), Box::new(draft.execution.clone()));
        let event = Event::File { change, facts, execution };
        Ok(Plan { event, text: Some(Text::Description(Box::new(draft.description.clone()))) })
    })?;
    let now = session.state().moment(context.env.now());
    checked.check_capacity(now, None, rehearsal.actor())?;
    let title = draft.description.title.as_ref().map_or("", Line::as_str);
    let similar = session.queries().similar(title, &draft.facts.window)?;
    again.check(context, &session, (draft, rehearsal.unsigned()), ("file a new change", &similar))?;
    // Freezes can change before the window opens, so a change that they stop can be filed.
    for problem in checked.freeze_problems(&session, now, rehearsal.actor())? {
        context.env.remark(format_args!("note: {}", safe_lines(&problem.to_string())));
    }
    let begun = from.begun_at();
    if begun.is_some() {
        ask(context, &checked, rehearsal.unsigned())?;
    }
    let need = approvals_needed(&session, &draft.facts, &draft.execution)?;
    let recorded = rehearsal.record(context.recorder(), &mut session);
    let filed = recorded.as_ref().map_or_else(Error::is_after_recording, |_| true);
    let removed = begun.filter(|_| filed).map_or(Ok(()), drafts::remove);
    let entry = recorded?;
    removed.map_err(|error| error.after(entry.header.seq))?;
    let Some(change) = entry.event.change() else { return Ok(()) };
    let said = format!("{change} filed; {need}; `twinseal show {change}` shows it");
    report_recorded(context, &entry, Some(format!("{change} revision 1 {}", entry.leaf)), said)
}
