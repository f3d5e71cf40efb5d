//! `review`: review a change after its finish.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::ask::{Yes, yes_or_no};
use crate::commands::files::read_draft;
use crate::commands::lookup::{change, change_id, governance_about, title};
use crate::commands::{Context, Zh, about_to_sign, report_recorded};
use crate::domain::{Change, ChangeId, Event, Review as Reviewed, ReviewAction, ReviewText, Text};
use crate::error::{AccountError, Error, FileAct};
use crate::input::{ReviewDraft, mark_faults, marks_in, read_review, review_template, without_marks};
use crate::output::{safe_lines, timeline_lines};
use crate::private;
use crate::record::{Plan, rehearse};
use crate::store::{Session, StoreError};
use crate::{tr, trf};

/// Review a finished change, without blame
///
/// Engineers and approvers can review any finished change. A review is due after a failed or rolled back change, an
/// emergency and a change of critical risk. While one is overdue, the owner of the change can own no further emergency.
///
/// Without a file, a template with the timeline of the change opens in your editor ($VISUAL or $EDITOR).
#[derive(Debug, Args)]
#[command(zh("对已完成的变更做不追责的评估"))]
#[command(zh_long("\
工程师和审批人可以评估任何已完成的变更。变更失败或已回退、紧急变更以及风险为极高的变更须作评估。逾期未评估时，该变更的负责人不能\
再负责紧急变更。

不给出文件时，在编辑器（$VISUAL 或 $EDITOR）中打开带有该变更时间线的模板。"))]
#[command(after_help = "Examples:
  twinseal review CHG-42
  twinseal review CHG-42 --template > review.toml
  twinseal review CHG-42 review.toml")]
pub struct Review {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Review in TOML; - reads standard input
    #[arg(value_name = "FILE", zh("TOML 格式的评估；- 表示标准输入"))]
    file: Option<PathBuf>,
    /// Print the template, and record nothing
    #[arg(long, conflicts_with = "file", zh("输出模板，不作记录"))]
    template: bool,
}

impl Review {
    /// # Errors
    /// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        if self.template {
            let session = context.open()?;
            let template = template(context, &session, id)?;
            write!(context.env.out, "{template}")?;
            return Ok(());
        }
        match self.file {
            Some(file) => {
                let draft = read_draft(context.env, &file, read_review)?;
                let mut session = context.open()?;
                record(context, &mut session, id, (draft, false))
            }
            None if context.env.console.is_interactive() => edit(context, id),
            None => Err(AccountError::NoReviewGiven(id).into()),
        }
    }
}

/// The template of a review of this change.
fn template(context: &Context<'_>, session: &Session, id: ChangeId) -> Result<String, Error> {
    let (change, now) = (change(session, id)?, session.state().moment(context.env.now()));
    let governance = governance_about(session, &change, now)?;
    let lines = timeline_lines(&change, &change.tally(&governance, now)?, now.claimed);
    Ok(review_template(&change, title(session, id)?.as_deref(), &lines, now.claimed))
}

