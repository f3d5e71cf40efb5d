//! `repair`: replace a broken register by its valid part.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::commands::ui::{busy, progress};
use crate::commands::upkeep::verify::{finding_json, noted};
use crate::commands::{Context, Zh};
use crate::domain::{Head, Time};
use crate::error::{Error, RegisterError};
use crate::format::Defect;
use crate::output::safe;
use crate::store::{
    ASIDE, Finding, Pin, PinFile, Session, StoreError, beside, copy_valid, put_in_place, remembered_leaf, stage_valid,
    undo_interrupted,
};
use crate::trust::{self, First, Relation};
use crate::{tr, trf};

/// Replace a broken register by its valid entries
///
/// Copies the longest valid prefix of the log into a new file with fresh tables, puts that in place of the register,
/// and keeps the broken file beside it as evidence. No other process may have the register open.
#[derive(Debug, Args)]
#[command(zh("用有效的日志条目替换损坏的变更台账"))]
#[command(zh_long(
    "将日志中最长的有效前段复制到新文件，重新生成数据表，以其取代变更台账，并将损坏的文件保留在旁边作为证据。其他进程不得打开该变更台账。"
))]
#[command(after_help = "Examples:
  twinseal repair
  twinseal repair --out valid.db")]
pub struct Repair {
    /// Output file for the valid entries; the register itself stays unchanged
    #[arg(long, value_name = "FILE", zh("存放有效日志条目的输出文件；变更台账本身不变"))]
    out: Option<PathBuf>,
}

impl Repair {
    /// # Errors
    /// The fingerprint is unknown, no entry is valid, or a file cannot be written; the register is unchanged.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if self.out.is_none() {
            undo_interrupted(&context.registers.request(context.env)?.path, &context.writer())?;
        }
        let (mut session, mut findings) = look(context)?;
        let now = context.env.now();
        let newest_row = noted(session.shared().newest(), &mut findings)?.flatten();
        let bar = progress(context.env, newest_row.unwrap_or(0), tr!("verifying", "正在核验"));
        session.refresh(now, &mut |seq| bar.set_position(seq))?;
        bar.finish_and_clear();
        findings.extend(session.fault().cloned());
        let Some(first) = findings.first().cloned() else {
            let json = || json!({ "repaired": null, "newest": null, "kept_as": null, "findings": [] });
            let text = || tr!("nothing to repair: every entry is valid", "无需修复：所有日志条目均有效").to_owned();
            context.ui.answer(context.env, json, text)?;
            context.env.status(tr!(
                "tables were not checked: `twinseal verify` checks them, `twinseal rebuild` fixes them",
                "未检查数据表：用 `twinseal verify` 检查，用 `twinseal rebuild` 重建"
            ));
            return Ok(());
        };
        // The new file has no redacted texts, so say which of them the broken one still has.
        findings.extend(session.unredacted()?);
        let newest = session.state().head().ok_or_else(|| StoreError::Broken(first))?.seq;
        let fingerprint = session.fingerprint();
        let folder = context.registers.state_folder(fingerprint);
        let remembered = PinFile::in_folder(&folder).read(fingerprint)?;
        if let Some(pin) = &remembered {
            check_known(&session, &folder, pin, newest)?;
        }
        let path = session.shared().place().to_owned();
        let bar = busy(context.env, newest, tr!("copying the valid entries", "正在复制有效的日志条目"));
        let (place, aside) = match &self.out {
            Some(out) => {
                let out = context.env.path(out);
                copy_valid(&session, &out, context.registers.scratch())?;
                (out, None)
            }
            None => {
                let aside = aside(&path, now);
                let turn = session.shared().turn(&context.writer())?;
                let new = stage_valid(&session, context.registers.scratch())?;
                put_in_place(session.into_shared(), &turn, newest_row, new, &aside)?;
                (path, Some(aside))
            }
        };
        bar.finish_and_clear();
        report(context, &findings, newest, &place, aside.as_deref())?;
        if remembered.is_some_and(|pin| pin.head.seq > newest) {
            context.env.status(tr!(
                "warning: this account verified later entries; a backup may have them: `twinseal recover FILE`",
                "警告：本账号核验过更新的日志条目；备份中可能有：`twinseal recover FILE`"
            ));
        }
        Ok(())
    }
}

