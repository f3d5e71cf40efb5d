//! The changes that a person takes part in and need not act on now, for the home page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::look::inbox::Waiting;
use crate::domain::{Moment, PersonId, Status, Time};
use crate::error::Error;
use crate::output::{self, Reading, ago, measure, padded, visible};
use crate::store::{ChangeFilter, ChangeOrder, ChangeRow, Session};
use crate::{tr, trf};

/// A change that awaits somebody else.
pub struct Own {
    row: ChangeRow,
    status: Status,
    /// `1 of 2`: the approvals that count, of those that are needed.
    approvals: String,
}

impl Own {
    /// The item of `changes` in JSON.
    pub fn json(&self) -> Value {
        json!({
            "change": self.row.id.to_string(),
            "status": self.status.to_string(),
            "title": self.row.title,
            "window_start": self.row.opens.to_string(),
        })
    }
}

/// The open changes that this person filed, owns, wrote or implements, without those of their inbox, by their windows.
///
/// # Errors
/// The register cannot be read.
pub fn own_changes(session: &Session, me: &PersonId, now: Moment, inbox: &[Waiting]) -> Result<Vec<Own>, Error> {
    let filter = ChangeFilter {
        stored_statuses: BTreeSet::from([Status::AwaitingApproval, Status::InProgress]),
        part_of: Some(me.clone()),
        order: ChangeOrder::Window,
        ..ChangeFilter::default()
    };
    let mut rows = session.queries().changes(&filter)?;
    rows.retain(|row| inbox.iter().all(|it| it.subject != row.id.to_string()));
    let judged = session.ask_each(None, rows.iter().map(|row| row.id), |change, governance| {
        let tally = change.tally(governance, now)?;
        Ok((change.status(governance, now)?, output::count(&tally)))
    })??;
    let own = rows.into_iter().zip(judged).map(|(row, (status, approvals))| Own { row, status, approvals });
    Ok(own.filter(|it| it.status != Status::Expired).collect())
}

/// These changes as the inbox writes its items: the title behind the id, then what matters.
pub fn text_of(context: &Context<'_>, own: &[Own], now: Time) -> String {
    let mut page = context.page();
    page.block(&trf!("your other changes ({})", "您的其他变更单（{}）", own.len()));
    let width = own.iter().map(|it| measure(&it.row.id.to_string())).max().unwrap_or_default();
    for it in own {
        let status = match it.status {
            Status::AwaitingApproval => trf!("{} ({})", "{}（{}）", it.status.phrase(), it.approvals),
            status => status.phrase(),
        };
        let opens = ago(it.row.opens, now);
        let opens = match it.row.opens > now {
            true => trf!("window opens {opens}", "窗口 {opens}开始"),
            false => trf!("window opened {opens}", "窗口已于 {opens}开始"),
        };
        let title = it.row.title.as_deref().unwrap_or(tr!("(text redacted)", "（文本已隐去）"));
        page.text(&format!("{} ", padded(&it.row.id.to_string(), width)), visible(title, Reading::Prose));
        page.text(&" ".repeat(width + 1), trf!("{status}; {opens}", "{status}；{opens}"));
    }
    page.finish().trim_start().to_owned()
}
