//! `policy show|explain|draft|check|test|replay|propose`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::commands::files::read_draft;
use crate::commands::govern::explain::{Explain, warn_unmeetable};
use crate::commands::govern::policy_history::{Replay, Test, history_block};
use crate::commands::govern::proposal::open;
use crate::commands::known::note_policy;
use crate::commands::lookup::{as_of, name_of_input};
use crate::commands::{Context, Zh};
use crate::domain::{
    Action, Change, ChangeId, Denied, Field, Governance, Moment, Policy as Rules, Prose, Status, Text,
};
use crate::error::Error;
use crate::input::{policy_template, read_policy};
use crate::output::{self, policy_sentences, safe};
use crate::store::Session;
use crate::{tr, trf};

/// Show the policy, check a draft, propose another
#[derive(Debug, Subcommand)]
#[command(zh("查看策略、检查草稿、提议新策略"))]
pub enum Policy {
    /// Show the policy in force
    #[command(zh("显示现行策略"))]
    Show(Show),
    /// Explain the policy in force, and who could approve
    #[command(zh("说明现行策略，以及谁能批准"))]
    Explain(Explain),
    /// Print a policy draft to fill in
    #[command(zh("输出待填写的策略草稿"))]
    Draft,
    /// Check a policy draft without proposing it
    ///
    /// Reports every fault with its line and field.
    #[command(zh("检查策略草稿，不提出提案"))]
    #[command(zh_long("报告每处错误的行和字段。"))]
    Check(Source),
    /// Judge one change by a policy draft
    ///
    /// An open change is judged as it is now, one that was started at its start. Nothing is recorded.
    #[command(zh("按策略草稿评判一个变更单"))]
    #[command(zh_long("未开始的变更单按现状评判，已开始的按其开始时的状态评判。不会记录任何内容。"))]
    Test(Test),
    /// Judge all executed changes by a policy draft
    ///
    /// Replays the log with this policy in place of those that were in force, and asks every rule at each start. Whoever
    /// filed and approved did not know this policy: a change that it would have stopped might have been filed otherwise.
    #[command(zh("按策略草稿评判所有已实施的变更单"))]
    #[command(zh_long(
        "以该策略取代当时的策略重放日志，在每次开始实施时核对所有规则。提交人和审批人当时并不知道这一策略：\
         会被它阻止的变更单，当时或许会以别的方式提交。"
    ))]
    Replay(Replay),
    /// Propose another policy
    ///
    /// Shows the differences to the policy in force, how they affect open changes, and which executed changes the policy
    /// would have stopped.
    #[command(zh("提议另一个策略"))]
    #[command(zh_long("显示与现行策略的差异、对未结束变更单的影响，以及会被该策略阻止的已实施变更单。"))]
    Propose(Source),
}

/// Arguments of `policy show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal policy show
  twinseal policy show --source > policy.toml
  twinseal policy show --as-of 2026-12-01T18:00:00+08:00")]
pub struct Show {
    /// Source file as it was proposed, with its comments
    #[arg(zh("提案时的源文件，含注释"))]
    #[arg(long)]
    source: bool,
    /// State after this entry or at this time: 812 or 2026-12-01T18:00:00+08:00
    #[arg(zh("该条目之后或该时间的状态：812 或 2026-12-01T18:00:00+08:00"))]
    #[arg(long, value_name = "SEQ|TIME", conflicts_with = "source")]
    as_of: Option<String>,
}

/// A policy draft.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal policy draft > policy.toml
  twinseal policy check policy.toml
  twinseal policy propose policy.toml")]
pub struct Source {
    /// Policy in TOML; - reads standard input
    #[arg(zh("TOML 格式的策略；- 表示标准输入"))]
    file: PathBuf,
}

impl Policy {
    /// # Errors
    /// The draft has faults, the register cannot be read, or the proposal is refused or cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Show(show) => show.run(context),
            Self::Explain(explain) => explain.run(context),
            Self::Draft => Ok(write!(context.env.out, "{}", policy_template())?),
            Self::Check(source) => {
                let (policy, _) = source.read(context)?;
                if context.registers.named().is_some() {
                    let session = context.open()?;
                    note_policy(context, &session, &policy)?;
                }
                let said = trf!("{}: no faults", "{}：没有错误", safe(&name_of_input(&source.file)));
                if context.ui.json {
                    context.ui.print_json(context.env, json!({ "policy": output::json::policy(&policy) }))?;
                }
                context.env.status(said);
                Ok(())
            }
            Self::Test(test) => test.run(context),
            Self::Replay(replay) => replay.run(context),
            Self::Propose(source) => source.propose(context),
        }
    }
}

