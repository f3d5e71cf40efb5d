//! What to do next when a command did not do what it was asked.

use std::path::Path;

use super::Error;
use crate::config::ConfigError;
use crate::format::Defect;
use crate::signer::{AgentError, KeyError};
use crate::store::{Finding, StoreError};

impl Error {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused(refusal) | Self::RefusedOnRecord { refusal, .. } => refusal.hint()?,
            Self::Faults { .. } => "mend these lines and try again; nothing was recorded",
            Self::FileTooLarge { .. } => "name another file, or shorten this one; nothing was recorded",
            Self::Request { .. } => "ask its sender to make it again with: twinseal person request",
            Self::RequestElsewhere { here, .. } => {
                return Some(format!("ask its sender for one that is made with --register '{here}'"));
            }
            Self::RequestOfOther { .. } => "give it as NAME=FILE:ROLES with the name that stands in it",
            Self::Defect(Defect::TooLarge { .. }) => "shorten the text",
            Self::NotAmongMembers { .. } => "sign with --key, using the key of one of the admins in --member",
            Self::NoHome => "set HOME, or both XDG_CONFIG_HOME and XDG_STATE_HOME, to absolute folders",
            Self::NoRegister => "name it with --register NAME or FILE, in TWINSEAL_REGISTER, or in config.toml",
            Self::UnknownRegister { .. } => "give the path of its file: --register /srv/twinseal/prod.db",
            Self::NoKey | Self::NoKeyFits { .. } | Self::SeveralKeys { .. } => self.choose_key(),
            Self::UnknownKey { .. } => {
                "choose your enrolled key with --key, or ask an admin to enrol you: twinseal person request"
            }
            Self::OtherPerson { .. } => "choose your own key with --key, or leave out --as",
            Self::NeedFingerprint { .. } => {
                "get the fingerprint from an admin by another way, and give it with --fingerprint"
            }
            Self::WrongFingerprint { .. } => {
                "do not use it; ask the admins whether it was replaced, by another way than this file"
            }
            Self::Successor { found, .. } => {
                return Some(format!(
                    "ask two admins, by another way than this file; if they say so: --fingerprint {found}"
                ));
            }
            Self::NotConfirmed => "run it again, and type exactly what is asked for",
            Self::PassphrasesDiffer => "run it again; nothing was made",
            Self::File { source, .. } => disk_hint(source, "check the path and its rights"),
            Self::Config(ConfigError::Io { source, .. }) => disk_hint(source, "check its rights"),
            Self::KnownName { .. } => "choose another name",
            Self::NeedDigest { .. } => "`show` prints the digest of what there is to sign",
            Self::OtherDigest { .. } => {
                "it was changed meanwhile, or that is another's digest: read it again, then decide"
            }
            Self::Copy { source: source @ (StoreError::Io { .. } | StoreError::Broken(_)), .. } => {
                return store_hint(source);
            }
            Self::Copy { .. } => "name a marked copy, or a register that was put aside; nothing was recorded",
            Self::NothingNamed { .. } => "name a role, --group or --operator",
            Self::NoPassphrase => "give it with --passphrase-file FILE, or say --no-passphrase",
            Self::Findings { .. } | Self::Unwell { .. } | Self::Broken(_) => self.mend(),
            Self::Store(error) => return store_hint(error),
            Self::Key(error) => return key_hint(error),
            Self::Contended { .. } => "try again",
            _ => return self.look().map(str::to_owned),
        };
        Some(hint.to_owned())
    }

    /// Where to see what there is.
    fn look(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoChange(_) => "`twinseal list` shows the changes that there are",
            Self::NoRevision { .. } => "`twinseal show` lists its revisions in the timeline",
            Self::NoProposal(_) => "`twinseal proposal list` shows the proposals that there are",
            Self::NoPerson { .. } => "`twinseal person list` shows who is enrolled",
            Self::NotGranted { .. } => "`twinseal person show` tells what they have",
            Self::NoText { .. } => "`twinseal log --raw-text --seq N` prints the text of an entry",
            Self::NoEntry(_) => "`twinseal log` shows the entries that there are",
            Self::NothingBy(_) => "`twinseal log` shows when what was recorded",
            Self::NothingLost { .. } => "whoever is stopped reads both in their error; `twinseal log` shows the rest",
            _ => return None,
        })
    }

    /// What to do about what was found.
    fn mend(&self) -> &'static str {
        match self {
            Self::Unwell { .. } => "each line says how to mend it",
            Self::Findings { .. } => {
                "keep this file as evidence, and tell the keepers of the register; tables alone are mended by \
                 `twinseal rebuild`"
            }
            _ => {
                "`twinseal verify` names all that is wrong, and `twinseal repair` puts the valid part in its place; both \
                 keep this file as evidence"
            }
        }
    }

    /// How to say which key signs, where none was named.
    fn choose_key(&self) -> &'static str {
        match self {
            Self::NoKeyFits { held: 0 } => {
                "add yours with ssh-add, or unlock the agent with `ssh-add -X`; or use --key"
            }
            Self::NoKeyFits { .. } => {
                "name yours with --key FILE, or ask an admin to enrol one: twinseal person request"
            }
            Self::SeveralKeys { .. } => {
                "name one with --key: a file with its public half, which `ssh-add -L` prints, is enough"
            }
            _ => {
                "name it with --key FILE, in TWINSEAL_KEY, or in config.toml; or add it to an ssh-agent; \
                 `twinseal key new` makes one"
            }
        }
    }
}

