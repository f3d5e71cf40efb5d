//! `checkpoint`: sign the size and root of the log, to be kept elsewhere.

mod stamp;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::commands::files::{check_absent, create, read_text};
use crate::commands::lookup::name_of_input;
use crate::commands::timestamp::{self, file_beside, read_authorities};
use crate::commands::{Context, Zh};
use crate::domain::{Event, PersonId, Refusal};
use crate::error::{Error, UsageError, shell_word};
use crate::format::Entry;
use crate::format::checkpoint::Checkpoint;
use crate::format::note::{Note, verifier_key};
use crate::format::timestamp::{Authorities, Timestamp};
use crate::output::{self, safe};
use crate::record::{Plan, record};
use crate::signer::check_signs_notes;
use crate::store::{Session, StoreError};
use crate::{tr, trf};
use stamp::{Source, stamp};

/// Sign the size and root of the log, to keep them elsewhere
///
/// A checkpoint is a signed note as C2SP specifies it, which other tools verify too. Keep it where nobody who can write the
/// register can change it. Later, verify --against shows with it whether the log was truncated, rolled back or forked.
/// Anybody who is enrolled can sign one, with a live key. With --record, an auditor, an admin or a machine account first
/// records an entry with the roots of the log, of all changes and of all break-glasses, which the signed note covers.
///
/// With --timestamp, an authority of RFC 3161 signs that the file existed by now. Its answer is kept beside the checkpoint,
/// as FILE.tsr. Without a network, sign with --out first, make the request with `openssl ts -query -data FILE -sha256
/// -cert`, and give the authority's answer and FILE to this command.
#[derive(Debug, Args)]
#[command(
    zh("签署日志的大小与根哈希（检查点），另处保存"),
    zh_long(
        "检查点是 C2SP 规定的签名文本，其他工具也能核验。请存放在能写变更台账的人无法改动之处。以后用 verify --against \
         即可据此看出日志是否被截断、回退或分叉。凡已登记且密钥有效者均可签署。使用 --record 时，审计员、管理员或机器账号会先\
         记录一条日志条目，写明日志、全部变更单和全部紧急处置的根哈希；签署的文本也涵盖该条目。\n\n使用 --timestamp 时，由 \
         RFC 3161 时间戳机构签名证明该文件此时已存在；其应答以 FILE.tsr 存放在检查点旁。没有网络时，请先用 --out 签署，再用 \
         `openssl ts -query -data FILE -sha256 -cert` 生成请求，然后把机构的应答和 FILE 交给本命令。"
    )
)]
#[command(after_help = "Examples:
  twinseal checkpoint --out prod-2026-12-01.checkpoint
  twinseal checkpoint --key ~/.ssh/audit > prod.checkpoint
  twinseal checkpoint --record --out prod-2026-12-01.checkpoint
  twinseal checkpoint --out prod.checkpoint --timestamp http://timestamp.example.com
  twinseal checkpoint --timestamp answer.tsr prod.checkpoint
  twinseal verify --against prod-2026-12-01.checkpoint")]
pub struct CheckpointArgs {
    /// Checkpoint to timestamp, instead of signing a new one
    #[arg(value_name = "CHECKPOINT", requires = "timestamp", conflicts_with_all = ["out", "record"])]
    #[arg(zh("要加时间戳的检查点；此时不签署新的检查点"))]
    checkpoint: Option<PathBuf>,
    /// File to create; standard output by default
    #[arg(long, value_name = "FILE", zh("要创建的文件；默认为标准输出"))]
    out: Option<PathBuf>,
    /// Record the roots of the log, of changes and of break-glasses first
    #[arg(long, zh("先记录日志、变更单和紧急处置的根哈希"))]
    record: bool,
    /// Timestamp authority, or a file with its answer
    #[arg(long, value_name = "URL|FILE", zh("时间戳机构的网址，或含有其应答的文件"))]
    timestamp: Option<PathBuf>,
    /// Certificates of the timestamp authorities that you trust, in PEM
    #[arg(long, value_name = "FILE", requires = "timestamp", zh("您信任的时间戳机构证书，PEM 格式"))]
    timestamp_ca: Option<PathBuf>,
}

/// A checkpoint that was just signed.
struct Signed {
    checkpoint: Checkpoint,
    person: PersonId,
    vkey: String,
    note: String,
}

/// What is asked of a timestamp authority, if anything is.
struct Stamping {
    source: Option<Source>,
    trusted: Option<Authorities>,
}

