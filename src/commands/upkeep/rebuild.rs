//! `rebuild`: rebuild the shared tables from the verified log.

use clap::Args;
use serde_json::json;

use crate::commands::ui::busy;
use crate::commands::{Context, Zh};
use crate::error::Error;
use crate::output::safe;
use crate::store::Rebuilt;
use crate::{tr, trf};

/// Rebuild the tables of the register from its log
///
/// The tables are derived from the log for readers with SQL. Prints every row that differed.
#[derive(Debug, Args)]
#[command(zh("根据日志重建变更台账的数据表"))]
#[command(zh_long("数据表由日志推导而来，供 SQL 读取。输出每一行不一致的数据。"))]
#[command(after_help = "Examples:
  twinseal rebuild")]
pub struct Rebuild {}

impl Rebuild {
    /// # Errors
    /// The register is broken, or cannot be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let Rebuilt { differed, redacted } = loop {
            session.refresh(context.env.now(), &mut |_| {})?;
            if let Some(fault) = session.fault() {
                return Err(Error::Broken(fault.clone()));
            }
            let bar = busy(
                context.env,
                session.shared().newest()?.unwrap_or(0),
                tr!("rebuilding the tables", "正在重建数据表"),
            );
            let turn = session.turn(&context.writer())?;
            if session.refresh_soon(&turn)?
                && let Some(rebuilt) = session.rebuild(&turn)?
            {
                bar.finish_and_clear();
                break rebuilt;
            }
        };
        let rows = differed.as_deref().unwrap_or_default();
        if context.ui.json {
            let differed: Vec<&str> = rows.iter().map(|finding| finding.meaning.as_str()).collect();
            context.ui.print_json(context.env, json!({ "differences": differed, "redacted": redacted }))?;
        } else {
            for finding in rows {
                context.env.print(safe(&finding.meaning))?;
            }
            for seq in redacted {
                context.env.print(trf!("text of entry {seq}: redacted again", "第 {seq} 条的文本：已再次隐去"))?;
            }
        }
        match rows.len() {
            _ if differed.is_none() => context.env.remark(tr!(
                "tables not rebuilt: this account may not write them; `twinseal register project --all` does it as the role \
                 twinseal_projector",
                "未重建数据表：本账号无权写入；请以角色 twinseal_projector 运行 `twinseal register project --all`"
            )),
            0 => context.env.remark(tr!("tables match the log", "数据表与日志一致")),
            n => context
                .env
                .remark(trf!("tables rebuilt; {n} rows differed from the log", "数据表已重建；{n} 行曾与日志不符")),
        }
        Ok(())
    }
}
