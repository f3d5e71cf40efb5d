//! `restore`: restore a register from a backup.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::commands::lookup::option_path;
use crate::commands::registers::place;
use crate::commands::ui::busy;
use crate::commands::{Context, Zh};
use crate::domain::Digest;
use crate::error::{Error, RegisterError};
use crate::key_choice::confirm;
use crate::output::safe;
use crate::store::{StoreError, create, is_one_file, is_one_place, is_server, may_exist, restore};
use crate::trust::{Purpose, Request};
use crate::{tr, trf};

/// Restore a register from a backup
///
/// Turns the backup file itself into a register; with --to, copies its entries into a database that has none of them.
/// Restore only if the register is lost: two registers with the same beginning would diverge. Accounts that verified
/// later entries than the backup has will refuse the register until those entries are recovered.
#[derive(Debug, Args)]
#[command(zh("从备份恢复变更台账"))]
#[command(zh_long(
    "将备份文件本身变为变更台账；使用 --to 时，则将其日志条目复制到尚无这些条目的数据库中。仅在变更台账丢失时恢复：开头相同的两个变更台账会分叉。核验过更新日志条目的账号会拒绝该变更台账，直到找回这些条目。"
))]
#[command(after_help = "Examples:
  cp /backup/prod-2026-12-01.db prod.db
  twinseal restore prod.db
  twinseal restore /backup/prod-2026-12-01.db --to postgres://db.example.com/changes")]
pub struct Restore {
    /// Backup file that twinseal backup made
    #[arg(value_name = "FILE", zh("`twinseal backup` 创建的备份文件"))]
    copy: PathBuf,
    /// Address of a server: copy the entries into its database, and leave the file as it is
    #[arg(long, value_name = "ADDRESS", zh("服务器的地址：将日志条目复制到其数据库，文件保持不变"))]
    to: Option<PathBuf>,
}

impl Restore {
    /// # Errors
    /// The file is no backup, is broken, or cannot be written; it is unchanged.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if context.options.register.is_some() {
            return Err(Error::Register(RegisterError::NamedForRestore));
        }
        let path = context.env.path(&self.copy);
        let path = match self.to {
            None => {
                if let Some(other) = elsewhere(context, &path) {
                    warn_of(context, &other)?;
                }
                restore(&path, context.registers.scratch())?
            }
            Some(to) => copy_to(context, path, &place(context.env, &to)?)?,
        };
        let name = safe(&path.display().to_string()).into_owned();
        context.ui.answer(context.env, || json!({ "restored": name }), || trf!("restored {name}", "已恢复 {name}"))?;
        context.env.status(trf!(
            "verify it before anybody records: `twinseal verify --register {}`",
            "在任何人记录之前先核验：`twinseal verify --register {}`",
            option_path(&path)
        ));
        context.env.status(trf!(
            "if a later backup has more entries, recover them before anybody records: `twinseal recover FILE --register {}`",
            "若更新的备份有更多日志条目，请在任何人记录之前找回：`twinseal recover FILE --register {}`",
            option_path(&path)
        ));
        Ok(())
    }
}

/// Copies the entries of a backup, once they are all verified, to an empty place on a server, in one transaction. Returns
/// the place.
fn copy_to(context: &mut Context<'_>, path: PathBuf, to: &Path) -> Result<PathBuf, Error> {
    if !is_server(to) {
        return Err(Error::Register(RegisterError::RestoreToFile));
    }
    let request = Request { name: path.display().to_string(), path, fingerprint: context.registers.fingerprint()? };
    let session = context.open_by(&request, Purpose::Use)?;
    if let Some(fault) = session.fault() {
        return Err(Error::Broken(fault.clone()));
    }
    if !session.shared().is_backup() {
        return Err(StoreError::NotABackup { path: request.path }.into());
    }
    let newest = session.state().head().map_or(0, |head| head.seq);
    let id = session.state().id().cloned().ok_or(Error::NoEntry(0))?;
    let mut target = create(to, &id, context.registers.scratch(), context.registers.home())?;
    let (there, fingerprint) = (target.place().to_owned(), session.fingerprint());
    let known = known_at(context, fingerprint);
    // Whoever met the register just now met it in the backup.
    let met = known.as_deref().is_some_and(|known| is_one_file(known, &request.path));
    if let Some(other) = known.filter(|known| !met && !is_one_place(known, &there) && may_exist(known)) {
        warn_of(context, &other)?;
    }
    let bar = busy(context.env, newest, tr!("restoring", "正在恢复"));
    session.copy_into(&mut *target)?;
    session.verify_elsewhere(target, context.env.now())?;
    bar.finish_and_clear();
    if met {
        context.registers.move_to(context.env, fingerprint, &there)?;
    }
    Ok(there)
}

/// Says that the register may still be elsewhere, and asks on a terminal whether to go on.
fn warn_of(context: &mut Context<'_>, other: &Path) -> Result<(), Error> {
    context.env.status(trf!(
        "warning: this account knows the register at {}, where it may still be. Two registers with the same \
         beginning would diverge. Restore only if the register is lost, and at its path",
        "警告：本账号已知的该变更台账位于 {}，可能仍在那里。开头相同的两个变更台账会分叉。\
         仅当变更台账丢失时，才在其原路径恢复",
        safe(&other.display().to_string())
    ));
    if !context.env.console.is_interactive() {
        return Ok(());
    }
    let what = tr!("make a second register of it nevertheless", "仍将其变为第二个变更台账");
    confirm(context.env, what, "restore")
}

/// Where this account knows a register.
fn known_at(context: &Context<'_>, fingerprint: Digest) -> Option<PathBuf> {
    let fingerprint = fingerprint.to_string();
    let known = context.registers.known().list().iter().find(|it| it.fingerprint == fingerprint)?;
    Some(known.file.clone())
}

/// Where this account knows the register whose backup is at `path`, if it may be there.
fn elsewhere(context: &Context<'_>, path: &Path) -> Option<PathBuf> {
    let request = Request { name: path.display().to_string(), path: path.to_owned(), fingerprint: None };
    let known = known_at(context, context.registers.find(&request).ok()?.identity.fingerprint)?;
    let same = path.canonicalize().is_ok_and(|path| path == known);
    (!same && may_exist(&known)).then_some(known)
}
