//! `checkpoint`: sign the size and root of the log, to be kept elsewhere.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use data_encoding::BASE64;
use serde_json::json;

use crate::commands::files::{check_absent, create, read_text};
use crate::commands::lookup::name_of_input;
use crate::commands::{Context, Zh};
use crate::domain::{Event, PersonId, Refusal};
use crate::error::{Error, UsageError, shell_word};
use crate::format::Entry;
use crate::format::checkpoint::Checkpoint;
use crate::format::note::{Note, verifier_key};
use crate::output::{self, safe};
use crate::record::{Plan, record};
use crate::store::{Session, StoreError};
use crate::{tr, trf};

/// Sign the size and root of the log, to keep them elsewhere
///
/// A checkpoint is a signed note as C2SP specifies it, which other tools verify too. Keep it where nobody who can write the
/// register can change it. Later, verify --against shows with it whether the log was truncated, rolled back or forked.
/// Anybody who is enrolled can sign one, with a live key. With --record, an auditor, an admin or a machine account first
/// records an entry with the roots of the log, of all changes and of all break-glasses, which the signed note covers.
#[derive(Debug, Args)]
#[command(
    zh("签署日志的大小与根哈希（检查点），另处保存"),
    zh_long(
        "检查点是 C2SP 规定的签名文本，其他工具也能核验。请存放在能写变更台账的人无法改动之处。以后用 verify --against \
         即可据此看出日志是否被截断、回退或分叉。凡已登记且密钥有效者均可签署。使用 --record 时，审计员、管理员或机器账号会先\
         记录一条日志条目，写明日志、全部变更单和全部紧急处置的根哈希；签署的文本也涵盖该条目。"
    )
)]
#[command(after_help = "Examples:
  twinseal checkpoint --out prod-2026-12-01.checkpoint
  twinseal checkpoint --key ~/.ssh/audit > prod.checkpoint
  twinseal checkpoint --record --out prod-2026-12-01.checkpoint
  twinseal verify --against prod-2026-12-01.checkpoint")]
pub struct CheckpointArgs {
    /// File to create; standard output by default
    #[arg(long, value_name = "FILE", zh("要创建的文件；默认为标准输出"))]
    out: Option<PathBuf>,
    /// Record the roots of the log, of changes and of break-glasses first
    #[arg(long, zh("先记录日志、变更单和紧急处置的根哈希"))]
    record: bool,
}

/// A checkpoint that was just signed.
struct Signed {
    checkpoint: Checkpoint,
    person: PersonId,
    vkey: String,
    note: String,
}

impl CheckpointArgs {
    /// # Errors
    /// The log is broken or lacks entries that this account verified, the key is not enrolled and live or cannot sign,
    /// or the file cannot be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.out.iter().try_for_each(|out| check_absent(context.env, out))?;
        let mut session = context.open()?;
        if !self.record {
            return self.sign(context, &session, None);
        }
        let recorded = record(context.recorder(), &mut session, |session| {
            let roots = session.ask(|state| Ok(state.roots()?))??;
            Ok(Plan::of(Event::Checkpoint(roots)))
        })?;
        context.ui.report_recorded_notices(context.env);
        self.sign(context, &session, Some(&recorded)).map_err(|error| error.after(recorded.header.seq))
    }

    /// Signs a checkpoint of the whole log, and writes or prints it.
    fn sign(&self, context: &mut Context<'_>, session: &Session, recorded: Option<&Entry>) -> Result<(), Error> {
        let signed = sign(context, session)?;
        if let Some(out) = &self.out {
            create(context.env, out, &signed.note)?;
        }
        let Signed { checkpoint, person, vkey, note } = &signed;
        if context.ui.json {
            let answer = json!({
                "register": checkpoint.origin.to_string(),
                "size": checkpoint.size,
                "root": BASE64.encode(checkpoint.root.as_bytes()),
                "person": person.to_string(),
                "verifier_key": vkey,
                "note": note,
                "recorded": recorded.map(|it| output::json::entry(&it.header, &it.event, None, it.leaf)),
                "out": self.out.as_ref().map(|out| out.display().to_string()),
            });
            return context.ui.print_json(context.env, answer);
        }
        if self.out.is_none() {
            write!(context.env.out, "{note}")?;
        }
        let size = checkpoint.size;
        if let Some(Entry { header, .. }) = recorded {
            let seq = header.seq;
            context.env.remark(trf!("roots recorded in entry {seq}", "根哈希已记录于第 {seq} 条"));
        }
        context.env.remark(trf!(
            "checkpoint of {size} entries, signed by {person}",
            "{size} 条日志的检查点，由 {person} 签署"
        ));
        if let Some(out) = &self.out {
            let file = safe(&shell_word(&out.display().to_string())).into_owned();
            context.env.remark(trf!(
                "compare later: `twinseal verify --against {file}`",
                "以后比对：`twinseal verify --against {file}`"
            ));
        }
        Ok(())
    }
}

/// Signs a checkpoint of the log as it is. Returns the note with it too.
///
/// # Errors
/// As [`CheckpointArgs::run`].
pub fn sign_now(context: &mut Context<'_>, session: &Session) -> Result<(String, Checkpoint), Error> {
    let Signed { checkpoint, note, .. } = sign(context, session)?;
    Ok((note, checkpoint))
}

/// Reads a checkpoint from a file, and its exact bytes. None of its signatures is verified.
///
/// # Errors
/// The file cannot be read or holds no checkpoint.
pub fn read_checkpoint(context: &mut Context<'_>, given: &Path) -> Result<(String, Note, Checkpoint), Error> {
    let (text, file) = (read_text(context.env, given)?, name_of_input(given));
    let malformed = |why: String| UsageError {
        message: trf!("{file} is not a checkpoint: {why}", "{file} 不是检查点：{why}"),
        hint: tr!("`twinseal checkpoint --out FILE` makes one", "用 `twinseal checkpoint --out FILE` 生成").to_owned(),
    };
    let note = Note::read(text.as_bytes()).map_err(|error| malformed(error.to_string()))?;
    let checkpoint = Checkpoint::read(note.text()).map_err(|error| malformed(error.to_string()))?;
    Ok((text, note, checkpoint))
}

fn sign(context: &mut Context<'_>, session: &Session) -> Result<Signed, Error> {
    if let Some(fault) = session.fault() {
        return Err(Error::Broken(fault.clone()));
    }
    // Somebody who verified more must not vouch for less.
    if let Some(behind) = session.pinned().behind() {
        let (head, verified) = (behind.remembered, behind.verified);
        return Err(StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified }.into());
    }
    let (Some(origin), Some(head)) = (session.state().id().cloned(), session.state().head()) else {
        return Err(Refusal::NotFounding.into());
    };
    let key = context.key_choice.key_for(session)?;
    let public = key.public();
    let person = context.key_choice.actor(session, public)?;
    session.ask(|state| state.governance().judge_signer(&person, public.fingerprint()))??;
    let signer = context.key_choice.unlock(context.env, key)?;
    let size = head.seq + 1;
    let checkpoint = Checkpoint { root: session.root(size)?, origin, size };
    let line = signer.sign_checkpoint(&checkpoint)?;
    let vkey = verifier_key(&checkpoint.origin.to_string(), &public);
    let note = Note::new(checkpoint.to_string(), vec![line]).map_err(std::io::Error::other)?;
    Ok(Signed { checkpoint, person, vkey, note: note.to_string() })
}
