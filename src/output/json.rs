//! JSON as documented in `docs/json.md`. Times are RFC 3339 in UTC, digests are hexadecimal. An absent value is null
//! or an empty list; no key is ever left out.

mod about_log;
pub mod deviation;
mod review;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::{
    Action, Argument, Artifact, Asked, Automation, Change, ChangeId, Command, Conditions, Description, Digest, Event,
    Execution, Facts, FreezeName, Granted, Grants, Group, Head, Header, Left, Member, NewGrants, Opening, Period,
    PersonId, Policy, Predecessor, ProposalRef, RefusedAttempt, Requirement, RevisionRef, Slot, Statement, Step, Tally,
    Text, Trial, Verdict, Void, Vote,
};

/// The display form of a value, or null.
pub fn written<T: ToString>(it: Option<T>) -> Value {
    it.map_or(Value::Null, |it| Value::String(it.to_string()))
}

/// The display forms of several values.
pub fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> Value {
    items.into_iter().map(|it| Value::String(it.to_string())).collect()
}

/// An entry by its sequence number and leaf hash.
pub fn head(head: Head) -> Value {
    json!({ "seq": head.seq, "leaf": head.leaf.to_string() })
}

/// A log entry: its header, event and text.
pub fn entry(header: &Header, event: &Event, text: Option<&Text>, leaf: Digest) -> Value {
    let filled = header.text.iter().flat_map(|text| &text.filled);
    json!({
        "seq": header.seq,
        "leaf": leaf.to_string(),
        "kind": event.kind().to_string(),
        "register": header.register.to_string(),
        "prev": header.prev.to_string(),
        "governance": header.governance.to_string(),
        "last": written(header.last),
        "time": header.time.to_string(),
        "actor": header.actor.to_string(),
        "key": header.key.to_string(),
        "change": written(event.change()),
        "breakglass": written(event.break_glass()),
        "deviation": written(event.deviation()),
        "proposal": event.proposal().map(|proposal| proposal.number()),
        "event": self::event(event),
        "filled": list(filled),
        "data_digest": written(header.data),
        "text_digest": written(header.text.as_ref().map(|text| text.digest)),
        "text": text.map(self::text),
    })
}

/// The fields that only this kind of entry has.
fn event(event: &Event) -> Value {
    match event {
        Event::Init { format, after, policy, members } => json!({
            "format": format,
            "after": after.as_ref().map(predecessor),
            "policy": self::policy(policy),
            "members": members.iter().map(member).collect::<Value>(),
        }),
        Event::Propose { action, .. } => self::action(action),
        Event::Second(at) | Event::Decline(at) | Event::ProposalWithdraw(at) => proposal_ref(at),
        Event::KeyRevoke(key) | Event::KeySuspend(key) => json!({ "target": key.to_string() }),
        Event::PersonSuspend(person) => json!({ "person": person.to_string() }),
        Event::FreezeNow { until, services } => json!({ "until": until.to_string(), "services": list(services) }),
        Event::FreezeEnd(freeze) => exception((&freeze.name, &freeze.since)),
        Event::File { facts, execution, .. } => {
            json!({ "facts": self::facts(facts), "execution": self::execution(execution) })
        }
        Event::Revise { replaces, facts, execution } => json!({
            "replaces": revision(replaces),
            "facts": self::facts(facts),
            "execution": self::execution(execution),
        }),
        Event::ChangeWithdraw(at) | Event::Approve(at) | Event::Reject(at) | Event::Retract(at) | Event::Close(at) => {
            json!({ "revision": revision(at) })
        }
        Event::Submit(it) => statement(&it.statement),
        Event::Start(it) => json!({
            "revision": revision(&it.revision),
            "target": written(it.target.as_ref()),
            "run": written(it.run.as_ref()),
            "artifacts": self::artifacts(&it.artifacts),
        }),
        Event::Finish(it) => json!({
            "revision": revision(&it.revision),
            "target": written(it.target.as_ref()),
            "run": written(it.run.as_ref()),
            "outcome": it.outcome.to_string(),
        }),
        Event::Confirm(it) => json!({ "revision": revision(&it.revision), "outcome": it.outcome.to_string() }),
        Event::Review(_) | Event::ActionDone(_) => self::review::act(event),
        Event::Refused { attempt, rule } => {
            let target = attempted(attempt);
            json!({ "verb": attempt.verb().to_string(), "target": target, "rule": rule.to_string() })
        }
        Event::BreakGlassOpen { opening, .. } => self::opening(opening),
        Event::BreakGlassEnter { opening, word, .. } => json!({
            "opening": self::opening(opening),
            "fingerprint": word.fingerprint.to_string(),
            "opened": word.time.to_string(),
            "opener": word.person.to_string(),
            "opener_key": word.key.to_string(),
        }),
        Event::BreakGlassRatify { closed, .. } => json!({ "closed": closed.to_string() }),
        Event::DeviationRecord { .. } | Event::DeviationReview { .. } => self::deviation::act(event),
        Event::Checkpoint(it) => about_log::roots(it),
        Event::Sample(it) => about_log::sample(it),
        Event::Reconciliation(it) => about_log::reconciliation(it),
        Event::Seal | Event::Note(_) | Event::BreakGlassClose(_) => Value::Null,
    }
}

