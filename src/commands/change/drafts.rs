//! `drafts`: changes that were begun in the editor and are not filed yet. They are files of this account.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::change::draft::check_may_file;
use crate::commands::change::filing::{Becomes, edit_and_record};
use crate::domain::{ChangeId, Time, number};
use crate::error::{AccountError, Error};
use crate::input::{title_of, without_marks};
use crate::output::{ago, table};
use crate::private::{self, Owner};
use crate::store::StoreError;

/// List, resume and discard drafts that you began in the editor
///
/// Without a subcommand, lists them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal drafts
  twinseal drafts resume 1")]
pub struct Drafts {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the drafts of this account
    List,
    /// Open a draft in your editor again, and file it
    Resume(One),
    /// Delete a draft
    Discard(One),
}

/// Arguments of `drafts resume` and `drafts discard`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal drafts resume 1
  twinseal drafts discard 1")]
pub struct One {
    /// Number of the draft, as `drafts list` prints it
    #[arg(value_name = "DRAFT")]
    draft: String,
}

impl Drafts {
    /// # Errors
    /// No such draft, or it cannot be read, filed or deleted.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.verb {
            None | Some(Verb::List) => list(context),
            Some(Verb::Resume(it)) => {
                let (path, revises) = find(context, &it.draft)?;
                if revises.is_none() {
                    let session = context.open()?;
                    check_may_file(context, &session)?;
                }
                let becomes = revises.map_or(Becomes::Change, |of| Becomes::Revision { of, from: None });
                edit_and_record(context, becomes, (&path, None), None)
            }
            Some(Verb::Discard(it)) => {
                let (path, _) = find(context, &it.draft)?;
                remove(&path)?;
                context.env.remark(format_args!("draft {} deleted", it.draft));
                if !context.ui.json {
                    return Ok(());
                }
                context.ui.print_json(context.env, json!({ "discarded": path.display().to_string() }))
            }
        }
    }
}

/// This account's folder of drafts.
fn folder(context: &Context<'_>) -> PathBuf {
    context.registers.scratch().join("drafts")
}

/// Keeps a new draft, of a revision of a change or of a new one, and returns its file: `3.toml`, or `3.CHG-7.toml`. No
/// number is given twice: an editor may still have an earlier draft open.
///
/// # Errors
/// The file cannot be written.
pub fn keep(context: &Context<'_>, text: &str, revises: Option<ChangeId>) -> Result<PathBuf, Error> {
    let folder = folder(context);
    private::make_folder(&folder).map_err(StoreError::from)?;
    let _lock = private::lock(&folder.join("drafts.lock")).map_err(StoreError::from)?;
    let last = folder.join("drafts.last");
    let given = private::read(&last, Owner::Me).map_err(StoreError::from)?;
    let given = given.and_then(|it| number(&it).ok()).unwrap_or(0);
    let used = all(context).iter().map(|it| it.number).max().unwrap_or(0);
    let n = given.max(used).saturating_add(1);
    private::replace(&last, &n.to_string()).map_err(StoreError::from)?;
    let path = folder.join(revises.map_or_else(|| format!("{n}.toml"), |of| format!("{n}.{of}.toml")));
    replace(&path, text)?;
    Ok(path)
}

/// Replaces the text of a draft.
///
/// # Errors
/// The file cannot be written.
pub fn replace(path: &Path, text: &str) -> Result<(), Error> {
    Ok(private::replace(path, text).map_err(StoreError::from)?)
}

/// Removes the comments of earlier faults from a draft.
///
/// # Errors
/// The file cannot be read or written.
pub fn unmark(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::File { doing: "read", path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    let plain = without_marks(&text);
    if plain == text { Ok(()) } else { replace(path, &plain) }
}

/// A draft of this account.
struct Kept {
    number: u64,
    path: PathBuf,
    /// The change of which it is a revision.
    revises: Option<ChangeId>,
}

/// The drafts of this account, by number.
fn all(context: &Context<'_>) -> Vec<Kept> {
    let mut found: Vec<Kept> = Vec::new();
    for item in fs::read_dir(folder(context)).into_iter().flatten().flatten() {
        let path = item.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(stem) = name.strip_suffix(".toml") else { continue };
        let (number_of, of) = stem.split_once('.').map_or((stem, None), |(n, of)| (n, Some(of)));
        let (Ok(number), Ok(revises)) = (number(number_of), of.map(str::parse).transpose()) else { continue };
        found.push(Kept { number, path, revises });
    }
    found.sort_by_key(|it| it.number);
    found
}

/// Deletes a draft, unless another process has.
///
/// # Errors
/// [`Error::File`].
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(Error::File { doing: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// The number of a draft, by its file.
pub fn number_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// The file of a draft, and the change that it revises.
fn find(context: &Context<'_>, given: &str) -> Result<(PathBuf, Option<ChangeId>), Error> {
    let found = all(context).into_iter().find(|it| it.number.to_string() == given);
    let found = found.ok_or_else(|| AccountError::NoDraft(given.to_owned()))?;
    Ok((found.path, found.revises))
}

/// The number and the title of each draft.
pub fn numbered(context: &Context<'_>) -> Vec<(u64, String)> {
    let title = |it: &Kept| fs::read_to_string(&it.path).ok().and_then(|text| title_of(&text));
    all(context).iter().map(|it| (it.number, title(it).unwrap_or_default())).collect()
}

fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let found = all(context);
    if found.is_empty() && !context.ui.json {
        context.env.remark("no drafts");
        return Ok(());
    }
    let (now, width) = (context.env.now(), context.env.width);
    let changed = |it: &Kept| {
        let changed = fs::metadata(&it.path).and_then(|of| of.modified()).ok()?;
        let since = changed.duration_since(UNIX_EPOCH).ok()?;
        Time::from_unix(since.as_secs().try_into().ok()?).ok()
    };
    let title = |it: &Kept| fs::read_to_string(&it.path).ok().and_then(|text| title_of(&text));
    let json = |it: &Kept| {
        let (changed, revises) = (changed(it).map(|it| it.to_string()), it.revises.map(|it| it.to_string()));
        json!({ "draft": it.number, "changed": changed, "revises": revises, "title": title(it) })
    };
    let row = |it: &Kept| {
        let changed = changed(it).map_or(String::new(), |time| ago(time, now));
        let becomes = it.revises.map_or_else(|| "new change".to_owned(), |of| format!("revises {of}"));
        [it.number.to_string(), changed, becomes, title(it).unwrap_or_else(|| "(no title yet)".to_owned())]
    };
    let rows = || found.iter().map(row).collect();
    let json = || json!({ "drafts": found.iter().map(json).collect::<Value>() });
    context.ui.answer(context.env, json, || table(["DRAFT", "CHANGED", "BECOMES", "TITLE"], rows(), width))
}
