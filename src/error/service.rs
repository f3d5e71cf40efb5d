//! Errors of `service`.

use super::did_you_mean;
use crate::domain::ServiceId;
use crate::{tr, trf};

/// Why a command about a service failed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// No service in force has this id.
    #[error("{}", trf!(
        "no service {service} is in force{}",
        "没有生效的服务 {service}{}", did_you_mean(.near.as_deref())
    ))]
    None {
        /// The id given.
        service: ServiceId,
        /// The most similar id.
        near: Option<String>,
    },
}

impl ServiceError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::None { .. } => {
                tr!("`twinseal service list` shows the services in force", "`twinseal service list` 列出生效的服务")
                    .to_owned()
            }
        }
    }
}