/// What an approver signs away from the register.
pub fn statement(it: &Statement) -> Value {
    json!({
        "revision": revision(&it.revision),
        "fingerprint": it.fingerprint.to_string(),
        "approver": it.approver.to_string(),
        "approver_key": it.key.to_string(),
        "seen": it.seen.to_string(),
        "approved": it.time.to_string(),
        "not_after": it.not_after.to_string(),
    })
}

/// The register that this one succeeds.
fn predecessor(it: &Predecessor) -> Value {
    json!({
        "register": it.register.to_string(),
        "fingerprint": it.fingerprint.to_string(),
        "seq": it.head.seq,
        "leaf": it.head.leaf.to_string(),
    })
}

/// What somebody tried to act on.
fn attempted(attempt: &RefusedAttempt) -> Value {
    match attempt {
        RefusedAttempt::Second(at) => proposal_ref(at),
        RefusedAttempt::Approve(at) | RefusedAttempt::Reject(at) => json!({ "revision": revision(at) }),
        RefusedAttempt::Start(it) => {
            json!({ "revision": revision(&it.revision), "target": written(it.target.as_ref()) })
        }
    }
}

/// What the opener of a break-glass says.
pub fn opening(it: &Opening) -> Value {
    json!({
        "incident": it.incident.to_string(),
        "services": list(&it.services),
        "affects": written(it.affects),
    })
}

fn proposal_ref(at: &ProposalRef) -> Value {
    json!({ "digest": at.opened.to_string() })
}

/// A revision by number and leaf hash.
pub fn revision(at: &RevisionRef) -> Value {
    json!({ "number": at.number, "leaf": at.filed.to_string() })
}

