//! Times for people: in their zone or the window's, in UTC, and relative to now.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Weekday};

use crate::domain::{Time, Window};
use crate::zone::Zone;
use crate::{tr, trf};

/// `2026-12-05 20:00 +08:00`; `2026-12-05T12:00:00Z` if the zone is UTC or unknown, the one form of UTC.
pub fn moment(time: Time, zone: &str) -> String {
    let zone = known(zone);
    if zone.name() == "UTC" { time.to_string() } else { zone.at(time).format("%Y-%m-%d %H:%M %:z").to_string() }
}

fn known(zone: &str) -> Zone {
    Zone::named(zone).unwrap_or_else(Zone::utc)
}

/// A window in its zone, and on a second line in UTC to the second.
pub fn window_lines(window: &Window) -> String {
    let zone = known(window.zone().as_str());
    let exact = trf!("{} to {}", "{} 至 {}", window.start(), window.end());
    format!("{} {}\n{exact}", span(window, &zone), window.zone())
}

fn span(window: &Window, zone: &Zone) -> String {
    let (start, end) = (zone.at(window.start()), zone.at(window.end()));
    let seconds = start.timestamp() % 60 != 0 || end.timestamp() % 60 != 0;
    let clock = |at: DateTime<FixedOffset>| at.format(if seconds { "%H:%M:%S" } else { "%H:%M" });
    let dated = |at: DateTime<FixedOffset>| format!("{} {}", day(at.date_naive(), "%Y-%m-%d"), clock(at));
    let same_day = start.date_naive() == end.date_naive();
    let until = if same_day { clock(end).to_string() } else { dated(end) };
    trf!("{} to {until}", "{} 至 {until}", dated(start))
}

/// A date with its day of the week: `Sat 2026-12-05`. `form` is that of the date.
pub fn day(date: NaiveDate, form: &str) -> String {
    let weekday = match date.weekday() {
        Weekday::Mon => tr!("Mon", "周一"),
        Weekday::Tue => tr!("Tue", "周二"),
        Weekday::Wed => tr!("Wed", "周三"),
        Weekday::Thu => tr!("Thu", "周四"),
        Weekday::Fri => tr!("Fri", "周五"),
        Weekday::Sat => tr!("Sat", "周六"),
        Weekday::Sun => tr!("Sun", "周日"),
    };
    let date = date.format(form);
    trf!("{weekday} {date}", "{date} {weekday}")
}

/// A time relative to now, rounded down: `in 1 h 40 min`, `3 d ago`. The second unit matters to whoever decides whether
/// there is time left in a window.
pub fn ago(time: Time, now: Time) -> String {
    let seconds = time.unix() - now.unix();
    let span = duration(seconds);
    if seconds > 0 { trf!("in {span}", "{span}后") } else { trf!("{span} ago", "{span}前") }
}

/// So many seconds, rounded down: `1 h 40 min`.
pub fn duration(seconds: i64) -> String {
    match seconds.abs() {
        s @ 0..60 => trf!("{s} s", "{s} 秒"),
        s @ 60..3_600 => trf!("{} min", "{} 分钟", s / 60),
        s @ 3_600..172_800 => units((s / 3_600, tr!("h", "小时")), (s / 60 % 60, tr!("min", "分钟"))),
        s @ 172_800..1_209_600 => units((s / 86_400, tr!("d", "天")), (s / 3_600 % 24, tr!("h", "小时"))),
        s @ 1_209_600..63_072_000 => trf!("{} d", "{} 天", s / 86_400),
        s => trf!("{} y", "{} 年", s / 31_536_000),
    }
}

fn units((count, unit): (i64, &str), (rest, smaller): (i64, &str)) -> String {
    if rest == 0 { format!("{count} {unit}") } else { format!("{count} {unit} {rest} {smaller}") }
}

/// How a person reads times: from a moment on, and in a zone.
#[derive(Debug, Clone)]
pub struct Clock {
    /// The time of reading.
    pub now: Time,
    /// The zone that the reader set; `None` if none is set.
    pub zone: Option<Zone>,
    /// Whether the exact time in UTC stands beside the local one: on a page above a signature.
    pub beside: bool,
}

impl Clock {
    /// A clock without a zone.
    pub fn utc(now: Time) -> Self {
        Self { now, zone: None, beside: false }
    }

    /// The zone of the reader, unless it is UTC.
    fn away(&self) -> Option<&Zone> {
        self.zone.as_ref().filter(|zone| zone.name() != "UTC")
    }

