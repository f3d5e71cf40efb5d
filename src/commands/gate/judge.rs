//! Judges every condition for a start. The conditions are those of the rules; the gate adds what only it knows: whether
//! this account can tell that nothing is hidden, and what is about to be changed.

use super::answer::{Answer, Line, Name};
use super::coverage::{self, Covered};
use super::{Asked, Given, checkpoint};
use crate::commands::Context;
use crate::commands::change::once::is_started_by;
use crate::commands::lookup::requirement_texts;
use crate::domain::{
    Artifact, Attempt, BreakGlass, BreakGlassStatus, Change, ChangeId, Condition, Denied, Event, Facts, Head, Moment,
    Opens, Overlap, PersonId, Register, RequirementLine, ServiceId, Start, Time,
};
use crate::error::Error;
use crate::output::{freeze, list};
use crate::store::Session;
use crate::{tr, trf};

/// What the rules say of a start, all of it in one state of the register.
struct Judged {
    change: Change,
    start: Start,
    lines: Vec<Line>,
    requirements: Vec<RequirementLine>,
    already: bool,
}

/// What the gate says now. `me` is the account that starts it, if it is to be started in the same act.
///
/// # Errors
/// There is no such change, the file is not the register itself, or it cannot be read.
pub fn answer(context: &Context<'_>, session: &Session, asked: &Asked, me: Option<&PersonId>) -> Result<Answer, Error> {
    let _snapshot = session.hold_snapshot()?;
    check_register(session, asked.at_least)?;
    let now = session.state().moment(context.env.now());
    let (time, head) = (now.claimed, session.state().head());
    let open = open_break_glasses(session, now)?;
    let id = match asked.change {
        Some(id) => id,
        None => match coverage::find(session, asked, now)? {
            Covered::By(id) => id,
            Covered::Not(line) => {
                let (lines, requirements) = (vec![line], Vec::new());
                let break_glasses = related(open, None, asked);
                return Ok(Answer { start: None, lines, requirements, break_glasses, time, head, already: false });
            }
        },
    };
    let judged = session.ask(|state| judge(state, id, asked, (now, me)))?;
    let Judged { change, start, lines: judged, requirements, already } = judged.map_err(|_| Error::NoChange(id))?;
    // Recording here may be refused for reasons that no rule knows: this file may be a copy.
    session.may_record(&Event::Start(start.clone()))?;
    let (checkpoint, covers) = checkpoint::line(session, asked, time)?;
    let mut lines = vec![pin(session, &change, asked.at_least, covers)?];
    lines.extend(checkpoint);
    lines.extend(here(&change, asked));
    lines.extend(judged);
    let requirements = requirement_texts(session, &change, requirements, now)?;
    let break_glasses = related(open, Some(&change), asked);
    Ok(Answer { start: Some(start), lines, requirements, break_glasses, time, head, already })
}

/// The break-glasses that are open at a moment.
fn open_break_glasses(session: &Session, now: Moment) -> Result<Vec<BreakGlass>, Error> {
    let mut open = Vec::new();
    for id in session.queries().unratified(now.effective)? {
        let glass = session.ask(|state| state.break_glass(id).cloned())??;
        if glass.status(now) == BreakGlassStatus::Open {
            open.push(glass);
        }
    }
    Ok(open)
}

/// Those that concern what is asked about: the change, one of its services, or no change and no service in particular.
fn related(open: Vec<BreakGlass>, change: Option<&Change>, asked: &Asked) -> Vec<BreakGlass> {
    let named = |it: &ServiceId| {
        asked.service.as_ref() == Some(it) || change.is_some_and(|change| change.current().facts.services.contains(it))
    };
    let concerns = |it: &BreakGlass| match (it.opening().affects, &it.opening().services) {
        (None, services) if services.is_empty() => true,
        (affects, services) => affects.is_some() && affects == change.map(Change::id) || services.iter().any(named),
    };
    open.into_iter().filter(concerns).collect()
}

/// Fails unless the file is the register itself, whole, and has the entry that the pipeline's settings name.
fn check_register(session: &Session, at_least: Option<Head>) -> Result<(), Error> {
    if let Some(fault) = session.fault() {
        return Err(Error::Broken(fault.clone()));
    }
    session.is_present()?;
    match at_least {
        Some(head) if session.entry(head.seq)?.is_none_or(|entry| entry.leaf != head.leaf) => {
            Err(Error::AtLeast { head })
        }
        _ => Ok(()),
    }
}

