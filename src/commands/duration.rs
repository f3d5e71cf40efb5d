//! Lengths of time on the command line.

use crate::error::Error;
use crate::tr;

/// A day, in seconds.
pub const DAY: i64 = 86_400;

/// The units in the order in which they stand, in seconds.
const UNITS: [(char, i64); 4] = [('d', DAY), ('h', 3_600), ('m', 60), ('s', 1)];

/// The seconds of `30m`, `4h`, `90s` or `4h30m`: at least `least`, and at most a day.
///
/// # Errors
/// [`Error::Form`].
pub fn duration(given: &str, least: i64) -> Result<i64, Error> {
    let wrong = || Error::Form {
        given: given.to_owned(),
        form: tr!("30m, 4h, 90s or 4h30m, at most 24h", "30m、4h、90s 或 4h30m，最长 24h"),
    };
    let seconds = seconds(given).filter(|seconds| (least..=DAY).contains(seconds));
    seconds.ok_or_else(wrong)
}

/// Numbers with units, each unit at most once and the largest first.
fn seconds(given: &str) -> Option<i64> {
    let (mut rest, mut sum) = (given, 0_i64);
    for (unit, seconds) in UNITS {
        if let Some((count, after)) = rest.split_once(unit) {
            let count = i64::try_from(crate::domain::number(count).ok()?).ok()?;
            sum = sum.checked_add(count.checked_mul(seconds)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !given.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_numbers_with_units_up_to_a_day() {
        for (given, expected) in [
            ("4h", 14_400),
            ("90m", 5_400),
            ("90s", 90),
            ("24h", 86_400),
            ("1d", 86_400),
            ("1m", 60),
            ("1440m", 86_400),
            ("4h30m", 16_200),
            ("1h0m30s", 3_630),
        ] {
            assert_eq!(duration(given, 1).unwrap(), expected, "{given}");
        }
        let wrong = "h|m|0h|25h|1441m|24h1m|24h1s|4|4w|-4h|04h|4 h|4時|9007199254740991h|4h30|1h2h|30m4h|1d1s|4H";
        for given in wrong.split('|').chain([""]) {
            assert!(duration(given, 1).is_err(), "{given}");
        }
        assert_eq!(duration("0m", 0).unwrap(), 0);
    }
}
