//! A log entry in one line.

use std::collections::BTreeMap;

use super::list;
use crate::domain::{
    Action, Event, Finish, LogRoots, LostEntries, NewGrants, PersonId, Policy, RefusedAttempt, Restoration, Start,
    Target,
};
use crate::{tr, trf};

/// What a proposal would do, as an imperative phrase: `retire dave`.
pub fn summary(action: &Action) -> String {
    match action {
        Action::Enrol(members) => trf!("enrol {}", "登记 {}", super::members_line(members)),
        Action::Roles(changes) => set_grants(changes),
        Action::Retire { person, .. } => trf!("retire {person}", "{person} 离任"),
        Action::AddKey { person, key, vouch, .. } => {
            let key = key.fingerprint();
            match vouch {
                Some(_) => trf!("add key {key} for {person}", "为 {person} 添加密钥 {key}"),
                None => trf!(
                    "add key {key} for {person} (no key of theirs vouches for it)",
                    "为 {person} 添加密钥 {key}（没有其本人的密钥为它担保）"
                ),
            }
        }
        Action::Lift { key, .. } => trf!("lift the suspension of key {key}", "恢复停用的密钥 {key}"),
        Action::Policy { policy, .. } => {
            let (approvals, days, requirements) = (policy.approvals(), policy.approval_days(), requirements(policy));
            trf!(
                "replace the policy: {approvals} approvals, valid for {days} days, {requirements}",
                "更换策略：须 {approvals} 人批准，有效期 {days} 天，{requirements}"
            )
        }
        Action::Redact(texts) => {
            let word = if texts.len() == 1 { "entry" } else { "entries" };
            let seqs = list(texts.keys());
            trf!("redact the text of {word} {seqs}", "隐去第 {seqs} 条的文本")
        }
        Action::SetFreeze(it) => {
            let (name, terms) = (&it.name, super::freeze::in_short(&it.terms));
            match it.replaces {
                Some(_) => trf!("replace freeze {name}: {terms}", "更换封网 {name}：{terms}"),
                None => trf!("set freeze {name}: {terms}", "设置封网 {name}：{terms}"),
            }
        }
        Action::SetCalendar(it) => {
            let (name, schedule) = (&it.name, super::freeze::schedule(it.known, &it.periods));
            match it.replaces {
                Some(_) => trf!("replace calendar {name}: {schedule}", "更换日历 {name}：{schedule}"),
                None => trf!("set calendar {name}: {schedule}", "设置日历 {name}：{schedule}"),
            }
        }
        Action::SetServices(it) => super::service::summary(it),
        Action::SetTemplate(it) => super::template::summary(it),
        Action::EndTemplate(it) => trf!("end template {}", "停用模板 {}", it.name),
        Action::LiftFreeze(it) if it.again => {
            trf!("end freeze {}; whoever began it may begin another", "解除封网 {}；发起人可再次发起", it.name)
        }
        Action::LiftFreeze(it) => trf!("end freeze {}", "解除封网 {}", it.name),
        Action::Restored(LostEntries { ends: Restoration { restored, lost }, .. }) => {
            let (after, lost) = (restored.seq, lost_entries(restored.seq, lost.seq));
            trf!("continue after entry {after}; {lost} lost", "从第 {after} 条之后继续；{lost}已丢失")
        }
    }
}

fn set_grants(changes: &BTreeMap<PersonId, NewGrants>) -> String {
    match changes.first_key_value() {
        Some((person, new)) if changes.len() == 1 => {
            let grants = super::grants(&new.grants);
            trf!("set {person}'s grants to {grants}", "将 {person} 的授权设为：{grants}")
        }
        _ => trf!("set the grants of {}", "设置授权：{}", list(changes.keys())),
    }
}

fn requirements(policy: &Policy) -> String {
    match policy.requirements().len() {
        0 => tr!("no requirements", "无要求").to_owned(),
        1 => tr!("1 requirement", "1 项要求").to_owned(),
        count => trf!("{count} requirements", "{count} 项要求"),
    }
}

