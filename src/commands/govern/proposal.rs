//! `proposal list|show|second|decline|withdraw|redact|restored`, and opening a proposal for other commands.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::policy_history::proposed_block;
use super::proposal_page::{action_blocks, new_keys, state_now, summary_of, write_page};
use crate::commands::govern::explain::{note_few_approvers, warn_unmeetable};
use crate::commands::known::note_policy;
use crate::commands::lookup::{check_named_once, is_about_one, parse, reason};
use crate::commands::{Context, Question, Zh, about_to_sign, record_asked, report_dry_run, report_recorded};
use crate::domain::{
    Action, Digest, Event, Head, LostEntries, Proposal as Opened, ProposalId, ProposalRef, ProposalState, Restoration,
    Text, number,
};
use crate::error::{Error, LossError, SeveralError};
use crate::output::{self, Page, safe, summary, table};
use crate::record::{Plan, record, rehearse};
use crate::store::Session;
use crate::{tr, trf};

/// Review proposals, second or decline them
#[derive(Debug, Subcommand)]
#[command(zh("审阅提案，附议或否决"))]
pub enum Proposal {
    /// List proposals
    #[command(zh("列出提案"))]
    List,
    /// Show everything that a proposal would change
    #[command(zh("显示提案将改变的一切"))]
    #[command(after_help = "Examples:
  twinseal proposal show 3")]
    Show(Which),
    /// Second another admin's proposal, which puts it into effect
    #[command(zh("附议另一名管理员的提案，使其生效"))]
    Second(Second),
    /// Decline another admin's proposal
    #[command(zh("否决另一名管理员的提案"))]
    Decline(Decline),
    /// Withdraw your own proposal
    #[command(zh("撤回自己的提案"))]
    #[command(after_help = "Examples:
  twinseal proposal withdraw 3")]
    Withdraw(Which),
    /// Propose to redact the text of log entries
    ///
    /// Use it for a password or a name that must not stay in the log. Only free text is removed; the rules need none of
    /// it.
    #[command(zh("提议隐去日志条目的文本"))]
    #[command(zh_long("用于不得留在日志中的密码或姓名。只移除自由文本，规则不依赖这些文本。"))]
    Redact(Redact),
    /// Propose to accept the loss of entries after a restore
    ///
    /// Use it if a register was restored from a backup and no other file has the lost entries for twinseal recover. The
    /// proposal lists every entry that this account verified and the log lacks. Once it is seconded, accounts whose
    /// newest verified entry is listed accept the log without it.
    #[command(zh("提议在恢复之后接受条目丢失"))]
    #[command(zh_long(
        "用于变更台账从备份恢复，而没有其他文件含有丢失的条目可供 `twinseal recover` 找回的情况。\
         提案列出本账号核验过而日志中没有的每个条目。附议之后，已验证位置在清单中的账号将接受没有这些条目的日志。"
    ))]
    Restored(Restored),
}

/// The number of a proposal.
#[derive(Debug, Args)]
pub struct Which {
    /// Proposal number
    #[arg(zh("提案编号"))]
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
}

/// Arguments of `proposal second`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal proposal show 3
  twinseal proposal second 3
  twinseal proposal second 3 4
  twinseal proposal second 3 --digest DIGEST")]
pub struct Second {
    /// Proposal numbers; each is shown and signed separately
    #[arg(zh("提案编号；逐个显示、逐个签名"))]
    #[arg(required = true, value_name = "PROPOSAL")]
    proposals: Vec<String>,
    /// Digest that `twinseal proposal show` prints, one for each proposal in the same order; required without a terminal
    #[arg(zh("`twinseal proposal show` 显示的摘要，每个提案一个，顺序相同；没有终端时必须给出"))]
    #[arg(long = "digest", value_name = "DIGEST")]
    digests: Vec<String>,
}