impl CheckpointArgs {
    /// # Errors
    /// The log is broken or lacks entries that this account verified, the key is not enrolled and live or cannot sign,
    /// or the file cannot be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let source = self.timestamp.as_deref().map(Source::of);
        let stamping = Stamping { source, trusted: read_authorities(context, self.timestamp_ca.as_deref())? };
        if let Some(file) = &self.checkpoint {
            return stamp_kept(context, file, &stamping);
        }
        self.check_output(context, &stamping)?;
        let mut session = context.open()?;
        if !self.record {
            return self.sign(context, &session, &stamping, None);
        }
        // A key that cannot sign the note must not leave a record without one.
        check_signs_notes(&context.key_choice.key_for(&session)?.public())?;
        let recorded = record(context.recorder(), &mut session, |session| {
            let roots = session.ask(|state| Ok(state.roots()?))??;
            Ok(Plan::of(Event::Checkpoint(roots)))
        })?;
        context.ui.report_recorded_notices(context.env);
        let signed = self.sign(context, &session, &stamping, Some(&recorded));
        signed.map_err(|error| error.after(recorded.header.seq))
    }

    /// Checks before anything is recorded or signed that the result can be written.
    fn check_output(&self, context: &Context<'_>, stamping: &Stamping) -> Result<(), Error> {
        self.out.iter().try_for_each(|out| check_absent(context.env, out))?;
        match (&stamping.source, &self.out) {
            (None, _) => Ok(()),
            (Some(Source::Authority(_)), Some(out)) => check_absent(context.env, &file_beside(out)),
            (Some(Source::Authority(_)), None) => Err(UsageError {
                message: tr!("a timestamp is kept beside a file", "时间戳须存放在文件旁").to_owned(),
                hint: tr!("name the file to create: --out FILE", "请给出要创建的文件：--out FILE").to_owned(),
            }
            .into()),
            (Some(Source::Answer(answer)), _) => {
                let answer = name_of_input(answer);
                Err(UsageError {
                    message: trf!(
                        "{answer} is not a URL, and a file with an answer belongs to a checkpoint that was signed before",
                        "{answer} 不是网址；含有应答的文件属于先前签署的检查点"
                    ),
                    hint: tr!(
                        "`twinseal checkpoint --timestamp ANSWER CHECKPOINT`",
                        "`twinseal checkpoint --timestamp ANSWER CHECKPOINT`"
                    )
                    .to_owned(),
                }
                .into())
            }
        }
    }

    /// Signs a checkpoint of the whole log, writes it, has it timestamped, and prints what was done.
    fn sign(
        &self,
        context: &mut Context<'_>,
        session: &Session,
        stamping: &Stamping,
        recorded: Option<&Entry>,
    ) -> Result<(), Error> {
        let signed = sign(context, session)?;
        let mut stamped = None;
        if let Some(out) = &self.out {
            create(context.env, out, &signed.note)?;
            let source = stamping.source.as_ref();
            let stamp = source.map(|it| stamp(context, it, (out, &signed.note), stamping.trusted.as_ref()));
            stamped = stamp.transpose()?;
        }
        self.report(context, &signed, stamped.as_ref(), recorded)
    }

    fn report(
        &self,
        context: &mut Context<'_>,
        signed: &Signed,
        stamped: Option<&Timestamp>,
        recorded: Option<&Entry>,
    ) -> Result<(), Error> {
        let Signed { checkpoint, person, vkey, note } = signed;
        if context.ui.json {
            let mut answer = to_json(checkpoint, note, self.out.as_deref(), stamped);
            answer["person"] = person.to_string().into();
            answer["verifier_key"] = vkey.as_str().into();
            answer["recorded"] =
                recorded.map(|it| output::json::entry(&it.header, &it.event, None, it.leaf)).unwrap_or_default();
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
            report_files(context, out, stamped);
        }
        Ok(())
    }
}

/// Has a checkpoint timestamped that was signed before. It needs neither the register nor a key.
fn stamp_kept(context: &mut Context<'_>, file: &Path, stamping: &Stamping) -> Result<(), Error> {
    let (note, _, checkpoint) = read_checkpoint(context, file)?;
    let source = stamping.source.as_ref();
    let stamp = source.map(|it| stamp(context, it, (file, &note), stamping.trusted.as_ref()));
    let stamped = stamp.transpose()?;
    if context.ui.json {
        return context.ui.print_json(context.env, to_json(&checkpoint, &note, Some(file), stamped.as_ref()));
    }
    report_files(context, file, stamped.as_ref());
    Ok(())
}

/// Says what the files beside each other are good for.
fn report_files(context: &mut Context<'_>, file: &Path, stamped: Option<&Timestamp>) {
    let shown = |path: &Path| safe(&shell_word(&path.display().to_string())).into_owned();
    if let Some(stamped) = stamped {
        let (beside, proof) = (shown(&file_beside(file)), timestamp::describe(stamped));
        context.env.remark(trf!("timestamp in {beside}: {proof}", "时间戳在 {beside}：{proof}"));
    }
    let file = shown(file);
    context.env.remark(trf!(
        "compare later: `twinseal verify --against {file}`",
        "以后比对：`twinseal verify --against {file}`"
    ));
}

/// What is known of a checkpoint whoever signed it.
fn to_json(checkpoint: &Checkpoint, note: &str, file: Option<&Path>, stamped: Option<&Timestamp>) -> Value {
    json!({
        "register": checkpoint.origin.to_string(),
        "size": checkpoint.size,
        "root": BASE64.encode(checkpoint.root.as_bytes()),
        "person": null,
        "verifier_key": null,
        "note": note,
        "recorded": null,
        "out": file.map(|file| file.display().to_string()),
        "timestamp": stamped.map(timestamp::to_json),
    })
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
        return Err(StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified, found: None }.into());
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