/// What a proposal would set.
pub fn action(action: &Action) -> Value {
    match action {
        Action::Enrol(members) => json!({ "members": members.iter().map(member).collect::<Value>() }),
        Action::Roles(changes) => {
            let one = |(person, NewGrants { replaces, grants, revokes }): (&PersonId, &NewGrants)| {
                json!({
                    "person": person.to_string(), "replaces": replaces.to_string(), "grants": self::grants(grants),
                    "revokes": list(revokes),
                })
            };
            json!({ "people": changes.iter().map(one).collect::<Value>() })
        }
        Action::Retire { person, replaces } => {
            json!({ "person": person.to_string(), "replaces": replaces.to_string() })
        }
        Action::AddKey { person, asked, key, vouch, .. } => json!({
            "person": person.to_string(),
            "asked": self::asked(asked),
            "public_key": key.to_string(),
            "fingerprint": key.fingerprint().to_string(),
            "vouched_by": written(vouch.as_ref().map(|vouch| vouch.key)),
        }),
        Action::Lift { key, replaces } => json!({ "target": key.to_string(), "replaces": replaces.to_string() }),
        Action::Policy { replaces, policy } => {
            json!({ "replaces": replaces.to_string(), "policy": self::policy(policy) })
        }
        Action::Redact(texts) => {
            let text = |(seq, text): (&u64, &Digest)| json!({ "seq": seq, "text_digest": text.to_string() });
            json!({ "redact": texts.iter().map(text).collect::<Value>() })
        }
        Action::SetFreeze(it) => json!({
            "name": it.name.to_string(),
            "replaces": written(it.replaces),
            "freeze": super::freeze::terms(&it.terms),
        }),
        Action::SetCalendar(it) => json!({
            "name": it.name.to_string(),
            "replaces": written(it.replaces),
            "known_until": written(it.known.until()),
            "periods": super::freeze::periods(&it.periods),
        }),
        Action::SetServices(it) => super::service::set(it),
        Action::SetTemplate(it) => super::template::set(it),
        Action::EndTemplate(it) => json!({ "name": it.name.to_string(), "replaces": it.replaces.to_string() }),
        Action::LiftFreeze(it) => {
            json!({ "name": it.name.to_string(), "replaces": it.replaces.to_string(), "again": it.again })
        }
        Action::Restored(it) => json!({
            "restored": head(it.ends.restored),
            "lost": head(it.ends.lost),
            "lost_entries": it.heads().map(head).collect::<Value>(),
        }),
    }
}

fn member(member: &Member) -> Value {
    let unasked = member.asked.unasked(&member.grants);
    json!({
        "person": member.person.to_string(),
        "grants": grants(&member.grants),
        "asked": asked(&member.asked),
        "unasked": { "roles": list(&unasked.roles), "operators": list(&unasked.operators) },
        "public_key": member.key.to_string(),
        "fingerprint": member.key.fingerprint().to_string(),
    })
}

/// What an enrolment request asked for.
fn asked(asked: &Asked) -> Value {
    json!({
        "fingerprint": written(asked.fingerprint()),
        "time": asked.time().to_string(),
        "expires": asked.expires().to_string(),
        "roles": list(asked.roles()),
        "operators": list(asked.operators()),
    })
}

/// Roles and groups, one item for each period, and operators.
pub fn grants(grants: &Grants) -> Value {
    json!({
        "roles": granted("role", &grants.roles),
        "groups": granted("group", &grants.groups),
        "operators": list(&grants.operators),
    })
}

fn granted<T: ToString>(key: &str, granted: &Granted<T>) -> Value {
    let periods = granted.iter().flat_map(|(what, periods)| periods.iter().map(move |period| (what, period)));
    let grant = |(what, period): (&T, Period)| json!({ key: what.to_string(), "from": written(period.from()), "until": written(period.until()) });
    periods.map(grant).collect()
}

/// A policy, with the field names of its TOML file.
pub fn policy(policy: &Policy) -> Value {
    json!({
        "approvals": policy.approvals(),
        "approval_days": policy.approval_days(),
        "separate": list(policy.separate()),
        "break_glass": {
            "minutes": policy.break_glass().minutes(),
            "groups": list(policy.break_glass().groups()),
        },
        "teams": list(policy.teams()),
        "emergency": {
            "waives": list(&policy.emergency().waives),
            "review_days": policy.emergency().review_days,
        },
        "review_days": policy.parts().review_days,
        "checkpoint_hours": policy.checkpoint_hours(),
        "require": policy.requirements().iter().map(requirement).collect::<Value>(),
    })
}