fn store_hint(error: &StoreError) -> Option<String> {
    let hint = match error {
        StoreError::Queue { queue, .. } => return Some(busy_hint(queue)),
        StoreError::Locked { path, .. } | StoreError::InUse { path } => return Some(busy_hint(path)),
        StoreError::NotFound { .. } => "check the path; `twinseal init` founds a register",
        StoreError::Exists { .. } => "choose another path: a register is never overwritten",
        StoreError::NotADatabase { .. } | StoreError::OtherApplication { .. } => "check the path given with --register",
        StoreError::Layout { .. } | StoreError::Newer { .. } => "use a newer twinseal",
        StoreError::NotABackup { .. } => {
            "it is a register already, or was copied by other means than `twinseal backup`"
        }
        StoreError::IsBackup { .. } => "record in the register itself; `twinseal restore` makes a register of a copy",
        StoreError::Network { .. } => {
            "keep it on a local disk of one host, and run twinseal there, over ssh if need be; a key may stay in an \
             agent that you forward"
        }
        StoreError::ReadOnly { .. } => "ask for membership of the group that owns it",
        StoreError::Busy { .. } => {
            "another command of yours, or a program such as the sqlite3 shell, is at work there; wait, or end it"
        }
        StoreError::Broken(Finding { rule: "file", .. }) => {
            "it is damaged, or the disk cannot read it: see the system's log first; `twinseal verify` names all that is \
             wrong; keep the file as evidence"
        }
        StoreError::Broken(_) => "`twinseal verify` names all that is wrong; keep the file as evidence",
        StoreError::PinLost { .. } => {
            "it was truncated, rolled back or replaced: keep this file, and ask the admins; if they restored it from a \
             copy, a later copy brings the rest back (twinseal recover COPY), or two admins go on without it (twinseal \
             proposal restored)"
        }
        StoreError::Superseded { .. } => "use the register that was accepted: name it with --register NAME",
        StoreError::Parted { seq: 0, .. } => "it is a copy of another register; nothing was recorded",
        StoreError::Parted { .. } => {
            "something was recorded since, so nothing can come in between; two admins can go on without what was lost: \
             twinseal proposal restored"
        }
        StoreError::PinUnreadable { .. } => {
            "pin.previous beside it is the pin before; compare it with the register's keepers before you put it back"
        }
        StoreError::CacheDamaged { .. } => {
            "nothing is wrong with the register: that copy was thrown away, and the next command verifies the whole log \
             again"
        }
        StoreError::RecordedButNotPinned { .. } => {
            "do not record it again; mend what failed, and look with `twinseal log`"
        }
        StoreError::Uncertain { .. } => {
            "see whether the disk is full or fails; then look with `twinseal log` whether it is there, before you try again"
        }
        StoreError::Stuck { .. } => "nothing was recorded; see whether the disk is full or fails, then try again",
        StoreError::Sqlite { .. } => {
            "nothing was recorded; see whether the disk is full or fails (`twinseal doctor` tells how much room there \
             is), then try again"
        }
        StoreError::Io { source, .. } => disk_hint(source, "check the path and its rights"),
    };
    Some(hint.to_owned())
}

