//! `start`: begin an approved change.

use std::path::PathBuf;

use clap::Args;

use crate::commands::Zh;
use crate::commands::change::artifacts::{Search, read, with_found};
use crate::commands::change::once::{Once, start_once};
use crate::commands::lookup::{change, change_id, parse, suggest_target};
use crate::commands::{Context, report_already, report_recorded};
use crate::domain::{self, Target};
use crate::error::Error;
use crate::output::on;
use crate::trf;

/// Start an approved change
///
/// twinseal refuses the start unless you are an implementer, the change is approved and inside its window, no freeze stops
/// it, and every artifact has the approved SHA-256. A change with targets is started on each of them.
#[derive(Debug, Args)]
#[command(zh("开始实施已批准的变更"))]
#[command(zh_long(
    "只有同时满足以下条件才能开始：您是实施人，变更单已批准且在变更窗口内，没有封网阻止它，每个制品的 SHA-256 都是已批准的。\
     有目标的变更在每个目标上分别开始。"
))]
#[command(after_help = "Examples:
  twinseal start CHG-42
  twinseal start CHG-42 --artifacts build
  twinseal start CHG-42 --artifact gw.tar.gz=build/gw.tar.gz && ./deploy.sh
  twinseal start CHG-43 --target gw-01")]
pub struct Start {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Target that is about to be changed
    #[arg(long, value_name = "TARGET", zh("即将变更的目标"))]
    target: Option<String>,
    /// Run of a pipeline; the same run may start it again
    #[arg(long, value_name = "ID", zh("流水线的运行；同一次运行可以再次开始"))]
    run_id: Option<String>,
    /// Artifact about to be deployed; its SHA-256 is recorded
    #[arg(short = 'a', long = "artifact", value_name = "NAME=FILE", zh("即将部署的制品；记录其 SHA-256"))]
    artifacts: Vec<String>,
    /// Directory below which the other artifacts are, by their names; by default the current directory itself. A machine
    /// account, and a start with --run-id, name each artifact
    #[arg(long = "artifacts", value_name = "DIR")]
    #[arg(zh(
        "在此目录及其子目录中按名称查找其他制品；默认只在当前目录中查找。机器账号以及带 --run-id 的开始须写明每个制品"
    ))]
    folder: Option<PathBuf>,
}

impl Start {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let target: Option<Target> = self.target.as_deref().map(parse).transpose()?;
        let run = self.run_id.as_deref().map(parse).transpose()?;
        let artifacts = self.artifacts.iter().map(|given| read(context, given)).collect::<Result<Vec<_>, _>>()?;
        let mut session = context.open()?;
        let change = change(&session, id)?;
        suggest_target(context, &change, target.as_ref());
        let search = Search::of(context, &session, run.as_ref(), self.folder.as_deref())?;
        let artifacts = with_found(context, &change, artifacts, search)?;
        let revision = change.current().id;
        let start = domain::Start { revision, target, run, artifacts };
        let (place, option) = (on(start.target.as_ref()), option(start.target.as_ref()));
        match start_once(context, &mut session, &start)? {
            Once::Recorded(entry) => {
                let said = trf!(
                    "{id} started{place}; when done: `twinseal finish {id}{option} --outcome succeeded` (or failed, \
                     rolled-back)",
                    "{id} 已开始实施{place}；完成后：`twinseal finish {id}{option} --outcome succeeded`（或 failed、\
                     rolled-back）"
                );
                report_recorded(context, &entry, None, said)
            }
            Once::Already => report_already(
                context,
                trf!("{id}{place} already started by this run", "{id}{place} 已由此运行开始实施"),
            ),
        }
    }
}

/// ` --target gw-1`; empty without a target.
fn option(target: Option<&Target>) -> String {
    target.map_or_else(String::new, |target| format!(" --target {target}"))
}