fn requirement(it: &Requirement) -> Value {
    let Conditions { kinds, risks, tags, services, tiers, environments, targets, freezes, sensitive } = &it.when;
    json!({
        "name": it.name.to_string(),
        "when": {
            "kind": list(kinds),
            "risk": list(risks),
            "tag": list(tags),
            "service": list(services),
            "tier": tiers.iter().map(|it| it.number()).collect::<Value>(),
            "environment": list(environments),
            "freeze": list(freezes),
            "min_targets": targets,
        },
        "sensitive": list(sensitive),
        "approvals": it.approvals,
        "from": it.from.iter().map(|(group, count)| group_count(group, *count)).collect::<Value>(),
        "fields": list(&it.needed),
        "lead_minutes": it.lead_minutes,
        "longest_window_minutes": it.longest_minutes,
        "independent": it.independent,
        "keys": written(it.keys),
        "confirm": it.confirm,
        "exception_group": written(it.exception.as_ref()),
    })
}

/// How many approvers must be in a group.
pub fn group_count(group: &Group, count: impl Into<Value>) -> Value {
    json!({ "group": group.to_string(), "count": count.into() })
}

/// The approvals of a change: how many count, how many are required, and who takes the places of groups.
pub fn approvals(change: &Change, tally: &Tally<'_>) -> Value {
    let given = |it: &&Vote| json!({ "person": it.person.to_string(), "time": it.time.to_string(), "seq": it.seq });
    let slot = |it: &Slot| {
        let person = it.person.as_ref().map(PersonId::to_string);
        json!({ "group": it.group.to_string(), "person": person })
    };
    json!({
        "counted": tally.counted.len(),
        "required": tally.need,
        "groups": tally.slots.iter().map(slot).collect::<Value>(),
        "given": tally.counted.iter().map(given).collect::<Value>(),
        "seconds_to_approve": change.seconds_to_approve(tally),
    })
}

/// The facts of a revision: what rules can read.
pub fn facts(facts: &Facts) -> Value {
    let evidence = |(test, digest): (&u64, &Digest)| json!({ "test": test, "sha256": digest.to_string() });
    let links =
        facts.links.iter().map(|it| json!({ "kind": it.kind.to_string(), "reference": it.reference.to_string() }));
    json!({
        "kind": facts.kind.to_string(),
        "risk": facts.risk.to_string(),
        "owner": facts.owner.to_string(),
        "authors": list(&facts.authors),
        "implementers": list(&facts.implementers),
        "services": list(&facts.services),
        "environments": list(&facts.environments),
        "tags": list(&facts.tags),
        "window": {
            "start": facts.window.start().to_string(),
            "end": facts.window.end().to_string(),
            "zone": facts.window.zone().to_string(),
        },
        "outage_minutes": facts.outage_minutes,
        "rollback_minutes": facts.rollback_minutes,
        "artifacts": artifacts(&facts.artifacts),
        "evidence": facts.evidence.iter().map(evidence).collect::<Value>(),
        "links": links.collect::<Value>(),
        "follows": list(&facts.follows),
        "conflicts": facts.conflicts.map(|it| json!({ "count": it.count, "root": it.root.to_string() })),
        "freeze_exceptions": facts.excepted.iter().map(exception).collect::<Value>(),
        "plan_steps": facts.plan_steps,
        "rollback_steps": facts.rollback_steps,
        "targets": facts.targets,
        "stop_after": facts.stop_after,
        "exceptions": list(&facts.exceptions),
        "sensitive": list(&facts.sensitive),
        "template": facts.template.as_ref().map(super::template::used),
    })
}

/// A freeze by its name and the entry that put it in force.
fn exception((name, since): (&FreezeName, &Digest)) -> Value {
    json!({ "freeze": name.to_string(), "since": since.to_string() })
}

