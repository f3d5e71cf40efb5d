//! `policy test|replay`: what a policy that is not in force would say of changes, open ones and executed ones.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::policy::{read, status_phrase};
use super::proposal::Found;
use crate::commands::lookup::{self, change_id, first_entry, name_of_input, requirement_texts};
use crate::commands::ui::progress;
use crate::commands::{Context, Zh};
use crate::domain::{Action, ChangeId, Event, PersonId, Policy, ProposalState, Refusal, Status, Target, Time};
use crate::error::Error;
use crate::output::requirements::{RequirementText, requirement_block};
use crate::output::{self, Page, safe, table};
use crate::store::Session;
use crate::{tr, trf};

/// The most starts that the page of a proposal lists.
const MOST: usize = 20;

/// Arguments of `policy test`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal policy test policy.toml --change CHG-7")]
pub struct Test {
    /// Policy in TOML; - reads standard input
    #[arg(zh("TOML 格式的策略；- 表示标准输入"))]
    file: PathBuf,
    /// Change to judge
    #[arg(long, value_name = "CHANGE", zh("要评判的变更单"))]
    change: String,
}

/// Arguments of `policy replay`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal policy replay policy.toml
  twinseal policy replay policy.toml --since 2026-10-01T00:00:00Z")]
pub struct Replay {
    /// Policy in TOML; - reads standard input
    #[arg(zh("TOML 格式的策略；- 表示标准输入"))]
    file: PathBuf,
    /// First entry to judge, or a time: 812 or 2026-10-01T00:00:00Z
    #[arg(long, value_name = "SEQ|TIME", zh("从该条目或该时间起评判：812 或 2026-10-01T00:00:00Z"))]
    since: Option<String>,
}

/// A start that the policy would have refused.
struct Stopped {
    change: ChangeId,
    target: Option<Target>,
    seq: u64,
    time: Time,
    by: PersonId,
    refusal: Refusal,
}

/// What a policy would have said of the starts in the log.
#[derive(Default)]
struct History {
    executed: BTreeSet<ChangeId>,
    stopped: Vec<Stopped>,
}

impl History {
    /// Replays the log under a policy and judges the starts that `judged` names by their entry and change.
    fn of(
        context: &Context<'_>,
        session: &Session,
        policy: &Policy,
        judged: impl Fn(u64, ChangeId) -> bool,
    ) -> Result<Self, Error> {
        let _snapshot = session.hold_snapshot()?;
        let head = session.state().head().map_or(0, |head| head.seq);
        let bar = progress(context.env, head, tr!("replaying", "正在重放"));
        let (mut fold, mut history) = (session.refold()?, Self::default());
        while let Some(it) = fold.next_entry()? {
            bar.set_position(it.header.seq);
            if let Event::Start(start) = &it.event
                && judged(it.header.seq, start.revision.change)
            {
                history.executed.insert(start.revision.change);
                let judged = fold.ask(|state| {
                    if state.governance().policy() != Some(policy) {
                        *state = state.under(policy.clone());
                    }
                    state.judge(&it.header, &it.event)
                })?;
                history.stopped.extend(judged.err().map(|refusal| Stopped {
                    change: start.revision.change,
                    target: start.target.clone(),
                    seq: it.header.seq,
                    time: it.header.time,
                    by: it.header.actor.clone(),
                    refusal,
                }));
            }
            fold.apply(&it)??;
        }
        bar.finish_and_clear();
        Ok(history)
    }

    /// `would have stopped 7 of 212 executed changes`.
    fn summary(&self) -> String {
        let (all, stopped) = (self.executed.len(), self.stopped_changes());
        match all {
            0 => tr!("no change was executed", "没有已实施的变更单").to_owned(),
            _ => trf!(
                "would have stopped {stopped} of {all} executed changes",
                "在 {all} 个已实施的变更单中会阻止 {stopped} 个"
            ),
        }
    }

    /// Writes the summary, and the first starts that would have been refused.
    fn block(&self, page: &mut Page) {
        page.block(tr!("executed changes", "已实施的变更单")).text("", self.summary());
        for it in self.stopped.iter().take(MOST) {
            page.text("-", trf!("{} (entry {}): {}", "{}（第 {} 条）：{}", it.subject(), it.seq, it.refusal));
        }
        if self.stopped.len() > MOST {
            page.text("", trf!("and {} more", "另有 {} 个", self.stopped.len() - MOST));
        }
    }

    fn stopped_changes(&self) -> usize {
        self.stopped.iter().map(|it| it.change).collect::<BTreeSet<_>>().len()
    }