/// Fails if the valid part, which ends with entry `newest`, is not what this account verified: the file was replaced.
fn check_known(session: &Session, folder: &Path, pin: &Pin, newest: u64) -> Result<(), Error> {
    let Pin { head, verified, .. } = *pin;
    let known = match head.seq <= newest {
        true => Some(head),
        false => remembered_leaf(folder, newest)?.map(|leaf| Head { seq: newest, leaf }),
    };
    match known {
        Some(known) if !session.holds(known)? => {
            Err(StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified: Some(verified), found: None }.into())
        }
        _ => Ok(()),
    }
}

/// Opens a trusted register even if it is broken, and returns the findings outside its entries.
fn look(context: &Context<'_>) -> Result<(Session, Vec<Finding>), Error> {
    let request = context.registers.request(context.env)?;
    let (mut shared, mut findings) = context.registers.open(&request)?;
    let integrity = noted(shared.integrity_beside(&mut || {}), &mut findings)?;
    findings.extend(integrity.into_iter().flatten());
    let first = noted(shared.entry(0), &mut findings)?.flatten();
    let Some(first) = first else {
        let missing = || Finding::at(0, Defect::Missing.rule(), tr!("entry 0 is missing", "缺少第 0 条"));
        return Err(StoreError::Broken(findings.into_iter().next().unwrap_or_else(missing)).into());
    };
    let identity = trust::identify(context.registers.known_at_home(), &request, &*shared, First::Entry(&first));
    identity.admit(|old| context.registers.verified(old))?;
    let found = identity.fingerprint;
    if identity.relation == Relation::Superseded {
        return Err(StoreError::Superseded { path: request.path }.into());
    }
    if request.fingerprint.is_none() && !identity.met {
        return Err(Error::Register(RegisterError::NeedFingerprint {
            name: request.path.display().to_string(),
            found,
        }));
    }
    if identity.is_itself() {
        shared = shared.at_its_place(context.registers.scratch())?;
    }
    Ok((Session::unanchored(shared, found)?, findings))
}

/// A free name for the broken file, even if a repair of the same second failed.
fn aside(path: &Path, now: Time) -> PathBuf {
    let when: String = now.to_string().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let name = |n: u32| beside(path, &format!("{ASIDE}{when}{}", if n > 1 { format!("-{n}") } else { String::new() }));
    (1..).map(name).find(|it| !it.exists()).unwrap_or_else(|| name(1))
}

fn report(
    context: &mut Context<'_>,
    findings: &[Finding],
    newest: u64,
    place: &Path,
    aside: Option<&Path>,
) -> Result<(), Error> {
    let shown = |path: &Path| safe(&path.display().to_string()).into_owned();
    let json = || {
        json!({
            "repaired": place.display().to_string(),
            "newest": newest,
            "kept_as": aside.map(|path| path.display().to_string()),
            "findings": findings.iter().map(finding_json).collect::<serde_json::Value>(),
        })
    };
    let text = || {
        let found: Vec<String> =
            findings.iter().map(|it| trf!("finding: {}", "问题：{}", safe(&it.to_string()))).collect();
        let kept = |path| trf!("\nbroken file kept as {}", "\n损坏的文件保留为 {}", shown(path));
        let (found, place, aside) = (found.join("\n"), shown(place), aside.map(kept).unwrap_or_default());
        trf!(
            "{found}\nrepaired {place}: entries 0 to {newest}{aside}",
            "{found}\n已修复 {place}：第 0 至 {newest} 条{aside}"
        )
    };
    context.ui.answer(context.env, json, text)
}
