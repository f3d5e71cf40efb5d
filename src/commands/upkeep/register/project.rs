//! Fills the tables for SQL and BI tools of a register on a server.

use std::mem;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::commands::{Context, Zh};
use crate::domain::RegisterName;
use crate::error::{Error, RegisterError};
use crate::store::{Projected, StoreError, is_server};
use crate::{tr, trf};

/// The longest wait for news, after which the log is read all the same.
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub struct Project {
    /// Compare every row, not only those that new entries concern
    #[arg(long, zh("比对每一行，而不仅是新日志条目涉及的行"))]
    all: bool,
    /// Stay, and fill the tables whenever something is recorded
    #[arg(long, zh("持续运行，有新日志条目时即填充数据表"))]
    watch: bool,
}

impl Project {
    /// # Errors
    /// The register is a file, has findings or cannot be read, or its tables cannot be written.
    pub fn run(mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let request = context.registers.request(context.env)?;
        if !is_server(&request.path) {
            return Err(RegisterError::TablesInFile { path: request.path }.into());
        }
        if !self.watch {
            return self.project(context);
        }
        // This connection only listens, and from before the first projection, so that no entry is missed.
        let (listening, _) = context.registers.open(&request)?;
        listening.wait_for_news(Duration::ZERO)?;
        loop {
            self.project_in_turn(context)?;
            listening.wait_for_news(MINUTE)?;
        }
    }

    /// As [`Project::project`], without repeating what was said before.
    fn project_in_turn(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        context.ui.once = true;
        match self.project(context) {
            Err(Error::Store(StoreError::Busy { .. })) => {
                context.env.status(tr!("the tables are busy; trying again", "数据表正忙，正在重试"));
                Ok(())
            }
            done => done,
        }
    }

    fn project(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let place = session.shared().place().to_owned();
        let all = mem::take(&mut self.all);
        let Some(projected) = session.project(all, context.env.now())? else {
            return Err(RegisterError::TablesInFile { path: place }.into());
        };
        let Projected { before, head, rows, .. } = projected;
        if self.watch && before == Some(head.seq) && rows == 0 {
            return Ok(());
        }
        let Some(id) = session.state().id() else { return Ok(()) };
        let json = || json!({ "register": id.to_string(), "before": before, "entry": head.seq, "rows": rows });
        context.ui.answer(context.env, json, || describe(id.name(), &projected))?;
        Ok(context.env.out.flush()?)
    }
}

/// `projected entries 5 to 12 of prod; rows written: 34`
fn describe(name: &RegisterName, Projected { before, head, rows, .. }: &Projected) -> String {
    let (first, last) = (before.map_or(0, |before| before + 1), head.seq);
    if first > last {
        return trf!(
            "the tables of {name} are at entry {last}; rows written: {rows}",
            "{name} 的数据表位于第 {last} 条；写入行数：{rows}"
        );
    }
    trf!(
        "projected entries {first} to {last} of {name}; rows written: {rows}",
        "已投影 {name} 的第 {first} 至 {last} 条；写入行数：{rows}"
    )
}
