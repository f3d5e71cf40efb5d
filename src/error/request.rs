//! Errors of requests for enrolment.

use crate::domain::{Fingerprint, PersonId};
use crate::format::Defect;
use crate::{tr, trf};

/// Why a request cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// An enrolment request that is malformed or whose signature is invalid.
    #[error("{}", trf!("{path} is not a valid enrolment request: {defect}", "{path} 不是有效的登记申请：{defect}"))]
    Malformed {
        /// The file, as it was named.
        path: String,
        /// The reason.
        defect: Defect,
    },
    /// An enrolment request for another register.
    #[error("{}", trf!("{path} is a request for {found}, not for {here}", "{path} 申请的是 {found}，不是 {here}"))]
    Elsewhere {
        /// The file, as it was named.
        path: String,
        /// The register that it names.
        found: String,
        /// This register.
        here: String,
    },
    /// A request for a register that is named by its id alone.
    #[error("{}", tr!(
        "a request for an existing register names its fingerprint: --fingerprint DIGEST is required",
        "对现有变更台账的申请须写明其指纹：必须给出 --fingerprint DIGEST"
    ))]
    NeedsFingerprint,
    /// An enrolment request by another person.
    #[error("{}", trf!("{path} is a request by {found}, not by {given}", "{path} 的申请人是 {found}，不是 {given}"))]
    OfOther {
        /// The file, as it was named.
        path: String,
        /// The person that it names.
        found: PersonId,
        /// The person named on the command line.
        given: PersonId,
    },
    /// The signing key belongs to none of the founding members.
    #[error("{}", trf!("key {key} belongs to none of the members", "密钥 {key} 不属于任何创始成员"))]
    NotAmongMembers {
        /// The signing key.
        key: Fingerprint,
    },
}

impl RequestError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::Malformed { .. } => tr!(
                "ask the sender for a new one: `twinseal person request`",
                "请让发送人重新生成：`twinseal person request`"
            ),
            Self::Elsewhere { here, .. } => {
                return trf!(
                    "ask the sender for a request made with --register '{here}'",
                    "请让发送人用 --register '{here}' 重新生成申请"
                );
            }
            Self::NeedsFingerprint => tr!(
                "get it from an admin out of band: `twinseal person list` prints the register's id and fingerprint",
                "请另行向管理员索取：`twinseal person list` 显示变更台账的标识和指纹"
            ),
            Self::OfOther { .. } => tr!(
                "write NAME=FILE:ROLES with the name in the request",
                "请写 NAME=FILE:ROLES，其中 NAME 与申请中的一致"
            ),
            Self::NotAmongMembers { .. } => tr!(
                "choose with --key the key of an admin named in --member",
                "请用 --key 选择 --member 中某名管理员的密钥"
            ),
        };
        hint.to_owned()
    }
}
