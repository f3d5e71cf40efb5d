//! The periods in which a role or a group is granted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{Invalid, Moment, Time};

/// A period of a grant: from its beginning up to, not including, its end. Either may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Period {
    // The order of the fields sorts periods by beginning; one without a beginning comes first.
    from: Option<Time>,
    until: Option<Time>,
}

impl Period {
    /// Without beginning and end.
    pub const PERMANENT: Self = Self { from: None, until: None };

    /// A period.
    ///
    /// # Errors
    /// [`Invalid::PeriodOrder`] unless it ends after it begins.
    pub fn new(from: Option<Time>, until: Option<Time>) -> Result<Self, Invalid> {
        match (from, until) {
            (Some(from), Some(until)) if until <= from => Err(Invalid::PeriodOrder),
            _ => Ok(Self { from, until }),
        }
    }

    /// The first moment of the period; `None` if it always was.
    pub fn from(self) -> Option<Time> {
        self.from
    }

    /// The first moment after the period; `None` if it never ends.
    pub fn until(self) -> Option<Time> {
        self.until
    }

    /// Whether it has ended at `time`.
    pub fn ended(self, time: Time) -> bool {
        self.until.is_some_and(|until| until <= time)
    }

    /// Whether it holds at a moment. It begins at the claimed and ends at the effective time.
    pub fn holds(self, at: Moment) -> bool {
        self.from.is_none_or(|from| from <= at.claimed) && !self.ended(at.effective)
    }

    /// The parts of this period that are outside another.
    fn minus(self, cut: Self) -> impl Iterator<Item = Self> {
        let before = cut.from.and_then(|end| Self::new(self.from, earlier(self.until, Some(end))).ok());
        let after = cut.until.and_then(|begin| Self::new(later(self.from, begin), self.until).ok());
        before.into_iter().chain(after)
    }

    /// Whether a period that begins no earlier overlaps this one, or begins where it ends.
    fn reaches(self, next: Self) -> bool {
        self.until.is_none_or(|until| next.from.is_none_or(|from| from <= until))
    }
}

/// The earlier of two ends.
fn earlier(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    one.into_iter().chain(other).min()
}

/// The later of two beginnings.
fn later(one: Option<Time>, other: Time) -> Option<Time> {
    one.max(Some(other))
}

/// The beginning and the end, separated by a space; `-` for none.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: Option<Time>| time.map_or_else(|| "-".to_owned(), |time| time.to_string());
        write!(f, "{} {}", time(self.from), time(self.until))
    }
}

impl FromStr for Period {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let time = |text: &str| if text == "-" { Ok(None) } else { text.parse().map(Some) };
        let (from, until) = text.split_once(' ').ok_or(Invalid::Time)?;
        Self::new(time(from)?, time(until)?)
    }
}

/// The periods of one grant: at least one, in the order of time, with a gap between any two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periods(Vec<Period>);

impl Periods {
    /// Periods in the order of time.
    ///
    /// # Errors
    /// [`Invalid::PeriodOverlap`] unless there is one, and each begins later than the one before ends.
    pub fn new(periods: Vec<Period>) -> Result<Self, Invalid> {
        let apart = periods.iter().zip(periods.iter().skip(1)).all(|(one, next)| !one.reaches(*next));
        if apart && !periods.is_empty() { Ok(Self(periods)) } else { Err(Invalid::PeriodOverlap) }
    }

    /// A grant without beginning and end.
    pub fn permanent() -> Self {
        Self(vec![Period::PERMANENT])
    }

    /// Whether the grant has neither beginning nor end.
    pub fn is_permanent(&self) -> bool {
        self.0 == [Period::PERMANENT]
    }

    /// The periods, in the order of time.
    pub fn iter(&self) -> impl Iterator<Item = Period> {
        self.0.iter().copied()
    }

    /// Whether one of the periods holds: see [`Period::holds`].
    pub fn hold(&self, at: Moment) -> bool {
        self.iter().any(|period| period.holds(at))
    }

    /// Whether all periods have ended at `time`.
    pub fn ended(&self, time: Time) -> bool {
        self.iter().all(|period| period.ended(time))
    }

    /// The earliest end, if any period has an end.
    pub fn first_end(&self) -> Option<Time> {
        self.iter().filter_map(Period::until).min()
    }

    /// The periods that have not ended at `time`; `None` if all have.
    pub fn left(&self, time: Time) -> Option<Self> {
        let left: Vec<Period> = self.iter().filter(|period| !period.ended(time)).collect();
        if left.is_empty() { None } else { Some(Self(left)) }
    }

