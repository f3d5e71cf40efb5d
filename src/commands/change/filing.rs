//! Records a draft, as a new change or as a new revision of one; in the editor, until it has no faults.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use crate::commands::ask::{Yes, yes_or_no};
use crate::commands::change::again::Again;
use crate::commands::change::check::{CheckedDraft, DraftFile, approvals_needed, read_draft};
use crate::commands::change::commits::check_range;
use crate::commands::change::drafts;
use crate::commands::lookup::{change, governance_about, parts};
use crate::commands::overlaps::told;
use crate::commands::recorded::{about_to_file, draft_parts};
use crate::commands::{Context, report_recorded};
use crate::domain::{Change, ChangeId, Conflicts, Event, Facts, Line, RevisionRef, Text};
use crate::error::{AccountError, Error, FileAct};
use crate::format::{Entry, Unsigned};
use crate::input::{mark_faults, marks_in, without_marks};
use crate::output::{Equal, Gutter, diff, kind_of, list, overlaps, safe_lines};
use crate::record::{Plan, Rehearsal, rehearse};
use crate::store::Session;
use crate::{tr, trf};

/// What a draft becomes.
#[derive(Debug, Clone, Copy)]
pub enum Becomes {
    /// A new change.
    Change,
    /// The next revision of a change.
    Revision {
        /// Of which change.
        of: ChangeId,
        /// The revision from which the draft was made; `None` for the one that is current when it is read.
        from: Option<RevisionRef>,
    },
}

impl Becomes {
    /// The change that is revised.
    pub fn revises(self) -> Option<ChangeId> {
        match self {
            Self::Change => None,
            Self::Revision { of, .. } => Some(of),
        }
    }

    /// The revision from which the draft was made.
    fn made_from(self) -> Option<RevisionRef> {
        match self {
            Self::Change => None,
            Self::Revision { from, .. } => from,
        }
    }

    /// The act, behind "about to sign:".
    fn act(self) -> String {
        match self {
            Self::Change => tr!("file a new change", "提交新变更单").to_owned(),
            Self::Revision { of, .. } => trf!("revise {of}", "修订 {of}"),
        }
    }
}

/// Makes a draft of `text`, and records it: after the editor if it `edits`.
///
/// # Errors
/// As [`record`]. At a terminal the draft is kept.
pub fn compose_and_record(
    context: &mut Context<'_>,
    becomes: Becomes,
    text: &str,
    (edits, commits, again): (bool, Option<String>, Again),
) -> Result<(), Error> {
    commits.as_deref().map(check_range).transpose()?;
    let path = drafts::keep(context, text, becomes.made_from())?;
    if edits {
        return edit_and_record(context, becomes, (&path, Some(text)), commits);
    }
    let from = DraftFile::begun(&path, drafts::number_of(&path), commits);
    let recorded = record(context, becomes, &from, again);
    if recorded.is_err() && (context.options.dry_run || !context.env.console.is_interactive()) {
        // It can be made again from the options, and nobody would resume it.
        drafts::remove(&path)?;
        return recorded;
    }
    finish(context, &path, recorded)
}