    fn json(&self) -> Value {
        let stopped = |it: &Stopped| {
            json!({
                "change": it.change.to_string(),
                "target": output::json::written(it.target.as_ref()),
                "seq": it.seq,
                "time": it.time.to_string(),
                "actor": it.by.to_string(),
                "rule": it.refusal.rule().to_string(),
                "message": it.refusal.to_string(),
            })
        };
        json!({
            "executed": self.executed.len(),
            "stopped": self.stopped_changes(),
            "starts": self.stopped.iter().map(stopped).collect::<Value>(),
        })
    }
}

impl Stopped {
    fn subject(&self) -> String {
        self.target.as_ref().map_or_else(|| self.change.to_string(), |target| format!("{} {target}", self.change))
    }
}

impl Replay {
    /// # Errors
    /// The draft has faults, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let (policy, _) = read(context, &self.file)?;
        let session = context.open()?;
        let since = self.since.as_deref().map_or(Ok(0), |given| first_entry(context, &session, given, None))?;
        let history = History::of(context, &session, &policy, |seq, _| seq >= since)?;
        let (clock, width) = (context.clock(), context.env.width);
        context.ui.answer(
            context.env,
            || history.json(),
            || {
                let row = |it: &Stopped| [it.subject(), clock.at(it.time), it.by.to_string(), it.refusal.to_string()];
                let header =
                    [tr!("CHANGE", "变更单"), tr!("STARTED", "开始于"), tr!("BY", "实施人"), tr!("REASON", "原因")];
                match history.stopped.is_empty() {
                    true => String::new(),
                    false => table(header, history.stopped.iter().map(row).collect(), width),
                }
            },
        )?;
        let file = safe(&name_of_input(&self.file)).into_owned();
        context.env.status(trf!("{file}: {}", "{file}：{}", history.summary()));
        Ok(())
    }
}

impl Test {
    /// # Errors
    /// The draft has faults, there is no such change, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let (policy, _) = read(context, &self.file)?;
        let id = change_id(&self.change)?;
        let session = context.open()?;
        let change = lookup::change(&session, id)?;
        let mut page = context.page();
        page.title(trf!("{id} under {}", "{id}（依据 {}）", safe(&name_of_input(&self.file))));
        let json = if change.started().is_some() {
            let history = History::of(context, &session, &policy, |_, change| change == id)?;
            history.block(&mut page);
            let (status, requirements) = (Value::Null, Value::Null);
            json!({ "change": id.to_string(), "status": status, "requirements": requirements, "history": history.json() })
        } else {
            let (texts, status) = under(context, &session, &policy, id)?;
            page.field(tr!("status", "状态"), status.as_deref().unwrap_or(Status::Expired.phrase().as_str()));
            requirement_block(&mut page, &texts);
            let texts = texts.iter().map(RequirementText::json).collect::<Value>();
            json!({ "change": id.to_string(), "status": status, "requirements": texts, "history": Value::Null })
        };
        context.ui.answer(context.env, || json, || page.finish().to_owned())
    }
}

/// What each requirement of a policy says of an open change now, and its status, with what else prevents a start; without
/// that if its window is over.
fn under(
    context: &Context<'_>,
    session: &Session,
    policy: &Policy,
    id: ChangeId,
) -> Result<(Vec<RequirementText>, Option<String>), Error> {
    let now = session.state().moment(context.env.now());
    let judged = session.ask_each(Some(policy), [id], |change, governance| {
        Ok((change.requirements(governance, now)?, status_phrase(change, governance, now)?))
    })??;
    let (lines, status): (Vec<_>, Vec<_>) = judged.into_iter().unzip();
    let lines = lines.into_iter().flatten().collect();
    let texts = requirement_texts(session, &lookup::change(session, id)?, lines, now)?;
    Ok((texts, status.into_iter().flatten().next()))
}

/// Writes what a policy would have said of the executed changes.
pub(super) fn history_block(
    page: &mut Page,
    context: &Context<'_>,
    session: &Session,
    policy: &Policy,
) -> Result<(), Error> {
    History::of(context, session, policy, |_, _| true)?.block(page);
    Ok(())
}

/// Writes what the policy of an open proposal would have said of the executed changes.
pub(super) fn proposed_block(
    page: &mut Page,
    context: &Context<'_>,
    session: &Session,
    found: &Found,
) -> Result<(), Error> {
    match (&found.action, &found.proposal.state) {
        (Action::Policy { policy, .. }, ProposalState::Open(_)) => history_block(page, context, session, policy),
        _ => Ok(()),
    }
}
