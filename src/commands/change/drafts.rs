//! `drafts`: changes that were begun in the editor and are not filed yet. They are files of this account.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::change::draft::check_may_file;
use crate::commands::change::filing::{Becomes, edit_and_record};
use crate::commands::lookup::change;
use crate::domain::{RevisionRef, Time, number};
use crate::error::{AccountError, Error, FileAct};
use crate::input::title_of;
use crate::output::{ago, table};
use crate::private::{self, Owner};
use crate::store::{Session, StoreError};
use crate::{tr, trf};

/// List, resume and discard drafts that you began in the editor
///
/// Without a subcommand, lists them.
#[derive(Debug, Args)]
#[command(zh("列出、继续或丢弃在编辑器中开始的草稿"))]
#[command(zh_long("不带子命令时列出草稿。"))]
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
    #[command(zh("列出本账号的草稿"))]
    List,
    /// Open a draft in your editor again, and file it
    #[command(zh("在编辑器中重新打开草稿并提交"))]
    #[command(after_help = "Examples:
  twinseal drafts
  twinseal drafts resume 1")]
    Resume(One),
    /// Delete a draft
    #[command(zh("删除草稿"))]
    #[command(after_help = "Examples:
  twinseal drafts
  twinseal drafts discard 1")]
    Discard(One),
}

/// Arguments of `drafts resume` and `drafts discard`.
#[derive(Debug, Args)]
pub struct One {
    /// Number of the draft, as `drafts list` prints it
    #[arg(value_name = "DRAFT", zh("草稿编号，由 `drafts list` 列出"))]
    draft: String,
}

impl Drafts {
    /// # Errors
    /// No such draft, or it cannot be read, filed or deleted.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.verb {
            None | Some(Verb::List) => list(context),
            Some(Verb::Resume(it)) => {
                let kept = find(context, &it.draft)?;
                let session = context.open()?;
                let becomes = match kept.revises {
                    Some(from) => {
                        check_is_current(&session, &kept, from)?;
                        Becomes::Revision { of: from.change, from: Some(from) }
                    }
                    None => {
                        check_may_file(context, &session)?;
                        Becomes::Change
                    }
                };
                drop(session);
                edit_and_record(context, becomes, (&kept.path, None), None)
            }
            Some(Verb::Discard(it)) => {
                let path = find(context, &it.draft)?.path;
                remove(&path)?;
                context.env.remark(trf!("draft {} deleted", "草稿 {} 已删除", it.draft));
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

/// Fails if another revision was filed since the draft was made: the draft would undo it.
fn check_is_current(session: &Session, kept: &Kept, from: RevisionRef) -> Result<(), Error> {
    let current = change(session, from.change)?.current().id;
    if current == from {
        return Ok(());
    }
    let (number, path) = (kept.number.to_string(), kept.path.display().to_string());
    Err(AccountError::OldDraft { number, path, change: current.change, from: from.number, current: current.number }
        .into())
}

/// Keeps a new draft, and returns its file: `3.toml` of a new change; `3.CHG-7.2.LEAF.toml` of one made from revision 2 of
/// CHG-7, which the entry with this leaf hash filed. No number is given twice: an editor may still have an earlier draft
/// open.
///
/// # Errors
/// The file cannot be written.
pub fn keep(context: &Context<'_>, text: &str, revises: Option<RevisionRef>) -> Result<PathBuf, Error> {
    let folder = folder(context);
    private::make_folder(&folder).map_err(StoreError::from)?;
    let _lock = private::lock(&folder.join("drafts.lock")).map_err(StoreError::from)?;
    let last = folder.join("drafts.last");
    let given = private::read(&last, Owner::Me).map_err(StoreError::from)?;
    let given = given.and_then(|it| number(&it).ok()).unwrap_or(0);
    let used = all(context).iter().map(|it| it.number).max().unwrap_or(0);
    let n = given.max(used).saturating_add(1);
    private::replace(&last, &n.to_string()).map_err(StoreError::from)?;
    let from = revises.map_or_else(String::new, |from| format!(".{}.{}.{}", from.change, from.number, from.filed));
    let path = folder.join(format!("{n}{from}.toml"));
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

/// A draft of this account.
struct Kept {
    number: u64,
    path: PathBuf,
    /// The revision from which it was made, if it revises a change.
    revises: Option<RevisionRef>,
}

impl Kept {
    fn change(&self) -> Option<String> {
        self.revises.map(|from| from.change.to_string())
    }
}

/// The drafts of this account, by number.
fn all(context: &Context<'_>) -> Vec<Kept> {
    let mut found: Vec<Kept> = Vec::new();
    for item in fs::read_dir(folder(context)).into_iter().flatten().flatten() {
        let path = item.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(stem) = name.strip_suffix(".toml") else { continue };
        let (number_of, from) = stem.split_once('.').map_or((stem, None), |(n, from)| (n, Some(from)));
        let Ok(number) = number(number_of) else { continue };
        let revises = from.map(revision_of);
        if revises == Some(None) {
            continue;
        }
        let revises = revises.flatten();
        found.push(Kept { number, path, revises });
    }
    found.sort_by_key(|it| it.number);
    found
}

/// The revision in `CHG-7.2.LEAF`.
fn revision_of(written: &str) -> Option<RevisionRef> {
    let mut parts = written.split('.');
    let (of, n, filed) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none();
    whole
        .then(|| Some(RevisionRef { change: of.parse().ok()?, number: number(n).ok()?, filed: filed.parse().ok()? }))?
}

/// Deletes a draft, unless another process has.
///
/// # Errors
/// [`Error::File`].
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(Error::File { doing: FileAct::Remove, path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// The number of a draft, by its file.
pub fn number_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// The draft with this number.
fn find(context: &Context<'_>, given: &str) -> Result<Kept, Error> {
    let found = all(context).into_iter().find(|it| it.number.to_string() == given);
    Ok(found.ok_or_else(|| AccountError::NoDraft(given.to_owned()))?)
}

/// The number and the title of each draft.
pub fn numbered(context: &Context<'_>) -> Vec<(u64, String)> {
    let title = |it: &Kept| fs::read_to_string(&it.path).ok().and_then(|text| title_of(&text));
    all(context).iter().map(|it| (it.number, title(it).unwrap_or_default())).collect()
}

fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let found = all(context);
    if found.is_empty() && !context.ui.json {
        context.env.remark(tr!("no drafts", "没有草稿"));
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
        let (changed, revises) = (changed(it).map(|it| it.to_string()), it.change());
        json!({ "draft": it.number, "changed": changed, "revises": revises, "title": title(it) })
    };
    let row = |it: &Kept| {
        let changed = changed(it).map_or(String::new(), |time| ago(time, now));
        let becomes = it
            .change()
            .map_or_else(|| tr!("new change", "新变更单").to_owned(), |of| trf!("revises {of}", "修订 {of}"));
        [
            it.number.to_string(),
            changed,
            becomes,
            title(it).unwrap_or_else(|| tr!("(no title yet)", "（尚无标题）").to_owned()),
        ]
    };
    let rows = || found.iter().map(row).collect();
    let json = || json!({ "drafts": found.iter().map(json).collect::<Value>() });
    let header = [tr!("DRAFT", "草稿"), tr!("CHANGED", "修改时间"), tr!("BECOMES", "用于"), tr!("TITLE", "标题")];
    context.ui.answer(context.env, json, || table(header, rows(), width))
}
