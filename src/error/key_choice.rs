//! Errors in choosing the key that signs.

use super::words::none_fits;
use crate::domain::{Fingerprint, PersonId};
use crate::{tr, trf};

/// Why no key was chosen, or why the chosen key cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum KeyChoiceError {
    /// No signing key is configured or named.
    #[error("{}", tr!("no key given", "未给出密钥"))]
    NotNamed,
    /// No key is named, and none in the agent is enrolled.
    #[error("{}", trf!("no key given, and {}", "未给出密钥，且{}", none_fits(*.held)))]
    NoneFits {
        /// How many Ed25519 keys the agent holds.
        held: usize,
    },
    /// No key is named, and several in the agent can be used.
    #[error("{}", trf!(
        "no key given, and the ssh-agent holds {} usable keys: {}",
        "未给出密钥，且 ssh-agent 中有 {} 把可用密钥：{}", .keys.len(), .keys.join(tr!(", ", "、"))
    ))]
    Several {
        /// Fingerprints with their comments.
        keys: Vec<String>,
    },
    /// A key that is not enrolled.
    #[error("{}", trf!("key {key} is not enrolled in this register", "密钥 {key} 未在此变更台账登记"))]
    NotEnrolled {
        /// Which one.
        key: Fingerprint,
    },
    /// The key belongs to a person other than `--as`.
    #[error("{}", trf!("the key belongs to {person}, not to {meant}", "该密钥属于 {person}，不属于 {meant}"))]
    OtherPerson {
        /// The key's owner.
        person: PersonId,
        /// The person given with `--as`.
        meant: String,
    },
}

impl KeyChoiceError {
    /// The next step.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::NoneFits { held: 0 } => tr!(
                "add your key with `ssh-add`, unlock the agent with `ssh-add -X`, or use --key FILE",
                "请用 `ssh-add` 添加密钥，用 `ssh-add -X` 解锁代理，或用 --key FILE"
            ),
            Self::NoneFits { .. } => tr!(
                "use --key FILE, or ask to be enrolled with a key of the agent: `twinseal join`",
                "请用 --key FILE，或申请登记代理中的一把密钥：`twinseal join`"
            ),
            Self::Several { .. } => tr!(
                "choose one with --key FILE; a public key file is enough (`ssh-add -L` prints the keys)",
                "请用 --key FILE 选择一个；公钥文件即可（`ssh-add -L` 显示这些密钥）"
            ),
            Self::NotNamed => {
                tr!(
                    "use --key FILE, set TWINSEAL_KEY, set `key` in config.toml, or add the key to an ssh-agent; \
                 `twinseal join` makes one",
                    "请用 --key FILE、设置 TWINSEAL_KEY、在 config.toml 中设置 `key`，或把密钥加入 ssh-agent；`twinseal join` 可生成密钥"
                )
            }
            Self::NotEnrolled { .. } => tr!(
                "choose your enrolled key with --key, or ask to be enrolled: `twinseal join`",
                "请用 --key 选择已登记的密钥，或申请登记：`twinseal join`"
            ),
            Self::OtherPerson { .. } => {
                tr!("choose your own key with --key, or leave out --as", "请用 --key 选择自己的密钥，或去掉 --as")
            }
        }
    }
}
