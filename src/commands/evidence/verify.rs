//! `evidence verify`: prove a pack without the register.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::commands::files::read_draft;
use crate::commands::look::checkpoint::read_checkpoint;
use crate::commands::lookup::name_of_input;
use crate::commands::timestamp::{self, read_authorities};
use crate::commands::upkeep::verify::finding_json;
use crate::commands::{Context, Zh};
use crate::domain::{Change, Digest, Fingerprint, Moment, PersonId, Policy, Requirement, Unloaded};
use crate::error::{Error, EvidenceError};
use crate::format::checkpoint::Checkpoint;
use crate::format::pack::{Files, Name, SinceProof};
use crate::format::timestamp::{Authorities, Timestamp, judge as judge_timestamp};
use crate::input::read_policy;
use crate::output::{Page, json::written, list};
use crate::store::Finding;
use crate::store::evidence::{Proven, Verdict, files, judge};
use crate::{tr, trf};

/// Arguments of `evidence verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal evidence verify CHG-42.zip --against prod-2026-12-01.checkpoint
  twinseal evidence verify pack --fingerprint a25adc90de09…
  twinseal evidence verify pack --require our-floor.toml
  twinseal evidence verify pack --timestamp-ca authority.pem")]
pub struct VerifyArgs {
    /// Evidence pack: a folder or a zip
    #[arg(value_name = "PACK", zh("证据包：文件夹或 zip"))]
    pack: PathBuf,
    /// Checkpoint that you kept, which the pack's must equal or extend
    #[arg(long, value_name = "CHECKPOINT", zh("您保存的检查点，证据包的检查点须与其相同或延续它"))]
    against: Option<PathBuf>,
    /// Policy that every start must satisfy too, in TOML
    #[arg(long, value_name = "FILE", zh("每次开始也必须符合的策略，TOML 格式"))]
    require: Option<PathBuf>,
    /// Certificates of the timestamp authorities that you trust, in PEM
    #[arg(long, value_name = "FILE", zh("您信任的时间戳机构证书，PEM 格式"))]
    timestamp_ca: Option<PathBuf>,
}

/// The timestamp in a pack.
struct Stamped {
    proof: Timestamp,
    /// That the pack claims a later time.
    notice: Option<Finding>,
}

impl VerifyArgs {
    /// # Errors
    /// [`EvidenceError::NotProven`], or a file cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let floor = self.require.as_deref().map(|file| read_floor(context, file)).transpose()?;
        let trusted = read_authorities(context, self.timestamp_ca.as_deref())?;
        // The reader trusts it because they kept it. Its signatures say nothing more.
        let against = self.against.as_deref().map(|file| read_checkpoint(context, file)).transpose()?.map(|it| it.2);
        let expected = context.registers.fingerprint()?;
        let path = context.env.path(&self.pack);
        let found = files::read(&path).map_err(|source| EvidenceError::NotAPack { path: self.pack.clone(), source })?;
        let mut verdict = judge(&found.files, floor.as_ref())?;
        verdict.findings.splice(..0, found.findings);
        if let Some(proven) = &verdict.proven {
            let compared = against.as_ref().and_then(|against| compare(proven, against));
            let other = expected.and_then(|expected| another(proven, expected));
            verdict.findings.extend([compared, other].into_iter().flatten());
        }
        let stamped = match stamped(&found.files, verdict.proven.as_ref(), trusted.as_ref()) {
            Some(Err(finding)) => {
                verdict.findings.push(finding);
                None
            }
            stamped => stamped.and_then(Result::ok),
        };
        let anchored = against.is_some() || expected.is_some();
        let conditions = match &verdict.proven {
            Some(proven) if verdict.findings.is_empty() => conditions(context, proven, anchored)?,
            _ => Vec::new(),
        };
        // The exit code reports findings even if nobody reads the output to its end.
        let reported = report(context, &verdict, stamped.as_ref(), &conditions);
        match verdict.findings.len() {
            0 => reported,
            count => Err(EvidenceError::NotProven(count).into()),
        }
    }
}

/// Judges the timestamp of a pack, if it has one.
fn stamped(files: &Files, proven: Option<&Proven>, trusted: Option<&Authorities>) -> Option<Result<Stamped, Finding>> {
    let (token, checkpoint) = (files.get(&Name::Token)?, files.get(&Name::Checkpoint)?);
    let proof = match judge_timestamp(token, checkpoint, None, trusted) {
        Ok(proof) => proof,
        Err(why) => return Some(Err(timestamp::broken(&Name::Token.to_string(), &why))),
    };
    let latest = proven.and_then(|proven| proven.latest_claim);
    let notice = latest.and_then(|(seq, claimed)| timestamp::claimed_later(&proof, seq, claimed));
    Some(Ok(Stamped { proof, notice }))
}

