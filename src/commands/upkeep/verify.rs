//! `verify`: verify the whole register from entry 0 on.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::against::{Compared, Kept};
use crate::commands::breakglass::Judged;
use crate::commands::lookup::{redaction, seconded_by};
use crate::commands::timestamp::read_authorities;
use crate::commands::ui::progress;
use crate::commands::{Context, Zh};
use crate::config::Trusted;
use crate::domain::{Digest, Moment, Restoration};
use crate::error::{Error, Remedy};
use crate::format::{Defect, Raw, entry};
use crate::output::{self, Gutter, Page, Redaction};
use crate::store::{self, Finding, Notice, Pin, Reading, Session, StoreError, VerifiedLog};
use crate::trust::{self, First, Identity, Purpose, Relation};
use crate::{tr, trf};

/// Verify the whole register
///
/// Checks every signature, link, rule and text, the tables, the schema and the file. Exit code 0 means intact; 3 means
/// that there are findings, each with its entry and rule.
#[derive(Debug, Args)]
#[command(zh("核验整个变更台账"))]
#[command(zh_long(
    "检查每个签名、链接、规则和文本，以及数据表、表结构和文件。退出码 0 表示完好；3 表示有问题，逐项列出其日志条目和规则。"
))]
#[command(after_help = "Examples:
  twinseal verify
  twinseal verify --register /backup/prod-2026-12-01.db
  twinseal verify --against prod-2026-12-01.checkpoint
  twinseal verify --require-anchor --against prod.checkpoint
  twinseal verify --against prod.checkpoint --timestamp-ca authority.pem
  twinseal --json verify")]
pub struct Verify {
    /// Checkpoint that the log must extend; may be repeated
    #[arg(long, value_name = "FILE", zh("日志必须包含并延续的检查点；可重复"))]
    against: Vec<PathBuf>,
    /// Fail unless a pin or a checkpoint says how long the log was at some moment
    #[arg(long, zh("如无已验证位置或检查点可证明日志曾有的长度，则失败"))]
    require_anchor: bool,
    /// Certificates of the timestamp authorities that you trust, in PEM
    #[arg(long, value_name = "FILE", requires = "against", zh("您信任的时间戳机构证书，PEM 格式"))]
    timestamp_ca: Option<PathBuf>,
}

/// The rule of the finding that a required anchor is missing.
const UNANCHORED: &str = "anchor";

/// The evidence outside the file that a verification relies on.
enum Anchor {
    /// This account's pin: beginning and end.
    Pin(Pin),
    /// Checkpoints that the log extends: up to an entry, which may be the newest one.
    Checkpoint {
        /// The last entry that one of them covers.
        covers: u64,
        /// Whether it is the newest one.
        whole: bool,
    },
    /// The fingerprint: the beginning only.
    Beginning,
    /// No evidence.
    Nothing,
}

/// Redactions and accepted losses, each with the proposal behind it, and break-glasses.
struct Past {
    redacted: Vec<(u64, Redaction)>,
    restored: Vec<(Restoration, Redaction)>,
    break_glasses: Vec<Judged>,
}

