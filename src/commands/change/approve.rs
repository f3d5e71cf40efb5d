//! `approve`: sign the current revision of a change.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use crate::commands::Zh;
use crate::commands::change::approve_all::approve_all;
use crate::commands::change::detached::{Approver, export, sign, submit};
use crate::commands::change::reject::{ask_reason, rejected};
use crate::commands::change::summary::{ToSign, summary};
use crate::commands::look::diff;
use crate::commands::look::inbox::{self, Waiting};
use crate::commands::look::show::write_page;
use crate::commands::lookup::{
    cannot_start, change, change_id, check_named_once, governance_about, is_about_one, parse, remark, renews,
    requirement_texts, time, title,
};
use crate::commands::{Context, about_to_sign, report_already, report_dry_run, report_recorded, report_recorded_with};
use crate::domain::{ChangeId, Digest, Event, Field, PersonId, RevisionRef, Status, Text, Verdict};
use crate::error::{Error, SeveralError};
use crate::input::Toward;
use crate::key_choice::Choice;
use crate::output::requirements::{RequirementText, requirement_lines};
use crate::output::{self, Act, Equal, Page, Timeline, safe, table};
use crate::record::{Plan, Rehearsal, record, rehearse};
use crate::store::Session;
use crate::{tr, trf};

/// Approve the current revision of changes
///
/// Without a change, lists those that you can approve.
///
/// Shows each revision, in the pager of TWINSEAL_PAGER or PAGER, and asks you to type the change's id before it signs. At
/// the question, s skips the change, r rejects it, v shows the page again, and d the difference to an earlier revision.
/// Without a terminal, --revision is required: the digest that `twinseal show` prints.
///
/// --all-of approves several changes by one answer: the number of changes and the beginning of the digest over their
/// revisions. If one of them cannot be approved, or changes while you read, none is signed.
///
/// --detached writes a file for an approver whose key is away from the register. They sign it with --sign, or with
/// ssh-keygen; anybody enrolled records the approval with --submit.
#[derive(Debug, Args)]
#[command(zh("批准变更单的当前修订"))]
#[command(zh_long(
    "不给出变更单时，列出您可以批准的变更单。\n\n\
     在分页程序（TWINSEAL_PAGER 或 PAGER）中显示每个修订，签名前要求输入变更单编号。在提问处，s 跳过该变更单，r 驳回，v 再次显示页面，\
     d 显示与先前修订的差异。没有终端时必须给出 --revision：`twinseal show` 显示的摘要。\n\n\
     --all-of 用一次回答批准多个变更单：输入变更单的个数，以及这些修订的摘要的开头。只要其中一个不能批准，或在阅读期间有变动，\
     就一个也不签名。\n\n\
     --detached 为密钥不在变更台账处的审批人写出一个文件。审批人用 --sign 或 ssh-keygen 签名；任何已登记的人都可以用 --submit \
     把批准记入日志。"
))]
#[command(group(ArgGroup::new("named").args(["changes", "all_of", "sign", "submit"])))]
#[command(after_help = "Examples:
  twinseal approve
  twinseal approve CHG-42
  twinseal approve CHG-42 CHG-43 --note 'Read with the desk.'
  twinseal approve CHG-42 --revision DIGEST
  twinseal approve --all-of patch-tuesday.txt
  twinseal approve CHG-42 --detached chg-42.approval --for carol
  twinseal approve --sign chg-42.approval
  twinseal approve --submit chg-42.approval")]
