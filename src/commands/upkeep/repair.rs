//! `repair`: replace a broken register by its valid part.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::commands::ui::{busy, progress};
use crate::commands::upkeep::verify::{finding_json, noted};
use crate::domain::{Head, Time};
use crate::error::{Error, RegisterError};
use crate::format::Defect;
use crate::output::safe;
use crate::store::{
    ASIDE, Finding, Pin, PinFile, Session, StoreError, beside, copy_valid, put_in_place, remembered_leaf, stage_valid,
    undo_interrupted,
};
use crate::trust::{self, First, Relation};

/// Replace a broken register by its valid entries
///
/// Copies the longest valid prefix of the log into a new file with fresh tables, puts that in place of the register,
/// and keeps the broken file beside it as evidence. No other process may have the register open.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal repair
  twinseal repair --out valid.db")]
pub struct Repair {
    /// Output file for the valid entries; the register itself stays unchanged
    #[arg(long, value_name = "FILE")]
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
        let bar = progress(context.env, newest_row.unwrap_or(0), "verifying");
        session.refresh(now, &mut |seq| bar.set_position(seq))?;
        bar.finish_and_clear();
        findings.extend(session.fault().cloned());
        let Some(first) = findings.first().cloned() else {
            let json = || json!({ "repaired": null, "newest": null, "kept_as": null, "findings": [] });
            context.ui.answer(context.env, json, || "nothing to repair: every entry is valid".to_owned())?;
            context.env.status("tables were not checked: `twinseal verify` checks them, `twinseal rebuild` fixes them");
            return Ok(());
        };
        // The new file has no redacted texts, so say which of them the broken one still has.
        findings.extend(session.unredacted()?);
        let newest = session.state().head().ok_or_else(|| StoreError::Broken(first))?.seq;
        let fingerprint = session.fingerprint();
        let remembered = PinFile::in_folder(&context.registers.state_folder(fingerprint)).read(fingerprint)?;
        if let Some(Pin { head, verified, .. }) = remembered {
            let folder = context.registers.state_folder(fingerprint);
            let known = match head.seq <= newest {
                true => Some(head),
                false => remembered_leaf(&folder, newest)?.map(|leaf| Head { seq: newest, leaf }),
            };
            // The valid part is not what this account verified: the file was replaced.
            if let Some(known) = known
                && !session.holds(known)?
            {
                return Err(StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified: Some(verified) }.into());
            }
        }
        let path = session.shared().path().to_owned();
        let bar = busy(context.env, newest, "copying the valid entries");
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
            let more = "warning: this account verified later entries; a backup may have them: `twinseal recover FILE`";
            context.env.status(more);
        }
        Ok(())
    }
}

/// Opens a trusted register even if it is broken, and returns the findings outside its entries.
fn look(context: &Context<'_>) -> Result<(Session, Vec<Finding>), Error> {
    let request = context.registers.request(context.env)?;
    let (mut shared, mut findings) = context.registers.open_file(&request)?;
    let integrity = noted(shared.integrity(), &mut findings)?;
    findings.extend(integrity.into_iter().flatten());
    let first = noted(shared.entry(0), &mut findings)?.flatten();
    let Some(first) = first else {
        let missing = || Finding::at(0, Defect::Missing.rule(), "entry 0 is missing");
        return Err(StoreError::Broken(findings.into_iter().next().unwrap_or_else(missing)).into());
    };
    let identity = trust::identify(context.registers.known(), &request, &shared, First::Entry(&first));
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
        let found: Vec<String> = findings.iter().map(|it| format!("finding: {}", safe(&it.to_string()))).collect();
        let aside = aside.map(|path| format!("\nbroken file kept as {}", shown(path))).unwrap_or_default();
        format!("{}\nrepaired {}: entries 0 to {newest}{aside}", found.join("\n"), shown(place))
    };
    context.ui.answer(context.env, json, text)
}