    /// `2026-12-05 20:00 +08:00` in the zone of the reader; without one `2026-12-05T12:00:00Z`. Nothing but zero seconds is
    /// left out.
    pub fn at(&self, time: Time) -> String {
        let Some(zone) = self.away() else { return time.to_string() };
        let local = zone.at(time);
        let clock = if local.timestamp() % 60 == 0 { "%H:%M" } else { "%H:%M:%S" };
        let local = local.format(&format!("%Y-%m-%d {clock} %:z")).to_string();
        if self.beside { trf!("{local} ({time})", "{local}（{time}）") } else { local }
    }

    /// The same, always with seconds, so that columns line up.
    pub fn to_the_second(&self, time: Time) -> String {
        self.away().map_or_else(|| time.to_string(), |zone| zone.at(time).format("%Y-%m-%d %H:%M:%S %:z").to_string())
    }

    /// `2026-12-05 20:00 +08:00, in 3 h`.
    pub fn both(&self, time: Time) -> String {
        trf!("{}, {}", "{}，{}", self.at(time), ago(time, self.now))
    }

    /// The same for a table: on a narrow terminal only how far away it is.
    pub fn in_table(&self, time: Time, width: Option<u16>) -> String {
        if width.is_some_and(|width| width < WIDE) { ago(time, self.now) } else { self.both(time) }
    }

    /// A window in the zone of the reader, or else in its own: `Sat 2026-12-05 20:00 to 22:00 Asia/Shanghai, opens in
    /// 3 h`. The next lines are the same in its own zone, if clocks show other times there, and in UTC.
    pub fn window(&self, window: &Window) -> String {
        let own = known(window.zone().as_str());
        let (first, opens) = (self.zone.as_ref().unwrap_or(&own), ago(window.start(), self.now));
        let opens = match window.start() > self.now {
            true => trf!("opens {opens}", "{opens}开始"),
            false => trf!("opened {opens}", "已于 {opens}开始"),
        };
        let mut lines = vec![(span(window, first), first.name())];
        let utc = Zone::utc();
        for zone in [&own, &utc] {
            let (shown, name) = (span(window, zone), zone.name());
            if lines.iter().all(|(other, of)| *of != name && (name == "UTC" || *other != shown)) {
                lines.push((shown, name));
            }
        }
        let mut lines = lines.iter().map(|(shown, zone)| format!("{shown} {zone}"));
        let first = lines.next().unwrap_or_default();
        let further: String = lines.map(|line| format!("\n{line}")).collect();
        trf!("{first}, {opens}{further}", "{first}，{opens}{further}")
    }

    /// To the minute: in the zone of the reader, or else in that of a window.
    pub fn minute(&self, time: Time, zone: &str) -> String {
        moment(time, self.zone.as_ref().map_or(zone, Zone::name))
    }

    /// The program's own words with their times in the zone of the reader. Commands, in backticks, stay as they are.
    pub fn local(&self, words: &str) -> String {
        if self.away().is_none() {
            return words.to_owned();
        }
        let pieces = words.split('`').enumerate();
        let pieces = pieces.map(|(n, piece)| if n % 2 == 0 { self.local_times(piece) } else { piece.to_owned() });
        pieces.collect::<Vec<_>>().join("`")
    }

