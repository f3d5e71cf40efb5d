//! `drafts`: changes that were begun in the editor and are not filed yet. They are files of this account.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::change::draft::check_may_file;
use crate::commands::change::file;
use crate::domain::{Time, number};
use crate::error::{AccountError, Error};
use crate::input::title_of;
use crate::output::{ago, table};
use crate::private::{self, Owner};
use crate::store::StoreError;

/// List, resume and discard drafts that you began in the editor
///
/// Without a verb, lists them.
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
                let path = find(context, &it.draft)?;
                let session = context.open()?;
                check_may_file(context, &session)?;
                drop(session);
                file::edit_and_file(context, &path, None, None)
            }
            Some(Verb::Discard(it)) => {
                let path = find(context, &it.draft)?;
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

/// Keeps a new draft and returns its file. No number is given twice: an editor may still have an earlier draft open.
///
/// # Errors
/// The file cannot be written.
pub fn keep(context: &Context<'_>, text: &str) -> Result<PathBuf, Error> {
    let folder = folder(context);
    private::make_folder(&folder).map_err(StoreError::from)?;
    let _lock = private::lock(&folder.join("drafts.lock")).map_err(StoreError::from)?;
    let last = folder.join("drafts.last");
    let given = private::read(&last, Owner::Me).map_err(StoreError::from)?;
    let given = given.and_then(|it| number(&it).ok()).unwrap_or(0);
    let place = |n: u64| folder.join(format!("{n}.toml"));
    let n = (given.saturating_add(1)..).find(|n| !place(*n).exists()).unwrap_or(0);
    private::replace(&last, &n.to_string()).map_err(StoreError::from)?;
    private::replace(&place(n), text).map_err(StoreError::from)?;
    Ok(place(n))
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
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn find(context: &Context<'_>, given: &str) -> Result<PathBuf, Error> {
    let path = folder(context).join(format!("{given}.toml"));
    match number(given) {
        Ok(_) if path.is_file() => Ok(path),
        _ => Err(AccountError::NoDraft(given.to_owned()).into()),
    }
}

/// The number of each draft, when it was changed, and its title.
fn all(context: &Context<'_>) -> Vec<(u64, Option<Time>, Option<String>)> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder(context)).into_iter().flatten().flatten() {
        let path = item.path();
        let Ok(n) = number(&number_of(&path)) else { continue };
        let changed = item.metadata().and_then(|of| of.modified()).ok();
        let since = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let time = since.and_then(|it| Time::from_unix(it.as_secs().try_into().ok()?).ok());
        found.push((n, time, fs::read_to_string(&path).ok().and_then(|text| title_of(&text))));
    }
    found.sort();
    found
}

/// The number and the title of each draft.
pub fn numbered(context: &Context<'_>) -> Vec<(u64, String)> {
    all(context).into_iter().map(|(n, _, title)| (n, title.unwrap_or_default())).collect()
}

fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let found = all(context);
    if found.is_empty() && !context.ui.json {
        context.env.remark("no drafts");
        return Ok(());
    }
    let (now, width) = (context.env.now(), context.env.width);
    let json = |(n, time, title): &(u64, Option<Time>, Option<String>)| json!({ "draft": n, "changed": time.map(|it| it.to_string()), "title": title });
    let row = |(n, time, title): &(u64, Option<Time>, Option<String>)| {
        let changed = time.map_or(String::new(), |time| ago(time, now));
        [n.to_string(), changed, title.clone().unwrap_or_else(|| "(no title yet)".to_owned())]
    };
    let rows = || found.iter().map(row).collect();
    let json = || json!({ "drafts": found.iter().map(json).collect::<Value>() });
    context.ui.answer(context.env, json, || table(["DRAFT", "CHANGED", "TITLE"], rows(), width))
}
