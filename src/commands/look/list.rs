//! `list`: changes, newest first, or some of them in another order.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::lookup::{parse, time};
use crate::domain::{ChangeKind, Invalid, Status};
use crate::error::Error;
use crate::output::{ago, json::change_line, moment, table};
use crate::store::{ChangeFilter, ChangeOrder, ChangeRow, Session};

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

impl From<Order> for ChangeOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::Newest,
            Order::Oldest => Self::Oldest,
            Order::Window => Self::Window,
            Order::Risk => Self::Risk,
        }
    }
}

/// How many changes are folded at a time, until enough were found.
const AT_A_TIME: usize = 64;

/// What is asked for: what the tables can answer, and what only a look at the change can.
struct Query {
    filter: ChangeFilter,
    status: Option<Status>,
    text: Option<String>,
}

/// A change as it is listed, with its status at the moment of reading.
struct Listed {
    row: ChangeRow,
    status: Status,
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
        if found.is_empty() && !context.ui.json {
            context.env.status(nothing(&session));
            return Ok(());
        }
        if context.ui.json {
            let changes = lines(&mut session, &found)?;
            context.ui.print_json(context.env, json!({ "changes": changes, "more": more }))?;
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
        // Approved and expired depend on the moment of reading: such a change is stored as awaiting approval.
        let stored_status = status.map(|status| match status {
            Status::Approved | Status::Expired => Status::AwaitingApproval,
            status => status,
        });
        // The tables answer everything else: one row more than is shown tells whether there are more.
        let limit = (status.is_none() && self.text.is_none()).then(|| self.limit.saturating_add(1));
        let filter = ChangeFilter {
            stored_status,
            owner: parse_given(self.owner.as_deref())?,
            service: parse_given(self.service.as_deref())?,
            tag: parse_given(self.tag.as_deref())?,
            risk: parse_given(self.risk.as_deref())?,
            kind: parse_given(self.kind.as_deref())?,
            ends_after: self.from.as_deref().map(time).transpose()?,
            starts_before: self.to.as_deref().map(time).transpose()?,
            order: self.sort.into(),
            limit,
        };
        Ok(Query { filter, status, text: self.text.as_ref().map(|text| text.to_lowercase()) })
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

fn parse_given<T: FromStr<Err = Invalid>>(given: Option<&str>) -> Result<Option<T>, Error> {
    given.map(parse).transpose()
}

/// The changes that match as far as the tables can tell.
fn candidates(session: &Session, query: &Query) -> Result<Vec<Listed>, Error> {
    let rows = session.queries().changes(&query.filter)?;
    // Another process of this account may have advanced the cache beyond this session's state.
    let filed = session.state().filed();
    let known = rows.into_iter().filter(|row| row.id.number() <= filed);
    Ok(known.map(|row| Listed { status: row.stored_status, row }).collect())
}

/// What stands as submitted by its own entries may be approved or expired by now: only a look at the change tells.
fn judge(context: &Context<'_>, session: &mut Session, some: &mut [Listed]) -> Result<(), Error> {
    let submitted = || some.iter().filter(|it| it.status == Status::AwaitingApproval).map(|it| it.row.id);
    session.load_all(&submitted().collect::<Vec<_>>())?;
    let (state, now) = (session.state(), context.env.now());
    for it in some.iter_mut().filter(|it| it.status == Status::AwaitingApproval) {
        it.status = state.change(it.row.id)?.status(state.governance(), now);
    }
    Ok(())
}

/// The same as programs read it.
fn lines(session: &mut Session, found: &[Listed]) -> Result<Value, Error> {
    session.load_all(&found.iter().map(|it| it.row.id).collect::<Vec<_>>())?;
    let line = |it: &Listed| {
        let facts = &session.state().change(it.row.id)?.current().facts;
        Ok(change_line(it.row.id, it.status.as_str(), facts, it.row.title.as_deref()))
    };
    found.iter().map(line).collect()
}

/// Whether the words asked for stand in the text of the current revision, in any case.
fn has_words(session: &Session, it: &Listed, query: &Query) -> Result<bool, Error> {
    let Some(words) = &query.text else { return Ok(true) };
    let text = session.raw(it.row.filed)?.and_then(|raw| raw.text).unwrap_or_default();
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
    let risk = if it.row.kind == ChangeKind::Normal {
        it.row.risk.to_string()
    } else {
        format!("{} {}", it.row.risk, it.row.kind)
    };
    let opens = match context.env.width.is_some_and(|width| width < WIDE) {
        true => ago(it.row.opens, context.env.now()),
        false => moment(it.row.opens, &it.row.zone),
    };
    let title = it.row.title.clone().unwrap_or_else(|| "(its text was redacted)".to_owned());
    [it.row.id.to_string(), it.status.to_string(), risk, it.row.owner.clone(), opens, title]
}
