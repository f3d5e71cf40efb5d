//! The changes that a person takes part in and need not act on now, for the home page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::commands::look::inbox::Waiting;
use crate::domain::{Moment, PersonId, Status, Time};
use crate::error::Error;
use crate::output::{self, ago, table};
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

/// The table of these changes. `width` is that of the terminal.
pub fn table_of(own: &[Own], now: Time, width: Option<u16>) -> String {
    let row = |it: &Own| {
        let status = match it.status {
            Status::AwaitingApproval => trf!("{} ({})", "{}（{}）", it.status.phrase(), it.approvals),
            status => status.phrase(),
        };
        let title = it.row.title.clone().unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned());
        [it.row.id.to_string(), status, ago(it.row.opens, now), title]
    };
    let header = [
        tr!("YOUR CHANGE", "我的变更单"),
        tr!("STATUS", "状态"),
        tr!("WINDOW OPENS", "窗口开始"),
        tr!("TITLE", "标题"),
    ];
    table(header, own.iter().map(row).collect(), width)
}
