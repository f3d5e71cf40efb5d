//! Times as people type them on a command line: `sat 20:00`, `tomorrow`, `2026-12-05`, and everything that
//! [`time`](super::times::time) reads. What could mean two times is an error.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

use super::problem::Problem;
use super::times;
use crate::domain::Time;
use crate::zone::Zone;
use crate::{tr, trf};

/// Whether a day of the week or a time of day means the next one or the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toward {
    /// The next: for what is planned.
    Future,
    /// The last: for what is looked up.
    Past,
}

/// Why words do not name one time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATime {
    /// Not one of the accepted forms.
    #[error(
        "{}",
        tr!(
            "not a time: write 'sat 20:00', tomorrow, 2026-12-05 or 2026-12-05T20:00:00+08:00",
            "不是时间：请写 'sat 20:00'、tomorrow、2026-12-05 或 2026-12-05T20:00:00+08:00"
        )
    )]
    Form,
    /// A time without an offset, and no zone to read it in.
    #[error(
        "{}",
        tr!(
            "which zone? write the offset, as in 2026-12-05T20:00:00+08:00, or use --zone Asia/Shanghai",
            "哪个时区？请写 UTC 偏移，如 2026-12-05T20:00:00+08:00，或用 --zone Asia/Shanghai"
        )
    )]
    NoZone,
    /// Today's day of the week.
    #[error("{}", trf!("today is a {}: write today, or the date", "今天就是{}：请写 today，或写日期", name(*.0)))]
    Today(Weekday),
    /// A time of day that has passed today, or is still to come.
    #[error("{}", other_side(clock, *.toward))]
    OtherSide {
        /// The time of day.
        clock: String,
        /// The side on which it should be.
        toward: Toward,
    },
    /// A time after now, where only the past can be looked up.
    #[error(
        "{}",
        tr!(
            "still to come: write a time in the past, or the number of an entry",
            "时间还没到：请写过去的时间，或日志条目的序号"
        )
    )]
    Ahead,
    /// A local time that the zone does not have, or has twice.
    #[error("{0}")]
    Local(Box<Problem>),
}

/// Reads a time. A day alone means its first second.
///
/// # Errors
/// [`NotATime`].
pub fn spoken_time(written: &str, now: Time, zone: Option<&Zone>, toward: Toward) -> Result<Time, NotATime> {
    let written = written.trim();
    match times::time(written, zone) {
        Ok(time) => return Ok(time),
        Err(Problem::Time) => {}
        Err(Problem::NoZone) => return Err(NotATime::NoZone),
        Err(problem) => return Err(NotATime::Local(problem.into())),
    }
    let written = written.to_ascii_lowercase();
    if written == "now" {
        return Ok(now);
    }
    let mut words = written.split_ascii_whitespace().collect::<Vec<_>>();
    let clock = words.iter().position(|word| word.contains(':')).map(|at| words.remove(at));
    let clock = clock.map(|word| parse_clock(word).ok_or(NotATime::Form)).transpose()?;
    let zone = || zone.ok_or(NotATime::NoZone);
    match (words.as_slice(), clock) {
        ([], Some(clock)) => at_clock(clock, now, zone()?, toward),
        ([day], clock) => {
            // An unknown word is reported before a missing zone.
            let day = day.parse().map_err(|_| NotATime::Form);
            let day: NaiveDate = match day {
                Ok(Day::Date(date)) => date,
                Ok(Day::Relative(days)) => shifted(today(now, zone()?), days)?,
                Ok(Day::Week(weekday)) => nearest_weekday(today(now, zone()?), weekday, toward)?,
                Err(error) => return Err(error),
            };
            local(day.and_time(clock.unwrap_or(NaiveTime::MIN)), zone()?)
        }
        _ => Err(NotATime::Form),
    }
}

/// A day, as a word names it.
enum Day {
    Date(NaiveDate),
    /// Days from today.
    Relative(i64),
    Week(Weekday),
}

impl std::str::FromStr for Day {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "today" => Ok(Self::Relative(0)),
            "tomorrow" => Ok(Self::Relative(1)),
            "yesterday" => Ok(Self::Relative(-1)),
            _ => match NaiveDate::parse_from_str(word, "%Y-%m-%d") {
                Ok(date) if word.len() == "2026-12-05".len() => Ok(Self::Date(date)),
                // chrono reads mon and monday, and tues and thurs too.
                _ => word.parse().map(Self::Week).map_err(|_| ()),
            },
        }
    }
}

fn parse_clock(word: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(word, form).ok())
}

fn today(now: Time, zone: &Zone) -> NaiveDate {
    zone.at(now).date_naive()
}

fn shifted(day: NaiveDate, days: i64) -> Result<NaiveDate, NotATime> {
    let count = Days::new(days.unsigned_abs());
    let moved = if days < 0 { day.checked_sub_days(count) } else { day.checked_add_days(count) };
    moved.ok_or(NotATime::Form)
}

/// The nearest such day of the week that is not today.
fn nearest_weekday(today: NaiveDate, weekday: Weekday, toward: Toward) -> Result<NaiveDate, NotATime> {
    let ahead = i64::from(weekday.days_since(today.weekday()));
    match (ahead, toward) {
        (0, _) => Err(NotATime::Today(weekday)),
        (ahead, Toward::Future) => shifted(today, ahead),
        (ahead, Toward::Past) => shifted(today, ahead - 7),
    }
}

