//! `list`: changes, newest first, or some of them in another order.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use rusqlite::Row;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::lookup::{parse, time};
use crate::domain::{ChangeId, ChangeKind, Invalid, PersonId, Risk, ServiceId, Status, Tag, Time};
use crate::error::Error;
use crate::output::{ago, json::change_line, moment, table};
use crate::store::{Session, StoreError, parsed};

/// List changes, newest first
///
/// Example: twinseal list --status approved --service order-gateway --sort window
#[derive(Debug, Args)]
pub struct List {
    /// Only changes that stand so: awaiting-approval, approved, rejected, withdrawn, expired, in-progress, succeeded, failed,
    /// rolled-back
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only those of this owner
    #[arg(long, value_name = "PERSON")]
    owner: Option<String>,
    /// Only those that touch this service
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Only those with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only those of this risk: low, medium, high, critical
    #[arg(long, value_name = "RISK")]
    risk: Option<String>,
    /// Only those of this kind: standard, normal, emergency
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only those whose window ends after this time, with its offset
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only those whose window starts before this time, with its offset
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only those with these words anywhere in their text
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// In which order
    #[arg(long, value_enum, default_value_t = Order::Newest)]
    sort: Order,
    /// How many at most
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// An order of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Filed last first
    Newest,
    /// Filed first first
    Oldest,
    /// By the start of their windows
    Window,
    /// The worst first
    Risk,
}

impl Order {
    fn sql(self) -> &'static str {
        match self {
            Self::Newest => "id DESC",
            Self::Oldest => "id",
            Self::Window => "window_start, id",
            Self::Risk => {
                "CASE risk WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, id DESC"
            }
        }
    }
}

/// How many changes are folded at a time, until enough were found.
const AT_A_TIME: usize = 64;

/// What is asked for: what the tables can answer, and what only a look at the change can.
struct Query {
    sql: String,
    values: Vec<Sql>,
    status: Option<Status>,
    text: Option<String>,
}

/// A change as it is listed.
struct Listed {
    id: ChangeId,
    status: Status,
    kind: ChangeKind,
    risk: Risk,
    owner: String,
    opens: Time,
    zone: String,
    /// The entry that filed its current revision.
    filed: u64,
    title: Option<String>,
}

impl List {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let query = self.query()?;
        let mut session = context.open()?;
        let (found, more) = self.select(context, &mut session, &query)?;
        if found.is_empty() && !context.options.json {
            context.env.status(nothing(&session));
            return Ok(());
        }
        if context.options.json {
            let changes = lines(&mut session, &found)?;
            context.print_json(&json!({ "changes": changes, "more": more }))?;
        } else {
            let rows = found.iter().map(|it| row(context, it)).collect();
            let header = ["CHANGE", "STATUS", "RISK", "OWNER", "WINDOW OPENS", "TITLE"];
            context.env.print(table(header, rows, context.env.width))?;
        }
        if more {
            context.env.status(format_args!("the first {} of more; all with a larger --limit", found.len()));
        }
        Ok(())
    }

    fn query(&self) -> Result<Query, Error> {
        let status = self.status.as_deref().map(parse::<Status>).transpose()?;
        // Approved and expired are computed when read: by its own entries such a change is submitted.
        let state = status.map(|status| match status {
            Status::Approved | Status::Expired => Status::AwaitingApproval,
            status => status,
        });
        let item = "EXISTS (SELECT 1 FROM revision_items AS i WHERE i.change = id AND i.number = revision
            AND i.item = '{}' AND i.value = ?)";
        let conditions = [
            ("state = ?", state.map(|it| it.to_string())),
            ("owner = ?", checked::<PersonId>(self.owner.as_deref())?),
            ("risk = ?", checked::<Risk>(self.risk.as_deref())?),
            ("kind = ?", checked::<ChangeKind>(self.kind.as_deref())?),
            (&item.replace("{}", "service"), checked::<ServiceId>(self.service.as_deref())?),
            (&item.replace("{}", "tag"), checked::<Tag>(self.tag.as_deref())?),
            ("window_end > ?", self.from.as_deref().map(time).transpose()?.map(|it| it.to_string())),
            ("window_start < ?", self.to.as_deref().map(time).transpose()?.map(|it| it.to_string())),
        ];
        let (mut sql, mut values) = (
            "SELECT id, state, kind, risk, owner, window_start, window_zone, seq, title FROM changes
                JOIN revisions ON revisions.change = changes.id AND revisions.number = changes.revision WHERE true"
                .to_owned(),
            Vec::new(),
        );
        for (condition, value) in conditions {
            if let Some(value) = value {
                sql.push_str(&format!(" AND {condition}"));
                values.push(Sql::Text(value));
            }
        }
        sql.push_str(&format!(" ORDER BY {}", self.sort.sql()));
        if status.is_none() && self.text.is_none() {
            // The tables answer all that is asked: one more than is shown tells that there are more.
            sql.push_str(&format!(" LIMIT {}", u64::from(self.limit) + 1));
        }
        Ok(Query { sql, values, status, text: self.text.as_ref().map(|text| text.to_lowercase()) })
    }

    /// The changes asked for, and whether there are more.
    fn select(
        &self,
        context: &Context<'_>,
        session: &mut Session,
        query: &Query,
    ) -> Result<(Vec<Listed>, bool), Error> {
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut candidates = candidates(session, query)?.into_iter();
        let mut found = Vec::new();
        loop {
            let mut some: Vec<Listed> = candidates.by_ref().take(AT_A_TIME).collect();
            if some.is_empty() {
                return Ok((found, false));
            }
            judge(context, session, &mut some)?;
            let _snapshot = session.hold_snapshot()?;
            for it in some {
                if query.status.is_some_and(|asked| asked != it.status) || !has_words(session, &it, query)? {
                    continue;
                }
                if found.len() == most {
                    return Ok((found, true));
                }
                found.push(it);
            }
        }
    }
}

