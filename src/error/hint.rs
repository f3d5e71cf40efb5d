//! Hints: the command or action that fixes an error.

use std::path::Path;

use super::Error;
use crate::config::ConfigError;
use crate::domain::Invalid;
use crate::format::Defect;
use crate::format::data::MAX_DATA;
use crate::input::nearest;
use crate::private::PrivateError;
use crate::signer::{AgentError, KeyError};
use crate::store::{Finding, SecondPath, StoreError};
use crate::venue::VenueError;

impl Error {
    /// The next step, where there is one.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused(refusal) | Self::RefusedOnRecord { refusal, .. } => return refusal.hint(),
            Self::NeedChange => "`twinseal gate CHG-7`, or `twinseal gate --service SERVICE --artifact FILE`",
            Self::Value { given, invalid } => return similar_word(given, invalid),
            Self::NeedReason => "use --reason TEXT: say what must be different",
            Self::NeedOutcome => "use --outcome succeeded, failed or rolled-back",
            Self::GateClosed { hint, .. } => return hint.clone(),
            Self::AtLeast { .. } => {
                "the log was cut off or exchanged: deploy nothing, and ask an auditor to run `twinseal verify`"
            }
            Self::Faults { .. } => "fix these lines and try again; nothing was recorded",
            Self::FileTooLarge { .. } => "choose another file or shorten this one; nothing was recorded",
            Self::RequestElsewhere { here, .. } => {
                return Some(format!("ask the sender for a request made with --register '{here}'"));
            }
            Self::Defect(Defect::TooLarge { most: MAX_DATA, .. }) => "the data part is too large: list less",
            Self::Defect(Defect::TooLarge { .. }) => "shorten the text",
            Self::NotAmongMembers { .. } => "choose with --key the key of an admin named in --member",
            Self::NoHome => "set HOME, or both XDG_CONFIG_HOME and XDG_STATE_HOME, to absolute paths",
            Self::NoKey | Self::NoKeyFits { .. } | Self::SeveralKeys { .. } => self.choose_key(),
            Self::UnknownKey { .. } => "choose your enrolled key with --key, or ask to be enrolled: `twinseal join`",
            Self::OtherPerson { .. } => "choose your own key with --key, or leave out --as",
            Self::Several(error) => return error.hint(),
            Self::EmptyOption(_) => "give it a value, or leave the option out",
            Self::RestoreRegister => "copy the backup to the register's path, then run `twinseal restore` on that copy",
            Self::NotTrusted => "ask two admins for its fingerprint out of band: by phone, or in person",
            Self::NotConfirmed => "run the command again and type the answer exactly",
            Self::PassphrasesDiffer => "run the command again; no key was made",
            Self::File { doing, source, .. } => file_hint(doing, source),
            Self::Config(error) => return config_hint(error),
            Self::Account(error) => return Some(error.hint()),
            Self::Artifact(error) => return Some(error.hint()),
            Self::Usage(error) => return Some(error.hint.clone()),
            Self::NeedDigest { .. } => {
                "`twinseal show CHG-N`, `twinseal proposal show N` or `twinseal breakglass show BG-N` prints the digest"
            }
            Self::OtherDigest { .. } => {
                "it changed meanwhile, or the digest is of something else: read it again, then decide"
            }
            Self::Copy { source: source @ (StoreError::Io { .. } | StoreError::Broken(_)), .. } => {
                return store_hint(source);
            }
            Self::Copy { .. } => "name a backup, or a file that `twinseal repair` kept; nothing was recorded",
            Self::NothingNamed { .. } => "name a role, --group or --operator",
            Self::NoPassphrase => "use --passphrase-file FILE or --no-passphrase",
            Self::Findings { .. } | Self::Unwell { .. } | Self::Broken(_) => self.evidence(),
            Self::Store(error) => return store_hint(error),
            Self::Key(error) => return key_hint(error),
            Self::Venue(VenueError::NotPublished { .. }) => {
                "a calendar that guesses would leave days open: wait for the exchange, or list the days that you know"
            }
            Self::Contended { .. } => "try again",
            _ => return self.register_hint().or_else(|| self.about_people().or(self.lookup()).map(str::to_owned)),
        };
        Some(hint.to_owned())
    }

    /// How to name the right register, or to make sure which it is.
    fn register_hint(&self) -> Option<String> {
        let hint = match self {
            Self::Notify(error) => return error.hint(),
            Self::NoRegister(_) => "use --register NAME|FILE, set TWINSEAL_REGISTER, or set `register` in config.toml",
            Self::UnknownRegister { .. } | Self::AmbiguousRegister { .. } => {
                "give the path of the file, with a slash: --register ./prod.db"
            }
            Self::NeedFingerprint { .. } => {
                "get the fingerprint from an admin out of band (by phone, or in person), then use --fingerprint"
            }
            Self::WrongFingerprint { .. } => {
                "do not use this file; ask the admins out of band (by phone, or in person) whether it was replaced"
            }
            Self::Successor { found, .. } => {
                return Some(format!(
                    "ask two admins out of band (by phone, or in person); if both confirm it: --fingerprint {found}"
                ));
            }
            Self::FiledBefore { change, .. } => {
                return Some(format!("to file it once more: --again; to see it: `twinseal show {change}`"));
            }
            Self::Taken(_) => "choose another --name, and another file with --register FILE",
            Self::NotUtf8(_) => "write it in UTF-8; a file or directory can be renamed, or reached by another path",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Hints about requests and grants.
    fn about_people(&self) -> Option<&'static str> {
        Some(match self {
            Self::Request { .. } => "ask the sender for a new one: `twinseal person request`",
            Self::RequestNeedsFingerprint => {
                "get it from an admin out of band: `twinseal person list` prints the register's id and fingerprint"
            }
            Self::RequestOfOther { .. } => "write NAME=FILE:ROLES with the name in the request",
            Self::OperatorPeriod => "leave out --from and --until, or name the operators in a proposal of their own",
            _ => return None,
        })
    }

    /// The command that lists what exists.
    fn lookup(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoChange(_) => "`twinseal list` shows all changes",
            Self::Closed(_) => "`twinseal freeze list` shows until when; `twinseal slots` shows the free times",
            Self::BreakGlass(error) => error.hint(),
            Self::Freeze(error) => error.hint(),
            Self::NoRevision { .. } => "`twinseal show` lists the revisions in its timeline",
            Self::NoProposal(_) => "`twinseal proposal list` shows all proposals",
            Self::NoPerson { .. } => "`twinseal person list` shows all enrolled people",
            Self::NotGranted { .. } => "`twinseal person show` lists their grants",
            Self::NoText { .. } => "`twinseal log --raw-text --seq N` prints the text of an entry",
            Self::NoEntry(_) => "`twinseal log` shows all entries",
            Self::NothingBy(_) => "`twinseal log` shows the time of each entry",
            Self::NothingLost => {
                "an admin whose account is stopped by the loss proposes it, or name what another account verified: --lost"
            }
            Self::Git { .. } => "run it in the repository that the change is built from, with git installed",
            Self::LostGap { .. } => "name every lost entry in order, one --lost for each",
            Self::LostUnlisted => "another admin whose account is stopped by the loss proposes it",
            _ => return None,
        })
    }

    /// What to do with a register that fails verification.
    fn evidence(&self) -> &'static str {
        match self {
            Self::Unwell { .. } => "each line says how to fix it",
            Self::Findings { .. } => {
                "keep this file as evidence and tell the admins; if only tables differ, `twinseal rebuild` fixes them"
            }
            _ => {
                "`twinseal verify` lists every finding; `twinseal repair` keeps the valid entries, and the broken file as \
                 evidence"
            }
        }
    }

    /// How to choose the signing key.
    fn choose_key(&self) -> &'static str {
        match self {
            Self::NoKeyFits { held: 0 } => {
                "add your key with `ssh-add`, unlock the agent with `ssh-add -X`, or use --key FILE"
            }
            Self::NoKeyFits { .. } => "use --key FILE, or ask to be enrolled with a key of the agent: `twinseal join`",
            Self::SeveralKeys { .. } => {
                "choose one with --key FILE; a public key file is enough (`ssh-add -L` prints the keys)"
            }
            _ => {
                "use --key FILE, set TWINSEAL_KEY, set `key` in config.toml, or add the key to an ssh-agent; \
                 `twinseal join` makes one"
            }
        }
    }
}

