//! `key new`, `key show`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use crate::commands::govern::{key_history, proposal::open};
use crate::commands::lookup::{parse, reason};
use crate::commands::people::suspend::if_left_short;
use crate::commands::{Context, Question, Zh, record_asked, report_recorded};
use crate::domain::{Action, Digest, Event, Fingerprint, PersonId};
use crate::error::{Error, FileAct};
use crate::key_choice::ask_secret;
use crate::output::{self, KeyHistory, Page, safe};
use crate::record::Plan;
use crate::signer::{Entropy, KeyError, KeyFile, KeySource, Passphrase, create};
use crate::store::Session;
use crate::{tr, trf};

/// Make, show, revoke and suspend keys
#[derive(Debug, Subcommand)]
#[command(zh("生成、查看、吊销和停用密钥"))]
pub enum Key {
    /// Make an Ed25519 key pair
    ///
    /// Writes the private key to NAME and the public key to NAME.pub, in OpenSSH's format.
    #[command(zh("生成 Ed25519 密钥对"))]
    #[command(zh_long("私钥写入 NAME，公钥写入 NAME.pub，均为 OpenSSH 格式。"))]
    New(New),
    /// Show the public key and fingerprint of a private key file
    #[command(zh("显示私钥文件的公钥和指纹"))]
    Show(Show),
    /// Revoke one of your keys permanently
    ///
    /// Use it for a key that is lost or that another person may have. Approvals made with it no longer count.
    #[command(zh("永久吊销自己的一把密钥"))]
    #[command(zh_long("用于丢失的或可能落入他人之手的密钥。用它作出的批准不再计入。"))]
    #[command(after_help = "Examples:
  twinseal key revoke SHA256:E4kUds/bwuNNn6+uI/meaR+3mlTlFQVE7PXcGdo9Crc \\
      --reason 'Lost.'")]
    Revoke(Target),
    /// Suspend a person's key immediately
    ///
    /// One admin can suspend any key. Lifting the suspension needs a proposal: twinseal key lift.
    #[command(zh("立即停用某人的一把密钥"))]
    #[command(zh_long("一名管理员即可停用任何密钥。恢复停用的密钥需要提案：`twinseal key lift`。"))]
    #[command(after_help = "Examples:
  twinseal key suspend SHA256:E4kUds/bwuNNn6+uI/meaR+3mlTlFQVE7PXcGdo9Crc \\
      --reason 'Stolen laptop.'")]
    Suspend(Target),
    /// Propose to lift the suspension of a key
    #[command(zh("提议恢复停用的密钥"))]
    #[command(after_help = "Examples:
  twinseal key lift SHA256:E4kUds/bwuNNn6+uI/meaR+3mlTlFQVE7PXcGdo9Crc \\
      --reason 'Found again.'")]
    Lift(Target),
}

/// An enrolled key.
#[derive(Debug, Args)]
pub struct Target {
    /// Fingerprint of the key (SHA256:...), as `twinseal person show` prints it
    #[arg(zh("密钥的指纹（SHA256:...），见 `twinseal person show`"))]
    #[arg(value_name = "FINGERPRINT")]
    key: String,
    /// Reason
    #[arg(zh("原因"))]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Arguments of `key new`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal key new ~/.ssh/id_ed25519
  twinseal key new deploy.key --no-passphrase")]
pub struct New {
    /// Path of the private key
    #[arg(zh("私钥的路径"))]
    #[arg(value_name = "NAME")]
    name: PathBuf,
    /// No passphrase: anybody who can read the file can sign
    #[arg(zh("不设口令：任何能读取该文件的人都能签名"))]
    #[arg(long, conflicts_with = "global-passphrase-file")]
    no_passphrase: bool,
}

/// Arguments of `key show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal key show ~/.ssh/id_ed25519")]
pub struct Show {
    /// Private key file
    #[arg(zh("私钥文件"))]
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Key {
    /// # Errors
    /// The key, its file or its passphrase is unusable, a rule refuses the act, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::New(new) => new.run(context),
            Self::Show(show) => show.run(context),
            Self::Revoke(target) => target.end(context, Event::KeyRevoke),
            Self::Suspend(target) => target.end(context, Event::KeySuspend),
            Self::Lift(target) => target.lift(context),
        }
    }
}

impl Target {
    fn end(self, context: &mut Context<'_>, event: fn(Fingerprint) -> Event) -> Result<(), Error> {
        let key: Fingerprint = parse(&self.key)?;
        let text = reason(self.reason.as_deref())?;
        let revokes = matches!(event(key), Event::KeyRevoke(_));
        let mut session = context.open()?;
        let history = key_history(&session, key)?;
        let page = |page: &mut Page, _: &Session| {
            let heading = match revokes {
                true => tr!("about to sign: revoke a key", "即将签名：吊销密钥"),
                false => tr!("about to sign: suspend a key", "即将签名：停用密钥"),
            };
            output::key(page, heading, key, history.as_ref());
            Ok(())
        };
        let plan = |_: &mut Session| Ok(Plan { event: event(key), text: text.clone() });
        let question = match &history {
            Some(KeyHistory { person, .. }) => {
                let usual = question(revokes, person);
                if_left_short(&session, person, Some(key), usual.act.clone())?.or(Some(usual))
            }
            None => None,
        };
        let entry = record_asked(context, &mut session, page, plan, question)?;
        context.ui.report_admins(context.env, &session).map_err(|error| error.after(entry.header.seq))?;
        let whose = history.as_ref().map_or_else(|| tr!("", " ").to_owned(), |it| trf!(" of {}", "（{}）", it.person));
        let said = match revokes {
            true => trf!(
                "key {key}{whose} revoked permanently; its approvals no longer count",
                "密钥 {key}{whose}已永久吊销；用它作出的批准不再计入"
            ),
            false => trf!(
                "key {key}{whose} suspended; its approvals no longer count",
                "密钥 {key}{whose}已停用；用它作出的批准不再计入"
            ),
        };
        report_recorded(context, &entry, None, said)
    }

