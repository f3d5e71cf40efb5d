//! `approve --all-of`: several revisions on one page, signed by one answer.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::commands::change::approve::{approved, approved_before, overview, renewal, show_changes};
use crate::commands::files::read_text;
use crate::commands::look::show::{marked_parts, write_beside_signed};
use crate::commands::lookup::{change, change_id, check_named_once, governance_about, is_about_one, name_of_input};
use crate::commands::{Context, report_already, report_dry_run};
use crate::domain::{ChangeId, Digest, Event, PersonId, RevisionRef, Risk, Text, Time};
use crate::error::{Error, SeveralError, shell_word};
use crate::format::{Entry, Unsigned};
use crate::input::{Fault, Problem};
use crate::key_choice::confirm;
use crate::output::together::{Member, about_to_be_signed, revisions};
use crate::output::{self, Parts, safe};
use crate::record::{Plan, record, rehearse};
use crate::store::Session;
use crate::{tr, trf};

/// How many hexadecimal digits of the digest are typed.
const TYPED: usize = 8;

/// Approves the changes of a list together: all of them, or none.
///
/// # Errors
/// [`SeveralError`]; a rule refuses one, or it cannot be recorded.
pub(super) fn approve_all(
    context: &mut Context<'_>,
    list: &str,
    given: Option<Digest>,
    text: Option<&Text>,
) -> Result<(), Error> {
    let ids = read_list(context, list)?;
    let mut session = context.open()?;
    // Fixed before they are shown: a revision filed while the approver reads must not be signed unread.
    let named = ids.iter().map(|id| Ok(change(&session, *id)?.current().id)).collect::<Result<Vec<_>, Error>>()?;
    let judged = judge(context, &mut session, &named, text)?;
    if judged.open.is_empty() {
        return report_already(
            context,
            tr!("all of them are approved by you already; nothing was recorded", "您已全部批准；未记录任何内容"),
        );
    }
    let digest = digest_of(&judged.open);
    if context.env.console.is_interactive() || context.options.dry_run && !context.ui.json {
        show(context, &session, &judged, digest)?;
    }
    let Judged { open, already, .. } = judged;
    match given {
        Some(given) if given != digest => {
            return Err(Error::OtherDigest { flag: "--digest", given, found: digest });
        }
        Some(_) => {}
        None if context.options.dry_run => {}
        None if !context.env.console.is_interactive() => {
            let shows = format!("`twinseal approve --all-of {} --dry-run`", safe(&shell_word(list)));
            return Err(Error::NeedDigest { flag: "--digest", shows });
        }
        None => {
            let word = format!("{} {}", open.len(), digest.to_string().get(..TYPED).unwrap_or_default());
            confirm(context.env, tr!("approve all of them", "全部批准"), &word)?;
        }
    }
    check_unmoved(context, &mut session, &open, text)?;
    let done = record_all(context, &mut session, &open, text)?;
    if context.ui.json && !context.options.dry_run {
        let already = output::json::list(already);
        let answer = json!({ "digest": digest.to_string(), "approved": done.answers, "already": already });
        context.ui.print_json(context.env, answer).map_err(|error| error.after(done.newest))?;
    }
    Ok(())
}

/// The changes of a list, in the order of their numbers.
fn read_list(context: &mut Context<'_>, list: &str) -> Result<Vec<ChangeId>, Error> {
    let named: Result<Vec<ChangeId>, Error> = list.split(',').map(|it| change_id(it.trim())).collect();
    let file = Path::new(list);
    let mut ids = match named {
        Err(error) if list != "-" && !context.env.path(file).exists() => return Err(error),
        Err(_) => read_lines(&read_text(context.env, file)?)
            .map_err(|faults| Error::Faults { path: name_of_input(file), faults })?,
        Ok(ids) => ids,
    };
    check_named_once(&ids)?;
    ids.sort();
    Ok(ids)
}

/// One id in each line; an empty line and one that begins with `#` are no id.
fn read_lines(text: &str) -> Result<Vec<ChangeId>, Vec<Fault>> {
    let (mut ids, mut faults) = (Vec::new(), Vec::new());
    let lines = (1..).zip(text.lines().map(str::trim));
    for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let fault = |problem| Fault::in_line(number, line, 0..line.len(), "", problem);
        match change_id(line) {
            Ok(id) => ids.push(id),
            Err(Error::Value { invalid, .. }) => faults.push(fault(Problem::Value(invalid))),
            Err(_) => faults.push(fault(Problem::Missing)),
        }
    }
    if ids.is_empty() && faults.is_empty() {
        faults.push(Fault::of_file("", Problem::Missing));
    }
    if faults.is_empty() { Ok(ids) } else { Err(faults) }
}