impl Verify {
    /// # Errors
    /// [`Error::Findings`], or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let kept = self.read_kept(context)?;
        let request = context.registers.request(context.env)?;
        let (shared, mut findings) = context.registers.open(&request)?;
        let read = noted(shared.entry(0), &mut findings)?;
        let newest = noted(shared.newest(), &mut findings)?.flatten();
        let identity = trust::identify(context.registers.known_at_home(), &request, &*shared, First::of(read.as_ref()));
        if matches!(identity.relation, Relation::Successor(_)) {
            identity.admit(|old| context.registers.verified(old))?;
        }
        let first = read.as_ref().and_then(Option::as_ref);
        let (fingerprint, met_before, other) = (identity.fingerprint, identity.met, identity.expected());
        let wrong = other.is_some();
        findings.extend(other.map(|expected| another(fingerprint, expected)));
        let now = context.env.now();
        // With --fingerprint the register is trusted, as by every other command.
        let trusts = !met_before
            && !wrong
            && request.fingerprint.is_some()
            && trust_founded(context, request.place(&*shared), first, &identity)?;
        let mut session = if (met_before || trusts) && !wrong {
            let excuse = identity.excuse(Purpose::Use);
            let folder = context.registers.state_folder(fingerprint);
            Session::open_to_verify(shared, store::Anchor { folder: &folder, fingerprint, excuse }, now)?
        } else {
            Session::unanchored(shared, fingerprint)?
        };
        let anchor = Anchor::of(&session, (request.fingerprint.is_some() || met_before) && !wrong);
        // A log with faults is not compared: which of its entries count is in question.
        let mut compared: Vec<Compared<'_>> = kept.iter().map(Kept::not_compared).collect();
        let mut compare = |log: &VerifiedLog| {
            compared = kept.iter().map(|it| it.compare(log)).collect::<Result<Vec<_>, _>>()?;
            let mut differ: Vec<Finding> = compared.iter().filter_map(|it| it.finding().cloned()).collect();
            let extends = compared.iter().any(|it| it.covers().is_some());
            if self.require_anchor && differ.is_empty() && !extends && !matches!(anchor, Anchor::Pin(_)) {
                differ.push(unanchored());
            }
            Ok(differ)
        };
        let bar = progress(context.env, newest.map_or(0, |newest| newest + 1), tr!("verifying", "正在核验"));
        let mut reading = match session.verify(now, &mut compare, &mut |seq| bar.set_position(seq)) {
            // A forged entry 0 could claim a newer format to avoid being judged.
            Err(StoreError::Newer { .. }) if wrong => Reading::default(),
            read => read?,
        };
        bar.finish_and_clear();
        context.say_without_standby(session.shared())?;
        context.ui.report_notices(context.env, &session, &identity);
        compared.iter().for_each(|it| it.report_timestamp(&mut reading));
        findings.extend(reading.findings.iter().cloned());
        findings.extend((first.is_none() && reading.entries == 0).then(never_created));
        let anchor = anchor.or_checkpoint(&compared, &session);
        if findings.is_empty() {
            context.ui.report_admins(context.env, &session)?;
        }
        // The exit code reports findings even if nobody reads the output to its end.
        let reported = report(context, &session, &reading, (&anchor, &compared), &findings);
        if findings.is_empty() { reported } else { Err(failure(&findings)) }
    }

    fn read_kept(&self, context: &mut Context<'_>) -> Result<Vec<Kept>, Error> {
        let trusted = read_authorities(context, self.timestamp_ca.as_deref())?;
        self.against.iter().map(|given| Kept::read(context, given, trusted.as_ref())).collect()
    }
}

/// The finding that a file holds another register than the trusted one.
fn another(fingerprint: Digest, expected: String) -> Finding {
    let meaning = trf!(
        "entry 0 has leaf hash {fingerprint}, expected {expected}",
        "第 0 条的叶哈希为 {fingerprint}，应为 {expected}"
    );
    Finding::of_file("fingerprint", meaning)
}

/// The finding that there is nothing in the file.
fn never_created() -> Finding {
    let meaning = tr!("no entries: the register was never created", "没有日志条目：该变更台账从未创建");
    Finding::at(0, Defect::Missing.rule(), meaning)
}

/// The finding that nothing says how long the log was.
fn unanchored() -> Finding {
    let meaning = tr!(
        "no pin of this account and no checkpoint says how long the log was",
        "没有本账号的已验证位置或检查点可证明日志曾有的长度"
    );
    Finding::of_file(UNANCHORED, meaning)
}

/// The error for these findings.
fn failure(findings: &[Finding]) -> Error {
    let only = |rules: &[&str]| findings.iter().all(|it| rules.contains(&it.rule));
    let remedy = match () {
        () if only(&["tables", "redacted"]) => Remedy::Rebuild,
        () if only(&["timestamp"]) => Remedy::Timestamp,
        () if only(&[UNANCHORED, "checkpoint", "timestamp"]) => Remedy::Anchor,
        () => Remedy::Keep,
    };
    Error::Findings { count: findings.len(), remedy }
}

/// Whether nothing is wrong with the register itself.
fn is_intact(findings: &[Finding]) -> bool {
    findings.iter().all(|it| it.rule == UNANCHORED)
}

impl Anchor {
    /// Before the log is verified. `trusted`: whether the fingerprint is the one that this account knows or was told.
    fn of(session: &Session, trusted: bool) -> Self {
        let moved = session.notices().iter().any(|notice| matches!(notice, Notice::PinMoved { .. }));
        match session.pinned().pin() {
            // The pin was just set from this file, so it is no independent evidence of the log's end.
            _ if moved => Self::Beginning,
            Some(pin) => Self::Pin(*pin),
            None if trusted => Self::Beginning,
            None => Self::Nothing,
        }
    }