/// Whether this account can tell that nothing is hidden from it. One that met the register after the revision was filed
/// cannot: whoever gave it the file may have cut it off.
fn pin(session: &Session, change: &Change, at_least: Option<Head>, checkpoint: Option<u64>) -> Result<Line, Error> {
    const NAME: Name = Name::Pin;
    let met = session.first_verified()?;
    if let Some(met) = met.filter(|met| *met < change.current().seq) {
        return Ok(Line::satisfied(
            NAME,
            trf!("this account has verified the log since entry {met}", "本账号从第 {met} 条起已核验日志"),
        ));
    }
    let newest = change.approvals().map(|vote| vote.seq).max();
    if let Some(covers) = checkpoint.filter(|covers| newest.is_none_or(|newest| newest <= *covers)) {
        let detail = trf!(
            "the log has what the checkpoint covers, up to entry {covers}; anything after it could be hidden",
            "日志包含检查点所涵盖的内容，至第 {covers} 条；其后的内容可能被隐藏"
        );
        return Ok(Line::satisfied(NAME, detail));
    }
    Ok(match at_least {
        None => Line::unsatisfied(
            NAME,
            trf!(
                "first contact: this account met the register after {} revision {} was filed, so it cannot tell whether \
                 something is hidden",
                "首次接触：本账号在 {} 修订 {} 提交之后才接触变更台账，无法判断是否有内容被隐藏",
                change.id(),
                change.current().id.number
            ),
            Opens::Never,
            tr!(
                "ask a host that has known the register for longer (`ssh -T gate@host`), or use --at-least SEQ:LEAF or a \
                 --checkpoint made after the approvals, from the pipeline's own settings",
                "请在更早接触该变更台账的主机上查询（`ssh -T gate@host`），或使用批准之后的 --at-least SEQ:LEAF 或 --checkpoint，\
                 均取自流水线自己的设置"
            ),
        ),
        Some(Head { seq, .. }) if newest.is_some_and(|newest| seq < newest) => Line::unsatisfied(
            NAME,
            trf!(
                "--at-least names entry {seq}, before the newest approval (entry {})",
                "--at-least 指定第 {seq} 条，早于最新的批准（第 {} 条）",
                newest.unwrap_or_default()
            ),
            Opens::Never,
            tr!(
                "use the entry of the newest approval or a later one: `twinseal log` on a host that knows the register",
                "请使用最新批准的条目或其后的条目：在已知该变更台账的主机上运行 `twinseal log`"
            ),
        ),
        Some(Head { seq, .. }) => {
            let detail = trf!(
                "the log has entry {seq}; anything after it could be hidden",
                "日志包含第 {seq} 条；其后的内容可能被隐藏"
            );
            Line::satisfied(NAME, detail)
        }
    })
}

/// Whether the change covers what is about to be changed. (The target is a condition of the rules.)
fn here(change: &Change, asked: &Asked) -> Vec<Line> {
    let facts = &change.current().facts;
    let line = |name: Name, it: &dyn std::fmt::Display, covered: bool| match covered {
        true => Line::satisfied(name, it),
        false => Line::unsatisfied(
            name,
            trf!("{} does not name {} {it}", "{} 未列出{} {it}", change.id(), name.shown()),
            Opens::Never,
            tr!("revise the change, or name the change that covers it", "请修订变更单，或指定涵盖它的变更单"),
        ),
    };
    let service = asked.service.iter().map(|it| line(Name::Service, it, facts.services.contains(it)));
    let environment = asked.environment.iter().map(|it| line(Name::Environment, it, facts.environments.contains(it)));
    service.chain(environment).collect()
}