pub struct Approve {
    /// Change ids, such as CHG-42; each is shown and signed separately
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42；逐个显示，逐个签名"))]
    changes: Vec<String>,
    /// Changes to approve together: a file with one id a line, ids with commas, or - for standard input; one page shows
    /// each line of their revisions once
    #[arg(long, value_name = "LIST", conflicts_with_all = ["changes", "revisions"])]
    #[arg(zh(
        "一起批准的变更单：每行一个编号的文件、用逗号分隔的编号，或 - 表示标准输入；在同一页面上显示，各修订中相同的行只显示一次"
    ))]
    all_of: Option<String>,
    /// Digest of the revisions to sign together, which the page of --all-of shows, or of the statement to --sign; required
    /// without a terminal
    #[arg(long, value_name = "DIGEST", requires = "named", conflicts_with_all = ["changes", "submit"])]
    #[arg(zh("一起签名的各修订的摘要（由 --all-of 的页面显示），或 --sign 所签声明的摘要；没有终端时必须给出"))]
    digest: Option<String>,
    /// Digest of the revision to sign, one for each change in the same order
    #[arg(
        long = "revision",
        value_name = "DIGEST",
        requires = "changes",
        conflicts_with_all = ["sign", "submit", "detached"],
        zh("要签名的修订的摘要，按变更单的顺序各一个")
    )]
    revisions: Vec<String>,
    /// Comment on the approval
    #[arg(long, value_name = "TEXT", requires = "named", conflicts_with_all = ["sign", "submit", "detached"])]
    #[arg(zh("批准时的备注"))]
    note: Option<String>,
    /// File to write for an approver who signs away from the register
    #[arg(long, value_name = "FILE", requires = "changes", conflicts_with_all = ["all_of", "sign", "submit"])]
    #[arg(zh("为离线签名的审批人写出的文件"))]
    detached: Option<PathBuf>,
    /// Approver who is to sign, if it is not you
    #[arg(long = "for", value_name = "PERSON", requires = "detached", zh("签名的审批人（如果不是您本人）"))]
    approver: Option<String>,
    /// Key of the approver, if they have several
    #[arg(long, value_name = "FINGERPRINT", requires = "detached", zh("审批人的密钥（如有多个）"))]
    for_key: Option<String>,
    /// Last moment at which the approval counts; by default the last moment to start the change
    #[arg(long, value_name = "TIME", requires = "detached", zh("批准有效的最后时刻；默认为变更的最晚开始时间"))]
    not_after: Option<String>,
    /// File of --detached to sign, without the register
    #[arg(long, value_name = "FILE", zh("要离线签名的文件（由 --detached 写出）"))]
    sign: Option<PathBuf>,
    /// File of --detached to record, signed in FILE.sig
    #[arg(long, value_name = "FILE", zh("要记入日志的文件（由 --detached 写出，签名在 FILE.sig）"))]
    submit: Option<PathBuf>,
}