fn similar_word(given: &str, invalid: &Invalid) -> Option<String> {
    let Invalid::Word { allowed, .. } = invalid else { return None };
    nearest(given, allowed.iter().copied()).map(|near| format!("did you mean {near}?"))
}

fn store_hint(error: &StoreError) -> Option<String> {
    let hint = match error {
        StoreError::Queue { queue, .. } => return Some(busy_hint(queue)),
        StoreError::Locked { path, .. } | StoreError::InUse { path } => return Some(busy_hint(path)),
        StoreError::NotFound { .. } => {
            "check the path; if the register is lost, `twinseal restore` turns a backup into a register; `twinseal found` creates a new \
             one"
        }
        StoreError::Exists { .. } => "choose another path; twinseal never overwrites a register",
        StoreError::NotADatabase { .. } | StoreError::OtherApplication { .. } | StoreError::Encoding { .. } => {
            "check the path given with --register"
        }
        StoreError::Layout { .. } | StoreError::Newer { .. } => "use a newer twinseal",
        StoreError::NotABackup { .. } => "it is already a register, or not a copy that `twinseal backup` made",
        StoreError::Busy { .. } => {
            "another command or a program such as the sqlite3 shell is using the file; wait, or end it"
        }
        StoreError::Broken(Finding { rule: "side-file", .. }) => {
            "if no program uses the file, move the file beside it away, and keep it as evidence; then run `twinseal verify`"
        }
        StoreError::Broken(Finding { rule: "file", .. }) => {
            "the file is damaged or the disk fails: check the system log, then run `twinseal verify`; keep the file as \
             evidence"
        }
        StoreError::Broken(_) => "`twinseal verify` lists every finding; keep the file as evidence",
        StoreError::Private(error) => return Some(private_hint(error)),
        StoreError::Superseded { .. } | StoreError::Copy { .. } | StoreError::IsBackup { .. } => closed_hint(error),
        StoreError::PinLost { .. }
        | StoreError::OtherRestoration(_)
        | StoreError::NotListed { .. }
        | StoreError::Parted { .. } => loss_hint(error),
        StoreError::PinUnreadable { .. } => {
            "pin.previous in the same directory is the last pin but one; confirm it with the admins before you put it back"
        }
        StoreError::CacheDamaged { .. } => {
            "the register itself is fine: the cache was deleted, and the next command verifies the whole log again"
        }
        StoreError::RecordedButNotPinned { .. } => {
            "do not record it again; fix what failed, then check with `twinseal log`"
        }
        StoreError::Uncertain { .. } => {
            "check whether the disk is full or failing; before you try again, check with `twinseal log` whether the entry \
             is there"
        }
        StoreError::Sqlite { .. } => {
            "nothing was recorded; check whether the disk is full or failing (`twinseal doctor` shows the free space), \
             then try again"
        }
        StoreError::Unloaded(_) => "this is a fault of twinseal: report it, with the command that shows it",
        StoreError::Io { source, .. } => disk_hint(source, "check the path and its permissions"),
        _ => return place_hint(error),
    };
    Some(hint.to_owned())
}