/// The entries that a restoration lost: `entry 4`, `entries 4 to 6`.
pub fn lost_entries(restored: u64, lost: u64) -> String {
    match restored + 1 {
        first if first < lost => trf!("entries {first} to {lost}", "第 {first} 至 {lost} 条"),
        _ => trf!("entry {lost}", "第 {lost} 条"),
    }
}

/// What an entry records, as a phrase whose subject is the actor: `approved CHG-7 revision 2`.
pub fn describe(event: &Event) -> String {
    match event {
        Event::File { .. }
        | Event::Revise { .. }
        | Event::Approve(_)
        | Event::Submit(_)
        | Event::Reject(_)
        | Event::Retract(_)
        | Event::ChangeWithdraw(_)
        | Event::Start(_)
        | Event::Finish(_)
        | Event::Confirm(_)
        | Event::Review(_)
        | Event::ActionDone(_)
        | Event::Close(_)
        | Event::Note(_)
        | Event::Refused { .. } => on_change(event),
        event => other(event),
    }
}

/// An act on a change, or a refused one.
fn on_change(event: &Event) -> String {
    match event {
        Event::File { change, facts, .. } => {
            let (risk, kind) = (facts.risk.phrase(), facts.kind.phrase());
            trf!("filed {change}: {risk} risk, {kind}", "提交 {change}：{risk}风险，{kind}")
        }
        Event::Revise { replaces, .. } => {
            let (change, number) = (replaces.change, replaces.number + 1);
            trf!("revised {change} to revision {number}", "修订 {change}，成为修订 {number}")
        }
        Event::Approve(at) => trf!("approved {} revision {}", "批准 {} 修订 {}", at.change, at.number),
        Event::Submit(it) => {
            let (approver, at) = (&it.statement.approver, &it.statement.revision);
            trf!(
                "submitted the approval of {} revision {} that {approver} signed without the register",
                "提交 {} 修订 {} 的离线批准，签署人 {approver}",
                at.change,
                at.number
            )
        }
        Event::Reject(at) => trf!("rejected {} revision {}", "驳回 {} 修订 {}", at.change, at.number),
        Event::Retract(at) => {
            trf!("retracted approval of {} revision {}", "收回对 {} 修订 {} 的批准", at.change, at.number)
        }
        Event::ChangeWithdraw(at) => trf!("withdrew {}", "撤回 {}", at.change),
        Event::Start(Start { revision, target, .. }) => {
            let (change, number, on) = (revision.change, revision.number, on(target.as_ref()));
            trf!("started {change} revision {number}{on}", "开始实施 {change} 修订 {number}{on}")
        }
        Event::Finish(Finish { revision, target, outcome, .. }) => {
            let (change, on, outcome) = (revision.change, on(target.as_ref()), outcome.phrase());
            trf!("finished {change}{on}: {outcome}", "完成 {change}{on}：{outcome}")
        }
        Event::Confirm(it) => trf!("confirmed {}: {}", "确认 {}：{}", it.revision.change, it.outcome.phrase()),
        Event::Review(it) => {
            let (change, actions) = (it.revision.change, it.actions.len());
            trf!("reviewed {change}; actions: {actions}", "评估 {change}；改进事项：{actions} 个")
        }
        Event::ActionDone(it) => {
            let (change, number) = (it.revision.change, it.number);
            trf!("finished action {change}/{number}", "完成改进事项 {change}/{number}")
        }
        Event::Close(at) => trf!("closed {}", "关闭 {}", at.change),
        Event::Note(change) => trf!("added a note to {change}", "为 {change} 添加备注"),
        Event::Refused { attempt, rule } => refused(attempt, rule.as_str()),
        event => other(event),
    }
}

