//! `audit access`: who can act now, also against a list of the staff.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::roles::holding;
use super::{AsCsv, print_with_table};
use crate::commands::files::read_draft;
use crate::commands::lookup::{name_of_input, zone};
use crate::commands::{Context, Zh};
use crate::domain::{Governance, Moment, Person, PersonId, Time};
use crate::error::Error;
use crate::input::{Staff, read_staff};
use crate::output::json::{list as words, written};
use crate::output::{list, safe};
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `audit access`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal audit access
  twinseal audit access --against hr.csv
  twinseal audit access --against hr.csv --zone Asia/Shanghai --csv > access.csv")]
pub struct Access {
    /// CSV file with the columns person and left; - reads standard input
    #[arg(long, value_name = "FILE", zh("含 person 和 left 两列的 CSV 文件；- 表示标准输入"))]
    against: Option<PathBuf>,
    #[command(flatten)]
    csv: AsCsv,
}

/// How an account differs from the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is active, and the list does not have it.
    NotListed,
    /// They have left, and it is active.
    LeftButActive,
    /// They have left, and one admin has suspended it; nobody has retired it.
    LeftButSuspended,
    /// A machine account all of whose operators have left or are not in the list.
    Unattended,
}

impl Mark {
    fn as_str(self) -> &'static str {
        match self {
            Self::NotListed => "not-listed",
            Self::LeftButActive => "left-but-active",
            Self::LeftButSuspended => "left-but-suspended",
            Self::Unattended => "no-operator",
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::NotListed => tr!("not in the list", "不在名单中"),
            Self::LeftButActive => tr!("left, still active", "已离职，仍有效"),
            Self::LeftButSuspended => tr!("left, only suspended", "已离职，仅停用"),
            Self::Unattended => tr!("no operator is left", "操作责任人均已离职"),
        }
    }
}

/// What an account can do now.
struct Account {
    person: PersonId,
    state: &'static str,
    machine: bool,
    roles: Vec<String>,
    groups: Vec<String>,
    operators: Vec<String>,
    live_keys: usize,
    newest: Option<(u64, Time)>,
    mark: Option<Mark>,
}

impl Access {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        let zone = zone(context)?;
        let staff = match &self.against {
            Some(path) => Some(read_draft(context.env, path, |text| read_staff(text, zone.as_ref()))?),
            None => None,
        };
        let session = context.open()?;
        let now = session.state().moment(context.env.now());
        let accounts = accounts(&session, now, staff.as_ref())?;
        let columns = [
            "person",
            "state",
            "machine",
            "roles",
            "groups",
            "operators",
            "live_keys",
            "newest_entry",
            "newest_time",
            "mark",
        ];
        if self.csv.print(context, columns, || accounts.iter().map(csv_row).collect())? {
            return Ok(());
        }
        if context.ui.json {
            let against = self.against.as_deref().map(name_of_input);
            let answer = json!({
                "at": now.claimed.to_string(),
                "head": session.state().head().map(crate::output::json::head),
                "against": against,
                "listed": staff.as_ref().map(|staff| staff.len()),
                "accounts": accounts.iter().map(json).collect::<Value>(),
            });
            return context.ui.print_json(context.env, answer);
        }
        self.print(context, &accounts, staff.as_ref())
    }

    fn print(&self, context: &mut Context<'_>, accounts: &[Account], staff: Option<&Staff>) -> Result<(), Error> {
        let mut page = context.page();
        page.title(tr!("who can act now", "现在谁能操作"));
        let active = accounts.iter().filter(|it| it.state == "active").count();
        let others = accounts.len() - active;
        page.field(
            tr!("accounts", "账号"),
            trf!("{active} active, {others} suspended or retired", "有效 {active} 个，已停用或离任 {others} 个"),
        );
        if let (Some(staff), Some(path)) = (staff, &self.against) {
            let (file, listed) = (safe(&name_of_input(path)).into_owned(), staff.len());
            let marked = accounts.iter().filter(|it| it.mark.is_some()).count();
            page.field(
                tr!("list", "名单"),
                match listed {
                    1 => trf!("{file}, 1 person", "{file}，1 人"),
                    _ => trf!("{file}, {listed} people", "{file}，{listed} 人"),
                },
            );
            page.field(
                tr!("marked", "标出"),
                match marked {
                    1 => tr!("1 account differs from the list", "1 个账号与名单不符").to_owned(),
                    _ => trf!("{marked} accounts differ from the list", "{marked} 个账号与名单不符"),
                },
            );
        }
        let clock = context.clock();
        let row = |it: &Account| {
            let newest = it.newest.map_or(String::new(), |(seq, at)| {
                let at = clock.minute(at, "UTC");
                trf!("entry {seq}, {at}", "第 {seq} 条，{at}")
            });
            let may = list(it.roles.iter().chain(&it.groups));
            let mark = it.mark.map_or("", Mark::phrase).to_owned();
            [it.person.to_string(), state(it.state).to_owned(), may, it.live_keys.to_string(), newest, mark]
        };
        let header = [
            tr!("PERSON", "人员"),
            tr!("STATE", "状态"),
            tr!("GRANTS", "授权"),
            tr!("KEYS", "密钥"),
            tr!("NEWEST ACT", "最近操作"),
            tr!("MARK", "标记"),
        ];
        print_with_table(context, &page, header, accounts.iter().map(row).collect())
    }
}