    fn local_times(&self, words: &str) -> String {
        let (mut out, mut rest) = (String::new(), words);
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            // Digits within a word are part of it, and so is what follows them.
            let inside = out.ends_with(|c: char| c.is_alphanumeric() || "-:+.".contains(c));
            let time = from.get(..FORM.len()).and_then(|it| it.parse().ok()).filter(|_| !inside);
            let end = from.find(|c: char| !c.is_alphanumeric() && !"-:+".contains(c)).unwrap_or(from.len());
            match time {
                Some(time) if end == FORM.len() || from[FORM.len()..end].chars().all(|c| ":-".contains(c)) => {
                    out.push_str(&self.at(time));
                    rest = &from[FORM.len()..];
                }
                _ => {
                    out.push_str(&from[..end]);
                    rest = &from[end..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// Below this width in columns, tables have only how far away times are, which leaves room for titles.
pub const WIDE: u16 = 110;

/// How a time is written in the program's own words.
const FORM: &str = "2026-12-05T12:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_shown_in_their_zone_and_in_utc() {
        let t = |text: &str| text.parse::<Time>().unwrap();
        let zone = "Asia/Shanghai".parse().unwrap();
        let it = Window::new(t("2026-12-05T12:00:00Z"), t("2026-12-05T14:00:00Z"), zone).unwrap();
        let shown = "Sat 2026-12-05 20:00 to 22:00 Asia/Shanghai, opens in 3 h\nSat 2026-12-05 12:00 to 14:00 UTC";
        assert_eq!(clock(None).window(&it), shown);
        assert_eq!(clock(Some("Asia/Singapore")).window(&it), shown.replace("Shanghai", "Singapore"));
        assert_eq!(
            clock(Some("Europe/Berlin")).window(&it),
            "Sat 2026-12-05 13:00 to 15:00 Europe/Berlin, opens in 3 h\nSat 2026-12-05 20:00 to 22:00 \
             Asia/Shanghai\nSat 2026-12-05 12:00 to 14:00 UTC"
        );
        assert_eq!(
            clock(Some("UTC")).window(&it),
            "Sat 2026-12-05 12:00 to 14:00 UTC, opens in 3 h\nSat 2026-12-05 20:00 to 22:00 Asia/Shanghai"
        );
        assert_eq!(ago(t("2026-12-05T12:00:00Z"), t("2026-12-05T09:00:00Z")), "in 3 h");
        assert_eq!(ago(t("2026-12-05T12:00:00Z"), t("2026-12-08T12:00:00Z")), "3 d ago");
        assert_eq!(ago(t("2026-12-05T12:00:59Z"), t("2026-12-05T10:20:00Z")), "in 1 h 40 min");
        assert_eq!(ago(t("2026-12-05T12:00:00Z"), t("2026-12-09T10:00:00Z")), "3 d 22 h ago");
    }

    fn clock(zone: Option<&str>) -> Clock {
        let zone = zone.map(|name| Zone::named(name).unwrap());
        Clock { zone, ..Clock::utc("2026-12-05T09:00:00Z".parse().unwrap()) }
    }

    #[test]
    fn times_are_shown_in_the_zone_of_the_reader() {
        let (even, odd) = ("2026-12-05T12:00:00Z".parse().unwrap(), "2026-12-05T16:00:05Z".parse().unwrap());
        let here = clock(Some("Asia/Shanghai"));
        assert_eq!(here.at(even), "2026-12-05 20:00 +08:00");
        assert_eq!(here.at(odd), "2026-12-06 00:00:05 +08:00");
        assert_eq!(here.to_the_second(even), "2026-12-05 20:00:00 +08:00");
        assert_eq!(here.both(even), "2026-12-05 20:00 +08:00, in 3 h");
        assert_eq!(here.minute(even, "Europe/Berlin"), "2026-12-05 20:00 +08:00");
        for utc in [clock(None), clock(Some("UTC"))] {
            assert_eq!(utc.both(even), "2026-12-05T12:00:00Z, in 3 h");
        }
        assert_eq!(clock(None).minute(even, "Europe/Berlin"), "2026-12-05 13:00 +01:00");
        assert_eq!(clock(Some("UTC")).minute(even, "Europe/Berlin"), "2026-12-05T12:00:00Z");
        let beside = Clock { beside: true, ..here };
        assert_eq!(beside.at(odd), "2026-12-06 00:00:05 +08:00 (2026-12-05T16:00:05Z)");
    }

    #[test]
    fn only_times_are_translated_and_no_command() {
        let here = clock(Some("Asia/Shanghai"));
        for (words, expected) in [
            ("closed to 2026-12-05T12:00:00Z (night)", "closed to 2026-12-05 20:00 +08:00 (night)"),
            ("2026-12-05T12:00:00Z: late", "2026-12-05 20:00 +08:00: late"),
            ("x 2026-12-05T12:00:00Z", "x 2026-12-05 20:00 +08:00"),
            ("from 2026-12-05T12:00:00Z.", "from 2026-12-05 20:00 +08:00."),
            ("`list --as-of 2026-12-05T12:00:00Z`", "`list --as-of 2026-12-05T12:00:00Z`"),
            ("sha256:12026-12-05T12:00:00Z", "sha256:12026-12-05T12:00:00Z"),
            ("2026-12-05T12:00:00Z0", "2026-12-05T12:00:00Z0"),
            ("2026-13-05T12:00:00Z 字 7", "2026-13-05T12:00:00Z 字 7"),
            ("12026-12-05T12:00:00Z", "12026-12-05T12:00:00Z"),
        ] {
            assert_eq!(here.local(words), expected);
            assert_eq!(clock(None).local(words), words);
            assert_eq!(clock(Some("UTC")).local(words), words);
        }
    }
}
