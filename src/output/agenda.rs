//! What happens when, day by day in local time, as the rows of a table.

use chrono::NaiveDate;

use super::format_time::day;
use crate::domain::Time;
use crate::zone::Zone;
use crate::{tr, trf};

/// The columns of an agenda.
pub fn agenda_header() -> [&'static str; 6] {
    [
        tr!("DAY", "日期"),
        tr!("TIME", "时间"),
        tr!("WHAT", "内容"),
        tr!("STATUS", "状态"),
        tr!("RISK", "风险"),
        tr!("TITLE", "标题"),
    ]
}

/// Something that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its beginning.
    pub from: Time,
    /// Its end; `None` if it has none.
    pub until: Option<Time>,
    /// What it is, its status, risk and title.
    pub cells: [String; 4],
}

/// The rows of the days from the first date up to, not including, the last one. Each day has at least one row. If
/// `repeat` is false, only the first row of a day names it.
pub fn agenda(items: &[Item], zone: &Zone, (first, last): (NaiveDate, NaiveDate), repeat: bool) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for date in first.iter_days().take_while(|date| *date < last) {
        let (Some(begin), Some(end)) = (zone.day_begins(date), date.succ_opt().and_then(|next| zone.day_begins(next)))
        else {
            continue;
        };
        let mut here: Vec<Item> = clocks(zone, begin, end).into_iter().collect();
        here.extend(items.iter().filter(|it| it.from < end && it.until.is_none_or(|until| until > begin)).cloned());
        here.sort_by_key(|it| it.from.max(begin));
        let is_free = here.is_empty();
        if is_free {
            here.push(Item { from: begin, until: None, cells: [tr!("nothing", "无"), "", "", ""].map(str::to_owned) });
        }
        for (n, Item { from, until, cells }) in here.into_iter().enumerate() {
            let date = if n == 0 || repeat { day(date, "%m-%d") } else { String::new() };
            let time = if is_free { String::new() } else { span(zone, (from, until), (begin, end)) };
            let [what, status, risk, title] = cells;
            rows.push([date, time, what, status, risk, title]);
        }
    }
    rows
}

/// A row that says that clocks are set on this day.
fn clocks(zone: &Zone, begin: Time, end: Time) -> Option<Item> {
    // Clocks can be set at midnight: that is the time before this day's first moment.
    let [before, after] = [begin, end].map(|time| zone.at(time.plus(-1)).format("%:z").to_string());
    let hours = (end.unix() - begin.unix()) / 3600;
    let title = trf!(
        "set from {before} to {after}; this day has {hours} hours",
        "由 {before} 改为 {after}；当天有 {hours} 小时"
    );
    let cells = [tr!("clocks", "时钟调整").to_owned(), String::new(), String::new(), title];
    (before != after).then_some(Item { from: begin, until: Some(end), cells })
}

/// The part of a time that is on one day: `20:00-22:00`, `20:00-…` if it goes on, `all day`.
fn span(zone: &Zone, (from, until): (Time, Option<Time>), (begin, end): (Time, Time)) -> String {
    let starts = (from > begin).then(|| clock(zone, from));
    let ends = until.filter(|until| *until < end).map(|until| clock(zone, until));
    let before = if from < begin { "…" } else { "00:00" };
    let after = if until == Some(end) { "24:00" } else { "…" };
    match (starts, ends) {
        (None, None) => tr!("all day", "全天").to_owned(),
        (starts, ends) => {
            format!("{}-{}", starts.as_deref().unwrap_or(before), ends.as_deref().unwrap_or(after))
        }
    }
}

/// A time of day; with its offset if clocks show it twice on that day.
fn clock(zone: &Zone, time: Time) -> String {
    let local = zone.at(time);
    let form = if zone.moment(local.naive_local()).is_ok() { "%H:%M" } else { "%H:%M%:z" };
    local.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(from: &str, until: Option<&str>, what: &str) -> Item {
        let time = |text: &str| text.parse::<Time>().unwrap();
        Item { from: time(from), until: until.map(time), cells: [what, "", "", ""].map(str::to_owned) }
    }

    fn shown(items: &[Item], zone: &str, first: &str, last: &str) -> Vec<String> {
        let date = |text: &str| text.parse().unwrap();
        let rows = agenda(items, &Zone::named(zone).unwrap(), (date(first), date(last)), false);
        rows.iter().map(|row| row[..3].join(" ")).collect()
    }

    #[test]
    fn what_lasts_longer_than_a_day_is_on_each_of_its_days() {
        let items = [
            item("2026-12-01T14:00:00Z", Some("2026-12-03T01:00:00Z"), "freeze"),
            item("2026-12-01T12:00:00Z", Some("2026-12-01T16:00:00Z"), "CHG-1"),
            item("2026-12-04T02:00:00Z", None, "unknown"),
        ];
        let expected = [
            "Mon 11-30  nothing",
            "Tue 12-01 20:00-24:00 CHG-1",
            " 22:00-… freeze",
            "Wed 12-02 all day freeze",
            "Thu 12-03 …-09:00 freeze",
            "Fri 12-04 10:00-… unknown",
            "Sat 12-05 all day unknown",
        ];
        assert_eq!(shown(&items, "Asia/Shanghai", "2026-11-30", "2026-12-06"), expected);
    }

    #[test]
    fn a_day_on_which_clocks_are_set_has_its_own_hours() {
        let spring = [item("2026-03-29T00:30:00Z", Some("2026-03-29T01:30:00Z"), "CHG-1")];
        let expected = ["Sun 03-29 all day clocks", " 00:30-02:30 CHG-1", "Mon 03-30  nothing"];
        assert_eq!(shown(&spring, "Europe/London", "2026-03-29", "2026-03-31"), expected);
        let autumn = [
            item("2026-10-25T00:30:00Z", Some("2026-10-25T01:30:00Z"), "CHG-1"),
            item("2026-10-25T23:30:00Z", Some("2026-10-26T00:30:00Z"), "CHG-2"),
        ];
        let expected =
            ["Sun 10-25 all day clocks", " 01:30+01:00-01:30+00:00 CHG-1", " 23:30-… CHG-2", "Mon 10-26 …-00:30 CHG-2"];
        assert_eq!(shown(&autumn, "Europe/London", "2026-10-25", "2026-10-27"), expected);
        let rows = agenda(
            &[],
            &Zone::named("Europe/London").unwrap(),
            ("2026-10-25".parse().unwrap(), "2026-10-26".parse().unwrap()),
            false,
        );
        assert_eq!(rows[0][5], "set from +01:00 to +00:00; this day has 25 hours");
    }

    #[test]
    fn a_day_without_midnight_begins_when_clocks_show_it() {
        // In Cairo clocks are set from 00:00 to 01:00.
        let items = [item("2026-04-23T21:30:00Z", Some("2026-04-23T22:30:00Z"), "CHG-1")];
        let expected = ["Thu 04-23 23:30-… CHG-1", "Fri 04-24 all day clocks", " …-01:30 CHG-1"];
        assert_eq!(shown(&items, "Africa/Cairo", "2026-04-23", "2026-04-25"), expected);
    }
}