/// A decision about people, keys or proposals, or an act on a break-glass.
fn other(event: &Event) -> String {
    match event {
        Event::Init { members, policy, .. } => {
            let (members, approvals) = (members.len(), policy.approvals());
            trf!(
                "founded the register with {members} members, {approvals} approvals",
                "创建变更台账：{members} 名成员，须 {approvals} 人批准"
            )
        }
        Event::Seal => tr!("sealed the register", "封印变更台账").to_owned(),
        Event::Propose { proposal, action } => {
            trf!("opened proposal {proposal}: {}", "提出提案 {proposal}：{}", summary(action))
        }
        Event::Second(at) => trf!("seconded proposal {}", "附议提案 {}", at.proposal),
        Event::Decline(at) => trf!("declined proposal {}", "否决提案 {}", at.proposal),
        Event::ProposalWithdraw(at) => trf!("withdrew proposal {}", "撤回提案 {}", at.proposal),
        Event::KeyRevoke(key) => trf!("revoked their own key {key}", "吊销自己的密钥 {key}"),
        Event::KeySuspend(key) => trf!("suspended key {key}", "停用密钥 {key}"),
        Event::PersonSuspend(person) => {
            trf!("suspended {person}: all grants and keys", "停用 {person}：全部授权和密钥")
        }
        Event::FreezeNow { until, services } => {
            let services = super::freeze::services(services);
            trf!("began a freeze of {services} until {until}", "开始封网：{services}，至 {until}")
        }
        Event::FreezeEnd(freeze) => trf!("ended their own freeze {}", "结束自己发起的封网 {}", freeze.name),
        Event::BreakGlassOpen { id, opening } => trf!(
            "opened break-glass {id} for {}: acts without approval",
            "开启紧急处置 {id}（{}）：未经批准而行动",
            opening.incident
        ),
        Event::BreakGlassEnter { id, opening, word } => {
            let (person, incident) = (&word.person, &opening.incident);
            trf!(
                "entered break-glass {id} late: {person} acted without approval for {incident}",
                "补录紧急处置 {id}：{person} 因 {incident} 未经批准而行动"
            )
        }
        Event::BreakGlassClose(id) => {
            trf!("closed break-glass {id}: said what was done", "关闭紧急处置 {id}，说明处置经过")
        }
        Event::BreakGlassRatify { id, .. } => trf!("ratified break-glass {id}", "追认紧急处置 {id}"),
        Event::DeviationRecord { id, told } => {
            trf!(
                "told deviation {id}: done at {} outside the register",
                "报告偏差 {id}：{} 在变更台账之外操作",
                told.done
            )
        }
        Event::DeviationReview { id, .. } => trf!("reviewed deviation {id}", "审阅偏差 {id}"),
        Event::Checkpoint(_) | Event::Sample(_) | Event::Reconciliation(_) => about_log(event),
        event => on_change(event),
    }
}

fn about_log(event: &Event) -> String {
    match event {
        Event::Checkpoint(LogRoots { log, .. }) => {
            trf!("recorded a checkpoint of {} entries", "记录 {} 条日志的检查点", log.count)
        }
        Event::Sample(it) => {
            let (drawn, of, seed) = (it.drawn.count(), it.of, &it.seed);
            match it.drawn.input() {
                None => trf!(
                    "drew {drawn} of {of} changes by the seed {seed}",
                    "按种子 {seed} 从 {of} 个变更单中抽取 {drawn} 个"
                ),
                Some(_) => trf!(
                    "drew {drawn} of {of} deployments by the seed {seed}",
                    "按种子 {seed} 从 {of} 次部署中抽取 {drawn} 次"
                ),
            }
        }
        Event::Reconciliation(it) => {
            let unauthorised = it.counts.unauthorised;
            trf!(
                "compared the log with what was deployed: {unauthorised} unauthorised",
                "把实际部署与日志核对：未获授权 {unauthorised} 次"
            )
        }
        _ => String::new(),
    }
}

/// ` on gw-1`; empty without a target.
pub fn on(target: Option<&Target>) -> String {
    target.map_or_else(String::new, |target| trf!(" on {target}", "（目标 {target}）"))
}

fn refused(attempt: &RefusedAttempt, rule: &str) -> String {
    let about = match attempt {
        RefusedAttempt::Second(at) => trf!("proposal {}", "提案 {}", at.proposal),
        RefusedAttempt::Approve(at) | RefusedAttempt::Reject(at) => at.change.to_string(),
        RefusedAttempt::Start(it) => format!("{}{}", it.revision.change, on(it.target.as_ref())),
    };
    let verb = attempt.verb().phrase();
    trf!("tried to {verb} {about}: refused ({rule})", "尝试{verb} {about}：被拒绝（{rule}）")
}