/// Judges every condition of the rules for a start: by this account, or by the first implementer who could start it.
fn judge(
    state: &Register,
    id: ChangeId,
    asked: &Asked,
    (now, me): (Moment, Option<&PersonId>),
) -> Result<Judged, Denied> {
    let change = state.change(id)?.clone();
    let facts = &change.current().facts;
    let (target, run) = (asked.target.clone(), asked.run.clone());
    let start = Start { revision: change.current().id, target, run, artifacts: named(facts, &asked.artifacts) };
    let already = me.is_some_and(|me| is_started_by(&change, &start, me));
    let starters = change.starters(state.governance())?;
    let able = starters.as_ref().ok().and_then(|able| able.first());
    let mut lines = Vec::new();
    if let Some(actor) = me.or(able).or(facts.implementers.iter().next()) {
        // Before its window a change cannot start, so a freeze that ends until then is none in its way.
        let opened = Moment { claimed: now.claimed.max(facts.window.start()), ..now };
        for condition in Condition::ALL.iter().filter(|it| !already || STILL.contains(it)) {
            let moment = if *condition == Condition::Freezes { opened } else { now };
            let attempt = Attempt { actor, moment, start: &start };
            let judged = match (condition, &starters) {
                (Condition::Implementer, Err(refusal)) if me.is_none() => Err(refusal.clone().into()),
                _ => state.judge_condition(&change, attempt, *condition),
            };
            lines.push(match judged {
                Ok(()) => {
                    let line = Line::satisfied(Name::Rule(*condition), detail(state, &change, (*condition, attempt))?);
                    line.until(ends(facts, *condition))
                }
                Err(Denied::Refused(refusal)) => Line::refused(Name::Rule(*condition), &refusal),
                Err(unloaded) => return Err(unloaded),
            });
        }
    }
    let governance = state.governance();
    let requirements =
        if already { change.requirements(governance, now)? } else { change.requirements_for_start(governance, now)? };
    Ok(Judged { change, start, lines, requirements, already })
}

/// What must still hold of a change that this run has started: it deploys the same, in the same place.
const STILL: [Condition; 4] = [Condition::Implementer, Condition::Revision, Condition::Target, Condition::Artifacts];

/// Until when a satisfied condition holds, if time alone ends it.
fn ends(facts: &Facts, condition: Condition) -> Option<Time> {
    match condition {
        Condition::Window => Some(facts.window.end()),
        Condition::TimeToRollBack => Some(facts.last_start()),
        _ => None,
    }
}

/// What a satisfied condition rests on.
fn detail(state: &Register, change: &Change, (condition, attempt): (Condition, Attempt<'_>)) -> Result<String, Denied> {
    let facts = &change.current().facts;
    // In UTC, as refusals are.
    Ok(match condition {
        Condition::Implementer => change.starters(state.governance())?.map_or_else(|_| String::new(), list),
        Condition::Target => list(&attempt.start.target),
        Condition::NotStopped if facts.stop_after.is_some() => {
            let (failed, of) = (change.failed_targets(), facts.targets);
            trf!("{failed} of {of} targets failed", "{of} 个目标中有 {failed} 个失败")
        }
        Condition::Approvals => {
            let tally = change.tally_for_start(state.governance(), attempt.moment)?;
            let people = list(tally.counted.iter().map(|vote| &vote.person));
            let (have, need) = (tally.counted.len(), tally.need);
            trf!("{have} of {need}: {people}", "{have}/{need}：{people}")
        }
        Condition::Window => trf!("until {}", "至 {}", facts.window.end()),
        Condition::TimeToRollBack => trf!("last moment to start {}", "最晚开始实施：{}", facts.last_start()),
        Condition::Freezes => {
            let met = state.governance().freezes_met(facts, attempt.moment.claimed, facts.window.end())?;
            list(met.iter().map(freeze::met))
        }
        Condition::Artifacts => list(facts.artifacts.iter().map(|it| &it.name)),
        Condition::Follows => list(&facts.follows),
        Condition::Conflicts => {
            let told = |it: Overlap| match it.in_progress {
                true => trf!("{} in progress", "{} 实施中", it.change),
                false => it.change.to_string(),
            };
            list(state.overlaps(change.id(), facts)?.into_iter().map(told))
        }
        _ => String::new(),
    })
}

/// The artifacts with their names. One without a name has the name of the approved artifact with its content.
fn named(facts: &Facts, given: &[Given]) -> Vec<Artifact> {
    let name = |it: &Given| {
        let approved = || facts.artifacts.iter().find(|approved| approved.digest == it.digest);
        it.name.clone().or_else(|| approved().map(|approved| approved.name.clone()))
    };
    given.iter().filter_map(|it| Some(Artifact { name: name(it)?, digest: it.digest })).collect()
}