impl Approve {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let digest = self.digest.as_deref().map(parse).transpose()?;
        if let Some(list) = &self.all_of {
            return approve_all(context, list, digest, self.text()?.as_ref());
        }
        if let Some(file) = &self.sign {
            return sign(context, file, digest);
        }
        let digests = self.revisions.iter().map(|it| parse(it)).collect::<Result<Vec<Digest>, _>>()?;
        if let Some(file) = &self.submit {
            return submit(context, file);
        }
        if self.changes.is_empty() {
            return to_approve(context);
        }
        let ids = self.changes.iter().map(|it| change_id(it)).collect::<Result<Vec<_>, _>>()?;
        if let Some(file) = &self.detached {
            let approver = self.approver(context)?;
            return match ids.as_slice() {
                [id] => export(context, *id, approver, file),
                _ => Err(Error::Form { given: self.changes.join(" "), form: "CHG-N --detached FILE" }),
            };
        }
        if !digests.is_empty() && digests.len() != ids.len() {
            return Err(Error::DigestCount {
                what: tr!("changes", "变更单"),
                named: ids.len(),
                digests: digests.len(),
            });
        }
        check_named_once(&ids)?;
        let text = self.text()?;
        let mut session = context.open()?;
        for id in &ids {
            change(&session, *id)?;
        }
        if ids.len() > 1 && digests.is_empty() && context.env.console.is_interactive() {
            let overview = overview(context, &session, &ids)?;
            context.env.status(overview);
        }
        let (mut open, mut rejected) = (Vec::new(), 0);
        for (at, id) in ids.iter().enumerate() {
            match approve(context, &mut session, *id, digests.get(at).copied(), text.as_ref()) {
                Ok(Decided::Rejected) => rejected += 1,
                Ok(Decided::Approved) => {}
                Err(Error::WouldRecord(entry)) => report_dry_run(context, &entry)?,
                // One change that is not approved does not keep the approver from the others.
                Err(error) if ids.len() > 1 && is_about_one(&error) => {
                    context.env.status(left_out(*id, &error));
                    open.push(id.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        let (done, what, command) = (tr!("approved", "批准"), tr!("changes", "变更单"), "approve");
        let of = ids.len() - rejected;
        if open.is_empty() { Ok(()) } else { Err(SeveralError::Partly { done, what, command, open, of }.into()) }
    }
}

impl Approve {
    /// Who signs what `--detached` writes.
    fn approver(&self, context: &Context<'_>) -> Result<Approver, Error> {
        Ok(Approver {
            person: self.approver.as_deref().map(parse).transpose()?,
            key: self.for_key.as_deref().map(parse).transpose()?,
            not_after: self.not_after.as_deref().map(|it| time(context, it, Toward::Future)).transpose()?,
        })
    }

    fn text(&self) -> Result<Option<Text>, Error> {
        self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()
    }
}

/// Why one of several changes is not approved, and how to come back to it if the approver only left it.
fn left_out(id: ChangeId, error: &Error) -> String {
    let why = error.to_string();
    let why = safe(&why);
    match error {
        Error::Skipped => trf!(
            "{id} {why}; to come back to it: `twinseal approve {id}`",
            "{id} {why}；稍后再审：`twinseal approve {id}`"
        ),
        Error::NotConfirmed => trf!(
            "{id} skipped: {why}; to come back to it: `twinseal approve {id}`",
            "{id} 已跳过：{why}；稍后再审：`twinseal approve {id}`"
        ),
        _ => trf!("{id} not approved: {why}", "{id} 未批准：{why}"),
    }
}

/// Lists the changes in the inbox that this person can approve.
fn to_approve(context: &mut Context<'_>) -> Result<(), Error> {
    let session = context.open()?;
    let (me, now) = (context.me(&session)?, session.state().moment(context.env.now()));
    let mut waiting = inbox::waiting(&session, &me, now)?;
    waiting.retain(|it| it.action == Act::Approve);
    if context.ui.json {
        let items = waiting.iter().map(Waiting::json).collect::<Value>();
        return context.ui.print_json(context.env, json!({ "person": me.to_string(), "items": items }));
    }
    if waiting.is_empty() {
        context.env.remark(trf!("no change awaits the approval of {me}", "没有等待 {me} 审批的变更单"));
        return Ok(());
    }
    let text = inbox::text_of(context, &waiting);
    context.env.print(text)?;
    Ok(())
}

/// The changes that will be asked about, one in each line.
///
/// # Errors
/// The register cannot be read.
pub(super) fn overview(context: &Context<'_>, session: &Session, ids: &[ChangeId]) -> Result<String, Error> {
    let mut rows = Vec::new();
    for id in ids {
        let change = change(session, *id)?;
        let facts = &change.current().facts;
        let opens = context.clock().minute(facts.window.start(), facts.window.zone().as_str());
        let title = title(session, *id)?.unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned());
        rows.push([id.to_string(), facts.risk.phrase(), facts.owner.to_string(), opens, title]);
    }
    let header = [
        tr!("CHANGE", "变更单"),
        tr!("RISK", "风险"),
        tr!("OWNER", "变更负责人"),
        tr!("OPENS", "窗口开始"),
        tr!("TITLE", "标题"),
    ];
    Ok(format!("{}\n", table(header, rows, context.env.err_width)))
}

/// What became of one change.
enum Decided {
    Approved,
    Rejected,
}

/// Approves one change: the revision shown, or the one that `digest` names.
fn approve(
    context: &mut Context<'_>,
    session: &mut Session,
    id: ChangeId,
    digest: Option<Digest>,
    text: Option<&Text>,
) -> Result<Decided, Error> {
    // Fixed before it is shown: a revision filed while the approver reads must not be signed unread.
    let revision = change(session, id)?.current().id;
    if let Some(given) = digest.filter(|given| *given != revision.filed) {
        return Err(Error::OtherDigest { flag: "--revision", given, found: revision.filed });
    }
    if let Some(said) = approved_before(context, session, id)? {
        report_already(context, said)?;
        return Ok(Decided::Approved);
    }
    let plan = |_: &mut Session| Ok(Plan { event: Event::Approve(revision), text: text.cloned() });
    let entry = match digest {
        Some(_) => record(context.recorder(), session, plan)?,
        None if !context.env.console.is_interactive() => {
            return Err(Error::NeedDigest { flag: "--revision", shows: format!("`twinseal show {id}`") });
        }
        None => {
            let mut rehearsal = rehearse(&mut context.recorder(), session, plan)?;
            match decide(context, session, revision, &mut rehearsal)? {
                Decision::Approve => rehearsal.record(context.recorder(), session)?,
                Decision::Reject(reason) => {
                    reject(context, session, revision, reason)?;
                    return Ok(Decided::Rejected);
                }
            }
        }
    };
    let (said, requirements) = approved(context, session, id)?;
    report_recorded_with(context, &entry, None, said, Some(("requirements", requirements)))?;
    Ok(Decided::Approved)
}

/// What to say of a change that was approved, and its requirements as JSON.
///
/// # Errors
/// The register cannot be read.
pub(super) fn approved(context: &Context<'_>, session: &Session, id: ChangeId) -> Result<(String, Value), Error> {
    let approved = change(session, id)?;
    let now = session.state().moment(context.env.now());
    let governance = governance_about(session, &approved, now)?;
    let tally = approved.tally(&governance, now)?;
    let requirements = requirement_texts(session, &approved, approved.requirements(&governance, now)?, now)?;
    let obstacle = cannot_start(session, &approved, &governance, now)?;
    let (have, next) = (output::count(&tally), output::next_step(&tally, obstacle.as_ref()));
    let json = requirements.iter().map(RequirementText::json).collect::<Value>();
    let lines = requirement_lines(&requirements);
    Ok((trf!("{id} approved ({have}); {next}{lines}", "{id} 已批准（{have}）；{next}{lines}"), json))
}

/// What to say instead of approving once more: this person's approval counts, and will when the window opens.
///
/// # Errors
/// The key or the register cannot be read.
pub(super) fn approved_before(context: &Context<'_>, session: &Session, id: ChangeId) -> Result<Option<String>, Error> {
    let change = change(session, id)?;
    if change.approvals().next().is_none() {
        return Ok(None);
    }
    let key = context.key_choice.key_for(session)?.public();
    let me = context.key_choice.actor(session, key)?;
    // An approval by another key of theirs would not count once that key is revoked.
    if !change.approvals().any(|vote| vote.person == me && vote.key == key.fingerprint()) {
        return Ok(None);
    }
    let now = session.state().moment(context.env.now());
    let governance = governance_about(session, &change, now)?;
    let tally = change.tally(&governance, now)?;
    let open = matches!(change.status(&governance, now)?, Status::AwaitingApproval | Status::Approved);
    if !open || !tally.counted.iter().any(|vote| vote.person == me) || renews(&change, &governance, &me, now)? {
        return Ok(None);
    }
    let obstacle = cannot_start(session, &change, &governance, now)?;
    let (have, next) = (output::count(&tally), output::next_step(&tally, obstacle.as_ref()));
    Ok(Some(trf!(
        "{id} already approved by you ({have}); {next}; nothing was recorded",
        "{id} 已由您批准（{have}）；{next}；未记录任何内容"
    )))
}

/// Why the approval renews an earlier one, if it does.
///
/// # Errors
/// The register cannot be read.
pub(super) fn renewal(
    context: &Context<'_>,
    session: &Session,
    id: ChangeId,
    me: &PersonId,
) -> Result<Option<String>, Error> {
    let change = change(session, id)?;
    if !change.approvals().any(|vote| vote.person == *me) {
        return Ok(None);
    }
    let now = session.state().moment(context.env.now());
    let governance = governance_about(session, &change, now)?;
    let tally = change.tally(&governance, now)?;
    let expires = change.expiring(&governance, now)?.into_iter().find(|(vote, _)| vote.person == *me);
    let void = tally.void.iter().find(|(vote, _)| vote.person == *me);
    if let Some((_, expires)) = expires {
        let when = output::ago(expires, now.claimed);
        return Ok(Some(trf!(
            "Your approval expires {when}, before the window opens; approving again renews it.",
            "您的批准将于 {when}过期，早于窗口开始；再次批准即可续期。"
        )));
    }
    Ok(void.map(|(_, why)| {
        let why = output::void_reason(why, now.claimed);
        trf!(
            "Your earlier approval does not count ({why}); approving again renews it.",
            "您先前的批准不计入（{why}）；再次批准即可续期。"
        )
    }))
}

/// What an approver decides at the question.
enum Decision {
    Approve,
    /// For this reason.
    Reject(Text),
}

/// Shows a revision, in the pager if there is one, then what matters of it and the question.
fn decide<P: FnMut(&mut Session) -> Result<Plan, Error>>(
    context: &mut Context<'_>,
    session: &Session,
    revision: RevisionRef,
    rehearsal: &mut Rehearsal<P>,
) -> Result<Decision, Error> {
    let id = revision.change;
    let mut long = context.page_above_question();
    write_page(&mut long, session, id, session.state().moment(context.env.now()), Timeline::Newest)?;
    show_changes(&mut long, session, id, rehearsal.actor())?;
    let mut short = context.page_above_question();
    summary(&mut short, session, revision, ToSign::Approve)?;
    renewal(context, session, id, rehearsal.actor())?.iter().for_each(|why| _ = short.text("", why));
    about_to_sign(&mut short, rehearsal.unsigned());
    let (long, short) = (long.legend().finish().to_owned(), short.finish().to_owned());
    let mut letters = vec![
        ('s', tr!("skips it", "跳过")),
        ('r', tr!("rejects it", "驳回")),
        ('v', tr!("shows it again", "再次显示")),
    ];
    letters.extend((revision.number > 1).then_some(('d', tr!("shows the difference", "显示差异"))));
    // The page goes to standard error like the question, even if standard output is redirected.
    context.env.show(&long);
    loop {
        context.env.status(&short);
        match rehearsal.choose(context.env, tr!("approve this revision", "批准此修订"), &id.to_string(), &letters)?
        {
            Choice::Confirmed => return Ok(Decision::Approve),
            Choice::Letter('s') => return Err(Error::Skipped),
            Choice::Letter('r') => match ask_reason(context) {
                Err(Error::NeedReason) => {
                    context.env.status(tr!("no reason given; not rejected", "未说明原因；未驳回"))
                }
                reason => return reason.map(Decision::Reject),
            },
            Choice::Letter('d') => {
                let mut page = context.page_above_question();
                show_changes(&mut page, session, id, rehearsal.actor())?;
                context.env.show(page.legend().finish());
            }
            Choice::Letter(_) => context.env.show(&long),
        }
    }
}

/// Rejects a revision that the approver has read.
fn reject(context: &mut Context<'_>, session: &mut Session, at: RevisionRef, reason: Text) -> Result<(), Error> {
    let plan = |_: &mut Session| Ok(Plan { event: Event::Reject(at), text: Some(reason.clone()) });
    let entry = record(context.recorder(), session, plan)?;
    report_recorded(context, &entry, None, rejected(at.change))
}

/// Shows the differences to the revision that this person last approved, or else to the previous one.
///
/// # Errors
/// The register cannot be read.
pub(super) fn show_changes(page: &mut Page, session: &Session, id: ChangeId, me: &PersonId) -> Result<(), Error> {
    let change = change(session, id)?;
    let current = change.current().id.number;
    let mine = change.votes().iter().rev().find(|vote| vote.person == *me && vote.verdict == Verdict::Approve);
    let number = |filed| change.revisions().find(|it| it.id.filed == filed).map(|it| it.id.number);
    let since = mine.and_then(|vote| number(vote.revision)).unwrap_or(current.saturating_sub(1));
    if (1..current).contains(&since) {
        let heading = if mine.is_some() {
            trf!("changes since revision {since}, which you approved", "与您批准过的修订 {since} 相比的变化")
        } else {
            trf!("changes since revision {since}, the previous one", "与上一个修订（修订 {since}）相比的变化")
        };
        page.block(&heading);
        diff::between(page, session, id, (since, current), Equal::Near)?;
    }
    Ok(())
}
