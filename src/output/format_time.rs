//! Times for people: in the window's zone, in UTC, and relative to now.

use crate::domain::{Time, Window};
use crate::zone::Zone;

/// `2026-12-05 20:00 +08:00`; UTC if the zone is unknown.
pub fn moment(time: Time, zone: &str) -> String {
    known(zone).at(time).format("%Y-%m-%d %H:%M %:z").to_string()
}

fn known(zone: &str) -> Zone {
    Zone::named(zone).unwrap_or_else(Zone::utc)
}

/// A window in its zone, and on a second line in UTC to the second.
pub fn window_lines(window: &Window) -> String {
    let zone = known(window.zone().as_str());
    format!("{} {}\n{} to {}", span(window, &zone), window.zone(), window.start(), window.end())
}

/// Two lines: `Sat 2026-12-05 20:00 to 22:00 Asia/Shanghai, opens in 3 h` and the same in UTC.
pub fn window(window: &Window, now: Time) -> String {
    let zone = known(window.zone().as_str());
    let verb = if window.start() > now { "opens" } else { "opened" };
    let local = format!("{} {}, {verb} {}", span(window, &zone), zone.name(), ago(window.start(), now));
    if zone.name() == "UTC" { local } else { format!("{local}\n{} UTC", span(window, &Zone::utc())) }
}

fn span(window: &Window, zone: &Zone) -> String {
    let (start, end) = (zone.at(window.start()), zone.at(window.end()));
    let seconds = start.timestamp() % 60 != 0 || end.timestamp() % 60 != 0;
    let clock = if seconds { "%H:%M:%S" } else { "%H:%M" };
    let end_form =
        if start.date_naive() == end.date_naive() { clock.to_owned() } else { format!("%a %Y-%m-%d {clock}") };
    format!("{} to {}", start.format(&format!("%a %Y-%m-%d {clock}")), end.format(&end_form))
}

/// A time relative to now, rounded down: `in 1 h 40 min`, `3 d ago`. The second unit matters to whoever decides whether
/// there is time left in a window.
pub fn ago(time: Time, now: Time) -> String {
    let seconds = time.unix() - now.unix();
    let span = match seconds.abs() {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3_600 => format!("{} min", s / 60),
        s @ 3_600..172_800 => units((s / 3_600, "h"), (s / 60 % 60, "min")),
        s @ 172_800..1_209_600 => units((s / 86_400, "d"), (s / 3_600 % 24, "h")),
        s @ 1_209_600..63_072_000 => format!("{} d", s / 86_400),
        s => format!("{} y", s / 31_536_000),
    };
    if seconds > 0 { format!("in {span}") } else { format!("{span} ago") }
}

fn units((count, unit): (i64, &str), (rest, smaller): (i64, &str)) -> String {
    if rest == 0 { format!("{count} {unit}") } else { format!("{count} {unit} {rest} {smaller}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_shown_in_their_zone_and_in_utc() {
        let t = |text: &str| text.parse::<Time>().unwrap();
        let zone = "Asia/Shanghai".parse().unwrap();
        let it = Window::new(t("2026-12-05T12:00:00Z"), t("2026-12-05T14:00:00Z"), zone).unwrap();
        let shown = "Sat 2026-12-05 20:00 to 22:00 Asia/Shanghai, opens in 3 h\nSat 2026-12-05 12:00 to 14:00 UTC";
        assert_eq!(window(&it, t("2026-12-05T09:00:00Z")), shown);
        assert_eq!(ago(t("2026-12-05T12:00:00Z"), t("2026-12-05T09:00:00Z")), "in 3 h");
        assert_eq!(ago(t("2026-12-05T12:00:00Z"), t("2026-12-08T12:00:00Z")), "3 d ago");
        assert_eq!(ago(t("2026-12-05T12:00:59Z"), t("2026-12-05T10:20:00Z")), "in 1 h 40 min");
        assert_eq!(ago(t("2026-12-05T12:00:00Z"), t("2026-12-09T10:00:00Z")), "3 d 22 h ago");
    }
}