/// What to do where a file stands in the way of writing it.
fn place_hint(error: &StoreError) -> Option<String> {
    let hint = match error {
        StoreError::NoRoom => "free space on the disk of your home directory, then try again",
        StoreError::Network { .. } => {
            "move the register to a local disk and run twinseal on that host, for example over ssh with a forwarded \
             agent"
        }
        StoreError::ReadOnly { .. } => "ask to join the group that owns it",
        StoreError::ReadOnlyMount { .. } => {
            "nothing was recorded; mount it read-write, or record on the host that can write it"
        }
        StoreError::SecondPath { path, second: SecondPath::Links(_) } => {
            return Some(format!("remove the other names, which `find DIRECTORY -samefile {}` prints", word(path)));
        }
        StoreError::SecondPath { .. } => "mount the directory of the register instead of its file",
        StoreError::SameFile { .. } => "name another file",
        StoreError::Replaced { .. } => "nothing was recorded; run the command again",
        StoreError::Stuck { .. } => "nothing was recorded; check whether the disk is full or failing, then try again",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What to do about entries that were lost.
fn loss_hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::OtherRestoration(_) => {
            "decline it, and ask its proposer which backup was restored: `twinseal proposal decline`"
        }
        StoreError::NotListed { .. } => "propose one that lists it, from this account: `twinseal proposal restored`",
        StoreError::Parted { seq: 0, .. } => "it is a backup of another register; nothing was recorded",
        StoreError::Parted { .. } => {
            "new entries were recorded since, so the lost ones cannot be added; two admins can accept the loss: \
             `twinseal proposal restored`"
        }
        _ => {
            "the log was truncated, rolled back or replaced: keep this file and ask the admins. If they restored a \
             backup, recover the rest from a later one (`twinseal recover FILE`), or let two admins accept the loss \
             (`twinseal proposal restored`)"
        }
    }
}

