//! What a register asks of its changes, beyond what no policy can lower.

use super::Invalid;
use super::time::DAY;

/// A policy. Whoever holds one holds a valid one: there is none that asks for fewer than two approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    approvals: u8,
    approval_days: u16,
}

impl Policy {
    /// Two-person control: no policy can ask for fewer approvals.
    pub const FEWEST_APPROVALS: u8 = 2;
    /// The policy that a new register begins with.
    pub const BUILT_IN: Self = Self { approvals: Self::FEWEST_APPROVALS, approval_days: 14 };

    /// A policy of so many approvals, each valid for so many days.
    ///
    /// # Errors
    /// [`Invalid::PolicyApprovals`] outside 2 to 9, [`Invalid::PolicyExpiry`] outside 1 to 365.
    pub fn new(approvals: u64, approval_days: u64) -> Result<Self, Invalid> {
        let fewest = u64::from(Self::FEWEST_APPROVALS);
        let within = |range: std::ops::RangeInclusive<u64>, n: u64| range.contains(&n);
        if !within(fewest..=9, approvals) {
            return Err(Invalid::PolicyApprovals { found: approvals });
        }
        match u16::try_from(approval_days) {
            Ok(days) if within(1..=365, approval_days) => Ok(Self { approvals: approvals as u8, approval_days: days }),
            _ => Err(Invalid::PolicyExpiry { found: approval_days }),
        }
    }

    /// How many different people must approve a revision.
    pub fn approvals(self) -> usize {
        usize::from(self.approvals.max(Self::FEWEST_APPROVALS))
    }

    /// For how many days an approval counts.
    pub fn approval_days(self) -> u16 {
        self.approval_days
    }

    /// For how many seconds an approval counts.
    pub fn approval_seconds(self) -> i64 {
        i64::from(self.approval_days) * DAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_policy_asks_for_fewer_than_two_approvals() {
        for found in [0, 1, 10, 256, 258] {
            assert_eq!(Policy::new(found, 14), Err(Invalid::PolicyApprovals { found }));
        }
        assert_eq!(Policy::new(2, 0), Err(Invalid::PolicyExpiry { found: 0 }));
        assert_eq!(Policy::new(2, 366), Err(Invalid::PolicyExpiry { found: 366 }));
        assert_eq!(Policy::new(3, 7).map(Policy::approvals), Ok(3));
    }
}
