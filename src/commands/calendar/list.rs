//! `calendar list` and `show`.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::freeze;
use crate::commands::lookup::{parse, reason_of};
use crate::domain::{Calendar, CalendarName, Digest, Freeze, FreezeName};
use crate::error::{Error, FreezeError};
use crate::input::nearest;
use crate::output::json::written;
use crate::output::{self, Gutter, table};
use crate::store::Session;
use crate::{tr, trf};

/// The calendar in force with this name.
///
/// # Errors
/// [`FreezeError::NoCalendar`], or the cache cannot be read.
pub fn in_force(session: &Session, name: &CalendarName) -> Result<Calendar, Error> {
    let found = session.ask(|state| state.governance().calendar(name).cloned())?;
    found.map_err(|_| {
        let near = nearest(name.as_str(), session.state().governance().calendars().keys().map(CalendarName::as_str));
        FreezeError::NoCalendar { calendar: name.clone(), near }.into()
    })
}

/// A calendar, and the freezes in force that refer to it or to an older one of its name.
struct Used {
    name: CalendarName,
    calendar: Calendar,
    freezes: Vec<(FreezeName, Digest)>,
}

impl Used {
    fn of(session: &Session, name: CalendarName, freezes: &[(FreezeName, Freeze)]) -> Result<Self, Error> {
        let calendar = in_force(session, &name)?;
        let refers = |(freeze, it): &(FreezeName, Freeze)| {
            let named = it.terms.calendar.as_ref().filter(|it| it.name == name)?;
            Some((freeze.clone(), named.since))
        };
        let freezes = freezes.iter().filter_map(refers).collect();
        Ok(Self { name, calendar, freezes })
    }

    /// `market-hours, settlement (older)`.
    fn freezes(&self) -> String {
        let one = |(name, since): &(FreezeName, Digest)| match *since == self.calendar.since {
            true => name.to_string(),
            false => trf!("{name} (older)", "{name}（旧版）"),
        };
        self.freezes.iter().map(one).collect::<Vec<String>>().join(", ")
    }

    fn json(&self) -> Value {
        let Calendar { proposal, since, seq, known, periods } = &self.calendar;
        let freeze =
            |(name, named): &(FreezeName, Digest)| json!({ "freeze": name.to_string(), "current": named == since });
        json!({
            "name": self.name.to_string(),
            "since": since.to_string(),
            "seq": seq,
            "proposal": proposal.number(),
            "known_until": written(known.until()),
            "periods": output::freeze::periods(periods),
            "freezes": self.freezes.iter().map(freeze).collect::<Value>(),
        })
    }
}

/// Lists the calendars in force.
pub fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let session = context.open()?;
    let freezes = freeze::all(&session)?;
    let names: Vec<CalendarName> = session.state().governance().calendars().keys().cloned().collect();
    let calendars: Vec<Used> =
        names.into_iter().map(|name| Used::of(&session, name, &freezes)).collect::<Result<_, Error>>()?;
    if calendars.is_empty() && !context.ui.json {
        context.env.remark(tr!("no calendars in force", "没有生效的日历"));
        return Ok(());
    }
    let json = || json!({ "calendars": calendars.iter().map(Used::json).collect::<Value>() });
    let (clock, width) = (context.clock(), context.env.width);
    let row = |it: &Used| {
        let Calendar { known, periods, .. } = &it.calendar;
        let known =
            known.until().map_or_else(|| tr!("complete", "已列全").to_owned(), |known| clock.in_table(known, width));
        [it.name.to_string(), periods.as_slice().len().to_string(), known, it.freezes()]
    };
    let rows = || calendars.iter().map(row).collect();
    let header =
        [tr!("CALENDAR", "日历"), tr!("PERIODS", "时段数"), tr!("KNOWN UNTIL", "已知至"), tr!("FREEZES", "封网")];
    context.ui.answer(context.env, json, || table(header, rows(), width))
}

/// Arguments of `calendar show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal calendar show market-cn")]
pub struct Show {
    /// Name of the calendar
    #[arg(value_name = "CALENDAR", zh("日历名称"))]
    calendar: String,
}

impl Show {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let name: CalendarName = parse(&self.calendar)?;
        let session = context.open()?;
        let used = Used::of(&session, name, &freeze::all(&session)?)?;
        if context.ui.json {
            return context.ui.print_json(context.env, used.json());
        }
        let Calendar { proposal, since, seq, known, periods } = &used.calendar;
        let opened = session.ask(|state| state.governance().proposal(*proposal).map(|it| it.seq))??;
        let reason = reason_of(&session, opened)?;
        let mut page = context.page();
        page.title(trf!("calendar {}", "日历 {}", used.name));
        page.field(tr!("known", "时段"), output::freeze::schedule(*known, periods));
        page.field(tr!("set", "设置"), trf!("by proposal {proposal} (entry {seq})", "提案 {proposal}（第 {seq} 条）"));
        page.field(tr!("since", "起始条目"), since);
        if !used.freezes.is_empty() {
            page.field(tr!("freezes", "封网"), used.freezes());
        }
        if let Some(reason) = reason {
            page.block(tr!("reason", "原因")).quote_text(Gutter::Prose, &reason);
        }
        output::freeze::period_block(&mut page, periods);
        Ok(context.env.print_long(page.finish())?)
    }
}