    /// Everything that is in these periods or in the others.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        let mut all: Vec<Period> = self.iter().chain(others.iter()).collect();
        all.sort();
        let mut joined: Vec<Period> = Vec::new();
        for next in all {
            match joined.last_mut() {
                Some(last) if last.reaches(next) => {
                    last.until = last.until.zip(next.until).map(|(one, other)| one.max(other));
                }
                _ => joined.push(next),
            }
        }
        Self(joined)
    }

    /// Everything that is in these periods and not in `cut`; `None` if nothing is left.
    pub fn without(&self, cut: Period) -> Option<Self> {
        let left: Vec<Period> = self.iter().flat_map(|period| period.minus(cut)).collect();
        if left.is_empty() { None } else { Some(Self(left)) }
    }
}

impl From<Period> for Periods {
    fn from(period: Period) -> Self {
        Self(vec![period])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Time {
        Time::from_unix(seconds).unwrap()
    }

    fn at_once(seconds: i64) -> Moment {
        Moment::unwitnessed(time(seconds))
    }

    /// A period with this beginning and end, each in seconds; 0 for none.
    fn period(from: i64, until: i64) -> Period {
        let bound = |at: i64| if at == 0 { None } else { Some(time(at)) };
        Period::new(bound(from), bound(until)).unwrap()
    }

    fn periods(list: &[(i64, i64)]) -> Periods {
        Periods::new(list.iter().map(|(from, until)| period(*from, *until)).collect()).unwrap()
    }

    #[test]
    fn a_period_has_its_first_moment_and_not_its_last() {
        let it = period(10, 20);
        for (at, holds) in [(9, false), (10, true), (19, true), (20, false)] {
            assert_eq!(it.holds(at_once(at)), holds, "{at}");
        }
        // The end is judged by another time than the beginning.
        assert!(!period(16, 0).holds(Moment::at(time(15), time(20))));
        assert!(!it.holds(Moment::at(time(15), time(20))));
        assert!(Period::PERMANENT.holds(at_once(1)));
        assert_eq!(Period::new(Some(time(5)), Some(time(5))), Err(Invalid::PeriodOrder));
    }

    #[test]
    fn periods_are_ascending_with_a_gap() {
        for bad in [&[][..], &[(10, 20), (20, 30)], &[(10, 20), (15, 30)], &[(0, 0), (5, 6)], &[(10, 0), (20, 30)]] {
            let list = bad.iter().map(|(from, until)| period(*from, *until)).collect();
            assert_eq!(Periods::new(list), Err(Invalid::PeriodOverlap), "{bad:?}");
        }
        assert!(periods(&[(0, 10), (11, 20), (30, 0)]).hold(at_once(12)));
        assert!(!periods(&[(0, 10), (11, 20), (30, 0)]).hold(at_once(10)));
    }

    /// The sets of seconds 1 to 39 that periods hold, compared with the same operations on sets of numbers.
    #[test]
    fn joining_and_cutting_are_those_of_sets() {
        let moments = |it: Option<&Periods>| -> Vec<i64> {
            (1..40).filter(|at| it.is_some_and(|it| it.hold(at_once(*at)))).collect()
        };
        let lists = [
            periods(&[(0, 0)]),
            periods(&[(5, 10)]),
            periods(&[(0, 10), (12, 20), (30, 0)]),
            periods(&[(10, 12), (15, 0)]),
            periods(&[(0, 15)]),
            periods(&[(10, 20), (21, 25)]),
        ];
        let cuts = [period(0, 0), period(5, 10), period(0, 12), period(12, 0), period(11, 31), period(20, 21)];
        for one in &lists {
            for other in &lists {
                let both = one.with(other);
                assert!(Periods::new(both.0.clone()).is_ok(), "{both:?}");
                let mut expected = [moments(Some(one)), moments(Some(other))].concat();
                expected.sort_unstable();
                expected.dedup();
                assert_eq!(moments(Some(&both)), expected, "{one:?} and {other:?}");
            }
            for cut in cuts {
                let left = one.without(cut);
                assert!(left.as_ref().is_none_or(|left| Periods::new(left.0.clone()).is_ok()), "{left:?}");
                let outside = |at: &i64| !cut.holds(at_once(*at));
                let expected: Vec<i64> = moments(Some(one)).into_iter().filter(outside).collect();
                assert_eq!(moments(left.as_ref()), expected, "{one:?} without {cut:?}");
            }
        }
    }
}
