//! `verify --against`: compares the log with checkpoints that were kept elsewhere.

use std::path::Path;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::look::checkpoint::read_checkpoint;
use crate::commands::lookup::name_of_input;
use crate::commands::timestamp::{self, file_beside, read_beside};
use crate::domain::{Fingerprint, Governance, PersonId};
use crate::error::Error;
use crate::format::checkpoint::Checkpoint;
use crate::format::note::{Note, NoteError};
use crate::format::timestamp::{Authorities, Timestamp, TimestampError, judge};
use crate::output::Page;
use crate::store::{Finding, Reading, StoreError, VerifiedLog};
use crate::{tr, trf};

/// A checkpoint in a file, not verified.
#[derive(Debug)]
pub struct Kept {
    file: String,
    note: Note,
    checkpoint: Checkpoint,
    /// What the timestamp beside it proves, if there is one.
    stamp: Option<Result<Timestamp, TimestampError>>,
}

/// Who signed a checkpoint.
struct SignedBy {
    person: PersonId,
    key: Fingerprint,
    /// Whether the key was live at the end of the checkpoint's entries.
    live: bool,
    /// Whether it is the account of a machine.
    machine: bool,
}

/// Whether the log extends a checkpoint.
enum Extends {
    Yes,
    No(Finding),
    /// The log has faults of its own.
    NotCompared,
}

/// A checkpoint compared with the log.
pub struct Compared<'a> {
    kept: &'a Kept,
    signers: Vec<SignedBy>,
    result: Extends,
    /// That its newest entry claims a later time than its timestamp.
    notice: Option<Finding>,
}

impl Kept {
    /// Reads a checkpoint, and judges the timestamp beside it. Its signatures are verified when it is compared.
    ///
    /// # Errors
    /// A file cannot be read, or the first one holds no checkpoint.
    pub fn read(context: &mut Context<'_>, given: &Path, trusted: Option<&Authorities>) -> Result<Self, Error> {
        let (bytes, note, checkpoint) = read_checkpoint(context, given)?;
        let beside = read_beside(context, given)?;
        let stamp = beside.map(|it| judge(&it, bytes.as_bytes(), None, trusted));
        Ok(Self { file: name_of_input(given), note, checkpoint, stamp })
    }

    /// The finding that the file beside it is no timestamp of it. It says nothing about the log.
    fn broken_timestamp(&self) -> Option<Finding> {
        let why = self.stamp.as_ref()?.as_ref().err()?;
        Some(timestamp::broken(&name_of_input(&file_beside(Path::new(&self.file))), why))
    }

    /// Compares it with a valid log.
    ///
    /// # Errors
    /// The log or the cache cannot be read.
    pub fn compare(&self, log: &VerifiedLog) -> Result<Compared<'_>, StoreError> {
        let entries = log.state().head().map_or(0, |head| head.seq + 1);
        let size = self.checkpoint.size;
        // Whether a key was live is a question of the position. If the log ends before, its end is the nearest one.
        let governance = log.governed_at(size.min(entries).saturating_sub(1))?;
        let (signers, unsigned) = match self.signers(&governance) {
            Ok(signers) => (signers, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let finding = match unsigned {
            _ if log.state().id() != Some(&self.checkpoint.origin) => Some(self.other_register(log)),
            Some(error) => Some(self.unsigned(&error, entries)),
            None if !signers.iter().any(|it| it.live) => Some(self.not_live(&signers)),
            None => self.differs(log, entries, &signers)?,
        };
        let result = finding.map_or(Extends::Yes, Extends::No);
        let notice = match (&result, &self.stamp) {
            (Extends::Yes, Some(Ok(stamp))) => self.claims_later(log, stamp)?,
            _ => None,
        };
        Ok(Compared { kept: self, signers, result, notice })
    }

    /// What is left to say if the log is not valid.
    pub fn not_compared(&self) -> Compared<'_> {
        Compared { kept: self, signers: Vec::new(), result: Extends::NotCompared, notice: None }
    }

    fn claims_later(&self, log: &VerifiedLog, stamp: &Timestamp) -> Result<Option<Finding>, StoreError> {
        let latest = log.queries().latest_claim(self.checkpoint.size)?;
        Ok(latest.and_then(|(seq, claimed)| timestamp::claimed_later(stamp, seq, claimed)))
    }

    fn signers(&self, governance: &Governance) -> Result<Vec<SignedBy>, NoteError> {
        let keys: Vec<_> = governance.loaded_keys().map(|(_, key)| key.public).collect();
        let signers = self.note.signers(&self.checkpoint.origin.to_string(), &keys)?.into_iter();
        let signer = |key: Fingerprint| {
            let (_, enrolled) = governance.loaded_keys().find(|(it, _)| **it == key)?;
            let live = governance.judge_signer(&enrolled.person, key).is_ok();
            let person = governance.loaded_people().find(|(it, _)| **it == enrolled.person)?.1;
            let machine = person.grants.is_machine();
            Some(SignedBy { person: enrolled.person.clone(), key, live, machine })
        };
        Ok(signers.filter_map(|key| signer(key.fingerprint())).collect())
    }

    fn other_register(&self, log: &VerifiedLog) -> Finding {
        let Self { file, checkpoint: Checkpoint { origin, .. }, .. } = self;
        let here = log.state().id().map_or_else(|| tr!("none", "无").to_owned(), ToString::to_string);
        Finding::of_file(
            "checkpoint",
            trf!("{file} is of the register {origin}, not of {here}", "{file} 属于变更台账 {origin}，而非 {here}"),
        )
    }

