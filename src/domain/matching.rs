//! Fills slots with people, each person in one slot at most.

use std::collections::BTreeSet;

/// Fills as many slots as possible, an earlier one rather than a later one. `able` has for each slot the people who could
/// fill it. Returns for each slot who does.
///
/// People are moved between slots if that is the only way: an augmenting path in the sense of Berge.
pub fn fill<P: Ord + Copy>(able: &[Vec<P>]) -> Vec<Option<P>> {
    let mut filled = vec![None; able.len()];
    for slot in 0..able.len() {
        place(able, slot, &mut filled, &mut BTreeSet::new());
    }
    filled
}

/// Fills one slot; `tried` are the people who were asked already.
fn place<P: Ord + Copy>(able: &[Vec<P>], slot: usize, filled: &mut [Option<P>], tried: &mut BTreeSet<P>) -> bool {
    for person in able.get(slot).into_iter().flatten() {
        if !tried.insert(*person) {
            continue;
        }
        let held = filled.iter().position(|it| *it == Some(*person));
        if held.is_none_or(|other| place(able, other, filled, tried)) {
            filled.iter_mut().skip(slot).take(1).for_each(|it| *it = Some(*person));
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many slots are filled. Checks that nobody fills two, or one that they cannot fill.
    fn filled(able: &[Vec<u32>]) -> usize {
        let filled = fill(able);
        let by: Vec<u32> = filled.iter().flatten().copied().collect();
        assert_eq!(by.iter().collect::<BTreeSet<_>>().len(), by.len(), "one person in two slots: {filled:?}");
        assert!(filled.iter().zip(able).all(|(by, able)| by.is_none_or(|by| able.contains(&by))), "{filled:?}");
        by.len()
    }

    #[test]
    fn one_person_never_fills_two_slots() {
        assert_eq!(filled(&[vec![1], vec![1]]), 1);
        assert_eq!(filled(&[vec![1], vec![]]), 1);
        assert_eq!(filled(&[]), 0);
    }

    #[test]
    fn people_are_moved_until_every_slot_is_filled() {
        assert_eq!(filled(&[vec![1, 2], vec![1]]), 2);
        assert_eq!(filled(&[vec![1, 3], vec![1, 2], vec![2]]), 3);
    }

    #[test]
    fn a_slot_that_was_filled_stays_filled() {
        assert_eq!(fill(&[vec![1], vec![1], vec![2]]), [Some(1), None, Some(2)]);
    }

    #[test]
    fn the_largest_number_of_slots_is_filled_in_every_small_case() {
        for bits in 0..65_536_u32 {
            let able = |slot: u32| (0..4).filter(|person| bits >> (4 * slot) & (1 << person) != 0).collect();
            let able: Vec<Vec<u32>> = (0..4).map(able).collect();
            assert_eq!(filled(&able), best(&able, &BTreeSet::new()), "{able:?}");
        }
    }

    /// The same by trying everything.
    fn best(able: &[Vec<u32>], taken: &BTreeSet<u32>) -> usize {
        let Some((slot, more)) = able.split_first() else { return 0 };
        let with = slot.iter().filter(|person| !taken.contains(person)).map(|person| {
            let taken = taken.iter().chain([person]).copied().collect();
            1 + best(more, &taken)
        });
        with.chain([best(more, taken)]).max().unwrap_or(0)
    }
}
