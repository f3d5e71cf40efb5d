//! What a command answers when it does not do what it was asked: what, why, what next, and an exit code.

mod hint;
mod json;

use std::path::PathBuf;

pub use hint::shell_word;

use crate::config::ConfigError;
use crate::domain::{ChangeId, Digest, Fingerprint, Invalid, PersonId, Predecessor, ProposalId, Refusal, Time};
use crate::format::Defect;
use crate::input::Fault;
use crate::signer::KeyError;
use crate::store::{Finding, StoreError};

/// The exit codes, documented in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A rule said no.
    Refused = 1,
    /// Usage, or invalid input.
    Invalid = 2,
    /// The evidence is broken.
    Broken = 3,
    /// Files, locks, disks, agents, versions.
    Environment = 4,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A rule said no, and that is recorded.
    #[error("{refusal} (recorded as entry {seq})")]
    RefusedOnRecord {
        /// The rule.
        refusal: Refusal,
        /// The entry that says so.
        seq: u64,
    },
    /// A file that somebody wrote has faults.
    #[error("{}", list_faults(.path, .faults))]
    Faults {
        /// The file, as it was named.
        path: String,
        /// All of them.
        faults: Vec<Fault>,
    },
    /// A value given on the command line.
    #[error("{}: {invalid}", short(.given))]
    Value {
        /// What was given.
        given: String,
        /// Why it is wrong.
        invalid: Invalid,
    },
    /// A file given on the command line that cannot be read or written.
    #[error("cannot {doing} {}: {source}", .path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is larger than any of its kind.
    #[error("{path} is larger than {most} bytes")]
    FileTooLarge {
        /// Which, as it was named.
        path: String,
        /// How large it may be.
        most: u64,
    },
    /// A file that is not UTF-8.
    #[error("{path} is not UTF-8: line {line} holds other bytes")]
    NotText {
        /// Which, as it was named.
        path: String,
        /// Where, from 1.
        line: usize,
    },
    /// A request that is not one, or whose signature does not hold.
    #[error("{path} is not a request to be enrolled: {defect}")]
    Request {
        /// The file, as it was named.
        path: String,
        /// Why.
        defect: Defect,
    },
    /// A request for another register.
    #[error("{path} asks to be enrolled in {found}, and this register is {here}")]
    RequestElsewhere {
        /// The file, as it was named.
        path: String,
        /// What it asks for.
        found: String,
        /// Where it was given.
        here: String,
    },
    /// A request by somebody else than it was given for.
    #[error("{path} is the request of {found}, and was given as that of {given}")]
    RequestOfOther {
        /// The file, as it was named.
        path: String,
        /// Whose it is.
        found: PersonId,
        /// Whose it should be.
        given: PersonId,
    },
    /// A request to found that nobody at hand could have signed.
    #[error("none of the members has the key {key}")]
    NotAmongMembers {
        /// The key at hand.
        key: Fingerprint,
    },
    /// Nowhere to remember anything.
    #[error("HOME is not an absolute folder, so there is nowhere to remember what was verified")]
    NoHome,
    /// No register was named.
    #[error("no register was named")]
    NoRegister,
    /// A name that is not known here.
    #[error("there is no known register named {name}, and no file of that name")]
    UnknownRegister {
        /// The name.
        name: String,
    },
    /// No key was named.
    #[error("no key was named")]
    NoKey,
    /// No key was named, and none in the agent fits.
    #[error("no key was named, and {}", none_fits(*.held))]
    NoKeyFits {
        /// How many Ed25519 keys the agent holds.
        held: usize,
    },
    /// No key was named, and several in the agent fit.
    #[error("no key was named, and {} in the ssh-agent fit: {}", .keys.len(), .keys.join(", "))]
    SeveralKeys {
        /// Each with its comment.
        keys: Vec<String>,
    },
    /// A key that is not enrolled.
    #[error("the key {key} is not enrolled in this register")]
    UnknownKey {
        /// Which.
        key: Fingerprint,
    },
    /// A key of somebody else than one means to be.
    #[error("the key is {person}'s, and you said that you are {meant}")]
    OtherPerson {
        /// Whose it is.
        person: PersonId,
        /// Who one means to be.
        meant: String,
    },
    /// First contact, and nobody to ask.
    #[error("first contact with the register {name}, and there is no terminal to ask on; its fingerprint is {found}")]
    NeedFingerprint {
        /// Its name.
        name: String,
        /// Its fingerprint.
        found: Digest,
    },
    /// Not the register that it should be.
    #[error("this is not the register that it should be: its fingerprint is {found}, and {expected} was expected")]
    WrongFingerprint {
        /// What is there.
        found: Digest,
        /// What should be.
        expected: String,
    },
    /// A register in the place of one that is known, and nobody said that it is the right one.
    #[error(
        "this register was founded in place of {}, which this account knows, when its newest entry was {} ({}){}; \
         its own fingerprint is {found}", .old.register, .old.head.seq, .old.head.leaf.short(), further(.verified)
    )]
    Successor {
        /// The register that it stands for.
        old: Box<Predecessor>,
        /// Its fingerprint.
        found: Digest,
        /// Up to which entry this account verified the old one.
        verified: Option<u64>,
    },
    /// A new register of a name that is taken.
    #[error("this account knows a register {name} already, with the fingerprint {expected}")]
    KnownName {
        /// The name.
        name: crate::domain::RegisterName,
        /// The fingerprint of the one that is known.
        expected: String,
    },
    /// Somebody answered otherwise.
    #[error("not confirmed, so nothing was done")]
    NotConfirmed,
    /// Something to be signed, and nobody to show it to.
    #[error("there is no terminal to show it on: name exactly what you sign with {flag} DIGEST")]
    NeedDigest {
        /// The flag that names it.
        flag: &'static str,
    },
    /// A digest that names something else.
    #[error("{flag} {given} is not what is there now: {found}")]
    OtherDigest {
        /// The flag.
        flag: &'static str,
        /// What it said.
        given: Digest,
        /// What is there.
        found: Digest,
    },
    /// No such change.
    #[error("there is no {0}")]
    NoChange(ChangeId),
    /// No such revision.
    #[error("{change} has no revision {number}")]
    NoRevision {
        /// Of which change.
        change: ChangeId,
        /// Which.
        number: u64,
    },
    /// No such proposal.
    #[error("there is no proposal {0}")]
    NoProposal(ProposalId),
    /// No such person.
    #[error("there is no {person} in this register{}", did_you_mean(.near.as_deref()))]
    NoPerson {
        /// Who.
        person: PersonId,
        /// Somebody with a similar name.
        near: Option<String>,
    },
    /// No such entry.
    #[error("there is no entry {0}")]
    NoEntry(u64),
    /// A moment before the first entry.
    #[error("nothing was recorded by {0}")]
    NothingBy(Time),
    /// An entry without a text to redact.
    #[error("entry {seq} has no text to redact{}", if *.redacted { ": it was redacted already" } else { "" })]
    NoText {
        /// Which.
        seq: u64,
        /// Whether it had one.
        redacted: bool,
    },
    /// A file that was named beside the register, and is of no use.
    #[error("nothing can be recovered from {}: {source}", .path.display())]
    Copy {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// A restoration of which this account remembers nothing.
    #[error("the log holds all that this account verified, so {flag} must say what was lost")]
    NothingLost {
        /// Which option.
        flag: &'static str,
    },
    /// Nothing that was to be granted or removed was named.
    #[error("nothing was named to {verb}")]
    NothingNamed {
        /// What was to be done.
        verb: &'static str,
    },
    /// Something to be removed from somebody who does not have it.
    #[error("{person} does not have the {what}")]
    NotGranted {
        /// Who.
        person: PersonId,
        /// What.
        what: String,
    },
    /// As many digests as changes.
    #[error("{changes} changes and {digests} digests were named: name one --revision for each change, in their order")]
    DigestCount {
        /// How many changes.
        changes: usize,
        /// How many digests.
        digests: usize,
    },
    /// An argument that is not of the form `A=B`.
    #[error("{} is not of the form {form}", short(.given))]
    Form {
        /// What was given.
        given: String,
        /// What it should look like.
        form: &'static str,
    },
    /// Passphrases that differ.
    #[error("the two passphrases are not the same")]
    PassphrasesDiffer,
    /// A new key without a passphrase, and nobody to ask.
    #[error("a new key needs a passphrase, and there is no terminal to ask on")]
    NoPassphrase,
    /// More than an entry holds.
    #[error("{0}")]
    Defect(#[from] Defect),
    /// `verify` found something.
    #[error("{count} finding{}: the register is not intact", if *.count == 1 { "" } else { "s" })]
    Findings {
        /// How many.
        count: usize,
    },
    /// `doctor` found something.
    #[error("{count} fault{}", if *.count == 1 { "" } else { "s" })]
    Unwell {
        /// How many faults.
        count: usize,
    },
    /// Something is broken, and it was not `verify` that was asked.
    #[error("the register is broken, and nothing may be recorded: {0}")]
    Broken(Finding),
    /// Files of a register.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Keys.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// Configuration.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// Others were faster, again and again.
    #[error("others were recording all the time: {attempts} attempts, and nothing was recorded")]
    Contended {
        /// How often it was tried.
        attempts: usize,
    },
    /// Output or randomness.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// The same, where it came after an entry was recorded: whoever reads it must not record that again. That nobody
    /// listens any more is left as it is.
    pub fn after(self, seq: u64) -> Self {
        match self {
            Self::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Self::Io(error),
            error => StoreError::RecordedButNotPinned { seq, source: Box::new(error) }.into(),
        }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused(_)
            | Self::RefusedOnRecord { .. }
            | Self::NotConfirmed
            | Self::UnknownKey { .. }
            | Self::OtherPerson { .. } => Exit::Refused,
            Self::Findings { .. } | Self::Broken(_) | Self::WrongFingerprint { .. } | Self::Successor { .. } => {
                Exit::Broken
            }
            Self::Store(
                StoreError::Broken(_)
                | StoreError::PinLost { .. }
                | StoreError::Superseded { .. }
                | StoreError::Parted { .. }
                | StoreError::PinUnreadable { .. },
            ) => Exit::Broken,
            Self::Copy { source: StoreError::Broken(_), .. } => Exit::Broken,
            Self::Store(_)
            | Self::Copy {
                source: StoreError::Io { .. } | StoreError::Sqlite { .. } | StoreError::Stuck { .. }, ..
            }
            | Self::Config(ConfigError::Io { .. })
            | Self::Contended { .. }
            | Self::Io(_)
            | Self::Unwell { .. } => Exit::Environment,
            Self::Key(KeyError::Agent(_)) => Exit::Environment,
            Self::File { source, .. } if hint::disk_is_full(source) || hint::disk_fails(source) => Exit::Environment,
            Self::Key(KeyError::Io { source, .. }) if source.kind() != std::io::ErrorKind::NotFound => {
                Exit::Environment
            }
            _ => Exit::Invalid,
        }
    }
}