/// Reads the reader's own policy. What a pack cannot answer is no part of it: it would seem to be asked.
fn read_floor(context: &mut Context<'_>, file: &Path) -> Result<Policy, Error> {
    let floor = read_draft(context.env, file, read_policy)?;
    let unasked = floor.requirements().iter().find_map(|it| match it {
        Requirement { confirm: true, .. } => Some("confirm"),
        it if !it.when.sensitive.is_empty() => Some("sensitive"),
        _ => None,
    });
    match unasked {
        Some(key) => Err(EvidenceError::NotAsked { path: name_of_input(file), key }.into()),
        None => Ok(floor),
    }
}

/// What keeps the checkpoint of a pack from being that log, or a later state of it.
fn compare(proven: &Proven, against: &Checkpoint) -> Option<Finding> {
    let ours = &proven.checkpoint;
    let (size, kept) = (ours.size, against.size);
    let since = |it: &SinceProof| (it.size, it.root) == (against.size, against.root);
    let wrong = if ours.origin != against.origin {
        trf!(
            "it is of the register {}, and you kept one of {}",
            "属于变更台账 {}，而您保存的属于 {}",
            ours.origin,
            against.origin
        )
    } else if size == kept && ours.root == against.root || proven.since.as_ref().is_some_and(since) {
        let recorded = proven.contents.recorded;
        if recorded + 1 >= kept {
            return None;
        }
        trf!(
            "the pack is complete up to entry {recorded}, and yours has {kept} entries: a later one about a change could be left \
             out; ask for a pack made after `twinseal checkpoint --record`",
            "证据包完整至第 {recorded} 条，而您的检查点有 {kept} 条：可能略去了其后有关变更单的条目；请索取在 `twinseal checkpoint \
             --record` 之后生成的证据包"
        )
    } else if size == kept {
        trf!(
            "both are of {size} entries, and their roots differ: one log was forked from the other",
            "两者都有 {size} 条，但根哈希不同：日志已分叉"
        )
    } else {
        let option = if kept < size { "--since" } else { "--checkpoint" };
        trf!(
            "yours has {kept} entries, the pack's has {size}, and nothing in the pack shows that one extends the other; ask for \
             a pack made with `{option}` and your checkpoint",
            "您的检查点有 {kept} 条，证据包的有 {size} 条，包内没有一致性证明；请索取以 `{option}` 指定您的检查点所生成的证据包"
        )
    };
    Some(Finding::of_file("against", wrong))
}

/// The finding that a pack is of another register than the expected one.
fn another(proven: &Proven, expected: Digest) -> Option<Finding> {
    let found = proven.state.governance().fingerprint().unwrap_or(Digest::NONE);
    let meaning =
        trf!("entry 0 has leaf hash {found}, expected {expected}", "第 0 条的叶哈希为 {found}，应为 {expected}");
    (found != expected).then(|| Finding::of_file("fingerprint", meaning))
}

/// What no pack can show.
fn limits() -> [&'static str; 4] {
    [
        tr!(
            "effective times: other people's clocks are not in the pack, so the end of a grant, a proposal or a request is \
             judged at the time that an entry claims",
            "有效时间：包内没有其他人的时钟，因此授权、提案和申请的终止按日志条目所称的时间判定"
        ),
        tr!(
            "which other changes were open: whether it listed those that it overlapped, and whether a review was overdue, is \
             not judged",
            "当时还有哪些未完成的变更单：是否列出了与之冲突的变更单、是否有评估逾期，均不判定"
        ),
        tr!("refused attempts: they are complete, but not judged again", "被拒绝的尝试：数量完整，但不再重新判定"),
        tr!(
            "that the recorded tree of changes is true: every account that verifies the register checks it",
            "所记录的变更树是否属实：由核验变更台账的每个账号检查"
        ),
    ]
}

/// What a reader must know beside the result, if there are no findings.
fn conditions(context: &Context<'_>, proven: &Proven, anchored: bool) -> Result<Vec<String>, Error> {
    let (found, register) = (proven.state.governance().fingerprint(), &proven.contents.register);
    let known = context.registers.known();
    let other = known.by_name(&register.name().to_string());
    let mut conditions = Vec::new();
    match other {
        _ if anchored || found.is_some_and(|found| known.trusts(found)) => {}
        Some(other) => conditions.push(trf!(
            "but not of the register {} that this account trusts, whose fingerprint is {}",
            "但不属于本账号信任的变更台账 {}（指纹 {}）",
            other.name,
            other.fingerprint
        )),
        None => conditions.push(
            tr!(
                "if the fingerprint is that of the register: compare it out of band",
                "前提是指纹确为该变更台账的指纹：请另行核对"
            )
            .to_owned(),
        ),
    }
    let recorded = proven.contents.recorded;
    if recorded + 1 < proven.checkpoint.size {
        conditions.push(trf!(
            "as of entry {recorded}: later entries of the checkpoint's log can be about the changes too",
            "截至第 {recorded} 条：检查点所含日志的后续条目也可能涉及这些变更单"
        ));
    }
    let interested = interested(proven)?;
    if !interested.is_empty() {
        let who = list(&interested);
        conditions.push(trf!(
            "on the word of {who}, who takes part in what is proven: ask for a checkpoint that somebody else recorded and signed",
            "仅凭 {who} 之言，而其参与了所证明的内容：请索取由他人记录并签署的检查点"
        ));
    }
    Ok(conditions)
}