/// Opens a draft in the editor until it has no faults and is recorded, or until the user leaves it. Faults stand as comments
/// above their lines.
///
/// A draft that is still as it was `offered` is deleted.
///
/// # Errors
/// As [`record`]; the draft is kept.
pub fn edit_and_record(
    context: &mut Context<'_>,
    becomes: Becomes,
    (path, offered): (&Path, Option<&str>),
    commits: Option<String>,
) -> Result<(), Error> {
    let from = DraftFile::begun(path, drafts::number_of(path), commits);
    // A draft that is resumed may have the marks of its last faults.
    let mut comments = match offered {
        Some(_) => Vec::new(),
        None => marks_in(&fs::read_to_string(path).unwrap_or_default()),
    };
    loop {
        let edited = context.env.edit(path);
        let edited = edited.map_err(|source| Error::File { doing: FileAct::Edit, path: path.to_owned(), source });
        if !path.exists() {
            // Filed or discarded meanwhile.
            return edited.and(Err(AccountError::NoDraft(drafts::number_of(path)).into()));
        }
        let text = without_marks(&fs::read_to_string(path).unwrap_or_default(), &comments);
        if offered.is_some_and(|offered| text == offered) {
            drafts::remove(path)?;
            return edited.and(Err(AccountError::NothingWritten.into()));
        }
        if !comments.is_empty() {
            drafts::replace(path, &text)?;
        }
        let recorded = edited.and_then(|()| record(context, becomes, &from, Again::default()));
        match recorded {
            Err(Error::Faults { path: name, faults }) if context.env.console.is_interactive() => {
                let marked = mark_faults(&text, &faults);
                drafts::replace(path, &marked.text)?;
                comments = marked.comments;
                let (said, _) = Error::Faults { path: name, faults: marked.faults }.on_screen(context.env.err_width);
                let said = safe_lines(&said);
                context.env.status(trf!("error: {said}", "错误：{said}"));
                let question = tr!("Edit it again? n keeps the draft", "是否重新编辑？n 保留草稿");
                if !yes_or_no(context.env, question, Yes::Short)? {
                    return finish(context, path, Err(Error::NotConfirmed));
                }
            }
            recorded => return finish(context, path, recorded),
        }
    }
}