/// The SHA-256 of the leaf hashes of the entries that filed these revisions, one on each line, by number of the change.
fn digest_of(revisions: &[RevisionRef]) -> Digest {
    let lines: String = revisions.iter().map(|it| format!("{}\n", it.filed)).collect();
    Digest::new(Sha256::digest(lines).into())
}

/// The verdict on every change of the list.
struct Judged {
    /// The revisions to approve.
    open: Vec<RevisionRef>,
    /// The changes that need no other approval by this person.
    already: Vec<ChangeId>,
    /// The entries that would be signed, for the page.
    entries: Vec<Member>,
    /// Who would sign them.
    actor: Option<PersonId>,
}

fn plan(revision: RevisionRef, text: Option<&Text>) -> impl FnMut(&mut Session) -> Result<Plan, Error> {
    move |_| Ok(Plan { event: Event::Approve(revision), text: text.cloned() })
}

fn judge(
    context: &mut Context<'_>,
    session: &mut Session,
    named: &[RevisionRef],
    text: Option<&Text>,
) -> Result<Judged, Error> {
    let mut judged = Judged { open: Vec::new(), already: Vec::new(), entries: Vec::new(), actor: None };
    let mut refused = Vec::new();
    for revision in named {
        let id = revision.change;
        if let Some(said) = approved_before(context, session, id)? {
            context.env.remark(said);
            judged.already.push(id);
            continue;
        }
        match rehearse(&mut context.recorder(), session, plan(*revision, text)) {
            Ok(rehearsal) => {
                judged.open.push(*revision);
                judged.actor = Some(rehearsal.actor().clone());
                let parts = |it: &Unsigned| Parts::new(it.body().as_bytes(), it.text(), it.data());
                let entry = rehearsal.unsigned().map(|it| Member { name: id.to_string(), parts: parts(it) });
                judged.entries.extend(entry);
            }
            Err(error) if is_about_one(&error) => {
                context.env.status(cannot_be_approved(id, &error));
                refused.push(id);
            }
            Err(error) => return Err(error),
        }
    }
    if refused.is_empty() {
        return Ok(judged);
    }
    let others = judged.open.iter().map(|it| it.change).collect();
    Err(SeveralError::NoneApproved { refused, others }.into())
}

fn cannot_be_approved(id: ChangeId, error: &Error) -> String {
    let why = error.to_string();
    let why = safe(&why);
    trf!("{id} cannot be approved: {why}", "{id} 不能批准：{why}")
}

/// Shows a table, the state of every change, every line of every revision, and what is about to be signed; then a summary
/// above the question.
fn show(context: &mut Context<'_>, session: &Session, judged: &Judged, digest: Digest) -> Result<(), Error> {
    let ids: Vec<ChangeId> = judged.open.iter().map(|it| it.change).collect();
    let now = session.state().moment(context.env.now());
    let mut long = context.page_above_question();
    let mut members = Vec::new();
    for id in &ids {
        write_beside_signed(&mut long, session, *id, now)?;
        if let Some(me) = &judged.actor {
            show_changes(&mut long, session, *id, me)?;
        }
        let change = change(session, *id)?;
        let governance = governance_about(session, &change, now)?;
        members.push(Member { name: id.to_string(), parts: marked_parts(session, change.current().seq, &governance)? });
    }
    let count = ids.len();
    let each = trf!("of {count} revisions, each line once", "共 {count} 个修订，每一行只显示一次");
    long.block(tr!("signed lines", "已签名的行")).text("", each);
    revisions(&mut long, &members);
    if !judged.entries.is_empty() {
        long.block(tr!("about to sign: an approval of each", "即将签名：逐一批准"));
        about_to_be_signed(&mut long, &judged.entries);
    }
    let table = overview(context, session, &ids)?;
    context.env.show(&format!("{table}{}", long.legend().finish()));
    let short = summary(context, session, judged, digest)?;
    context.env.status(short);
    Ok(())
}

