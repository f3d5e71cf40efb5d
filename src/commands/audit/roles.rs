//! `audit roles`: who held which grants and keys at some time.

use clap::Args;
use serde_json::{Value, json};

use super::{AsCsv, print_with_table};
use crate::commands::lookup::{AsOf, as_of};
use crate::commands::{Context, Zh};
use crate::domain::{KeyState, Moment, Period, Periods, Person, PersonId};
use crate::error::Error;
use crate::output::json::written;
use crate::{tr, trf};

/// Arguments of `audit roles`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal audit roles --as-of 2026-12-31T23:59:59Z
  twinseal audit roles --as-of 812 --csv > roles.csv")]
pub struct Roles {
    /// State after this entry or at this time: 812 or 2026-12-01T18:00:00+08:00; now by default
    #[arg(long, value_name = "SEQ|TIME", zh("该条目之后或该时间的状态：812 或 2026-12-01T18:00:00+08:00；默认为现在"))]
    as_of: Option<String>,
    #[command(flatten)]
    csv: AsCsv,
}

/// Something that an account held.
struct Held {
    person: PersonId,
    state: &'static str,
    kind: Kind,
    name: String,
    period: Option<Period>,
    /// The state of a key.
    key: Option<KeyState>,
}

/// What somebody held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Role,
    Group,
    Operator,
    Key,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Group => "group",
            Self::Operator => "operator",
            Self::Key => "key",
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Role => tr!("role", "角色"),
            Self::Group => tr!("group", "组"),
            Self::Operator => tr!("operator", "操作责任人"),
            Self::Key => tr!("key", "密钥"),
        }
    }
}

impl Roles {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        let session = context.open()?;
        let moment = as_of(context, &session, self.as_of.as_deref())?;
        let held = all(&moment);
        let columns = ["person", "state", "kind", "name", "from", "until", "key_state"];
        if self.csv.print(context, columns, || held.iter().map(csv_row).collect())? {
            return Ok(());
        }
        // Now means the head.
        let seq = moment.seq.or(session.state().head().map(|head| head.seq));
        if context.ui.json {
            let answer = json!({
                "as_of": { "seq": seq, "time": moment.at.claimed.to_string() },
                "held": held.iter().map(json).collect::<Value>(),
            });
            return context.ui.print_json(context.env, answer);
        }
        let mut page = context.page();
        let (at, seq) = (context.clock().at(moment.at.claimed), seq.unwrap_or(0));
        page.title(trf!("grants and keys as of entry {seq}, {at}", "截至第 {seq} 条（{at}）的授权和密钥"));
        let clock = context.clock();
        let row = |it: &Held| {
            let until = it.period.and_then(Period::until).map_or(String::new(), |until| clock.minute(until, "UTC"));
            let live = it.key.map_or(until, KeyState::phrase);
            [it.person.to_string(), it.kind.phrase().to_owned(), it.name.clone(), live]
        };
        let header =
            [tr!("PERSON", "人员"), tr!("KIND", "类型"), tr!("NAME", "名称"), tr!("UNTIL OR STATE", "截止或状态")];
        print_with_table(context, &page, header, held.iter().map(row).collect())
    }
}

/// Everything that was held, by person.
fn all(moment: &AsOf) -> Vec<Held> {
    moment.governance.loaded_people().flat_map(|(id, person)| of(moment, id, person)).collect()
}

fn of(moment: &AsOf, id: &PersonId, person: &Person) -> Vec<Held> {
    let (at, state) = (moment.at, person.state());
    let one = |kind, name: String| Held { person: id.clone(), state, kind, name, period: None, key: None };
    let mut held = Vec::new();
    let granted = |kind, name: &dyn ToString, periods: &Periods| {
        holding(periods, at).map(|period| Held { period: Some(period), ..one(kind, name.to_string()) })
    };
    held.extend(person.grants.roles.iter().filter_map(|(role, periods)| granted(Kind::Role, role, periods)));
    held.extend(person.grants.groups.iter().filter_map(|(group, periods)| granted(Kind::Group, group, periods)));
    if person.is_active() {
        held.extend(person.grants.operators.iter().map(|operator| one(Kind::Operator, operator.to_string())));
    }
    let keys = moment.governance.loaded_keys().filter(|(_, key)| key.person == *id && key.state != KeyState::Revoked);
    held.extend(keys.map(|(key, it)| Held { key: Some(it.state), ..one(Kind::Key, key.to_string()) }));
    held
}

/// The period that holds at a moment.
pub(super) fn holding(periods: &Periods, at: Moment) -> Option<Period> {
    periods.iter().find(|period| period.holds(at))
}

fn csv_row(it: &Held) -> [String; 7] {
    let bound = |time: Option<crate::domain::Time>| time.map_or(String::new(), |time| time.to_string());
    let (from, until) = (it.period.and_then(Period::from), it.period.and_then(Period::until));
    [
        it.person.to_string(),
        it.state.to_owned(),
        it.kind.as_str().to_owned(),
        it.name.clone(),
        bound(from),
        bound(until),
        it.key.map_or(String::new(), |state| state.to_string()),
    ]
}

fn json(it: &Held) -> Value {
    json!({
        "person": it.person.to_string(),
        "state": it.state,
        "kind": it.kind.as_str(),
        "name": it.name,
        "from": written(it.period.and_then(Period::from)),
        "until": written(it.period.and_then(Period::until)),
        "key_state": written(it.key),
    })
}