/// Opens the review in the editor until it has no faults and is recorded, or until the user leaves it. It is a file of this
/// account until it is recorded, and goes on where it was left.
fn edit(context: &mut Context<'_>, id: ChangeId) -> Result<(), Error> {
    let mut session = context.open()?;
    let offered = template(context, &session, id)?;
    let folder = context.registers.scratch().join("reviews");
    private::make_folder(&folder).map_err(StoreError::from)?;
    let path = folder.join(format!("{}.{id}.toml", session.fingerprint()));
    if !path.exists() {
        write(&path, &offered)?;
    }
    let mut comments = marks_in(&read(&path)?);
    loop {
        let edited = context.env.edit(&path);
        edited.map_err(|source| Error::File { doing: FileAct::Edit, path: path.clone(), source })?;
        let text = without_marks(&read(&path)?, &comments);
        if text == offered {
            remove(&path)?;
            return Err(AccountError::NothingWritten.into());
        }
        match read_review(&text) {
            Ok(draft) => {
                write(&path, &text)?;
                let recorded = record(context, &mut session, id, (draft, true));
                if recorded.as_ref().map_or_else(Error::is_after_recording, |()| true) {
                    remove(&path)?;
                } else {
                    kept(context, id);
                }
                return recorded;
            }
            Err(faults) => {
                let marked = mark_faults(&text, &faults);
                write(&path, &marked.text)?;
                comments = marked.comments;
                let path = path.display().to_string();
                let (said, _) = Error::Faults { path, faults: marked.faults }.on_screen(context.env.err_width);
                let said = safe_lines(&said);
                context.env.status(trf!("error: {said}", "错误：{said}"));
                let question = tr!("Edit it again? n keeps the review", "是否重新编辑？n 保留评估");
                if !yes_or_no(context.env, question, Yes::Short)? {
                    kept(context, id);
                    return Err(Error::NotConfirmed);
                }
            }
        }
    }
}

fn kept(context: &mut Context<'_>, id: ChangeId) {
    context.env.status(trf!("kept; go on with: `twinseal review {id}`", "已保留；继续：`twinseal review {id}`"));
}

/// The text of a review. One in another encoding than UTF-8 stays as it is.
fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { doing: FileAct::Read, path: path.to_owned(), source })
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    Ok(private::replace(path, text).map_err(StoreError::from)?)
}

fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(|source| Error::File { doing: FileAct::Remove, path: path.to_owned(), source })
}

/// Records a review; one from the editor only after a question.
fn record(
    context: &mut Context<'_>,
    session: &mut Session,
    id: ChangeId,
    (draft, asks): (ReviewDraft, bool),
) -> Result<(), Error> {
    let shown = plan(&change(session, id)?, &draft).event;
    let rehearsal = rehearse(&mut context.recorder(), session, |session| {
        let plan = plan(&change(session, id)?, &draft);
        // Another review came first, and has the numbers of these actions.
        if plan.event == shown { Ok(plan) } else { Err(Error::OtherSince) }
    })?;
    if context.env.console.is_interactive() {
        let mut page = context.page_above_question();
        page.block(&trf!("about to sign: the review of {id}", "即将签名：{id} 的评估"));
        about_to_sign(&mut page, rehearsal.unsigned());
        context.env.status(format_args!("{}\n", page.finish().trim_start()));
        let question = tr!("Record it? n keeps the review", "是否记录？n 保留评估");
        if asks && !context.options.dry_run && !yes_or_no(context.env, question, Yes::Short)? {
            return Err(Error::NotConfirmed);
        }
    }
    let entry = rehearsal.record(context.recorder(), session)?;
    let actions = draft.actions.len();
    let said = match actions {
        0 => trf!("{id} reviewed; close it: `twinseal close {id}`", "{id} 已评估；关闭：`twinseal close {id}`"),
        _ => trf!(
            "{id} reviewed; actions: {actions}; close it: `twinseal close {id}`",
            "{id} 已评估；改进事项：{actions} 个；关闭：`twinseal close {id}`"
        ),
    };
    report_recorded(context, &entry, None, said)
}

/// The review as an entry records it: its actions go on from those of earlier reviews.
fn plan(change: &Change, draft: &ReviewDraft) -> Plan {
    let numbered = || (change.actions().len() as u64 + 1..).zip(&draft.actions);
    let actions =
        numbered().map(|(number, (_, owner, due))| ReviewAction { number, owner: owner.clone(), due: *due }).collect();
    let texts = numbered().map(|(number, (text, ..))| (number, text.clone())).collect();
    let text = ReviewText { actions: texts, ..draft.text.clone() };
    let event = Event::Review(Reviewed { revision: change.current().id, actions });
    Plan { event, text: Some(Text::Review(Box::new(text))) }
}