    /// The log may have lost the entry that enrolled whoever signed, so this is a finding about the log.
    fn unsigned(&self, error: &NoteError, entries: u64) -> Finding {
        let Self { file, checkpoint: Checkpoint { size, .. }, .. } = self;
        Finding::of_file(
            "checkpoint",
            trf!(
                "{file}, of {size} entries, proves nothing about this log of {entries}: {error}",
                "{file}（{size} 条）对本日志（{entries} 条）不构成证明：{error}"
            ),
        )
    }

    fn not_live(&self, signers: &[SignedBy]) -> Finding {
        let (Self { file, .. }, by) = (self, names(signers));
        Finding::of_file(
            "checkpoint",
            trf!("{file} is signed by {by}, whose key was not live then", "{file} 由 {by} 签署，但其密钥当时无效"),
        )
    }

    fn differs(&self, log: &VerifiedLog, entries: u64, signers: &[SignedBy]) -> Result<Option<Finding>, StoreError> {
        let Self { file, checkpoint: Checkpoint { size, root, .. }, .. } = self;
        let (by, theirs) = (names(signers), BASE64.encode(root.as_bytes()));
        if *size > entries {
            let ours = BASE64.encode(log.root(entries)?.as_bytes());
            return Ok(Some(Finding::of_file(
                "truncated",
                trf!(
                    "the log has {entries} entries (root {ours}), but {file}, signed by {by}, has {size} (root {theirs}): \
                     it was truncated or rolled back",
                    "日志有 {entries} 条（根哈希 {ours}），而 {by} 签署的 {file} 有 {size} 条（根哈希 {theirs}）：日志被截断或回退"
                ),
            )));
        }
        let ours = log.root(*size)?;
        if ours == *root {
            return Ok(None);
        }
        let ours = BASE64.encode(ours.as_bytes());
        Ok(Some(Finding::of_file(
            "forked",
            trf!(
                "the first {size} of {entries} entries have the root {ours}, but {file}, signed by {by}, has {theirs}: \
                 the log was rolled back and continued otherwise, or somebody was shown another one",
                "前 {size} 条（共 {entries} 条）的根哈希为 {ours}，而 {by} 签署的 {file} 为 {theirs}：日志曾被回退后另行续写，\
                 或有人看到的是另一份日志"
            ),
        )))
    }
}

fn names(signers: &[SignedBy]) -> String {
    let names: Vec<String> = signers.iter().map(|it| it.person.to_string()).collect();
    names.join(tr!(" and ", "、"))
}

impl Compared<'_> {
    /// What is wrong with it or with the log.
    pub fn finding(&self) -> Option<&Finding> {
        match &self.result {
            Extends::No(finding) => Some(finding),
            Extends::Yes | Extends::NotCompared => None,
        }
    }

    /// The people, not machines, whose live keys signed it.
    pub fn people(&self) -> impl Iterator<Item = &PersonId> {
        self.signers.iter().filter(|it| it.live && !it.machine).map(|it| &it.person)
    }

    /// Adds what is wrong with its timestamp, or odd about it, to what is reported.
    pub fn report_timestamp(&self, reading: &mut Reading) {
        reading.findings.extend(self.kept.broken_timestamp());
        reading.notices.extend(self.notice.clone());
    }

    /// The last entry that it covers, if the log extends it.
    pub fn covers(&self) -> Option<u64> {
        matches!(self.result, Extends::Yes).then(|| self.kept.checkpoint.size - 1)
    }

    /// Shows it, who signed, and when it existed. What differs is shown as a finding.
    pub fn show(&self, page: &mut Page) {
        self.show_checkpoint(page);
        if let Some(Ok(stamp)) = &self.kept.stamp {
            let (file, proof) = (&self.kept.file, timestamp::describe(stamp));
            page.field(tr!("timestamp", "时间戳"), trf!("{file} {proof}", "{file} {proof}"));
        }
    }

    fn show_checkpoint(&self, page: &mut Page) {
        let Kept { file, checkpoint: Checkpoint { size, .. }, .. } = &self.kept;
        let text = match &self.result {
            Extends::Yes => trf!(
                "{file}: the log extends these {size} entries; signed by {}",
                "{file}：日志包含并延续这 {size} 条；由 {} 签署",
                names(&self.signers)
            ),
            Extends::NotCompared => trf!(
                "{file}, of {size} entries: not compared, because the log has findings",
                "{file}（{size} 条）：日志有问题，未比对"
            ),
            Extends::No(_) => return,
        };
        page.field(tr!("checkpoint", "检查点"), text);
    }

    /// As programs read it.
    pub fn json(&self) -> Value {
        let Kept { file, checkpoint, stamp, .. } = &self.kept;
        let extended = match self.result {
            Extends::Yes => Some(true),
            Extends::No(_) => Some(false),
            Extends::NotCompared => None,
        };
        let signer =
            |it: &SignedBy| json!({ "person": it.person.to_string(), "key": it.key.to_string(), "live": it.live });
        json!({
            "file": file,
            "size": checkpoint.size,
            "root": BASE64.encode(checkpoint.root.as_bytes()),
            "signers": self.signers.iter().map(signer).collect::<Value>(),
            "extended": extended,
            "timestamp": stamp.as_ref().and_then(|it| it.as_ref().ok()).map(timestamp::to_json),
        })
    }
}