    fn lift(self, context: &mut Context<'_>) -> Result<(), Error> {
        let key: Fingerprint = parse(&self.key)?;
        let text = reason(self.reason.as_deref())?;
        let mut session = context.open()?;
        open(context, &mut session, text, |session| {
            let suspended = session.ask(|state| Ok(state.governance().key(key)?.cloned()))??;
            Ok(Action::Lift { key, replaces: suspended.map_or(Digest::NONE, |it| it.since) })
        })
    }
}

/// What to ask before a key of this person is revoked or suspended.
fn question(revokes: bool, person: &PersonId) -> Question {
    let (warning, act) = match revokes {
        true => (
            tr!(
                "a revoked key never works again, and approvals by it no longer count",
                "吊销的密钥永远不能再用，用它作出的批准不再计入"
            ),
            trf!("revoke this key of {person}", "吊销 {person} 的这把密钥"),
        ),
        false => (
            tr!(
                "approvals by a suspended key no longer count; only two admins can lift the suspension",
                "用停用的密钥作出的批准不再计入；恢复停用的密钥需要两名管理员"
            ),
            trf!("suspend this key of {person}", "停用 {person} 的这把密钥"),
        ),
    };
    Question { warning, act, word: person.to_string() }
}

impl New {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let Made { fingerprint, said } = make(context, &self.name, self.no_passphrase)?;
        let json = || json!({ "fingerprint": fingerprint.to_string() });
        context.ui.answer(context.env, json, || fingerprint.to_string())?;
        context.env.remark(said);
        Ok(())
    }
}

/// A key pair that was made.
pub struct Made {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Which files were created, for the person who made it.
    pub said: String,
}

/// Makes a key pair at a path that has none, and asks for its passphrase unless it is to have none.
///
/// # Errors
/// The file exists or cannot be written, or there is no passphrase.
pub fn make(context: &mut Context<'_>, name: &Path, no_passphrase: bool) -> Result<Made, Error> {
    let path = context.env.path(name);
    if path.exists() {
        return Err(KeyError::Exists { path }.into());
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        // Before a passphrase is typed twice.
        let source = std::io::ErrorKind::NotFound.into();
        return Err(Error::File { doing: FileAct::Use, path: folder.to_owned(), source });
    }
    let passphrase = if no_passphrase { None } else { Some(ask_twice(context)?) };
    let passphrase = passphrase.filter(|it| !it.is_empty());
    let entropy = Entropy {
        seed: Zeroizing::new(context.env.random()?),
        salt: context.env.random()?,
        check: context.env.random()?,
    };
    let comment = name.file_name().map_or(String::new(), |name| safe(&name.to_string_lossy()).into_owned());
    let fingerprint = create(&path, &comment, passphrase.as_ref(), &entropy)?.fingerprint();
    let lock = if passphrase.is_some() { tr!("encrypted", "已加密") } else { tr!("no passphrase", "无口令") };
    let file = name.display().to_string();
    let file = safe(&file);
    let said =
        trf!("created {file} (private key, {lock}) and {file}.pub", "已创建 {file}（私钥，{lock}）和 {file}.pub");
    context.key_choice.made(path, passphrase);
    Ok(Made { fingerprint, said })
}

fn ask_twice(context: &mut Context<'_>) -> Result<Passphrase, Error> {
    if let Some(passphrase) = context.key_choice.passphrase_from_file()? {
        return if passphrase.is_empty() { Err(Error::NoPassphrase) } else { Ok(passphrase) };
    }
    if !context.env.console.can_ask_secret() {
        return Err(Error::NoPassphrase);
    }
    let first = ask_secret(context.env, tr!("New passphrase (empty for none):", "新口令（留空表示不设）："))?;
    let second = ask_secret(context.env, tr!("Repeat the passphrase:", "再次输入口令："))?;
    if first == second { Ok(first) } else { Err(Error::PassphrasesDiffer) }
}

impl Show {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let path = context.env.path(&self.file);
        let (public, comment, locked) = match KeySource::read(&path)? {
            KeySource::Token(_, public) => (public, String::new(), false),
            _ => {
                let key = KeyFile::read(&path)?;
                (key.public(), key.comment(), key.is_locked())
            }
        };
        let json = || {
            json!({
                "fingerprint": public.fingerprint().to_string(),
                "public_key": public.to_string(),
                "comment": comment,
                "locked": locked,
            })
        };
        let lock = match (public.application(), locked) {
            (Some(_), _) => tr!("in a FIDO token", "在 FIDO 设备中"),
            (None, true) => tr!("encrypted with a passphrase", "已用口令加密"),
            (None, false) => tr!("no passphrase", "无口令"),
        };
        let text = || format!("{}\n{public} {}\n{lock}", public.fingerprint(), safe(&comment));
        context.ui.answer_exactly(context.env, json, text)
    }
}
