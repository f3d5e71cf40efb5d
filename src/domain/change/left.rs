//! Changes whose owner or implementers have left.

use crate::domain::records::Unloaded;
use crate::domain::{Change, Governance, PersonId};
use crate::tr;

/// Which of the people who carry out a change have left: see [`Governance::has_left`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Neither the owner nor the last implementer.
    Nobody,
    /// The owner.
    Owner,
    /// All implementers, but not the owner.
    Implementers,
    /// The owner and all implementers.
    All,
}

impl Left {
    /// Whether somebody must take the change over.
    pub fn is_any(self) -> bool {
        self != Self::Nobody
    }

    /// The words for screens; empty for [`Left::Nobody`].
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Nobody => "",
            Self::Owner => tr!("owner has left", "变更负责人已离任"),
            Self::Implementers => tr!("all implementers have left", "实施人均已离任"),
            Self::All => tr!("owner has left, and so have all implementers", "变更负责人和全部实施人均已离任"),
        }
    }
}

impl Change {
    /// Which of the people who carry out the current revision have left.
    pub(in crate::domain) fn left(&self, governance: &Governance) -> Result<Left, Unloaded> {
        self.left_without(governance, None)
    }

    /// Which of the people who still have to carry out the change have left, also after `leaving`, if named, has left.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn stranded(&self, governance: &Governance, leaving: Option<&PersonId>) -> Result<Left, Unloaded> {
        let over = self.withdrawn().is_some() || !self.outcomes().is_empty();
        if over { Ok(Left::Nobody) } else { self.left_without(governance, leaving) }
    }

    fn left_without(&self, governance: &Governance, leaving: Option<&PersonId>) -> Result<Left, Unloaded> {
        let gone = |it: &PersonId| Ok(leaving == Some(it) || governance.has_left(it)?);
        let facts = &self.current().facts;
        let mut implementers = true;
        for implementer in &facts.implementers {
            implementers &= gone(implementer)?;
        }
        Ok(match (gone(&facts.owner)?, implementers) {
            (false, false) => Left::Nobody,
            (true, false) => Left::Owner,
            (false, true) => Left::Implementers,
            (true, true) => Left::All,
        })
    }
}