impl Show {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let moment = as_of(context, &session, self.as_of.as_deref())?;
        let Some(policy) = moment.governance.policy() else { return Err(Error::NoEntry(0)) };
        if self.source {
            let source = source_text(&session)?;
            if source.is_none() {
                context.env.status(tr!(
                    "no source: the policy in force was set by `twinseal init`, or its text was redacted",
                    "没有源文件：现行策略由 `twinseal init` 设定，或其文本已隐去"
                ));
            }
            let json = || json!({ "source": output::json::written(source.as_ref()) });
            return context
                .ui
                .answer_exactly(context.env, json, || source.as_ref().map_or(String::new(), Prose::to_string));
        }
        let json = || {
            json!({
                "policy": output::json::policy(policy),
                "since": moment.governance.policy_since().to_string(),
                "sentences": output::json::list(policy_sentences(policy)),
            })
        };
        context.ui.answer(context.env, json, || policy_sentences(policy).join("\n"))?;
        if let Some(seq) = moment.seq {
            context.env.status(trf!("as of entry {seq}, {}", "截至第 {seq} 条，{}", moment.at.claimed));
        }
        Ok(())
    }
}

/// The source of the policy in force; `None` if it is built in or was redacted.
fn source_text(session: &Session) -> Result<Option<Prose>, Error> {
    let Some(opened) = session.queries().seconded_by(session.state().governance().policy_since())? else {
        return Ok(None);
    };
    Ok(match session.entry(opened)?.and_then(|entry| entry.text) {
        Some(Text::Remark(_, prose)) => Some(prose),
        _ => None,
    })
}

impl Source {
    fn read(&self, context: &mut Context<'_>) -> Result<(Rules, String), Error> {
        read(context, &self.file)
    }

    fn propose(self, context: &mut Context<'_>) -> Result<(), Error> {
        let (policy, source) = self.read(context)?;
        let text =
            Prose::from_typed(&source).map_err(|invalid| Error::Value { given: name_of_input(&self.file), invalid });
        let text = Some(Text::Remark(Field::Source, text?));
        let mut session = context.open()?;
        let mut page = context.page_above_question();
        let now = session.state().moment(context.env.now());
        let effects = effects(&session, &policy, now)?;
        page.block(tr!("open changes", "未结束的变更单"));
        if effects.is_empty() {
            page.text("", tr!("none affected", "均不受影响"));
        }
        for (id, now, then) in effects {
            let indent = " ".repeat(id.to_string().len());
            page.text(&trf!("{id} now:", "{id} 现在："), now).text(&trf!("{indent}then:", "{indent} 届时："), then);
        }
        history_block(&mut page, context, &session, &policy)?;
        context.env.status(format_args!("{}\n", page.finish().trim_start()));
        note_policy(context, &session, &policy)?;
        warn_unmeetable(context, &session.governed()?, &policy, now)?;
        open(context, &mut session, text, |session| {
            let replaces = session.state().governance().policy_since();
            Ok(Action::Policy { replaces, policy: policy.clone() })
        })
    }
}

/// Reads a policy draft, and its source.
///
/// # Errors
/// [`Error::Faults`] with every fault.
pub fn read(context: &mut Context<'_>, given: &Path) -> Result<(Rules, String), Error> {
    read_draft(context.env, given, |source| Ok((read_policy(source)?, source.to_owned())))
}

/// The open changes whose status would differ under another policy, with both statuses.
fn effects(session: &Session, policy: &Rules, now: Moment) -> Result<Vec<(ChangeId, String, String)>, Error> {
    let ids = session.queries().awaiting_approval()?;
    let phrase = |change: &Change, governance: &Governance| status_phrase(change, governance, now);
    let before = session.ask_each(None, ids.iter().copied(), phrase)??;
    let after = session.ask_each(Some(policy), ids.iter().copied(), phrase)??;
    let effects = ids.into_iter().zip(before.into_iter().zip(after));
    let differing = effects.filter_map(|(id, (before, after))| Some((id, before?, after?)));
    Ok(differing.filter(|(_, before, after)| before != after).collect())
}

/// The status of an open change and what prevents its start; `None` if its window is over.
pub(super) fn status_phrase(change: &Change, governance: &Governance, now: Moment) -> Result<Option<String>, Denied> {
    let (status, tally) = (change.status(governance, now)?, change.tally(governance, now)?);
    if status == Status::Expired {
        return Ok(None);
    }
    let status = trf!("{} ({})", "{}（{}）", status.phrase(), output::count(&tally));
    match change.judge_facts(governance) {
        Ok(()) => Ok(Some(status)),
        Err(Denied::Refused(refusal)) => {
            Ok(Some(trf!("{status}; cannot start: {refusal}", "{status}；不能开始实施：{refusal}")))
        }
        Err(unloaded @ Denied::Unloaded(_)) => Err(unloaded),
    }
}
