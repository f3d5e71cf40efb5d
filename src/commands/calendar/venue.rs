//! `calendar venue`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::duration::duration;
use crate::commands::lookup::parse;
use crate::domain::{ClosedPeriod, FreezeName, Group, Time};
use crate::error::Error;
use crate::venue::{Drawing, Venue as Exchange};
use crate::zone::Zone;
use crate::{tr, trf};

/// The reason in the draft. It is signed with the proposal, so it is the same in every language.
const REASON: &str = "No change while the market is open, or while the day is cleared.";

/// Arguments of `calendar venue`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal calendar venue XSHG --year 2026 > market-hours.toml
  twinseal calendar venue XSHG --year 2026 --before 45m --after 4h30m --exception-group duty
  twinseal calendar venue XLON --year 2026 --merge-gaps 0m")]
pub struct Venue {
    /// Market identifier code: XSHG, XSHE, XHKG, XNYS, XLON
    #[arg(value_name = "MIC", zh("市场识别代码：XSHG、XSHE、XHKG、XNYS、XLON"))]
    venue: String,
    /// Year
    #[arg(long, zh("年份"))]
    year: u16,
    /// Gaps between sessions up to this length are closed too
    #[arg(long, value_name = "LENGTH", default_value = "4h", zh("交易时段之间不超过此长度的间隔也封网"))]
    merge_gaps: String,
    /// Time before the first session that is closed too
    #[arg(long, value_name = "LENGTH", default_value = "0m", zh("第一个交易时段之前也封网的时间"))]
    before: String,
    /// Time after the last session that is closed too
    #[arg(long, value_name = "LENGTH", default_value = "0m", zh("最后一个交易时段之后也封网的时间"))]
    after: String,
    /// Name of the freeze; market-hours unless given
    #[arg(long, value_name = "NAME", zh("封网名称；默认为 market-hours"))]
    name: Option<String>,
    /// Group that may except from it; to be filled in unless given
    #[arg(long, value_name = "GROUP", zh("可以给予封网例外的组；不给出则留待填写"))]
    exception_group: Option<String>,
}

impl Venue {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let venue = Exchange::named(&self.venue)?;
        let [merge_gap, before, after] = [&self.merge_gaps, &self.before, &self.after].map(|given| duration(given, 0));
        let (merge_gap, before, after) = (merge_gap?, before?, after?);
        let name = match &self.name {
            Some(given) => FreezeName::from_proposal(given)
                .map_err(|invalid| Error::Value { given: given.clone(), invalid })?
                .to_string(),
            None => "market-hours".to_owned(),
        };
        let group: Option<Group> = self.exception_group.as_deref().map(parse).transpose()?;
        let year = i32::from(self.year);
        let (day, night, no_night) = (None, None, BTreeSet::new());
        let drawing = Drawing { venue, year, day, night, no_night, merge_gap, before, after };
        let (periods, known) = (drawing.periods()?, drawing.known_until());
        if context.ui.json {
            let one = |it: &ClosedPeriod| json!({ "from": it.from().to_string(), "until": it.until().to_string() });
            let answer = json!({
                "venue": venue.mic,
                "year": year,
                "known_until": known.to_string(),
                "periods": periods.iter().map(one).collect::<Value>(),
            });
            return context.ui.print_json(context.env, answer);
        }
        let zone = Zone::named(venue.zone).unwrap_or_else(Zone::utc);
        let group = group.map_or(String::new(), |group| group.to_string());
        let head = self.head(&venue, &name, &group);
        Ok(write!(context.env.out, "{head}{}", body(&periods, known, &zone))?)
    }

    fn head(&self, venue: &Exchange, name: &str, group: &str) -> String {
        let Exchange { mic, name: exchange, note, .. } = venue;
        let Self { year, merge_gaps, before, after, .. } = self;
        let note = if note.is_empty() { String::new() } else { format!("# {note}\n") };
        let fill = if group.is_empty() { tr!("  # fill in", "  # 请填写") } else { "" };
        let comment = trf!(
            "# The trading days of {mic} ({exchange}) in {year}, one closed period a day:\n\
             # all sessions, gaps between them up to {merge_gaps}, {before} before and {after} after.\n\
             # From the holidays that the exchange published, as the crate exchange-hours has them.",
            "# {mic}（{exchange}）{year} 年的交易日，每天一个封网时段：\n\
             # 全部交易时段、不超过 {merge_gaps} 的间隔、之前 {before} 和之后 {after}。\n\
             # 依据交易所公布的休市日，取自 exchange-hours 库。"
        );
        format!(
            "{comment}\n{note}\
             name = \"{name}\"\n\
             exception_group = \"{group}\"{fill}\n\
             reason = \"{REASON}\"\n"
        )
    }
}

fn body(periods: &[ClosedPeriod], known: Time, zone: &Zone) -> String {
    let local = |time: Time| zone.at(time).format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let mut out = format!("known_until = \"{}\"\nperiods = [\n", local(known));
    for it in periods {
        let (name, from, until) = (it.name(), local(it.from()), local(it.until()));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {{ name = \"{name}\", from = \"{from}\", until = \"{until}\" }},");
    }
    out + "]\n"
}
