//! Errors of `breakglass`.

use crate::domain::BreakGlassId;
use crate::format::Defect;

/// Why a command about a break-glass failed.
#[derive(Debug, thiserror::Error)]
pub enum BreakGlassError {
    /// No such break-glass.
    #[error("no break-glass {0}")]
    None(BreakGlassId),
    /// A file that is no signed word.
    #[error("{path} is no break-glass signed without the register: {defect}")]
    Word {
        /// The file, as it was named.
        path: String,
        /// The defect.
        defect: Box<Defect>,
    },
    /// Signing without the register, without saying who signs.
    #[error("without the register, nothing says whose key this is")]
    WhoSigns,
}

impl BreakGlassError {
    /// The next step.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Word { .. } => "ask the signer for the file that `twinseal breakglass open --offline` wrote",
            Self::WhoSigns => "name yourself: --as PERSON",
            Self::None(_) => "`twinseal breakglass list` shows all of them",
        }
    }
}
