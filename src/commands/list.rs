//! `list`: changes, newest first.

use clap::Args;
use rusqlite::Row;

use super::Context;
use crate::domain::{ChangeId, ChangeKind};
use crate::error::Error;
use crate::render::{ago, moment, table};
use crate::store::{Session, StoreError};

/// List changes, newest first
#[derive(Debug, Args)]
pub struct List {
    /// How many at most
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

struct Listed {
    id: u64,
    risk: String,
    kind: String,
    owner: String,
    start: String,
    zone: String,
    title: Option<String>,
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        id: row.get(0)?,
        risk: row.get(1)?,
        kind: row.get(2)?,
        owner: row.get(3)?,
        start: row.get(4)?,
        zone: row.get(5)?,
        title: row.get(6)?,
    })
}

const NEWEST: &str = "SELECT id, risk, kind, owner, window_start, window_zone, title
    FROM changes JOIN revisions ON revisions.change = changes.id AND revisions.number = changes.revision
    WHERE id <= ?2 ORDER BY id DESC LIMIT ?1";

impl List {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let found = self.newest(&session)?;
        if found.is_empty() {
            let next = if session.state().governance().is_sealed() {
                "`twinseal draft` prints one to fill in"
            } else {
                "another founding admin must seal the register first: `twinseal seal`"
            };
            context.env.tell(format_args!("no changes yet; {next}"));
            return Ok(());
        }
        let shown = found.len() as u64;
        let rows = found.into_iter().map(|it| row(context, &mut session, it)).collect::<Result<_, Error>>()?;
        let header = ["CHANGE", "STATUS", "RISK", "OWNER", "WINDOW OPENS", "TITLE"];
        context.env.say(table(header, rows, context.env.width))?;
        if shown < session.state().filed() {
            context.env.tell(format_args!("the newest {shown} of {}; more with --limit", session.state().filed()));
        }
        Ok(())
    }

    fn newest(&self, session: &Session) -> Result<Vec<Listed>, Error> {
        let doing = || StoreError::sqlite("reading the verified copy");
        let mut select = session.tables().prepare(NEWEST).map_err(doing())?;
        let rows = select.query_map([u64::from(self.limit), session.state().filed()], listed).map_err(doing())?;
        Ok(rows.collect::<Result<_, _>>().map_err(doing())?)
    }
}

/// Below this width the window is shown by how far away it is, so that there is room for titles.
const WIDE: u16 = 110;

fn row(context: &Context<'_>, session: &mut Session, it: Listed) -> Result<[String; 6], Error> {
    let now = context.env.now();
    let id = ChangeId::after(it.id.saturating_sub(1));
    session.load(id)?;
    let status = session.state().change(id)?.status(session.state().governance(), now);
    let risk = if it.kind == ChangeKind::Normal.as_str() { it.risk } else { format!("{} {}", it.risk, it.kind) };
    let opens = match it.start.parse() {
        Ok(start) if context.env.width.is_some_and(|width| width < WIDE) => ago(start, now),
        Ok(start) => moment(start, &it.zone),
        Err(_) => it.start,
    };
    let title = it.title.unwrap_or_else(|| "(its text was erased)".to_owned());
    Ok([id.to_string(), status.to_string(), risk, it.owner, opens, title])
}
