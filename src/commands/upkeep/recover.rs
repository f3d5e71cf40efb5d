//! `recover`: append the entries that another file has and the register lost.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::registers::place;
use crate::commands::ui::progress;
use crate::commands::upkeep::verify::finding_json;
use crate::commands::{Context, Zh};
use crate::error::{Error, LossError};
use crate::output::safe;
use crate::store::{self, FileError, Recovered, Site, StoreError, is_one_place};
use crate::{tr, trf};

/// Recover lost entries from another file of the register
///
/// Use it after restore or repair, when a later backup or the broken file has entries beyond the end of the register.
/// Each entry is verified and appended as it was signed, without redacted texts. Recover before anything new is
/// recorded.
#[derive(Debug, Args)]
#[command(zh("从变更台账的另一文件找回丢失的日志条目"))]
#[command(zh_long(
    "在 restore 或 repair 之后使用，适用于更新的备份或损坏的文件含有变更台账末尾之后的日志条目的情形。每条都会先核验，再按原签名追加，不含已隐去的文本。请在记录任何新内容之前找回。"
))]
#[command(after_help = "Examples:
  twinseal recover /backup/prod-2026-12-02.db
  twinseal recover prod.db.broken-20261201T180000Z")]
pub struct Recover {
    /// Backup, or broken register that twinseal repair kept
    #[arg(value_name = "FILE", zh("备份，或 `twinseal repair` 保留的损坏的变更台账"))]
    copy: PathBuf,
}

impl Recover {
    /// # Errors
    /// The register is broken, or the file has nothing to recover from; the register is unchanged.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open_ignoring_pin()?;
        if let Some(fault) = session.fault() {
            return Err(Error::Broken(fault.clone()));
        }
        // Closing a second handle of the register would release the locks of the first.
        let copy = place(context.env, &self.copy)?;
        if is_one_place(&copy, session.shared().place()) {
            return Err(Error::Loss(LossError::Copy {
                source: StoreError::File(FileError::SameFile { path: self.copy.clone() }),
                path: self.copy,
            }));
        }
        // Findings about its schema do not matter: only entries are read, and each is verified.
        let opened = store::open(&copy, Site::Elsewhere, context.registers.scratch(), context.registers.home());
        let (from, _) = opened.map_err(|source| Error::Loss(LossError::Copy { path: self.copy.clone(), source }))?;
        let bar = progress(context.env, from.newest()?.unwrap_or(0), tr!("recovering", "正在找回"));
        let writer = context.writer();
        let recover = || session.recover(&*from, &writer, &mut |seq| bar.set_position(seq));
        let recovered = context.env.interrupt.writing(recover, |done| done.as_ref().ok()?.entries)?;
        bar.finish_and_clear();
        if let Recovered { entries: None, fault: Some(fault) } = recovered {
            return Err(Error::Loss(LossError::Copy { path: self.copy, source: StoreError::Broken(fault) }));
        }
        let entries = recovered.entries.map_or(0, |(first, last)| last - first + 1);
        let fault = recovered.fault.as_ref();
        let json = || {
            json!({
                "recovered": entries,
                "first": recovered.entries.map(|it| it.0),
                "last": recovered.entries.map(|it| it.1),
                "fault": fault.map(finding_json),
            })
        };
        let said = || match recovered.entries {
            Some((first, last)) if first == last => trf!("recovered entry {first}", "已找回第 {first} 条"),
            Some((first, last)) => trf!("recovered entries {first} to {last}", "已找回第 {first} 至 {last} 条"),
            None => tr!(
                "nothing to recover: the file has no valid entry beyond the end of the register",
                "没有可找回的内容：该文件在变更台账末尾之后没有有效的日志条目"
            )
            .to_owned(),
        };
        context.ui.answer(context.env, json, said)?;
        if let Some(fault) = fault {
            context.env.status(trf!(
                "warning: the file is broken; later entries were not recovered: {}",
                "警告：该文件已损坏；其后的日志条目未找回：{}",
                safe(&fault.to_string())
            ));
        }
        Ok(())
    }
}