/// Which process to look for. `fuser` shows those of other accounts to their owners and to root alone.
fn busy_hint(file: &Path) -> String {
    let file = shell_word(&file.display().to_string());
    format!("nothing was recorded; `fuser -v {file}` or `lsof {file}` names the processes; try again when it has ended")
}

/// What to do where the system does not read or write a file; `otherwise` where the disk is not to blame.
fn disk_hint(error: &std::io::Error, otherwise: &'static str) -> &'static str {
    match error {
        full if disk_is_full(full) => "make room on that disk, then try again; nothing was recorded",
        fails if disk_fails(fails) => "the disk fails: see the system's log; nothing was recorded",
        _ => otherwise,
    }
}

/// Whether there is no room on a disk.
pub fn disk_is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Whether a disk does not read or write: EIO, for which std has no name.
pub fn disk_fails(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(5)
}

fn key_hint(error: &KeyError) -> Option<String> {
    Some(match error {
        KeyError::Exposed { path, .. } => format!("run: chmod 600 {}", shell_word(&path.display().to_string())),
        KeyError::Agent(error) => agent_hint(error).to_owned(),
        KeyError::NotAPublicKey { .. } => {
            "`ssh-add -L` and `ssh-keygen -y -f KEY` print what belongs into it".to_owned()
        }
        KeyError::NotAKey { .. } | KeyError::OtherAlgorithm { .. } | KeyError::Bad { .. } => {
            "make one with `twinseal key new NAME`, or `ssh-keygen -t ed25519`; give the private half".to_owned()
        }
        KeyError::NeedsPassphrase { .. } => "give it with --passphrase-file FILE".to_owned(),
        KeyError::Exists { .. } => "choose another name".to_owned(),
        KeyError::WrongPassphrase { .. } => "try again".to_owned(),
        KeyError::Io { source, .. } => {
            disk_hint(source, "check the path and its rights; `twinseal key new NAME` makes a key").to_owned()
        }
        KeyError::Encoding => return None,
    })
}

fn agent_hint(error: &AgentError) -> &'static str {
    match error {
        AgentError::NoSocket => {
            "name the private key file with --key; or start an agent with: eval $(ssh-agent), and add the key with ssh-add"
        }
        AgentError::Unreachable { .. } => {
            "is it still running, or still forwarded? log in again, or start one with: eval $(ssh-agent); or name a \
             private key file with --key"
        }
        AgentError::NotHeld { .. } => {
            "add the key with: ssh-add FILE; a locked agent shows no keys: unlock it with `ssh-add -X`; `ssh-add -l` \
             lists what it holds"
        }
        AgentError::Refused { .. } => {
            "its owner did not confirm, it was locked meanwhile, or the key was added for other uses only: try again, \
             or see `ssh-add -l`"
        }
        AgentError::Timeout { .. } => "look whether it waits for somebody to confirm, then try again; or restart it",
        AgentError::Protocol { .. } | AgentError::BadSignature { .. } => {
            "nothing was signed with it; see what listens there before you use it again, or name a private key file \
             with --key"
        }
    }
}

/// A word as a shell takes it.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