/// Arguments of `proposal decline`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal proposal decline 3 --reason 'Bob is on leave from Monday.'")]
pub struct Decline {
    #[command(flatten)]
    which: Which,
    /// Reason
    #[arg(zh("原因"))]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Arguments of `proposal redact`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal proposal redact 812 --reason 'Holds a password.'")]
pub struct Redact {
    /// Entries whose text to redact
    #[arg(zh("要隐去文本的条目"))]
    #[arg(required = true, value_name = "SEQ")]
    seqs: Vec<String>,
    /// Reason
    #[arg(zh("原因"))]
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Arguments of `proposal restored`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal proposal restored \\
      --reason 'Disk lost; the nightly backup ends at entry 790.'
  twinseal proposal restored --lost 812:LEAF --reason 'Disk lost.'")]
pub struct Restored {
    /// Lost entry that only another account verified, and its leaf hash, as the error of that account shows it; repeat
    /// it for each, in order
    #[arg(zh("只有另一账号核验过的丢失条目及其叶哈希，如该账号的错误信息所示；每个条目给出一次，按顺序"))]
    #[arg(long, value_name = "SEQ:LEAF")]
    lost: Vec<String>,
    /// Reason
    #[arg(zh("原因"))]
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Opens a proposal of the action that is on the page. If what it replaces changes before it is signed, it is refused:
/// rebuilt, it could replace something that its proposer never saw.
///
/// # Errors
/// As [`record`], or an error of `action`.
pub fn open(
    context: &mut Context<'_>,
    session: &mut Session,
    text: Option<Text>,
    action: impl FnOnce(&Session) -> Result<Action, Error>,
) -> Result<(), Error> {
    let shown = action(session)?;
    note_few_approvers(context, session, &shown, session.state().moment(context.env.now()))?;
    let rehearsal = rehearse(&mut context.recorder(), session, |session| {
        let proposal = session.state().governance().next_proposal();
        Ok(Plan { event: Event::Propose { proposal, action: shown.clone() }, text: text.clone() })
    })?;
    let mut page = context.page_above_question();
    let now = session.state().moment(context.env.now());
    action_blocks(&mut page, now, session, &shown, text.as_ref())?;
    page.block(tr!("about to sign: a proposal", "即将签名：提案")).text("", summary_of(session, &shown)?);
    about_to_sign(&mut page, rehearsal.unsigned());
    new_keys(&mut page, &shown);
    context.env.show(&format!("{}\n", page.finish().trim_start()));
    let entry = rehearsal.record(context.recorder(), session)?;
    let proposal = entry.event.proposal().map_or(0, ProposalId::number);
    let said = trf!(
        "proposal {proposal} opened; another admin runs: `twinseal proposal second {proposal}`",
        "提案 {proposal} 已提出；请另一名管理员执行：`twinseal proposal second {proposal}`"
    );
    report_recorded(context, &entry, Some(format!("proposal {proposal} {}", entry.leaf)), said)
}

impl Proposal {
    /// # Errors
    /// There is no such proposal, a rule refuses the act, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open_ignoring_pin()?;
        match self {
            Self::List => list(context, &session),
            Self::Show(which) => {
                let found = which.find(&session)?;
                let mut page = context.page();
                write_page(&mut page, session.state().moment(context.env.now()), &session, &found)?;
                if !context.ui.json {
                    proposed_block(&mut page, context, &session, &found)?;
                }
                let text = session.entry(found.proposal.seq)?.and_then(|entry| entry.text);
                let (state, _) = state_now(&session, session.state().moment(context.env.now()), &found)?;
                let json = proposal_json(&found, state, text.as_ref());
                context.ui.answer(context.env, || json, || page.finish().to_owned())
            }
            Self::Second(second) => second.run(context, &mut session),
            Self::Decline(decline) => decline.run(context, &mut session),
            Self::Withdraw(which) => {
                let found = which.find(&session)?;
                let event = Event::ProposalWithdraw(found.reference());
                end(context, &mut session, &found, Plan::of(event))
            }
            Self::Redact(redact) => redact.run(context, &mut session),
            Self::Restored(restored) => restored.run(context, &mut session),
        }
    }
}

/// A proposal and its action.
pub(super) struct Found {
    pub(super) id: ProposalId,
    pub(super) proposal: Opened,
    pub(super) action: Action,
}

impl Found {
    fn reference(&self) -> ProposalRef {
        ProposalRef { proposal: self.id, opened: self.proposal.opened }
    }
}

/// The proposal with this number. The action of an ended proposal is read from the entry that opened it.
fn find(session: &Session, id: ProposalId) -> Result<Option<Found>, Error> {
    let Ok(proposal) = session.ask(|state| state.governance().proposal(id).cloned())? else { return Ok(None) };
    let action = match proposal.action() {
        Some(action) => action.clone(),
        None => match session.entry(proposal.seq)?.map(|entry| entry.event) {
            Some(Event::Propose { action, .. }) => action,
            _ => return Err(Error::NoEntry(proposal.seq)),
        },
    };
    Ok(Some(Found { id, proposal, action }))
}

impl Which {
    fn find(&self, session: &Session) -> Result<Found, Error> {
        let id: ProposalId = parse(&self.proposal)?;
        // In a broken register it may come after the first broken entry.
        let missing = || session.fault().map_or(Error::NoProposal(id), |fault| Error::Broken(fault.clone()));
        find(session, id)?.ok_or_else(missing)
    }
}

fn proposal_json(Found { id, proposal, action }: &Found, state: &str, text: Option<&Text>) -> Value {
    let by = match &proposal.state {
        ProposalState::Seconded(by) | ProposalState::Declined(by) => Some(by),
        ProposalState::Open(_) | ProposalState::Withdrawn => None,
    };
    json!({
        "proposal": id.number(),
        "state": state,
        "decided_by": output::json::written(by),
        "kind": action.kind().to_string(),
        "proposer": proposal.proposer.to_string(),
        "digest": proposal.opened.to_string(),
        "seq": proposal.seq,
        "time": proposal.moment.claimed.to_string(),
        "lapses": proposal.lapses().to_string(),
        "summary": summary(action),
        "action": output::json::action(action),
        "text": text.map(output::json::text),
    })
}

fn list(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    let numbers = (0..session.state().governance().proposals()).rev().map(ProposalId::after);
    let snapshot = session.hold_snapshot()?;
    let now = session.state().moment(context.env.now());
    let mut found = Vec::new();
    for id in numbers {
        if let Some(it) = find(session, id)? {
            let (state, does) = (state_now(session, now, &it)?, summary_of(session, &it.action)?);
            found.push((it, state, does));
        }
    }
    drop(snapshot);
    let row = |(Found { id, proposal, .. }, (name, state), does): &(Found, (&str, String), String)| {
        let state = match *name {
            "stale" => tr!("stale; cannot be seconded", "已过时；不能附议").to_owned(),
            _ => state.clone(),
        };
        [id.to_string(), state, proposal.proposer.to_string(), does.clone()]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    if rows.is_empty() && !context.ui.json {
        context.env.remark(tr!("no proposals yet", "还没有提案"));
        return Ok(());
    }
    let json = || json!({ "proposals": found.iter().map(|(it, (state, _), _)| proposal_json(it, state, None)).collect::<Value>() });
    let width = context.env.width;
    let header = [tr!("PROPOSAL", "提案"), tr!("STATE", "状态"), tr!("PROPOSER", "提案人"), tr!("SUMMARY", "内容")];
    context.ui.answer(context.env, json, || table(header, rows, width))
}

impl Second {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let digests = self.digests.iter().map(|it| parse(it)).collect::<Result<Vec<Digest>, _>>()?;
        check_named_once(&self.proposals)?;
        let named: Vec<Which> = self.proposals.into_iter().map(|proposal| Which { proposal }).collect();
        if !digests.is_empty() && digests.len() != named.len() {
            return Err(Error::DigestCount {
                what: tr!("proposals", "提案"),
                named: named.len(),
                digests: digests.len(),
            });
        }
        for which in &named {
            which.find(session)?;
        }
        let mut open = Vec::new();
        for (at, which) in named.iter().enumerate() {
            match second(context, session, which, digests.get(at).copied()) {
                Err(Error::WouldRecord(entry)) => report_dry_run(context, &entry)?,
                // One that is not seconded does not keep the admin from the others.
                Err(error) if named.len() > 1 && is_about_one(&error) => {
                    let (why, id) = (error.to_string(), &which.proposal);
                    context.env.status(trf!("proposal {id} not seconded: {}", "提案 {id} 未附议：{}", safe(&why)));
                    open.push(id.clone());
                }
                seconded => seconded?,
            }
        }
        let (done, what, command) = (tr!("seconded", "附议"), tr!("proposals", "提案"), "proposal second");
        let of = named.len();
        if open.is_empty() { Ok(()) } else { Err(SeveralError::Partly { done, what, command, open, of }.into()) }
    }
}

/// Seconds one proposal: the one shown, or the one that `digest` names.
fn second(
    context: &mut Context<'_>,
    session: &mut Session,
    which: &Which,
    digest: Option<Digest>,
) -> Result<(), Error> {
    let found = which.find(session)?;
    let at @ ProposalRef { proposal: id, opened } = found.reference();
    let plan = |_: &mut Session| Ok(Plan::of(Event::Second(at)));
    let now = session.state().moment(context.env.now());
    if let Action::Policy { policy, .. } = &found.action {
        note_policy(context, session, policy)?;
        warn_unmeetable(context, &session.governed()?, policy, now)?;
    }
    note_few_approvers(context, session, &found.action, now)?;
    let entry = match digest {
        Some(given) if given != opened => {
            return Err(Error::OtherDigest { flag: "--digest", given, found: opened });
        }
        Some(_) => record(context.recorder(), session, plan)?,
        None if !context.env.console.is_interactive() => {
            return Err(Error::NeedDigest { flag: "--digest", shows: format!("`twinseal proposal show {id}`") });
        }
        None => {
            let mut rehearsal = rehearse(&mut context.recorder(), session, plan)?;
            let (mut long, mut short) = (context.page_above_question(), context.page_above_question());
            let found = which.find(session)?;
            write_page(&mut long, session.state().moment(context.env.now()), session, &found)?;
            proposed_block(&mut long, context, session, &found)?;
            short.block(&trf!("about to sign: second proposal {id}", "即将签名：附议提案 {id}"));
            short.text("", summary_of(session, &found.action)?);
            about_to_sign(&mut short, rehearsal.unsigned());
            new_keys(&mut short, &found.action);
            context.env.show(long.legend().finish());
            context.env.status(short.finish());
            rehearsal.confirm(context.env, tr!("second this proposal", "附议此提案"), &id.to_string())?;
            rehearsal.record(context.recorder(), session)?
        }
    };
    context.ui.report_later_notices(context.env, session);
    report_recorded(context, &entry, None, trf!("proposal {id} seconded; it is in effect", "提案 {id} 已附议并生效"))
}

impl Decline {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let found = self.which.find(session)?;
        let (event, text) = (Event::Decline(found.reference()), reason(self.reason.as_deref())?);
        end(context, session, &found, Plan { event, text })
    }
}

/// Records that a proposal is declined or withdrawn.
fn end(context: &mut Context<'_>, session: &mut Session, found: &Found, plan: Plan) -> Result<(), Error> {
    let (id, now) = (found.id, session.state().moment(context.env.now()));
    let declines = matches!(plan.event, Event::Decline(_));
    let page = |page: &mut Page, session: &Session| {
        write_page(page, now, session, found)?;
        let heading = match declines {
            true => trf!("about to sign: decline proposal {id}", "即将签名：否决提案 {id}"),
            false => trf!("about to sign: withdraw proposal {id}", "即将签名：撤回提案 {id}"),
        };
        page.block(&heading).text("", summary_of(session, &found.action)?);
        Ok(())
    };
    let again = |_: &mut Session| Ok(Plan { event: plan.event.clone(), text: plan.text.clone() });
    // Somebody else's proposal is gone for good; one's own can be opened again.
    let question = declines.then(|| Question {
        warning: tr!("a declined proposal cannot be seconded any more", "提案被否决后不能再附议"),
        act: tr!("decline this proposal", "否决此提案").to_owned(),
        word: id.to_string(),
    });
    let entry = record_asked(context, session, page, again, question)?;
    let does = summary(&found.action);
    let said = match declines {
        true => trf!("proposal {id} declined: {does}", "提案 {id} 已否决：{does}"),
        false => trf!("proposal {id} withdrawn: {does}", "提案 {id} 已撤回：{does}"),
    };
    report_recorded(context, &entry, None, said)
}

impl Redact {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let text = reason(Some(&self.reason))?;
        let mut texts = BTreeMap::new();
        for given in &self.seqs {
            let wrong = |invalid| Error::Value { given: given.clone(), invalid };
            let seq = number(given).map_err(wrong)?;
            let entry = session.entry(seq)?.ok_or(Error::NoEntry(seq))?;
            match &entry.header.text {
                Some(text) if entry.text.is_some() => texts.insert(seq, text.digest),
                text => return Err(Error::NoText { seq, redacted: text.is_some() }),
            };
        }
        open(context, session, text, |_| Ok(Action::Redact(texts.clone())))
    }
}

