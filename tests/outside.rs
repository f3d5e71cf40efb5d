//! The scripts of `examples/verify` share no code with twinseal, and agree with `verify`.
//!
//! They judge a part of the rules: [`JUDGED`] and [`PARTLY`], as `docs/verify-without-twinseal.md` lists them. Each
//! correctly signed entry with which `rules::forbidden` breaks a rule goes through [`agree`].

pub mod browser;
mod document;
pub mod packs;
mod registers;
mod vectors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use crate::support::{World, stock_tool};

/// Rules that the scripts judge in every entry, as twinseal does.
pub const JUDGED: [&str; 52] = [
    "account-type-fixed",
    "audit-role",
    "breakglass-known",
    "breakglass-number",
    "change-known",
    "change-number",
    "checkpoint-breakglasses",
    "checkpoint-changes",
    "checkpoint-role",
    "checkpoint-root",
    "checkpoint-size",
    "conflict-of-interest",
    "enrolled-once",
    "founder-is-admin",
    "founding",
    "implementer",
    "in-window",
    "key-known",
    "key-live",
    "key-once",
    "key-suspended",
    "machine-role",
    "operator-active",
    "own-approval",
    "own-key",
    "proposal-by-two",
    "proposal-known",
    "proposal-lapse",
    "proposal-number",
    "proposal-open",
    "proposal-proposer",
    "proposal-subject",
    "proposer-admin",
    "rejected",
    "request-expired",
    "request-fingerprint",
    "retired",
    "revoke-own",
    "sample-count",
    "seal-by-another",
    "sealed",
    "sealed-once",
    "statement-ahead",
    "statement-expired",
    "statement-once",
    "statement-register",
    "statement-seen",
    "statement-superseded",
    "suspended",
    "undecided",
    "vouch-own-key",
    "withdrawn",
];

/// Rules that the scripts judge in the kinds of entries that four eyes rest on, and not in others.
pub const PARTLY: [&str; 9] = [
    "current-revision",
    "enough-approvals",
    "enrolled",
    "proposal-ahead",
    "proposal-not-stale",
    "revision-redacted",
    "role",
    "separate-duties",
    "two-admins",
];

/// A script: the program that runs it, and its file.
#[derive(Debug, Clone, Copy)]
pub enum Script {
    Posix,
    Python,
}

/// What a script said about a register.
#[derive(Debug)]
pub struct Verdict {
    pub code: i32,
    /// Standard output, then standard error.
    pub said: String,
}

impl Verdict {
    /// The first finding up to its rule: `entry 7: [prev]` or `pack: [manifest]`.
    pub fn first(&self) -> Option<&str> {
        let finding = self.said.lines().find(|line| line.starts_with("entry ") || line.starts_with("pack: "))?;
        finding.split_inclusive(']').next()
    }
}

impl Script {
    pub const ALL: [Self; 2] = [Self::Posix, Self::Python];

    /// The scripts that are asked about case number `case` of many. `verify.sh` takes half a second and more: it is asked
    /// about every fourth, and about all with `TWINSEAL_OUTSIDE=all`.
    pub fn asked_about(case: usize) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().skip(usize::from(!all() && !case.is_multiple_of(4)))
    }

    /// Judges a register, given what is remembered about it.
    pub fn verdict(self, register: &Path, remembered: &[&str]) -> Verdict {
        let mut command = Command::new(if matches!(self, Self::Posix) { "sh" } else { "python3" });
        command.arg(folder().join(if matches!(self, Self::Posix) { "verify.sh" } else { "verify.py" }));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let output = command.arg(register).args(remembered).output().unwrap();
        let code = output.status.code().unwrap_or(-1);
        let verdict = Verdict { code, said: String::from_utf8([output.stdout, output.stderr].concat()).unwrap() };
        let (broken, proven) = (verdict.first().is_some(), verdict.said.lines().any(|it| it.starts_with("proven")));
        let one = matches!((code, broken, proven), (0, false, true) | (2, false, false) | (3, true, false));
        assert!(one, "{self:?}: {verdict:#?}");
        let commands = verdict.said.chars().any(|it| it.is_control() && it != '\n');
        assert!(!commands, "{self:?} wrote to the terminal what it was given: {verdict:?}");
        verdict
    }
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/verify")
}

/// Whether everything that the scripts need is here. On CI a missing tool fails the test.
pub fn tools() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let there = ["sqlite3", "sha256sum", "ssh-keygen", "awk", "python3"].into_iter().all(stock_tool);
        let python = there && Command::new("python3").args(["-c", "import cryptography"]).status().unwrap().success();
        assert!(python || std::env::var("CI").as_deref() != Ok("true"), "Python's cryptography is missing");
        python
    })
}

/// Asserts that the scripts find this rule broken by this entry and by none before, if it is among those that they
/// judge.
#[track_caller]
pub fn agree(world: &World, seq: u64, rule: &str) {
    let judged = JUDGED.contains(&rule);
    // The scripts read files.
    if !(judged || PARTLY.contains(&rule)) || !tools() || world.server().is_some() {
        return;
    }
    let expected = format!("entry {seq}: [{rule}]");
    let case = case_of(rule);
    if case >= CASES && !all() {
        return;
    }
    for script in Script::asked_about(case) {
        let verdict = script.verdict(&world.path("prod.db"), &[]);
        let found = verdict.first();
        assert!(found == Some(&expected) || !judged && found.is_none(), "{script:?}: {expected} but {verdict:#?}");
    }
}

/// The cases of each rule that the scripts are asked about.
const CASES: usize = 2;

/// Whether the scripts are asked about everything.
fn all() -> bool {
    std::env::var("TWINSEAL_OUTSIDE").is_ok_and(|it| it == "all")
}

/// The number of this case of a rule, from 0.
fn case_of(rule: &str) -> usize {
    static CASES: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    let mut cases = CASES.lock().unwrap();
    let next = cases.entry(rule.to_owned()).or_default();
    *next += 1;
    *next - 1
}

/// Checks that the scripts find nothing, as `verify` does.
///
/// # Errors
/// What a script found.
pub fn prove(world: &World) -> Result<(), String> {
    if !tools() {
        return Ok(());
    }
    // The scripts read files. A backup of a register on a server is one.
    let file = if world.server().is_some() { "closing.db" } else { "prod.db" };
    if world.server().is_some() {
        world.ok("audrey", "backup closing.db");
    }
    for script in Script::ALL {
        let verdict = script.verdict(&world.path(file), &[&format!("0:{}", world.fingerprint())]);
        if verdict.code != 0 {
            return Err(format!("{script:?}: {}", verdict.said));
        }
    }
    Ok(())
}