/// What is about to be signed, in a few lines above the question.
fn summary(context: &Context<'_>, session: &Session, judged: &Judged, digest: Digest) -> Result<String, Error> {
    let ids: Vec<ChangeId> = judged.open.iter().map(|it| it.change).collect();
    let mut short = context.page_above_question();
    let count = ids.len();
    let heading = match count {
        1 => trf!("about to sign: approve 1 change", "即将签名：批准 1 个变更单"),
        _ => trf!("about to sign: approve {count} changes", "即将签名：批准 {count} 个变更单"),
    };
    short.block(&heading);
    short.text("", output::list(&ids));
    let (mut risks, mut opens) = (Vec::new(), Vec::<(Time, String)>::new());
    for id in &ids {
        let facts = change(session, *id)?.current().facts.clone();
        risks.push(facts.risk);
        opens.push((facts.window.start(), context.clock().minute(facts.window.start(), facts.window.zone().as_str())));
        if let Some(me) = &judged.actor {
            let why = renewal(context, session, *id, me)?;
            why.iter().for_each(|why| _ = short.text(&format!("{id}:"), why));
        }
    }
    let count = |risk: &Risk| (risks.iter().filter(|it| *it == risk).count(), *risk);
    let counts = Risk::ALL.iter().rev().map(count).filter(|(count, _)| *count > 0);
    let counted = |(count, risk): (usize, Risk)| trf!("{count} {} risk", "{count} 个{}风险", risk.phrase());
    short.text("", output::list(counts.map(counted)));
    if let Some((_, first)) = opens.iter().min() {
        short.text("", trf!("the first window opens {first}", "最早的窗口开始：{first}"));
    }
    short.text("", trf!("digest {digest}", "摘要 {digest}"));
    Ok(short.finish().to_owned())
}

/// Fails if any of them changed while the approver read. The passphrase is typed before, because that takes time too.
fn check_unmoved(
    context: &mut Context<'_>,
    session: &mut Session,
    open: &[RevisionRef],
    text: Option<&Text>,
) -> Result<(), Error> {
    let key = context.key_choice.key_for(session)?;
    if key.is_locked() && !context.options.dry_run {
        context.key_choice.unlock(context.env, key)?;
    }
    session.refresh(context.env.now(), &mut |_| {})?;
    let mut moved = Vec::new();
    for revision in open {
        let mut judging = context.recorder();
        judging.dry_run = true;
        let same = change(session, revision.change)?.current().id == *revision;
        match rehearse(&mut judging, session, plan(*revision, text)) {
            Ok(_) if same => {}
            Ok(_) => moved.push(revision.change),
            Err(error) if is_about_one(&error) => {
                context.env.status(cannot_be_approved(revision.change, &error));
                moved.push(revision.change);
            }
            Err(error) => return Err(error),
        }
    }
    if moved.is_empty() { Ok(()) } else { Err(SeveralError::Moved(moved).into()) }
}

/// What was recorded.
#[derive(Default)]
struct Recorded {
    answers: Vec<Value>,
    newest: u64,
}

/// Records one approval after the other. A failure says which are recorded.
fn record_all(
    context: &mut Context<'_>,
    session: &mut Session,
    open: &[RevisionRef],
    text: Option<&Text>,
) -> Result<Recorded, Error> {
    let mut done = Recorded::default();
    for (at, revision) in open.iter().enumerate() {
        let recorded = record(context.recorder(), session, plan(*revision, text));
        let said = match recorded {
            Err(Error::WouldRecord(entry)) => report_dry_run(context, &entry),
            recorded => recorded.and_then(|entry| {
                report(context, session, &entry, &mut done).map_err(|error| error.after(entry.header.seq))
            }),
        };
        if let Err(source) = said {
            let (recorded, open) = open.split_at(at + usize::from(source.is_after_recording()));
            let ids = |revisions: &[RevisionRef]| revisions.iter().map(|it| it.change).collect();
            return Err(SeveralError::Stopped { recorded: ids(recorded), open: ids(open), source }.into());
        }
    }
    context.ui.report_recorded_notices(context.env);
    Ok(done)
}

/// Says what was recorded, and keeps it for the answer in JSON.
fn report(context: &mut Context<'_>, session: &Session, entry: &Entry, done: &mut Recorded) -> Result<(), Error> {
    let Entry { header, event, text, leaf } = entry;
    let Some(id) = event.change() else { return Ok(()) };
    let (said, requirements) = approved(context, session, id)?;
    let recorded = output::json::entry(header, event, text.as_ref(), *leaf);
    done.answers.push(json!({ "recorded": recorded, "requirements": requirements }));
    done.newest = header.seq;
    context.env.remark(said);
    Ok(())
}