impl Restored {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let text = reason(Some(&self.reason))?;
        let lost = self.lost_entries(session)?;
        let Restoration { restored, lost: last } = lost.ends;
        let listed = output::lost_entries(restored.seq, last.seq);
        context.env.status(trf!(
            "the proposal lists {listed}; the list is permanent and cannot be redacted",
            "提案列出{listed}；该清单永久保留，不能隐去"
        ));
        open(context, session, text, |_| Ok(Action::Restored(lost.clone())))
    }

    /// The lost entries that this account verified, and then those that were given.
    fn lost_entries(&self, session: &Session) -> Result<LostEntries, Error> {
        let head = |given: &String| -> Result<Head, Error> {
            given.replacen(':', " ", 1).parse().map_err(|invalid| Error::Value { given: given.clone(), invalid })
        };
        let given = self.lost.iter().map(head).collect::<Result<Vec<Head>, _>>()?;
        let (restored, mut leaves) = match (session.pinned().lost_entries()?, given.first()) {
            (Some(lost), _) => (lost.ends.restored, lost.leaves),
            (None, _) if session.pinned().behind().is_some() => return Err(Error::Loss(LossError::Unlisted)),
            (None, None) => return Err(Error::Loss(LossError::NothingLost)),
            (None, Some(first)) => {
                let seq = first.seq.saturating_sub(1);
                (Head { seq, leaf: session.raw(seq)?.ok_or(Error::NoEntry(seq))?.leaf() }, Vec::new())
            }
        };
        for head in given {
            let expected = restored.seq.saturating_add(leaves.len() as u64 + 1);
            if head.seq != expected {
                return Err(Error::Loss(LossError::Gap { seq: head.seq, expected }));
            }
            leaves.push(head.leaf);
        }
        LostEntries::after(restored, leaves).ok_or(Error::Loss(LossError::NothingLost))
    }
}
