//! Errors of approvals that are signed away from the register.

use crate::domain::{Fingerprint, PersonId};
use crate::format::statement::StatementFault;
use crate::{tr, trf};

/// Why an approval cannot be exported, signed without the register, or submitted.
#[derive(Debug, thiserror::Error)]
pub enum DetachedError {
    /// A file that is no statement with its revision.
    #[error("{}", trf!("{path} is no statement to approve: {fault}", "{path} 不是待签的批准声明：{fault}"))]
    File {
        /// The file, as it was named.
        path: String,
        /// The fault.
        fault: Box<StatementFault>,
    },
    /// A statement without a signature beside it.
    #[error("{}", trf!("{path} is not signed: no {path}.sig", "{path} 尚未签名：没有 {path}.sig"))]
    Unsigned {
        /// The file, as it was named.
        path: String,
    },
    /// A signature that is not over the statement by the key that it names.
    #[error("{}", trf!(
        "{path}.sig is not the signature of {person} over the statement in {path}, by the key that it names",
        "{path}.sig 不是 {person} 用声明所写明的密钥对 {path} 中的声明作出的签名"
    ))]
    Signature {
        /// The file, as it was named.
        path: String,
        /// The approver whom the statement names.
        person: PersonId,
    },
    /// A key other than that of the statement.
    #[error("{}", trf!("the statement names key {named}, not {chosen}", "声明写明的密钥是 {named}，不是 {chosen}"))]
    OtherKey {
        /// The key that the statement names.
        named: Box<Fingerprint>,
        /// The chosen one.
        chosen: Box<Fingerprint>,
    },
    /// An approver with no live key, with several, or without the one that was named.
    #[error("{}", which_key(.person, .keys))]
    WhichKey {
        /// The approver.
        person: PersonId,
        /// Their live keys.
        keys: Vec<Fingerprint>,
    },
}

fn which_key(person: &PersonId, keys: &[Fingerprint]) -> String {
    if keys.is_empty() {
        return trf!("{person} has no key that can sign", "{person} 没有可以签名的密钥");
    }
    let keys: Vec<String> = keys.iter().map(Fingerprint::to_string).collect();
    let keys = keys.join(tr!(", ", "、"));
    trf!("name one of the keys of {person}: {keys}", "请指定 {person} 的一个密钥：{keys}")
}

impl DetachedError {
    /// The next step.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => tr!(
                "ask for it again, as `twinseal approve CHG-7 --detached FILE` wrote it",
                "请重新索取 `twinseal approve CHG-7 --detached FILE` 写出的文件"
            ),
            Self::Unsigned { .. } => tr!(
                "the approver signs it with `twinseal approve --sign FILE`, or with ssh-keygen; both files are needed",
                "由审批人用 `twinseal approve --sign FILE` 或 ssh-keygen 签名；两个文件缺一不可"
            ),
            Self::Signature { .. } => tr!(
                "the approver signs the statement again: `twinseal approve --sign FILE`",
                "请审批人重新签署声明：`twinseal approve --sign FILE`"
            ),
            Self::OtherKey { .. } => tr!(
                "name the file of that key with --key; only it can sign this statement",
                "请用 --key 指定该密钥的文件；只有它能签署此声明"
            ),
            Self::WhichKey { .. } => tr!(
                "name it with --for-key; `twinseal person show PERSON` lists the keys",
                "请用 --for-key 指定；`twinseal person show PERSON` 列出密钥"
            ),
        }
    }
}