/// Whoever recorded the tree of changes or signed the checkpoint, and takes part in a change or operates a machine that
/// does. Such a person could have forked the log before what others did against the change. One signer who takes no part
/// is enough.
fn interested(proven: &Proven) -> Result<BTreeSet<PersonId>, Unloaded> {
    let governance = proven.state.governance();
    let takes_part = |account: &PersonId| -> Result<bool, Unloaded> {
        for id in &proven.contents.subjects {
            let Ok(change) = proven.state.change(*id) else { continue };
            for person in governance.answer_for_account(account)? {
                if change.conflict_of_interest(governance, &person)?.is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    };
    let mut interested = BTreeSet::new();
    if let Some((recorder, _)) = &proven.recorded {
        interested.extend(takes_part(recorder)?.then(|| recorder.clone()));
    }
    let signers: Vec<&PersonId> = proven.signers.iter().map(|(person, _)| person).collect();
    let parts = signers.iter().map(|it| takes_part(it)).collect::<Result<Vec<_>, _>>()?;
    if parts.iter().all(|it| *it) {
        interested.extend(signers.into_iter().cloned());
    }
    Ok(interested)
}

fn result(verdict: &Verdict, conditions: &[String]) -> String {
    match verdict.findings.is_empty() {
        false => tr!("NOT PROVEN", "未证明").to_owned(),
        true => {
            let parts: Vec<&str> =
                [tr!("proven", "已证明")].into_iter().chain(conditions.iter().map(String::as_str)).collect();
            parts.join(tr!(", ", "，"))
        }
    }
}

fn report(
    context: &mut Context<'_>,
    verdict: &Verdict,
    stamped: Option<&Stamped>,
    conditions: &[String],
) -> Result<(), Error> {
    let notice = stamped.and_then(|it| it.notice.as_ref());
    let result = result(verdict, conditions);
    let now = Moment::unknown(context.env.now());
    if context.ui.json {
        let mut json = to_json(verdict, &result, now)?;
        json["conditions"] = crate::output::json::list(conditions);
        json["notices"] = notice.iter().map(|it| finding_json(it)).collect();
        if verdict.proven.is_some() {
            json["pack"]["timestamp"] = stamped.map(|it| timestamp::to_json(&it.proof)).unwrap_or_default();
        }
        return context.ui.print_json(context.env, json);
    }
    let mut page = context.page();
    if let Some(proven) = &verdict.proven {
        summary(&mut page, proven, verdict.findings.is_empty());
        if let Some(Stamped { proof, .. }) = stamped {
            let proof = timestamp::describe(proof);
            page.field(tr!("timestamp", "时间戳"), trf!("the checkpoint {proof}", "检查点 {proof}"));
        }
        // After a finding, the state is that of the entries before it.
        for id in proven.contents.subjects.iter().filter(|_| verdict.findings.is_empty()) {
            if let Ok(change) = proven.state.change(*id) {
                page.field(&id.to_string(), story(proven, change, now)?);
            }
        }
        if !proven.left_out.is_empty() {
            let seqs = list(&proven.left_out);
            page.field(tr!("left out", "略去"), trf!("text of entries {seqs}", "第 {seqs} 条的文本"));
        }
    }
    notice.iter().for_each(|notice| _ = page.field(tr!("notice", "提醒"), notice));
    for finding in &verdict.findings {
        page.field(tr!("finding", "问题"), finding);
    }
    if verdict.findings.is_empty() {
        limits().iter().for_each(|limit| _ = page.field(tr!("not shown", "不含"), limit));
    }
    page.field(tr!("result", "结果"), result);
    Ok(context.env.print_long(page.finish())?)
}

fn summary(page: &mut Page, proven: &Proven, whole: bool) {
    let Proven { contents, checkpoint, state, entries, .. } = proven;
    page.field(tr!("register", "变更台账"), &contents.register);
    if let Some(fingerprint) = state.governance().fingerprint() {
        page.field(tr!("fingerprint", "指纹"), fingerprint);
    }
    let (size, root) = (checkpoint.size, BASE64.encode(checkpoint.root.as_bytes()));
    let by = list(proven.signers.iter().map(|(person, _)| person));
    let by = if by.is_empty() { tr!("nobody", "无人").to_owned() } else { by };
    page.field(
        tr!("checkpoint", "检查点"),
        trf!("{size} entries, root {root}, signed by {by}", "{size} 条，根哈希 {root}，由 {by} 签署"),
    );
    if let Some(since) = &proven.since {
        page.field(tr!("extends", "延续"), trf!("the checkpoint of {} entries", "{} 条的检查点", since.size));
    }
    if let Some((person, time)) = proven.recorded.as_ref().filter(|_| whole) {
        let seq = contents.recorded;
        let text = trf!(
            "up to entry {seq}, by which {person} recorded the newest entry about each change, {time}",
            "截至第 {seq} 条：{person} 于 {time} 以该条记录了每个变更单的最新条目"
        );
        page.field(tr!("complete", "完整"), text);
    }
    page.field(tr!("entries", "日志条目"), entries);
    if proven.evidence > 0 {
        let (count, s) = (proven.evidence, if proven.evidence == 1 { "" } else { "s" });
        page.field(tr!("evidence", "证据"), trf!("{count} file{s}", "{count} 个文件"));
    }
}

/// Who did what to a change. The approvals are those that the domain counts.
fn story(proven: &Proven, change: &Change, now: Moment) -> Result<String, Unloaded> {
    let governance = proven.state.governance();
    let status = change.status(governance, now)?.phrase();
    let tally = change.tally(governance, now)?;
    let approvers = list(tally.counted.iter().map(|vote| &vote.person));
    Ok(match change.started() {
        Some(start) => {
            let (person, time, seq) = (&start.person, start.time, start.seq);
            trf!(
                "{status}; started by {person} at {time} (entry {seq}), approved by {approvers}",
                "{status}；由 {person} 于 {time} 开始（第 {seq} 条），由 {approvers} 批准"
            )
        }
        None if approvers.is_empty() => trf!("{status}; not started", "{status}；未开始"),
        None => trf!("{status}; not started; approved by {approvers}", "{status}；未开始；由 {approvers} 批准"),
    })
}

fn to_json(verdict: &Verdict, result: &str, now: Moment) -> Result<Value, Unloaded> {
    let mut document = json!({
        "proven": verdict.findings.is_empty(),
        "result": result,
        "findings": verdict.findings.iter().map(finding_json).collect::<Value>(),
        "pack": null,
    });
    let Some(proven) = &verdict.proven else { return Ok(document) };
    let Proven { contents, checkpoint, state, .. } = proven;
    // After a finding, the state is that of the entries before it.
    let whole = verdict.findings.is_empty();
    let changes = contents.subjects.iter().filter(|_| whole).filter_map(|id| state.change(*id).ok());
    let changes = changes.map(|change| change_json(proven, change, now)).collect::<Result<Value, _>>()?;
    let signer = |(person, key): &(_, _)| signer_json(person, key);
    document["pack"] = json!({
        "register": contents.register.to_string(),
        "fingerprint": written(state.governance().fingerprint()),
        "size": checkpoint.size,
        "root": BASE64.encode(checkpoint.root.as_bytes()),
        "signers": proven.signers.iter().map(signer).collect::<Value>(),
        "recorded": contents.recorded,
        "recorded_by": written(proven.recorded.as_ref().map(|(person, _)| person)),
        "recorded_at": written(proven.recorded.as_ref().map(|(_, time)| time)),
        "since": proven.since.as_ref().map(|since| since.size),
        "entries": proven.entries,
        "changes": changes,
        "left_out": proven.left_out,
        "evidence": proven.evidence,
    });
    Ok(document)
}

fn signer_json(person: &PersonId, key: &Fingerprint) -> Value {
    json!({ "person": person.to_string(), "key": key.to_string() })
}

fn change_json(proven: &Proven, change: &Change, now: Moment) -> Result<Value, Unloaded> {
    let governance = proven.state.governance();
    let tally = change.tally(governance, now)?;
    let votes = tally
        .counted
        .iter()
        .map(|vote| json!({ "person": vote.person.to_string(), "time": vote.time.to_string(), "seq": vote.seq }));
    let started = change
        .started()
        .map(|start| json!({ "person": start.person.to_string(), "time": start.time.to_string(), "seq": start.seq }));
    Ok(json!({
        "change": change.id().to_string(),
        "status": change.status(governance, now)?.to_string(),
        "revision": change.current().id.number,
        "approvals": votes.collect::<Value>(),
        "started": started,
    }))
}
