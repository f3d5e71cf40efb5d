//! Errors of `template`.

use super::did_you_mean;
use crate::domain::{ChangeId, TemplateName};
use crate::{tr, trf};

/// Why a command about a template or a standard change failed.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No template in force has this name.
    #[error("{}", trf!(
        "no template {template} is in force{}",
        "没有生效的模板 {template}{}", did_you_mean(.near.as_deref())
    ))]
    None {
        /// The name given.
        template: TemplateName,
        /// The most similar name.
        near: Option<String>,
    },
    /// A standard change that somebody wants to approve away from the register, which has its template.
    #[error("{}", trf!(
        "{change} is a standard change: what it does is rendered from its template, which only the register has",
        "{change} 是标准变更：其内容由模板生成，而模板只在变更台账中"
    ))]
    Detached {
        /// The change.
        change: ChangeId,
    },
}

impl TemplateError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::None { .. } => tr!(
                "`twinseal template list` shows the templates in force; to set one: `twinseal template propose FILE`",
                "`twinseal template list` 列出生效的模板；设置模板：`twinseal template propose FILE`"
            )
            .to_owned(),
            Self::Detached { change } => trf!(
                "approve it where the register is: `twinseal approve {change}`",
                "请在有变更台账的地方批准：`twinseal approve {change}`"
            ),
        }
    }
}
