//! `gate`: say whether a change may start here and now.

mod answer;
mod checkpoint;
mod coverage;
mod judge;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::change::against::digest_of;
use crate::commands::change::once::{Once, actor_of_run, start_once};
use crate::commands::duration::duration;
use crate::commands::lookup::{change_id, parse};
use crate::commands::upkeep::against::Kept;
use crate::domain::{
    ArtifactName, ChangeId, Digest, Environment, Head, PersonId, RunId, ServiceId, Start, Target, number,
};
use crate::error::{Error, FileAct};
use crate::output::on;
use crate::store::Session;
use crate::{tr, trf};
use answer::Answer;

/// Ask whether a change may start here and now
///
/// Exit code 0 means that it may. Everything else, errors included, is a closed gate. Prints one line for each condition
/// and one for each requirement of the policy. Without --start, records nothing. Without a change id, finds the one open
/// change of the service with these artifacts.
#[derive(Debug, Args)]
#[command(zh("查询变更此时此地能否开始实施"))]
#[command(zh_long(
    "退出码 0 表示可以。其他任何结果（包括出错）都是门禁关闭。每个条件和策略的每项要求各输出一行。不带 --start 时不记录任何内容。\
     不给出变更单编号时，查找该服务中包含这些制品的唯一未结束的变更单。"
))]
#[command(after_help = "Examples:
  twinseal gate CHG-42 --service order-gateway --artifact gw.tar.gz=build/gw.tar.gz
  twinseal gate --service order-gateway --artifact build/gw.tar.gz
  twinseal gate CHG-42 --wait 30m && ./deploy.sh
  twinseal gate CHG-42 --start --run-id $CI_PIPELINE_ID && ./deploy.sh
  twinseal gate CHG-42 --checkpoint prod.checkpoint && ./deploy.sh")]
pub struct Gate {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: Option<String>,
    /// Service about to be changed
    #[arg(long, value_name = "SERVICE", zh("即将变更的服务"))]
    service: Option<String>,
    /// Environment about to be changed
    #[arg(long, value_name = "ENVIRONMENT", zh("即将变更的环境"))]
    environment: Option<String>,
    /// Host or instance about to be changed
    #[arg(long, value_name = "TARGET", zh("即将变更的主机或实例"))]
    target: Option<String>,
    /// Artifact about to be deployed, as a file or by its SHA-256; its name may be left out if no change id is given
    #[arg(short = 'a', long = "artifact", value_name = "NAME=FILE|NAME=sha256:HEX")]
    #[arg(zh("即将部署的制品，以文件或 SHA-256 给出；未给出变更单编号时可以省略名称"))]
    artifacts: Vec<String>,
    /// How long to wait for the gate to open: 90s, 30m or 4h30m; at most 24h
    #[arg(long, value_name = "LENGTH", zh("等待门禁放行的时长：90s、30m 或 4h30m；最长 24h"))]
    wait: Option<String>,
    /// Start the change in the same act if the gate is open, signed by the account's own key
    #[arg(long, requires = "run_id", zh("门禁放行时同时开始实施，用本账号自己的密钥签名"))]
    start: bool,
    /// Run of the pipeline; the same run may start the change again
    #[arg(long, value_name = "ID", requires = "start", zh("流水线的运行；同一次运行可以再次开始该变更"))]
    run_id: Option<String>,
    /// Entry that the log must have, as the pipeline's own settings name it; needed by an account that met the register
    /// after the change was filed
    #[arg(long, value_name = "SEQ:LEAF")]
    #[arg(zh("日志必须包含的条目，由流水线自己的设置给出；在变更单提交之后才首次接触变更台账的账号需要它"))]
    at_least: Option<String>,
    /// Checkpoint that the log must extend: signed by a person who recorded it, and no older than the policy allows
    #[arg(long, value_name = "FILE", zh("日志必须延续的检查点：由记录它的人签署，且不早于策略允许的时间"))]
    checkpoint: Option<PathBuf>,
}

/// The time between two looks at the register.
const POLL: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Debug)]
struct Asked {
    change: Option<ChangeId>,
    service: Option<ServiceId>,
    environment: Option<Environment>,
    target: Option<Target>,
    artifacts: Vec<Given>,
    run: Option<RunId>,
    at_least: Option<Head>,
    checkpoint: Option<Kept>,
}

/// An artifact as it was given: its digest, and its name if there is one.
#[derive(Debug)]
struct Given {
    name: Option<ArtifactName>,
    digest: Digest,
}

