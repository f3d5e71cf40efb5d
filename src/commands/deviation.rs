//! `deviation`: what was done outside the register, told afterwards.

mod page;
mod record;
mod review;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::lookup::deviation_id;
use crate::commands::{Context, Zh};
use crate::domain::{Deviation as Recorded, DeviationId};
use crate::error::{BreakGlassError, Error};
use crate::output::table;
use crate::store::Session;
use crate::{tr, trf};

/// Tell what was done outside the register
///
/// A deviation is told afterwards, by anybody with a live key. It is unauthorised for good, and never counts as an executed
/// change. Two approvers review it: neither who told it, nor those who are named as having done it. Before acting without
/// approval, open a break-glass instead.
#[derive(Debug, Subcommand)]
#[command(zh("报告在变更台账之外所做的操作（偏差）"))]
#[command(zh_long(
    "偏差由任何持有有效密钥的人事后报告。它永远视为未获授权，不算作已实施的变更。须由两名审批人审阅：报告人和被列为操作人的人除外。\
     在未经批准而行动之前，请改为开启紧急处置。"
))]
pub enum Deviation {
    /// Tell what was done, from a file in TOML
    #[command(zh("用 TOML 文件报告所做的操作"))]
    Record(record::Record),
    /// Review a deviation, as one of two approvers
    ///
    /// Shows everything that was signed about it and asks you to type its id. Without a terminal, --digest is required.
    #[command(zh("作为两名审批人之一审阅偏差"))]
    #[command(zh_long("显示关于它的全部已签名内容，并要求输入其编号。没有终端时必须给出 --digest。"))]
    Review(review::Review),
    /// List all deviations, the newest first
    #[command(zh("列出所有偏差，最新的在前"))]
    List,
    /// Show a deviation and everything that was signed about it
    #[command(zh("显示一个偏差及其全部已签名内容"))]
    Show(Show),
}

/// Arguments of `deviation show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal deviation show DEV-3
  twinseal --json deviation show DEV-3")]
pub struct Show {
    /// Deviation id, such as DEV-3
    #[arg(value_name = "DEV-N", zh("偏差编号，如 DEV-3"))]
    id: String,
}

impl Deviation {
    /// # Errors
    /// There is no such deviation, a rule refuses the act, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Record(it) => it.run(context),
            Self::Review(it) => it.run(context),
            Self::List => list(context),
            Self::Show(it) => show(context, &it.id),
        }
    }
}

/// The deviation with this id.
///
/// # Errors
/// There is none, or the cache cannot be read.
fn find(session: &Session, id: DeviationId) -> Result<Recorded, Error> {
    let found = session.ask(|state| state.deviation(id).cloned())?;
    // It may come after the first broken entry.
    let missing =
        || session.fault().map_or(BreakGlassError::NoDeviation(id).into(), |fault| Error::Broken(fault.clone()));
    found.map_err(|_| missing())
}

fn show(context: &mut Context<'_>, id: &str) -> Result<(), Error> {
    let id = deviation_id(id)?;
    let session = context.open()?;
    if context.ui.json {
        let shown = page::json(context, &session, &find(&session, id)?)?;
        return context.ui.print_json(context.env, shown);
    }
    let mut shown = context.page();
    page::write(&mut shown, context, &session, id)?;
    Ok(context.env.print_long(shown.finish())?)
}

fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let session = context.open()?;
    let ids = (0..session.state().deviations()).rev().map(DeviationId::after);
    let all = ids.map(|id| find(&session, id)).collect::<Result<Vec<_>, _>>()?;
    if context.ui.json {
        let listed = all.iter().map(|it| page::json(context, &session, it)).collect::<Result<Value, _>>()?;
        return context.ui.print_json(context.env, json!({ "deviations": listed }));
    }
    if all.is_empty() {
        context.env.remark(tr!("no deviations", "没有偏差"));
        return Ok(());
    }
    let clock = context.clock();
    let mut rows = Vec::new();
    for it in &all {
        let (told, counted) = (it.told(), page::counted(context, &session, it)?.len());
        let status = trf!("{} ({counted} of {})", "{}（{counted}/{}）", it.status().phrase(), Recorded::REVIEWERS);
        let services = told.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let (id, teller) = (it.id().to_string(), it.recorded().person.to_string());
        rows.push([id, status, teller, clock.minute(told.done, "UTC"), services]);
    }
    let header = [
        tr!("ID", "编号"),
        tr!("STATUS", "状态"),
        tr!("TOLD BY", "报告人"),
        tr!("DONE", "操作时间"),
        tr!("SERVICES", "服务"),
    ];
    Ok(context.env.print_long(&table(header, rows, context.env.width))?)
}
