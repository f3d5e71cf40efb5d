//! Lengths of time on the command line.

use crate::error::Error;

/// A day, in seconds.
pub const DAY: i64 = 86_400;

/// The seconds of `4h`, `90m` or `4h30m`: at least `least`, and at most a day.
///
/// # Errors
/// [`Error::Form`].
pub fn duration(given: &str, least: i64) -> Result<i64, Error> {
    let wrong = || Error::Form { given: given.to_owned(), form: "4h, 90m or 4h30m, at most 24h" };
    let (hours, minutes) = match given.split_once('h') {
        Some((hours, "")) => (hours, "0"),
        Some((hours, minutes)) => (hours, minutes.strip_suffix('m').ok_or_else(wrong)?),
        None => ("0", given.strip_suffix('m').ok_or_else(wrong)?),
    };
    let number = |text: &str| crate::domain::number(text).ok().and_then(|count| i64::try_from(count).ok());
    let (hours, minutes) = (number(hours).ok_or_else(wrong)?, number(minutes).ok_or_else(wrong)?);
    let seconds = hours.checked_mul(60).and_then(|it| it.checked_add(minutes)?.checked_mul(60)).ok_or_else(wrong)?;
    if (least..=DAY).contains(&seconds) { Ok(seconds) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_hours_and_minutes_up_to_a_day() {
        for (given, expected) in
            [("4h", 14_400), ("90m", 5_400), ("24h", 86_400), ("1m", 60), ("1440m", 86_400), ("4h30m", 16_200)]
        {
            assert_eq!(duration(given, 1).unwrap(), expected, "{given}");
        }
        for given in [
            "",
            "h",
            "m",
            "0h",
            "25h",
            "1441m",
            "24h1m",
            "4",
            "4d",
            "-4h",
            "04h",
            "4 h",
            "4時",
            "9007199254740991h",
            "4h30",
            "1h2h",
        ] {
            assert!(duration(given, 1).is_err(), "{given}");
        }
        assert_eq!(duration("0m", 0).unwrap(), 0);
    }
}
