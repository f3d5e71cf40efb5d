//! Errors of `breakglass`.

use crate::domain::BreakGlassId;

/// Why a command about a break-glass failed.
#[derive(Debug, thiserror::Error)]
pub enum BreakGlassError {
    /// No such break-glass.
    #[error("no break-glass {0}")]
    None(BreakGlassId),
}

impl BreakGlassError {
    /// The next step.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::None(_) => "`twinseal breakglass list` shows all of them",
        }
    }
}
