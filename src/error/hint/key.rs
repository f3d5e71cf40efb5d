//! Hints about key files and the ssh-agent.

use super::shell_word;
use super::store::disk_hint;
use crate::signer::{AgentError, KeyError};
use crate::{tr, trf};

pub(super) fn key_hint(error: &KeyError) -> Option<String> {
    Some(match error {
        KeyError::Exposed { path, .. } => {
            trf!("run: chmod 600 {}", "请运行：chmod 600 {}", shell_word(&path.display().to_string()))
        }
        KeyError::Agent(error) => agent_hint(error).to_owned(),
        KeyError::OtherCipher { path, .. } => trf!(
            "run: ssh-keygen -p -Z aes256-ctr -f {}",
            "请运行：ssh-keygen -p -Z aes256-ctr -f {}",
            shell_word(&path.display().to_string())
        ),
        KeyError::NotAPublicKey { .. } => tr!(
            "`ssh-add -L` or `ssh-keygen -y -f KEY` prints its correct content",
            "`ssh-add -L` 或 `ssh-keygen -y -f KEY` 可显示其正确内容"
        )
        .to_owned(),
        KeyError::NotAKey { .. } | KeyError::OtherAlgorithm { .. } | KeyError::Bad { .. } => tr!(
            "make a key with `twinseal key new NAME` or `ssh-keygen -t ed25519`, and name the private key file",
            "请用 `twinseal key new NAME` 或 `ssh-keygen -t ed25519` 生成密钥，并给出私钥文件"
        )
        .to_owned(),
        KeyError::NeedsPassphrase { .. } => tr!("use --passphrase-file FILE", "请用 --passphrase-file FILE").to_owned(),
        KeyError::Exists { .. } => tr!("choose another name", "请换一个名称").to_owned(),
        KeyError::WrongPassphrase { .. } => tr!("try again", "请重试").to_owned(),
        KeyError::Io { source, .. } => disk_hint(
            source,
            tr!(
                "check the path and its permissions; `twinseal key new NAME` makes a key",
                "请检查路径及其权限；`twinseal key new NAME` 可生成密钥"
            ),
        )
        .to_owned(),
        KeyError::Token { .. } => tr!(
            "plug the token in and touch it when it blinks; ssh-keygen must be installed, and SSH_SK_PROVIDER names another \
             library for the token",
            "请插入设备，并在闪烁时触摸；须安装 ssh-keygen，SSH_SK_PROVIDER 可指定其他设备库"
        )
        .to_owned(),
        KeyError::Untouched => tr!(
            "make a key that requires a touch: `ssh-keygen -t ed25519-sk`, without `-O no-touch-required`",
            "请生成需要触摸的密钥：`ssh-keygen -t ed25519-sk`，不加 `-O no-touch-required`"
        )
        .to_owned(),
        KeyError::NoCheckpoint => {
            tr!("sign it with a plain Ed25519 key: --key FILE", "请用普通的 Ed25519 密钥签署：--key FILE").to_owned()
        }
        KeyError::Encoding => return None,
    })
}

fn agent_hint(error: &AgentError) -> &'static str {
    match error {
        AgentError::NoSocket => tr!(
            "use --key FILE with the private key; or start an agent with `eval $(ssh-agent)` and run `ssh-add`",
            "请用 --key FILE 给出私钥；或用 `eval $(ssh-agent)` 启动代理并运行 `ssh-add`"
        ),
        AgentError::Unreachable { .. } => {
            tr!(
                "the agent may have ended, or its forwarding: log in again, run `eval $(ssh-agent)`, or use --key FILE with \
             the private key",
                "代理或其转发可能已结束：请重新登录，运行 `eval $(ssh-agent)`，或用 --key FILE 给出私钥"
            )
        }
        AgentError::NotHeld { .. } => tr!(
            "add the key with `ssh-add FILE`; unlock a locked agent with `ssh-add -X`; `ssh-add -l` lists its keys",
            "用 `ssh-add FILE` 添加密钥；用 `ssh-add -X` 解锁代理；`ssh-add -l` 列出其密钥"
        ),
        AgentError::Refused { .. } => {
            tr!(
                "nobody confirmed, the agent was locked, or the key is restricted to other uses: try again, or check \
             `ssh-add -l`",
                "无人确认、代理已锁定，或密钥限于其他用途：请重试，或查看 `ssh-add -l`"
            )
        }
        AgentError::Timeout { .. } => tr!(
            "check whether the agent is waiting for a confirmation, then try again; or restart it",
            "请检查代理是否在等待确认，然后重试；或重启代理"
        ),
        AgentError::Protocol { .. } | AgentError::BadSignature { .. } => {
            tr!(
                "nothing was signed; check what listens on that socket before you use it again, or use --key FILE with \
             the private key",
                "未签名任何内容；再次使用之前请检查是什么在监听该套接字，或用 --key FILE 给出私钥"
            )
        }
    }
}