    /// A checkpoint says more than a fingerprint, and less than the pin, which this account itself moved.
    fn or_checkpoint(self, compared: &[Compared<'_>], session: &Session) -> Self {
        let newest = session.state().head().map(|head| head.seq);
        match (&self, compared.iter().filter_map(Compared::covers).max()) {
            (Self::Beginning | Self::Nothing, Some(covers)) => {
                Self::Checkpoint { covers, whole: newest == Some(covers) }
            }
            _ => self,
        }
    }
}

/// Remembers a register that the user identified by its fingerprint. Returns `false` if entry 0 is invalid.
fn trust_founded(
    context: &mut Context<'_>,
    place: &Path,
    first: Option<&Raw>,
    identity: &Identity,
) -> Result<bool, Error> {
    let Some(Ok(entry)) = first.map(entry::open) else { return Ok(false) };
    let (name, fingerprint) = (entry.header.register.name(), identity.fingerprint);
    let trusted = Trusted { name, path: place, fingerprint, in_place_of: identity.in_place_of() };
    context.registers.trust(context.env, &trusted)?;
    Ok(true)
}

/// Turns damage into a finding, so that verification goes on.
pub(in crate::commands) fn noted<T>(
    read: Result<T, StoreError>,
    findings: &mut Vec<Finding>,
) -> Result<Option<T>, StoreError> {
    match read {
        Ok(it) => Ok(Some(it)),
        Err(StoreError::Broken(finding)) => {
            findings.push(finding);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn report(
    context: &mut Context<'_>,
    session: &Session,
    reading: &Reading,
    (anchor, compared): (&Anchor, &[Compared<'_>]),
    findings: &[Finding],
) -> Result<(), Error> {
    let now = session.state().moment(context.env.now());
    let break_glasses = Judged::all(session, now).unwrap_or_default();
    let past = Past { redacted: redactions(session), restored: restorations(session), break_glasses };
    let sealed = session.state().governance().is_sealed();
    let result = result(is_intact(findings), anchor, sealed);
    if context.ui.json {
        let said = json(session, reading, (anchor, compared), (findings, &past), &result);
        return context.ui.print_json(context.env, said);
    }
    let mut page = context.page();
    if let Some(id) = session.state().id() {
        page.field(tr!("register", "变更台账"), id);
    }
    page.field(tr!("fingerprint", "指纹"), session.fingerprint());
    page.field(tr!("entries", "日志条目"), reading.entries);
    if let Some(head) = session.state().head() {
        let whole = reading.findings.iter().all(|finding| finding.seq.is_none());
        let label = if whole { tr!("head", "日志末尾") } else { tr!("valid up to", "有效至") };
        page.field(label, trf!("entry {} {}", "第 {} 条 {}", head.seq, head.leaf));
    }
    page.field(tr!("anchored to", "锚定于"), anchored_to(anchor));
    compared.iter().for_each(|it| it.show(&mut page));
    for notice in &reading.notices {
        page.field(tr!("notice", "提醒"), notice);
    }
    for (seq, redacted) in &past.redacted {
        page.field(tr!("redacted", "已隐去"), trf!("text of entry {seq}, {}", "第 {seq} 条的文本，{}", redacted.by));
        reason(&mut page, redacted);
    }
    past.restored.iter().for_each(|it| restored(&mut page, it));
    past.break_glasses.iter().for_each(|it| break_glass(&mut page, it, now));
    for finding in findings {
        page.field(tr!("finding", "问题"), finding);
    }
    if reading.partly_checked > 0 {
        let meaning = trf!(
            "{} later entries: signature and link only, not the rules",
            "其后 {} 条：只核验了签名和链接，未核验规则",
            reading.partly_checked
        );
        page.field(tr!("rest", "其余"), meaning);
    }
    page.field(tr!("result", "结果"), result);
    Ok(context.env.print_long(page.finish())?)
}

/// What besides the file itself says that the log is whole.
fn anchored_to(anchor: &Anchor) -> String {
    match anchor {
        Anchor::Pin(Pin { head, verified, .. }) => trf!(
            "this account's pin: entry {}, verified {verified}",
            "本账号的已验证位置：第 {} 条，核验于 {verified}",
            head.seq
        ),
        Anchor::Checkpoint { covers, .. } => trf!("a checkpoint: up to entry {covers}", "检查点：截至第 {covers} 条"),
        Anchor::Beginning => {
            tr!("the fingerprint: the beginning only, not the end", "指纹：只锚定开头，未锚定末尾").to_owned()
        }
        Anchor::Nothing => tr!("nothing outside this file", "该文件之外没有任何依据").to_owned(),
    }
}

/// Says which entries a restoration lost, and who accepted that.
fn restored(page: &mut Page, (heads, by): &(Restoration, Redaction)) {
    let Restoration { restored, lost } = heads;
    let (lost, by_whom) = (output::lost_entries(restored.seq, lost.seq), &by.by);
    let what = trf!(
        "continues after entry {}; {lost} lost, {by_whom}",
        "从第 {} 条之后继续；{lost}已丢失，{by_whom}",
        restored.seq
    );
    page.field(tr!("restored", "已恢复"), what);
    reason(page, by);
}

/// Says what was done without approval. Whether it is ratified or not, it is no approved change.
fn break_glass(page: &mut Page, it: &Judged, now: Moment) {
    let (id, opener) = (it.glass.id(), it.glass.opener());
    let (status, person, seq) = (it.line(now), &opener.person, opener.seq);
    let what = trf!(
        "{id} by {person} (entry {seq}): {status}; no change was approved by it",
        "{id}，由 {person} 开启（第 {seq} 条）：{status}；未因此批准任何变更单"
    );
    page.field(tr!("break-glass", "紧急处置"), what);
    for act in it.glass.ratifications() {
        let Some(why) = it.void(act) else { continue };
        let (person, seq, why) = (&act.person, act.seq, why.phrase());
        let what = trf!(
            "ratification of {id} by {person} (entry {seq}): {why}",
            "{person} 对 {id} 的追认（第 {seq} 条）：{why}"
        );
        page.field(tr!("not counted", "不计入"), what);
    }
}

/// The result in words. Intact without a qualification means: sealed, and compared with a pin.
fn result(intact: bool, anchor: &Anchor, sealed: bool) -> String {
    if !intact {
        return tr!("NOT INTACT", "不完好").to_owned();
    }
    let unsealed = (!sealed).then(|| tr!("not sealed by a second admin", "未经第二名管理员封印"));
    let unanchored = match anchor {
        Anchor::Nothing => Some(tr!("not anchored outside this file", "在该文件之外没有锚定").to_owned()),
        Anchor::Beginning => {
            Some(tr!("its end is not anchored outside this file", "其末尾在该文件之外没有锚定").to_owned())
        }
        Anchor::Checkpoint { covers, whole: false } => {
            Some(trf!("only anchored outside this file up to entry {covers}", "在该文件之外仅锚定至第 {covers} 条"))
        }
        Anchor::Checkpoint { .. } | Anchor::Pin(_) => None,
    };
    let limits: Vec<String> = unsealed.map(str::to_owned).into_iter().chain(unanchored).collect();
    match limits.is_empty() {
        true => tr!("intact", "完好").to_owned(),
        false => trf!("intact, but {}", "完好，但{}", limits.join(tr!(", and ", "，且"))),
    }
}

fn reason(page: &mut Page, why: &Redaction) {
    why.reason.iter().for_each(|reason| _ = page.quote_text(Gutter::Prose, reason));
}

/// The entries whose texts were redacted, each with the proposal. Broken entries are reported as findings instead.
fn redactions(session: &Session) -> Vec<(u64, Redaction)> {
    let redactions = session.redactions().unwrap_or_default().into_iter();
    redactions.filter_map(|(seq, ..)| Some((seq, redaction(session, seq).ok()??))).collect()
}

/// A finding as programs read it.
pub(in crate::commands) fn finding_json(it: &Finding) -> Value {
    json!({ "seq": it.seq, "rule": it.rule, "message": it.meaning })
}

/// The accepted losses, each with the proposal behind it.
fn restorations(session: &Session) -> Vec<(Restoration, Redaction)> {
    let restorations = session.state().governance().restorations();
    restorations.filter_map(|it| Some((it.ends, seconded_by(session, it.proposal).ok()?))).collect()
}

fn json(
    session: &Session,
    reading: &Reading,
    (anchor, compared): (&Anchor, &[Compared<'_>]),
    (findings, past): (&[Finding], &Past),
    result: &str,
) -> Value {
    let restoration = |(it, by): &(Restoration, Redaction)| json!({ "restored": output::json::head(it.restored), "lost": output::json::head(it.lost), "by": by.to_string() });
    let anchor = match anchor {
        Anchor::Pin(pin) => {
            json!({ "kind": "pin", "head": output::json::head(pin.head), "verified": pin.verified.to_string() })
        }
        Anchor::Checkpoint { covers, .. } => json!({ "kind": "checkpoint", "covers": covers }),
        Anchor::Beginning => json!({ "kind": "fingerprint" }),
        Anchor::Nothing => json!({ "kind": "none" }),
    };
    json!({
        "register": output::json::written(session.state().id()),
        "fingerprint": session.fingerprint().to_string(),
        "entries": reading.entries,
        "partly_checked": reading.partly_checked,
        "head": session.state().head().map(output::json::head),
        "anchor": anchor,
        "checkpoints": compared.iter().map(Compared::json).collect::<Value>(),
        "notices": reading.notices.iter().map(finding_json).collect::<Value>(),
        "redacted": past.redacted.iter().map(|(seq, by)| json!({ "seq": seq, "by": by.to_string() })).collect::<Value>(),
        "restored": past.restored.iter().map(restoration).collect::<Value>(),
        "breakglasses": past.break_glasses.iter().map(|it| json!({
            "breakglass": it.glass.id().to_string(), "seq": it.glass.opener().seq, "status": it.status.to_string(),
        })).collect::<Value>(),
        "findings": findings.iter().map(finding_json).collect::<Value>(),
        "sealed": session.state().governance().is_sealed(),
        "intact": is_intact(findings),
        "result": result,
    })
}