/// Says where a draft is kept that was not recorded.
fn finish(context: &mut Context<'_>, path: &Path, recorded: Result<(), Error>) -> Result<(), Error> {
    let n = drafts::number_of(path);
    match recorded {
        // It was recorded, or another process has discarded it.
        Err(error) if error.is_after_recording() || !path.exists() => Err(error),
        Err(Error::NotConfirmed) => Err(AccountError::NotFiled(n).into()),
        Err(error) => {
            context.env.status(trf!(
                "kept as draft {n}; go on with: `twinseal drafts resume {n}`",
                "已保留为草稿 {n}；继续：`twinseal drafts resume {n}`"
            ));
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// Shows everything that a draft says and what it changes, and asks whether to record it.
fn ask(
    context: &mut Context<'_>,
    session: &Session,
    (becomes, revised): (Becomes, Option<&Change>),
    (checked, entry): (&CheckedDraft, Option<&Unsigned>),
) -> Result<(), Error> {
    let mut page = context.page_above_question();
    page.block(&trf!("about to sign: {}", "即将签名：{}", becomes.act()));
    about_to_file(&mut page, entry, &checked.draft);
    if let (Some(revised), Some(entry)) = (revised, entry) {
        let (old, new) = (revised.current(), draft_parts(entry, &checked.draft));
        page.block(&trf!("changes since revision {}", "与修订 {} 相比的变化", old.id.number));
        diff(&mut page, &parts(session, old.seq)?, &new, Equal::Near);
    }
    context.env.show(page.finish().trim_start());
    let (draft, mut page) = (&checked.draft, context.page_above_question());
    page.quote_text(Gutter::Prose, draft.description.title.as_ref().map_or("", Line::as_str));
    let (kind, risk) = (kind_of(&draft.facts), draft.facts.risk.phrase());
    page.field(tr!("kind, risk", "类型、风险"), trf!("{kind}, {risk}", "{kind}，{risk}风险"));
    page.field(tr!("services", "服务"), list(&draft.facts.services));
    page.field(tr!("window", "变更窗口"), context.clock().window(&draft.facts.window));
    context.env.status(format_args!("\n{}", page.legend().finish()));
    let question = match revised.map(|it| it.current().id) {
        Some(RevisionRef { change, number, .. }) => {
            let number = number + 1;
            trf!("File revision {number} of {change}? n keeps the draft", "是否提交 {change} 修订 {number}？n 保留草稿")
        }
        None => tr!("File it? n keeps the draft", "是否提交？n 保留草稿").to_owned(),
    };
    let files = yes_or_no(context.env, &format!("\n{question}"), Yes::Short)?;
    if files { Ok(()) } else { Err(Error::NotConfirmed) }
}

/// Records a draft. One of this account, which the user may not have seen as it is, is shown before and deleted after.
///
/// # Errors
/// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
pub fn record(context: &mut Context<'_>, becomes: Becomes, from: &DraftFile, again: Again) -> Result<(), Error> {
    let mut session = context.open()?;
    // Fixed before the draft is read: a revision filed meanwhile must not be replaced unseen.
    let revised = becomes.revises().map(|of| change(&session, of)).transpose()?;
    let current = revised.as_ref().map(|it| it.current().id);
    let replaces = match becomes {
        Becomes::Revision { from: Some(from), .. } => Some(from),
        _ => current,
    };
    let checked = read_draft(context, Some(&session), from)?;
    let need = approvals_needed(&session, &checked.draft.facts, &checked.draft.whole().1)?;
    let voided = revised.as_ref().map(|it| counted(context, &session, it)).transpose()?.unwrap_or_default();
    let about = (becomes, revised.as_ref(), replaces);
    let recorded = loop {
        match ask_and_record(context, &mut session, about, (&checked, from), again) {
            Err(Error::OtherSince) => context.env.status(tr!(
                "warning: meanwhile other changes overlap it; it was not recorded yet",
                "警告：与其冲突的变更单已有变动；尚未记录"
            )),
            recorded => break recorded,
        }
    };
    let filed = recorded.as_ref().map_or_else(Error::is_after_recording, |_| true);
    let removed = from.begun_at().filter(|_| filed).map_or(Ok(()), drafts::remove);
    let entry = recorded?;
    removed.map_err(|error| error.after(entry.header.seq))?;
    report(context, &entry, replaces, (&need, &voided))
}

/// Shows a valid draft, asks, and records it.
///
/// # Errors
/// [`Error::OtherSince`] if it overlaps other changes by then than those that the user was asked about.
fn ask_and_record(
    context: &mut Context<'_>,
    session: &mut Session,
    (becomes, revised, replaces): (Becomes, Option<&Change>, Option<RevisionRef>),
    (checked, from): (&CheckedDraft, &DraftFile),
    again: Again,
) -> Result<Entry, Error> {
    let draft = &checked.draft;
    let (met, agreed) = (RefCell::new(Conflicts::new()), RefCell::new(None));
    let rehearsal = rehearse(&mut context.recorder(), session, |session| {
        let (facts, execution) = (Box::new(draft.facts.clone()), Box::new(draft.execution.clone()));
        let event = match replaces {
            Some(replaces) => Event::Revise { replaces, facts, execution },
            None => Event::File { change: session.state().next_change(), facts, execution },
        };
        let event = session.ask(|state| Ok(state.listing(event.clone())?))??;
        let listed = event.conflicts().cloned().unwrap_or_default();
        if agreed.borrow().as_ref().is_some_and(|agreed| *agreed != listed) {
            return Err(Error::OtherSince);
        }
        met.replace(listed);
        Ok(Plan { event, text: Some(Text::Description(Box::new(draft.description.clone()))) })
    })?;
    let shown = met.borrow().clone();
    let asks = check_and_ask(context, session, (becomes, revised), (checked, &rehearsal, from), (again, &shown))?;
    if asks {
        agreed.replace(Some(shown));
    }
    rehearsal.record(context.recorder(), session)
}

/// Says which open changes a draft overlaps: those that approvers will sign for.
fn note_overlaps(
    context: &mut Context<'_>,
    session: &Session,
    (of, facts): (ChangeId, &Facts),
    listed: &Conflicts,
) -> Result<(), Error> {
    let now = session.state().moment(context.env.now());
    for overlap in overlaps(&told(session, (of, facts), (listed, None), now)?, now.claimed) {
        let overlap = safe_lines(&overlap);
        let note = trf!("note: it overlaps {overlap}", "注意：与 {overlap} 冲突");
        // A question without its reason is none, so it stands there even with --quiet.
        match context.env.console.is_interactive() {
            true => context.env.status(note),
            false => context.env.remark(note),
        }
    }
    Ok(())
}

/// What may be wrong with a valid draft, and the questions before it is recorded. Returns whether somebody could answer
/// them.
fn check_and_ask<P: FnMut(&mut Session) -> Result<Plan, Error>>(
    context: &mut Context<'_>,
    session: &Session,
    (becomes, revised): (Becomes, Option<&Change>),
    (checked, rehearsal, from): (&CheckedDraft, &Rehearsal<P>, &DraftFile),
    (again, listed): (Again, &Conflicts),
) -> Result<bool, Error> {
    let (draft, now) = (&checked.draft, session.state().moment(context.env.now()));
    checked.check_capacity(now, revised, rehearsal.actor())?;
    let title = draft.description.title.as_ref().map_or("", Line::as_str);
    let similar = match revised {
        // The same words with other conflicts are signed for anew.
        Some(it) if it.current().conflicts != *listed => Vec::new(),
        Some(it) => vec![it.id()],
        None => session.queries().similar(title, &draft.facts.window)?,
    };
    let of = revised.map_or_else(|| session.state().next_change(), Change::id);
    note_overlaps(context, session, (of, &draft.facts), listed)?;
    let confirmed = again.check(context, session, (draft, rehearsal.unsigned()), (&becomes.act(), &similar))?;
    // Freezes can change before the window opens, so a change that they stop can be filed.
    for problem in checked.freeze_problems(session, now, rehearsal.actor())? {
        let problem = problem.to_string();
        let problem = safe_lines(&problem);
        context.env.remark(trf!("note: {problem}", "注意：{problem}"));
    }
    let asks = context.env.console.is_interactive() && !context.options.dry_run;
    match from.begun_at() {
        Some(_) if asks => ask(context, session, (becomes, revised), (checked, rehearsal.unsigned()))?,
        None if asks && !confirmed && !listed.is_empty() => {
            let files = yes_or_no(context.env, tr!("File it all the same?", "是否仍然提交？"), Yes::Short)?;
            files.then_some(()).ok_or(Error::NotConfirmed)?;
        }
        _ => {}
    }
    Ok(asks)
}

/// Whose approvals of a change count now.
fn counted(context: &Context<'_>, session: &Session, revised: &Change) -> Result<Vec<String>, Error> {
    let now = session.state().moment(context.env.now());
    let tally = revised.tally(&governance_about(session, revised, now)?, now)?;
    Ok(tally.counted.iter().map(|vote| vote.person.to_string()).collect())
}

/// Reports a recorded draft: which approvals it needs, and which it voided.
fn report(
    context: &mut Context<'_>,
    entry: &Entry,
    replaces: Option<RevisionRef>,
    (need, voided): (&str, &[String]),
) -> Result<(), Error> {
    let Some(change) = entry.event.change() else { return Ok(()) };
    let Some(replaces) = replaces else {
        let said = trf!(
            "{change} filed; {need}; `twinseal show {change}` shows it",
            "{change} 已提交；{need}；查看：`twinseal show {change}`"
        );
        return report_recorded(context, entry, Some(format!("{change} revision 1 {}", entry.leaf)), said);
    };
    let number = replaces.number + 1;
    let lost = match voided {
        [] => String::new(),
        voided => trf!("; no longer counted: {}", "；不再计入的批准：{}", voided.join(", ")),
    };
    let said = trf!(
        "{change} revised (revision {number}){lost}; {need}; `twinseal diff {change}` shows what changed",
        "{change} 已修订（修订 {number}）{lost}；{need}；查看变化：`twinseal diff {change}`"
    );
    report_recorded(context, entry, Some(format!("{change} revision {number} {}", entry.leaf)), said)
}