/// A time of day today, on the side of now that is meant.
fn at_clock(clock: NaiveTime, now: Time, zone: &Zone, toward: Toward) -> Result<Time, NotATime> {
    let time = local(today(now, zone).and_time(clock), zone)?;
    match toward {
        Toward::Future if time <= now => {}
        Toward::Past if time > now => {}
        _ => return Ok(time),
    }
    Err(NotATime::OtherSide { clock: clock.format("%H:%M").to_string(), toward })
}

fn local(local: NaiveDateTime, zone: &Zone) -> Result<Time, NotATime> {
    times::in_zone(local, zone).map_err(|problem| match problem {
        Problem::Time => NotATime::Form,
        problem => NotATime::Local(problem.into()),
    })
}

/// The day of the week, for screens. It is typed in English in every language.
fn name(day: Weekday) -> String {
    let chinese = match day {
        Weekday::Mon => "周一",
        Weekday::Tue => "周二",
        Weekday::Wed => "周三",
        Weekday::Thu => "周四",
        Weekday::Fri => "周五",
        Weekday::Sat => "周六",
        Weekday::Sun => "周日",
    };
    tr!(day.to_string(), chinese.to_owned())
}

fn other_side(clock: &str, toward: Toward) -> String {
    match toward {
        Toward::Future => trf!(
            "{clock} today is over: write tomorrow {clock}, or the date",
            "今天 {clock} 已过：请写 tomorrow {clock}，或写日期"
        ),
        Toward::Past => trf!(
            "{clock} today is still to come: write yesterday {clock}, or the date",
            "今天 {clock} 还没到：请写 yesterday {clock}，或写日期"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wednesday, 2 December 2026, 17:00 in Shanghai.
    const NOW: &str = "2026-12-02T09:00:00Z";

    fn read(written: &str, toward: Toward) -> Result<String, NotATime> {
        let zone = Zone::named("Asia/Shanghai");
        spoken_time(written, NOW.parse().unwrap(), zone.as_ref(), toward).map(|time| time.to_string())
    }

    #[test]
    fn days_and_times_of_day_are_read_in_the_zone() {
        for (written, utc) in [
            ("sat 20:00", "2026-12-05T12:00:00Z"),
            ("Saturday 20:00", "2026-12-05T12:00:00Z"),
            ("20:00 sat", "2026-12-05T12:00:00Z"),
            ("tue", "2026-12-07T16:00:00Z"),
            ("tomorrow 20:00", "2026-12-03T12:00:00Z"),
            ("tomorrow", "2026-12-02T16:00:00Z"),
            ("today", "2026-12-01T16:00:00Z"),
            ("20:00", "2026-12-02T12:00:00Z"),
            ("2026-12-05", "2026-12-04T16:00:00Z"),
            ("2026-12-05 20:00", "2026-12-05T12:00:00Z"),
            ("2026-12-05T20:00:00-05:00", "2026-12-06T01:00:00Z"),
            (" NOW ", NOW),
        ] {
            assert_eq!(read(written, Toward::Future), Ok(utc.to_owned()), "{written}");
        }
        for (written, utc) in [("sat", "2026-11-27T16:00:00Z"), ("yesterday 8:00", "2026-12-01T00:00:00Z")] {
            assert_eq!(read(written, Toward::Past), Ok(utc.to_owned()), "{written}");
        }
    }

    #[test]
    fn what_could_mean_two_times_is_refused() {
        assert_eq!(read("wed 20:00", Toward::Future), Err(NotATime::Today(Weekday::Wed)));
        for (clock, toward, said) in [
            ("16:00", Toward::Future, "16:00 today is over: write tomorrow 16:00, or the date"),
            ("18:00", Toward::Past, "18:00 today is still to come: write yesterday 18:00, or the date"),
        ] {
            assert_eq!(read(clock, toward).unwrap_err().to_string(), said);
        }
        for written in
            ["", "soon", "sat sun", "sat 20", "25:00", "2026-12-5", "26-12-05", "20:00 20:00", "sat 20:00 CST"]
        {
            assert_eq!(read(written, Toward::Future), Err(NotATime::Form), "{written}");
        }
    }

    #[test]
    fn no_zone_is_guessed() {
        let now: Time = NOW.parse().unwrap();
        for written in ["sat 20:00", "tomorrow", "20:00", "2026-12-05", "2026-12-05 20:00"] {
            assert_eq!(spoken_time(written, now, None, Toward::Future), Err(NotATime::NoZone), "{written}");
        }
        assert_eq!(spoken_time("soon", now, None, Toward::Future), Err(NotATime::Form));
        assert_eq!(spoken_time("now", now, None, Toward::Future), Ok(now));
    }

    #[test]
    fn times_that_clocks_skip_or_show_twice_are_refused() {
        let zone = Zone::named("Europe/London");
        let read =
            |written| spoken_time(written, "2026-10-21T09:00:00Z".parse().unwrap(), zone.as_ref(), Toward::Future);
        assert!(matches!(read("sun 01:30"), Err(NotATime::Local(it)) if matches!(*it, Problem::TimeTwice { .. })));
        assert!(matches!(read("2027-03-28 01:30"), Err(NotATime::Local(it)) if matches!(*it, Problem::TimeGap { .. })));
    }
}
