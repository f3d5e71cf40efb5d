//! Hints about key files and the ssh-agent.

use super::shell_word;
use super::store::disk_hint;
use crate::signer::{AgentError, KeyError};

pub(super) fn key_hint(error: &KeyError) -> Option<String> {
    Some(match error {
        KeyError::Exposed { path, .. } => format!("run: chmod 600 {}", shell_word(&path.display().to_string())),
        KeyError::Agent(error) => agent_hint(error).to_owned(),
        KeyError::OtherCipher { path, .. } => {
            format!("run: ssh-keygen -p -Z aes256-ctr -f {}", shell_word(&path.display().to_string()))
        }
        KeyError::NotAPublicKey { .. } => {
            "`ssh-add -L` or `ssh-keygen -y -f KEY` prints its correct content".to_owned()
        }
        KeyError::NotAKey { .. } | KeyError::OtherAlgorithm { .. } | KeyError::Bad { .. } => {
            "make a key with `twinseal key new NAME` or `ssh-keygen -t ed25519`, and name the private key file"
                .to_owned()
        }
        KeyError::NeedsPassphrase { .. } => "use --passphrase-file FILE".to_owned(),
        KeyError::Exists { .. } => "choose another name".to_owned(),
        KeyError::WrongPassphrase { .. } => "try again".to_owned(),
        KeyError::Io { source, .. } => {
            disk_hint(source, "check the path and its permissions; `twinseal key new NAME` makes a key").to_owned()
        }
        KeyError::Encoding => return None,
    })
}

fn agent_hint(error: &AgentError) -> &'static str {
    match error {
        AgentError::NoSocket => {
            "use --key FILE with the private key; or start an agent with `eval $(ssh-agent)` and run `ssh-add`"
        }
        AgentError::Unreachable { .. } => {
            "the agent may have ended, or its forwarding: log in again, run `eval $(ssh-agent)`, or use --key FILE with \
             the private key"
        }
        AgentError::NotHeld { .. } => {
            "add the key with `ssh-add FILE`; unlock a locked agent with `ssh-add -X`; `ssh-add -l` lists its keys"
        }
        AgentError::Refused { .. } => {
            "nobody confirmed, the agent was locked, or the key is restricted to other uses: try again, or check \
             `ssh-add -l`"
        }
        AgentError::Timeout { .. } => {
            "check whether the agent is waiting for a confirmation, then try again; or restart it"
        }
        AgentError::Protocol { .. } | AgentError::BadSignature { .. } => {
            "nothing was signed; check what listens on that socket before you use it again, or use --key FILE with \
             the private key"
        }
    }
}