fn checked<T: FromStr<Err = Invalid> + ToString>(given: Option<&str>) -> Result<Option<String>, Error> {
    given.map(|given| parse::<T>(given).map(|it| it.to_string())).transpose()
}

/// The changes that are as the tables can tell.
fn candidates(session: &Session, query: &Query) -> Result<Vec<Listed>, Error> {
    let doing = || StoreError::cache(session.tables(), "reading the verified copy");
    let mut select = session.tables().prepare(&query.sql).map_err(doing())?;
    let rows = select.query_map(rusqlite::params_from_iter(&query.values), listed).map_err(doing())?;
    let rows = rows.collect::<Result<Vec<_>, _>>().map_err(doing())?;
    // Another process of this account may have brought the copy further than this one has seen.
    let filed = session.state().filed();
    Ok(rows.into_iter().filter(|it| it.id.number() <= filed).collect())
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        id: ChangeId::after(row.get::<_, u64>(0)?.saturating_sub(1)),
        status: parsed(row, 1)?,
        kind: parsed(row, 2)?,
        risk: parsed(row, 3)?,
        owner: row.get(4)?,
        opens: parsed(row, 5)?,
        zone: row.get(6)?,
        filed: row.get(7)?,
        title: row.get(8)?,
    })
}

/// What stands as submitted by its own entries may be approved or expired by now: only a look at the change tells.
fn judge(context: &Context<'_>, session: &mut Session, some: &mut [Listed]) -> Result<(), Error> {
    let submitted = || some.iter().filter(|it| it.status == Status::AwaitingApproval).map(|it| it.id);
    session.load_all(&submitted().collect::<Vec<_>>())?;
    let (state, now) = (session.state(), context.env.now());
    for it in some.iter_mut().filter(|it| it.status == Status::AwaitingApproval) {
        it.status = state.change(it.id)?.status(state.governance(), now);
    }
    Ok(())
}

/// The same as programs read it.
fn lines(session: &mut Session, found: &[Listed]) -> Result<Value, Error> {
    session.load_all(&found.iter().map(|it| it.id).collect::<Vec<_>>())?;
    let line = |it: &Listed| {
        let facts = &session.state().change(it.id)?.current().facts;
        Ok(change_line(it.id, it.status.as_str(), facts, it.title.as_deref()))
    };
    found.iter().map(line).collect()
}

/// Whether the words asked for stand in the text of the current revision, in any case.
fn has_words(session: &Session, it: &Listed, query: &Query) -> Result<bool, Error> {
    let Some(words) = &query.text else { return Ok(true) };
    let text = session.raw(it.filed)?.and_then(|raw| raw.text).unwrap_or_default();
    Ok(String::from_utf8_lossy(&text).to_lowercase().contains(words))
}

fn nothing(session: &Session) -> &'static str {
    if session.state().filed() > 0 {
        "no change is like that; `twinseal list` shows all"
    } else if session.state().governance().is_sealed() {
        "no changes yet; `twinseal draft` prints one to fill in"
    } else {
        "no changes yet; another founding admin must seal the register first: `twinseal seal`"
    }
}

/// Below this width the window is shown by how far away it is, so that there is room for titles.
const WIDE: u16 = 110;

fn row(context: &Context<'_>, it: &Listed) -> [String; 6] {
    let risk = if it.kind == ChangeKind::Normal { it.risk.to_string() } else { format!("{} {}", it.risk, it.kind) };
    let opens = match context.env.width.is_some_and(|width| width < WIDE) {
        true => ago(it.opens, context.env.now()),
        false => moment(it.opens, &it.zone),
    };
    let title = it.title.clone().unwrap_or_else(|| "(its text was redacted)".to_owned());
    [it.id.to_string(), it.status.to_string(), risk, it.owner.clone(), opens, title]
}