impl Gate {
    /// # Errors
    /// [`Error::GateClosed`], an invalid argument, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if self.change.is_none() && (self.service.is_none() || self.artifacts.is_empty()) {
            return Err(Error::NeedChange);
        }
        let asked = self.asked(context)?;
        let wait = self.wait.as_deref().map_or(Ok(0), |given| duration(given, 0))?;
        let mut session = context.open()?;
        // A run is given only with --start.
        let me = actor_of_run(context, &session, asked.run.as_ref())?;
        let answer = wait_for(context, &mut session, (&asked, me.as_ref()), wait)?;
        match answer.start.as_ref().filter(|_| self.start && answer.is_open()) {
            Some(start) => start_now(context, &mut session, &answer, start),
            None => {
                let printed = answer.print(context, None);
                // The exit code says that it is closed even if nobody reads why.
                answer.result()?;
                printed
            }
        }
    }

    fn asked(&self, context: &mut Context<'_>) -> Result<Asked, Error> {
        let given = |it: &String| read_artifact(context, it, self.change.is_some());
        let artifacts = self.artifacts.iter().map(given).collect::<Result<_, _>>()?;
        Ok(Asked {
            change: self.change.as_deref().map(change_id).transpose()?,
            service: self.service.as_deref().map(parse).transpose()?,
            environment: self.environment.as_deref().map(parse).transpose()?,
            target: self.target.as_deref().map(parse).transpose()?,
            artifacts,
            run: self.run_id.as_deref().map(parse).transpose()?,
            at_least: self.at_least.as_deref().map(entry_and_leaf).transpose()?,
            checkpoint: self.checkpoint.as_deref().map(|file| Kept::read(context, file, None)).transpose()?,
        })
    }
}

/// Starts the change, unless this run has done that.
fn start_now(context: &mut Context<'_>, session: &mut Session, answer: &Answer, start: &Start) -> Result<(), Error> {
    let (id, place) = (start.revision.change, on(start.target.as_ref()));
    match if answer.already { Once::Already } else { start_once(context, session, start)? } {
        Once::Recorded(entry) => {
            context.ui.report_recorded_notices(context.env);
            answer.print(context, Some(&entry)).map_err(|error| error.after(entry.header.seq))?;
            let seq = entry.header.seq;
            context.env.remark(trf!("{id} started{place} (entry {seq})", "{id} 已开始实施{place}（第 {seq} 条）"));
        }
        Once::Already => {
            answer.print(context, None)?;
            let said = trf!("{id}{place} already started by this run", "{id}{place} 已由此运行开始实施");
            context.env.remark(said);
        }
    }
    Ok(())
}

/// Asks until the gate is open, can never open, or `seconds` have passed. Says on standard error what it waits for.
fn wait_for(
    context: &mut Context<'_>,
    session: &mut Session,
    (asked, me): (&Asked, Option<&PersonId>),
    seconds: i64,
) -> Result<Answer, Error> {
    let until = context.env.now().plus(seconds);
    let (mut said, clock) = (Vec::new(), context.clock());
    loop {
        let answer = judge::answer(context, session, asked, me)?;
        let left = until.unix() - context.env.now().unix();
        if answer.is_open() || answer.is_permanent() || left <= 0 {
            return Ok(answer);
        }
        let awaited = answer.awaited();
        if awaited != said {
            let (until, reason) = (clock.at(until), clock.local(&answer.reason()));
            context.env.remark(trf!("waiting until {until}: {reason}", "等待至 {until}：{reason}"));
            said = awaited;
        }
        let pause = POLL.min(Duration::from_secs(left.unsigned_abs()));
        if !session.shared().wait_for_news(pause)? {
            (context.env.sleep)(pause);
        }
        session.refresh(context.env.now(), &mut |_| {})?;
    }
}

/// `NAME=FILE`, `NAME=sha256:HEX`; without a name only if nothing else says which change is meant.
fn read_artifact(context: &Context<'_>, given: &str, named: bool) -> Result<Given, Error> {
    let form = match named {
        true => tr!("NAME=FILE or NAME=sha256:HEX", "NAME=FILE 或 NAME=sha256:HEX"),
        false => tr!("[NAME=]FILE or [NAME=]sha256:HEX", "[NAME=]FILE 或 [NAME=]sha256:HEX"),
    };
    let (name, value) = match given.split_once('=') {
        Some((name, value)) => (Some(parse(name)?), value),
        None if named => return Err(Error::Form { given: given.to_owned(), form }),
        None => (None, given),
    };
    let digest = match value.strip_prefix("sha256:") {
        Some(hex) => parse(hex)?,
        None => {
            let failed = |source| Error::File { doing: FileAct::Read, path: PathBuf::from(value), source };
            digest_of(&context.env.path(Path::new(value))).map_err(failed)?
        }
    };
    Ok(Given { name, digest })
}

/// `SEQ:LEAF`.
fn entry_and_leaf(given: &str) -> Result<Head, Error> {
    let form = tr!("SEQ:LEAF, such as 812:9b1e... (64 hex digits)", "SEQ:LEAF，如 812:9b1e...（64 位十六进制数字）");
    let wrong = || Error::Form { given: given.to_owned(), form };
    let (seq, leaf) = given.split_once(':').ok_or_else(wrong)?;
    Ok(Head { seq: number(seq).map_err(|_| wrong())?, leaf: leaf.parse().map_err(|_| wrong())? })
}