/// How to make a file of this account usable again.
fn file_hint(doing: &str, source: &std::io::Error) -> &'static str {
    match doing {
        "edit" => "set VISUAL or EDITOR to an editor that can be run",
        _ if source.kind() == std::io::ErrorKind::AlreadyExists => "choose another name; twinseal overwrites no file",
        _ => disk_hint(source, "check the path and its permissions"),
    }
}

fn config_hint(error: &ConfigError) -> Option<String> {
    match error {
        ConfigError::Private(error) => Some(private_hint(error)),
        ConfigError::Content { path, .. } => path
            .file_stem()
            .is_some_and(|it| it == "config")
            .then(|| "fix it in your editor: `twinseal config edit`".to_owned()),
    }
}

pub(super) fn private_hint(error: &PrivateError) -> String {
    let path = word;
    match error {
        PrivateError::Io { source, .. } => disk_hint(source, "check its permissions").to_owned(),
        PrivateError::Foreign { path: it, .. } => format!(
            "set HOME to your own home directory (`sudo -H`), or give it back to its account: chown -R ACCOUNT {}",
            path(it)
        ),
        PrivateError::Exposed { path: it, .. } => {
            format!("check it, since others could have changed it; then run: chmod go-w {}", path(it))
        }
        PrivateError::Readable { path: it, .. } => {
            format!("replace the secrets that others could read; then run: chmod 600 {}", path(it))
        }
    }
}

/// Where to record instead of a file in which nothing is recorded.
fn closed_hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::Superseded { .. } => "use the register that was accepted: name it with --register NAME",
        StoreError::Copy { .. } => {
            "name the register itself with --register NAME; if it has moved here for good, remove the file at its old path, and \
             give its fingerprint once: --fingerprint FINGERPRINT"
        }
        _ => "record in the register itself; `twinseal restore FILE` restores a register from a backup",
    }
}

/// How to find the process that holds a file. `fuser` shows other accounts' processes to root only.
fn busy_hint(file: &Path) -> String {
    let file = shell_word(&file.display().to_string());
    format!(
        "nothing was recorded; find the process with `fuser -v {file}` or `lsof {file}`, and try again when it has ended"
    )
}

/// The hint for an I/O error: about the disk if it is full or failing, else `otherwise`.
fn disk_hint(error: &std::io::Error, otherwise: &'static str) -> &'static str {
    match error {
        full if disk_is_full(full) => "free space on that disk, then try again; nothing was recorded",
        fails if disk_fails(fails) => "the disk is failing: check the system log; nothing was recorded",
        _ => otherwise,
    }
}

/// Whether the disk or the quota is full.
pub fn disk_is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Whether the disk fails: EIO, for which `ErrorKind` has no variant.
pub fn disk_fails(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(5)
}

fn key_hint(error: &KeyError) -> Option<String> {
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

/// A path quoted for a POSIX shell.
fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}

/// A word quoted for a POSIX shell.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