fn state(state: &str) -> &'static str {
    match state {
        "retired" => tr!("retired", "已离任"),
        "suspended" => tr!("suspended", "已停用"),
        _ => tr!("active", "有效"),
    }
}

fn accounts(session: &Session, now: Moment, staff: Option<&Staff>) -> Result<Vec<Account>, Error> {
    let governance = session.governed()?;
    let newest = session.queries().newest_acts()?;
    let newest: BTreeMap<PersonId, (u64, Time)> = newest.into_iter().map(|(id, seq, at)| (id, (seq, at))).collect();
    let account = |(id, person): (&PersonId, &Person)| {
        let mark = staff.and_then(|staff| mark(staff, id, person, now.claimed));
        let newest = newest.get(id).copied();
        Ok(Account { newest, mark, ..of(&governance, id, person, now)? })
    };
    governance.loaded_people().map(account).collect()
}

fn of(governance: &Governance, id: &PersonId, person: &Person, now: Moment) -> Result<Account, Error> {
    let roles = person.grants.roles.iter().filter(|(_, periods)| holding(periods, now).is_some());
    let mut live_keys = 0;
    for key in person.keys() {
        live_keys += usize::from(governance.is_live(key, id)?);
    }
    Ok(Account {
        person: id.clone(),
        state: person.state(),
        machine: person.grants.is_machine(),
        roles: roles.map(|(role, _)| role.to_string()).collect(),
        groups: governance.groups(id, now)?.iter().map(ToString::to_string).collect(),
        operators: person.grants.operators.iter().map(ToString::to_string).collect(),
        live_keys,
        newest: None,
        mark: None,
    })
}

/// How an account differs from the list of the staff.
fn mark(staff: &Staff, id: &PersonId, person: &Person, now: Time) -> Option<Mark> {
    if person.retired {
        return None;
    }
    if person.grants.is_machine() {
        let gone = |operator: &PersonId| staff.get(operator).is_none_or(|it| it.has_left(now));
        return (person.is_active() && person.grants.operators.iter().all(gone)).then_some(Mark::Unattended);
    }
    match staff.get(id) {
        None if person.is_active() => Some(Mark::NotListed),
        Some(it) if it.has_left(now) && person.is_active() => Some(Mark::LeftButActive),
        Some(it) if it.has_left(now) => Some(Mark::LeftButSuspended),
        _ => None,
    }
}

fn csv_row(it: &Account) -> [String; 10] {
    [
        it.person.to_string(),
        it.state.to_owned(),
        it.machine.to_string(),
        it.roles.join(" "),
        it.groups.join(" "),
        it.operators.join(" "),
        it.live_keys.to_string(),
        it.newest.map_or(String::new(), |(seq, _)| seq.to_string()),
        it.newest.map_or(String::new(), |(_, at)| at.to_string()),
        it.mark.map_or("", Mark::as_str).to_owned(),
    ]
}

fn json(it: &Account) -> Value {
    json!({
        "person": it.person.to_string(),
        "state": it.state,
        "machine": it.machine,
        "roles": words(&it.roles),
        "groups": words(&it.groups),
        "operators": words(&it.operators),
        "live_keys": it.live_keys,
        "newest": it.newest.map(|(seq, at)| json!({ "seq": seq, "time": at.to_string() })),
        "mark": written(it.mark.map(Mark::as_str)),
    })
}
