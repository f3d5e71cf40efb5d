//! The times at which no freeze is closed and no other change is under way.

use std::collections::BTreeSet;

use crate::domain::{Closed, FreezeName, Scope, Terms, Time, Window};

/// A time at which no freeze is closed, from its start up to, not including, its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Free {
    /// Its beginning.
    pub from: Time,
    /// Its end; `None` if no freeze closes any more.
    pub until: Option<Time>,
}

/// Free times, and what ends the search for more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FreeTimes {
    /// The times, in order.
    pub times: Vec<Free>,
    /// The freeze that is closed from some time on without an end, if that was reached.
    pub end: Option<(FreezeName, Closed)>,
}

impl Terms {
    /// Whether it may concern a change that has these services, environments and tags. An empty set says nothing: every
    /// freeze may concern such a change. Kinds and risks are left aside.
    pub fn may_concern(&self, asked: &Scope) -> bool {
        fn meet<T: Ord>(scope: &BTreeSet<T>, asked: &BTreeSet<T>) -> bool {
            scope.is_empty() || asked.is_empty() || !scope.is_disjoint(asked)
        }
        let Scope { services, environments, tags, .. } = &self.scope;
        let excepted = !self.except_tags.is_disjoint(&asked.tags);
        meet(services, &asked.services)
            && meet(environments, &asked.environments)
            && meet(tags, &asked.tags)
            && !excepted
    }
}

/// The first `count` times from `from` on, each of at least `seconds`, at which none of these freezes is closed, outside
/// these windows of other changes. A period that is reserved for some changes counts as closed.
pub fn free_times(
    (freezes, taken): (&[(FreezeName, &Terms)], &[Window]),
    from: Time,
    seconds: i64,
    count: usize,
) -> FreeTimes {
    let (mut found, mut from) = (FreeTimes::default(), from);
    while found.times.len() < count {
        let closed = freezes.iter().filter_map(|(name, terms)| Some((name, terms.closed_from(from)?)));
        let closed = closed.map(|(name, it)| (it.from, it.until, Some((name, it))));
        let ahead = taken.iter().filter(|it| !it.ended(from)).map(|it| (it.start(), Some(it.end()), None));
        let Some((begins, ends, freeze)) = closed.chain(ahead).min_by_key(|(begins, ..)| *begins) else {
            found.times.push(Free { from, until: None });
            break;
        };
        if begins >= from.plus(seconds) {
            found.times.push(Free { from, until: Some(begins) });
        }
        let Some(until) = ends else {
            found.end = freeze.map(|(name, closed)| (name.clone(), closed));
            break;
        };
        from = until;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClosedPeriod, ClosedPeriods, Known};

    fn time(minutes: i64) -> Time {
        Time::from_unix(minutes * 60).unwrap()
    }

    fn terms(known: Known, of: &[(i64, i64)]) -> Terms {
        let period = |(from, until): &(i64, i64)| ClosedPeriod::new(time(*from), time(*until), "day".parse().unwrap());
        Terms {
            scope: Scope::default(),
            except_kinds: BTreeSet::new(),
            except_tags: BTreeSet::new(),
            group: "duty".parse().unwrap(),
            calendar: None,
            known,
            periods: ClosedPeriods::new(of.iter().map(|it| period(it).unwrap()).collect()).unwrap(),
        }
    }

    /// The free times of these freezes in minutes, and whether a calendar ends them.
    fn free(of: &[&Terms], from: i64, minutes: i64, count: usize) -> (Vec<(i64, Option<i64>)>, bool) {
        let named: Vec<(FreezeName, &Terms)> = of.iter().map(|it| ("one".parse().unwrap(), *it)).collect();
        let found = free_times((&named, &[]), time(from), minutes * 60, count);
        let minutes = |time: Time| time.unix() / 60;
        (found.times.iter().map(|it| (minutes(it.from), it.until.map(minutes))).collect(), found.end.is_some())
    }

    #[test]
    fn free_times_lie_between_the_closed_periods_of_all_freezes() {
        let one = terms(Known::Complete, &[(10, 20), (40, 50)]);
        let other = terms(Known::Complete, &[(15, 25), (60, 70)]);
        let all = vec![(0, Some(10)), (25, Some(40)), (50, Some(60)), (70, None)];
        assert_eq!(free(&[&one, &other], 0, 1, 9), (all.clone(), false));
        assert_eq!(free(&[&other, &one], 0, 1, 2), (all[..2].to_vec(), false));
        assert_eq!(free(&[&one, &other], 0, 11, 9), (vec![(25, Some(40)), (70, None)], false));
        assert_eq!(free(&[&one, &other], 30, 10, 1), (vec![(30, Some(40))], false));
        assert_eq!(free(&[], 5, 10, 3), (vec![(5, None)], false));
    }

    #[test]
    fn the_windows_of_other_changes_are_not_free() {
        let one = terms(Known::Complete, &[(10, 20)]);
        let freezes = [("one".parse().unwrap(), &one)];
        let window = |from, until| Window::new(time(from), time(until), "UTC".parse().unwrap()).unwrap();
        let taken = [window(18, 30), window(0, 4), window(40, 50)];
        let found = free_times((&freezes, &taken), time(0), 60, 9);
        let minutes = |it: Free| (it.from.unix() / 60, it.until.map(|until| until.unix() / 60));
        let expected = [(4, Some(10)), (30, Some(40)), (50, None)];
        assert_eq!(found.times.into_iter().map(minutes).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nothing_is_free_beyond_a_calendar() {
        let known = terms(Known::Until(time(60)), &[(10, 20)]);
        let complete = terms(Known::Complete, &[(30, 40)]);
        assert_eq!(free(&[&known, &complete], 0, 1, 9), (vec![(0, Some(10)), (20, Some(30)), (40, Some(60))], true));
        assert_eq!(free(&[&known], 70, 1, 9), (vec![], true));
    }
}