fn further(verified: &Option<u64>) -> String {
    verified.map_or(String::new(), |seq| format!("; this account verified that one up to entry {seq}"))
}

fn none_fits(held: usize) -> String {
    match held {
        0 => "the ssh-agent shows no Ed25519 key".to_owned(),
        1 => "the one Ed25519 key in the ssh-agent is not enrolled here".to_owned(),
        held => format!("none of the {held} Ed25519 keys in the ssh-agent is enrolled here"),
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or(String::new(), |near| format!("; did you mean {near}?"))
}

/// How many faults are listed: nobody mends more at a time.
const MOST_FAULTS: usize = 100;

/// What somebody gave, short enough for a line.
fn short(given: &str) -> String {
    const MOST: usize = 60;
    match given.char_indices().nth(MOST) {
        Some((at, _)) => format!("{:?}…", &given[..at]),
        None => format!("{given:?}"),
    }
}

fn list_faults(path: &str, faults: &[Fault]) -> String {
    // A line end in a name is no line of the list.
    let one_line = |text: String| text.replace('\n', "\\u{a}");
    let path = one_line(path.to_owned());
    let count = match faults.len() {
        1 => "1 fault".to_owned(),
        n => format!("{n} faults"),
    };
    let mut lines: Vec<String> =
        faults.iter().take(MOST_FAULTS).map(|fault| format!("  {path}:{}", one_line(fault.to_string()))).collect();
    if faults.len() > MOST_FAULTS {
        lines.push(format!("  and {} more", faults.len() - MOST_FAULTS));
    }
    format!("{path} has {count}:\n{}", lines.join("\n"))
}
