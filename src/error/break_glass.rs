//! Errors of `breakglass` and `deviation`: of what was done without approval.

use crate::domain::{BreakGlassId, DeviationId};
use crate::format::Defect;
use crate::{tr, trf};

/// Why a command about a break-glass or a deviation failed.
#[derive(Debug, thiserror::Error)]
pub enum BreakGlassError {
    /// No such break-glass.
    #[error("{}", trf!("no break-glass {}", "没有紧急处置 {}", .0))]
    None(BreakGlassId),
    /// No such deviation.
    #[error("{}", trf!("no deviation {}", "没有偏差 {}", .0))]
    NoDeviation(DeviationId),
    /// A file that is no signed word.
    #[error("{}", trf!(
        "{path} is no break-glass signed without the register: {defect}",
        "{path} 不是离线签名的紧急处置：{defect}"
    ))]
    Word {
        /// The file, as it was named.
        path: String,
        /// The defect.
        defect: Box<Defect>,
    },
    /// Signing without the register, without saying who signs.
    #[error("{}", tr!("without the register, nothing says whose key this is", "没有变更台账，无法得知此密钥属于谁"))]
    WhoSigns,
}

impl BreakGlassError {
    /// The next step.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Word { .. } => tr!(
                "ask the signer for the file that `twinseal breakglass open --offline` wrote",
                "请向签名人索取 `twinseal breakglass open --offline` 写出的文件"
            ),
            Self::WhoSigns => tr!("name yourself: --as PERSON", "请说明自己是谁：--as PERSON"),
            Self::NoDeviation(_) => {
                tr!("`twinseal deviation list` shows all of them", "`twinseal deviation list` 显示全部偏差")
            }
            Self::None(_) => {
                tr!("`twinseal breakglass list` shows all of them", "`twinseal breakglass list` 显示全部紧急处置")
            }
        }
    }
}