/// What a machine could carry out: the data part of a revision.
pub fn execution(it: &Execution) -> Value {
    let steps = |steps: &BTreeMap<u64, Automation>| steps.iter().map(automation).collect::<Value>();
    let conflict =
        |(change, filed): (&ChangeId, &Digest)| json!({ "change": change.to_string(), "revision": filed.to_string() });
    json!({
        "conflicts": it.conflicts.iter().map(conflict).collect::<Value>(),
        "targets": list(&it.targets),
        "plan": steps(&it.plan),
        "rollback": steps(&it.rollback),
    })
}

fn automation((step, it): (&u64, &Automation)) -> Value {
    let exact = |value: &Option<Argument>| value.as_ref().map(|it| json!(it.as_str()));
    let (args, shell) = match &it.command {
        Command::Args(args) => (Some(args.as_slice().iter().map(|it| json!(it.as_str())).collect::<Value>()), None),
        Command::Shell(script) => (None, Some(script.as_str())),
    };
    json!({ "step": step, "args": args, "shell": shell, "cwd": exact(&it.cwd), "account": exact(&it.account) })
}

fn artifacts(artifacts: &[Artifact]) -> Value {
    artifacts.iter().map(|it| json!({ "name": it.name.to_string(), "sha256": it.digest.to_string() })).collect()
}

/// The free text of an entry.
pub fn text(text: &Text) -> Value {
    match text {
        Text::Description(it) => description(it),
        Text::Names(names) => {
            let names: Map<String, Value> = names.iter().map(|(id, it)| (id.to_string(), json!(it.as_str()))).collect();
            json!({ "names": names })
        }
        Text::Review(it) => self::review::text(it),
        Text::Remark(field, prose) => {
            let field = field.to_string();
            json!({ field: prose.as_str() })
        }
    }
}

pub(super) fn description(it: &Description) -> Value {
    let step = |step: &Step| json!({ "step": step.text.as_str(), "command": written(step.command.as_ref()) });
    let trial = |it: &Trial| json!({ "what": it.what.as_str(), "result": it.result.as_str(), "evidence": written(it.evidence.as_ref()) });
    json!({
        "title": written(it.title.as_ref()),
        "reason": written(it.reason.as_ref()),
        "impact": written(it.impact.as_ref()),
        "security": written(it.security.as_ref()),
        "plan": it.plan.iter().map(step).collect::<Value>(),
        "rollback": it.rollback.iter().map(step).collect::<Value>(),
        "abort_if": list(&it.abort_if),
        "tests": it.tests.iter().map(trial).collect::<Value>(),
        "success": written(it.success.as_ref()),
        "exception": written(it.exception.as_ref()),
    })
}

/// An approval, rejection or retraction. `void` says why an approval does not count.
pub fn vote(change: &Change, vote: &Vote, void: Option<&Void>, remark: Option<&String>) -> Value {
    let number = change.revisions().find(|it| it.id.filed == vote.revision).map(|it| it.id.number);
    let replaced = vote.verdict == Verdict::Approve && vote.revision != change.current().id.filed;
    let void = replaced.then_some("revised").or(void.map(|why| match why {
        Void::Expired(_) => "expired",
        Void::Ahead(_) => "ahead",
        Void::NoApprover => "no-approver",
        Void::DeadKey => "inactive-key",
        Void::ConflictOfInterest(_) => "conflict-of-interest",
        Void::Separate(_) => "separate-duties",
        Void::Keys(_) => "approver-key",
    }));
    json!({
        "verdict": vote.verdict.to_string(),
        "person": vote.person.to_string(),
        "revision": number,
        "time": vote.time.to_string(),
        "seq": vote.seq,
        "void": void,
        "submitted_by": written(vote.detached.as_ref().map(|it| &it.by)),
        "not_after": written(vote.detached.as_ref().map(|it| it.not_after)),
        "comment": remark,
    })
}

/// Which of the people who carry out a change have left.
pub fn left(left: Left) -> Value {
    match left {
        Left::Nobody => json!([]),
        Left::Owner => json!(["owner"]),
        Left::Implementers => json!(["implementers"]),
        Left::All => json!(["owner", "implementers"]),
    }
}
