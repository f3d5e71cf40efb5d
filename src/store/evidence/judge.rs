//! Judges an evidence pack by the rules by which the log is verified.
//!
//! The packed entries are replayed in their order through [`Register::judge`] and [`Register::apply`]. Two checks of the
//! whole log are replaced, because the entries between the packed ones are not there:
//!
//! - That no entry was inserted or changed: each entry has an inclusion proof under the checkpoint, in place of the
//!   unbroken chain of `prev`.
//! - That no entry is missing: the links `governance` and `last` have no gap, and the tree of changes shows that the newest
//!   packed entry about each change was the newest of all.
//!
//! Nothing here counts approvals, or decides what a rule means.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::domain::{
    Action, ChangeId, CountedRoot, Denied, Digest, Event, Fingerprint, PersonId, Policy, Position, PublicKey, Register,
    StateRecord, Stream, TextState, Time,
};
use crate::format::checkpoint::Checkpoint;
use crate::format::note::Note;
use crate::format::pack::{ChangeProof, Contents, EntryProof, Files, Name, SinceProof, check_manifest};
use crate::format::{Defect, Entry, Keys, Raw, chain, entry};
use crate::store::error::MOST;
use crate::store::{Finding, StoreError};
use crate::{tr, trf};

/// What a pack proves.
#[derive(Debug)]
pub struct Proven {
    /// What it is about.
    pub contents: Contents,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Who signed the checkpoint, with keys live at the end of the packed entries.
    pub signers: Vec<(PersonId, Fingerprint)>,
    /// Who recorded the tree of changes, and when. Nothing later is known.
    pub recorded: Option<(PersonId, Time)>,
    /// The packed entry that claims the latest time, and that time.
    pub latest_claim: Option<(u64, Time)>,
    /// The earlier checkpoint that this one extends, by a proof in the pack.
    pub since: Option<SinceProof>,
    /// The state after the packed entries, as far as they were judged.
    pub state: Register,
    /// The number of packed entries.
    pub entries: u64,
    /// Entries whose texts are neither packed nor redacted in the register.
    pub left_out: Vec<u64>,
    /// The attached files.
    pub evidence: u64,
}

/// The result of judging a pack.
#[derive(Debug)]
pub struct Verdict {
    /// What is wrong with it. If this is empty, the pack proves all of `proven`.
    pub findings: Vec<Finding>,
    /// What it says; `None` if it could not be read at all.
    pub proven: Option<Proven>,
}

/// Judges a pack. `floor` is a policy that each start must satisfy too.
///
/// # Errors
/// [`StoreError::Newer`]. Everything else is a finding.
pub fn judge(files: &Files, floor: Option<&Policy>) -> Result<Verdict, StoreError> {
    let manifest = check_manifest(files, MOST).into_iter().map(|wrong| Finding::of_file("manifest", wrong));
    let mut findings: Vec<Finding> = manifest.collect();
    let proven = match Pack::open(files) {
        Err(finding) => {
            findings.push(finding);
            None
        }
        Ok(pack) => {
            let mut judge = Judge::new(pack, floor);
            judge.entries()?;
            judge.links_between_files();
            let (found, proven) = judge.finish();
            findings.extend(found);
            Some(proven)
        }
    };
    findings.truncate(MOST);
    Ok(Verdict { findings, proven })
}

/// A finding about a file of the pack.
fn of(rule: &'static str, name: Name, wrong: impl std::fmt::Display) -> Finding {
    Finding::of_file(rule, format!("{name}: {wrong}"))
}

fn missing() -> &'static str {
    tr!("missing", "缺少")
}

/// The finding that a rule refuses an entry.
fn refused(seq: u64, denied: Denied) -> Finding {
    match denied {
        Denied::Refused(refusal) => Finding::at(seq, refusal.rule().as_str(), refusal),
        Denied::Unloaded(unloaded) => Finding::at(seq, "pack", unloaded),
    }
}

/// A pack whose description and checkpoint could be read.
struct Pack<'a> {
    files: &'a Files,
    contents: Contents,
    note: Note,
    /// The bytes of the checkpoint, which each proof repeats.
    checkpoint_file: &'a str,
    checkpoint: Checkpoint,
}

impl<'a> Pack<'a> {
    fn open(files: &'a Files) -> Result<Self, Finding> {
        let contents = files.get(&Name::Contents).ok_or_else(|| of("pack", Name::Contents, missing()))?;
        let contents = Contents::read(contents).map_err(|defect| of("pack", Name::Contents, defect))?;
        let unusable = |why: String| Finding::of_file("checkpoint", why);
        let bytes = files.get(&Name::Checkpoint).ok_or_else(|| unusable(missing().to_owned()))?;
        let checkpoint_file = str::from_utf8(bytes).map_err(|error| unusable(error.to_string()))?;
        let note = Note::read(bytes).map_err(|error| unusable(error.to_string()))?;
        let checkpoint = Checkpoint::read(note.text()).map_err(|error| unusable(error.to_string()))?;
        if checkpoint.origin != contents.register || checkpoint.size != contents.size {
            return Err(unusable(trf!(
                "is of {} entries of {}; the pack is about {} of {}",
                "是 {1} 的 {0} 条日志的检查点，而证据包涉及 {3} 的 {2} 条",
                checkpoint.size,
                checkpoint.origin,
                contents.size,
                contents.register
            )));
        }
        Ok(Self { files, contents, note, checkpoint_file, checkpoint })
    }

    fn seqs(&self) -> impl Iterator<Item = u64> {
        let entries = self.files.range(Name::Entry(0)..=Name::Entry(u64::MAX));
        entries.filter_map(|(name, _)| if let Name::Entry(seq) = name { Some(*seq) } else { None })
    }

    fn raw(&self, seq: u64) -> Raw {
        let part = |name: Name| self.files.get(&name).cloned();
        let blob = part(Name::Entry(seq)).unwrap_or_default();
        Raw { seq, blob, text: part(Name::Text(seq)), data: part(Name::Data(seq)) }
    }

    /// Whether the checkpoint's log has an entry with this leaf hash at its place.
    fn check_included(&self, seq: u64, leaf: Digest) -> Result<(), Finding> {
        let refused = |why: String| Finding::at(seq, "inclusion", why);
        let bytes = self.files.get(&Name::Proof(seq)).ok_or_else(|| refused(tr!("no proof", "没有证明").to_owned()))?;
        let proof = EntryProof::read(bytes).map_err(|defect| refused(defect.to_string()))?;
        if proof.checkpoint != self.checkpoint_file {
            return Err(refused(tr!("the proof is for another checkpoint", "证明针对另一检查点").to_owned()));
        }
        if proof.index != seq || !proof.proves(leaf, self.checkpoint.root, self.checkpoint.size) {
            return Err(refused(
                tr!("the proof does not show that this entry is in the log", "证明未表明该条目在日志中").to_owned(),
            ));
        }
        Ok(())
    }
}

struct Judge<'a> {
    pack: Pack<'a>,
    floor: Option<&'a Policy>,
    state: Register,
    keys: Keys,
    findings: Vec<Finding>,
    /// Texts that are not packed.
    missing: Vec<(u64, Digest)>,
    /// The latest time that an entry claims, and the first that does.
    latest_claim: Option<(u64, Time)>,
    /// The recorded tree of changes, who recorded it, and when.
    tree: Option<(CountedRoot, (PersonId, Time))>,
}

impl<'a> Judge<'a> {
    fn new(pack: Pack<'a>, floor: Option<&'a Policy>) -> Self {
        let (state, keys) = (Register::of_selected(), Keys::default());
        let (findings, missing, latest_claim, tree) = (Vec::new(), Vec::new(), None, None);
        Self { pack, floor, state, keys, findings, missing, latest_claim, tree }
    }

    /// Opens every entry and its proof, and judges the entries up to the first fault.
    fn entries(&mut self) -> Result<(), StoreError> {
        let seqs: Vec<u64> = self.pack.seqs().collect();
        for seq in seqs {
            let raw = self.pack.raw(seq);
            let checked = match entry::open_with(&self.keys, &raw) {
                Ok(entry) => self.check(&entry),
                Err(Defect::Newer { format }) if seq == 0 && self.pack.check_included(seq, raw.leaf()).is_ok() => {
                    return Err(StoreError::Newer { found: format });
                }
                Err(defect) => Err(Finding::at(seq, defect.rule(), defect)),
            };
            self.findings.extend(checked.err());
            if self.findings.len() >= MOST {
                break;
            }
        }
        Ok(())
    }

    /// Checks the links and the proof of an entry, and applies it if no rule refuses it. After a fault, the state is not
    /// known, so only proofs are checked.
    fn check(&mut self, entry: &Entry) -> Result<(), Finding> {
        let (header, judged) = (&entry.header, self.findings.is_empty());
        if judged {
            self.check_links(entry)?;
        }
        self.pack.check_included(header.seq, entry.leaf)?;
        if judged { self.admit(entry) } else { Ok(()) }
    }

    fn check_links(&self, entry: &Entry) -> Result<(), Finding> {
        let Entry { header, event, .. } = entry;
        let seq = header.seq;
        let position = self.state.position(event.stream()).map_err(|unloaded| refused(seq, unloaded.into()))?;
        let next = position.seq == seq || self.state.head().is_none();
        // Entries between may be missing. Then the inclusion proof stands for the chain.
        let position = if next { position } else { Position { seq, prev: header.prev, ..position } };
        let id = self.state.id().unwrap_or(&self.pack.contents.register);
        chain::check_position(Some(id), &position, header).map_err(|defect| Finding::at(seq, defect.rule(), defect))
    }

    /// Applies an entry if it belongs into the pack and no rule refuses it.
    fn admit(&mut self, entry: &Entry) -> Result<(), Finding> {
        let Entry { header, event, leaf, text } = entry;
        let seq = header.seq;
        self.belongs(seq, event)?;
        self.assume_texts(event);
        self.state.judge(header, event).map_err(|denied| refused(seq, denied))?;
        self.state.judge_text(event, text.as_ref()).map_err(|refusal| refused(seq, refusal.into()))?;
        if let (Event::Start(_), Some(floor)) = (event, self.floor) {
            self.state.under(floor.clone()).judge(header, event).map_err(|denied| {
                Finding::at(seq, "require", trf!("not what you require: {denied}", "不符合您的要求：{denied}"))
            })?;
        }
        self.state.apply(header, *leaf, event).map_err(|denied| refused(seq, denied))?;
        if self.latest_claim.is_none_or(|(_, latest)| latest < header.time) {
            self.latest_claim = Some((seq, header.time));
        }
        self.missing.extend(entry.missing_text().map(|text| (seq, text)));
        if let Event::Checkpoint(roots) = event {
            self.tree = Some((roots.changes, (header.actor.clone(), header.time)));
        }
        Ok(())
    }

    /// Fails for an entry that does not belong into the pack.
    fn belongs(&self, seq: u64, event: &Event) -> Result<(), Finding> {
        let (contents, surplus) = (&self.pack.contents, |why: &str| Finding::at(seq, "entries", why));
        if seq > contents.recorded {
            let why = tr!("is newer than the recorded tree of changes", "晚于所记录的变更树");
            return Err(surplus(why));
        }
        let belongs = match event.stream() {
            Stream::Governance => true,
            Stream::Change(id) => contents.subjects.contains(&id),
            Stream::Log => seq == contents.recorded,
            Stream::BreakGlass(_) | Stream::Deviation(_) => false,
        };
        let why = tr!("is not about a change that the pack names", "与证据包所列变更单无关");
        if belongs { Ok(()) } else { Err(surplus(why)) }
    }

    /// A text that a proposal redacts is taken as it is named if its entry is not packed.
    fn assume_texts(&mut self, event: &Event) {
        let Event::Propose { action: Action::Redact(texts), .. } = event else { return };
        for (seq, digest) in texts.iter().filter(|(seq, _)| !self.pack.files.contains_key(&Name::Entry(**seq))) {
            self.state.load(StateRecord::Text(*seq, TextState { digest: *digest, redacted: None }));
        }
    }

    /// What the files prove together: the newest entries, the signature of the checkpoint, what is attached.
    fn links_between_files(&mut self) {
        if !self.findings.is_empty() {
            return;
        }
        let found = [self.check_changes(), self.check_strays(), self.check_since(), self.check_redacted()];
        self.findings.extend(found.into_iter().flatten().take(MOST));
    }

    /// That no later entry about a change was left out.
    fn check_changes(&self) -> Vec<Finding> {
        let Some((tree, _)) = &self.tree else {
            let why = tr!("no entry records the tree of changes", "没有条目记录变更树");
            return vec![Finding::of_file("entries", why)];
        };
        let checked = self.pack.contents.subjects.iter().map(|id| self.check_change(*id, tree));
        checked.filter_map(Result::err).take(MOST).collect()
    }

    fn check_change(&self, id: ChangeId, tree: &CountedRoot) -> Result<(), Finding> {
        let name = Name::Change(id);
        let wrong = |why: String| of("change-proof", name, why);
        let bytes = self.pack.files.get(&name).ok_or_else(|| wrong(missing().to_owned()))?;
        let proof = ChangeProof::read(bytes).map_err(|defect| wrong(defect.to_string()))?;
        if proof.change != id || proof.count != tree.count || !proof.proves(tree.root) {
            return Err(wrong(
                tr!("it does not belong to the recorded tree of changes", "与所记录的变更树不符").to_owned(),
            ));
        }
        if self.state.change(id).is_ok_and(|change| change.last() == proof.latest) {
            return Ok(());
        }
        let latest = proof.latest;
        let lacks = trf!(
            "{id}: the pack lacks its newest entry, whose leaf hash is {latest}",
            "{id}：证据包缺少其最新条目，叶哈希为 {latest}"
        );
        Err(Finding::of_file("later-entry", lacks))
    }

    /// Files of which no part of the pack speaks.
    fn check_strays(&self) -> Vec<Finding> {
        let entry = |seq: u64| self.pack.files.contains_key(&Name::Entry(seq));
        let stray = |name: &Name| match *name {
            Name::Text(seq) | Name::Data(seq) | Name::Proof(seq) if !entry(seq) => Some("entries"),
            Name::Change(id) if !self.pack.contents.subjects.contains(&id) => Some("change-proof"),
            _ => None,
        };
        let strays = self.pack.files.keys().filter_map(|name| Some((name, stray(name)?)));
        let why = tr!("belongs to nothing in the pack", "与证据包中的任何内容无关");
        let strays = strays.map(|(name, rule)| of(rule, *name, why));
        strays.chain(self.check_evidence()).take(MOST).collect()
    }

    /// An attached file is what a packed revision names by its hash.
    fn check_evidence(&self) -> Vec<Finding> {
        let mut named = BTreeSet::new();
        for id in &self.pack.contents.subjects {
            let Ok(change) = self.state.change(*id) else { continue };
            named.extend(change.revisions().flat_map(|revision| revision.facts.digests()));
        }
        let mut wrong = Vec::new();
        for (name, bytes) in self.pack.files {
            let Name::Evidence(digest) = name else { continue };
            if Digest::new(Sha256::digest(bytes).into()) != *digest {
                wrong.push(Finding::of_file("evidence", trf!("{name} has another hash", "{name} 的哈希不符")));
            } else if !named.contains(digest) {
                wrong.push(Finding::of_file("evidence", trf!("no revision names {name}", "没有修订列出 {name}")));
            }
        }
        wrong
    }

    /// A text that two admins redacted is not put back by a pack.
    fn check_redacted(&self) -> Vec<Finding> {
        let texts =
            self.pack.files.keys().filter_map(|name| if let Name::Text(seq) = name { Some(*seq) } else { None });
        let redacted = |seq: &u64| match self.state.governance().text(*seq) {
            Ok(text) => text.is_some_and(|text| text.redacted.is_some()),
            Err(_) => false,
        };
        let why = tr!("the pack holds a text that was redacted", "证据包含有已隐去的文本");
        texts.filter(redacted).map(|seq| Finding::at(seq, "redacted", why)).collect()
    }

    /// That the checkpoint extends the earlier one.
    fn check_since(&self) -> Vec<Finding> {
        let wrong = match self.since() {
            Ok(None) => return Vec::new(),
            Err(defect) => defect.to_string(),
            Ok(Some(since)) if since.proves(self.pack.checkpoint.root, self.pack.checkpoint.size) => return Vec::new(),
            Ok(Some(_)) => {
                tr!("does not show that the checkpoint extends the earlier one", "未表明检查点延续了较早的检查点")
                    .to_owned()
            }
        };
        vec![of("consistency", Name::Since, wrong)]
    }

    fn since(&self) -> Result<Option<SinceProof>, Defect> {
        self.pack.files.get(&Name::Since).map(|bytes| SinceProof::read(bytes)).transpose()
    }

    /// Who signed the checkpoint, of those who can sign after the packed entries.
    fn signers(&self) -> Result<Vec<(PersonId, Fingerprint)>, Finding> {
        let governance = self.state.governance();
        let known: Vec<_> = governance.loaded_keys().map(|(_, key)| key.public).collect();
        let unsigned = |why: String| Finding::of_file("checkpoint", why);
        let name = self.pack.contents.register.to_string();
        let signed = self.pack.note.signers(&name, &known).map_err(|error| unsigned(error.to_string()))?;
        let mut live = Vec::new();
        for key in signed.iter().map(PublicKey::fingerprint) {
            let Ok(Some(enrolled)) = governance.key(key) else { continue };
            if governance.judge_signer(&enrolled.person, key).is_ok() {
                live.push((enrolled.person.clone(), key));
            }
        }
        let none =
            tr!("no key that is live after the packed entries signed it", "没有在所含条目之后仍有效的密钥为其签名");
        if live.is_empty() { Err(unsigned(none.to_owned())) } else { Ok(live) }
    }

    fn finish(mut self) -> (Vec<Finding>, Proven) {
        let signers = match self.signers() {
            Ok(signers) => signers,
            // After a fault the keys are not known.
            Err(finding) => {
                self.findings.extend(self.findings.is_empty().then_some(finding));
                Vec::new()
            }
        };
        let governance = self.state.governance();
        let redacted = |(seq, text): &(u64, Digest)| matches!(governance.redacted(*seq, *text), Ok(Some(_)));
        let left_out = self.missing.iter().filter(|text| !redacted(text)).map(|(seq, _)| *seq).collect();
        let (entries, since) = (self.pack.seqs().count() as u64, self.since().unwrap_or_default());
        let evidence = self.pack.files.keys().filter(|name| matches!(name, Name::Evidence(_))).count() as u64;
        let (recorded, latest_claim, state) = (self.tree.map(|(_, by)| by), self.latest_claim, self.state);
        let Pack { contents, checkpoint, .. } = self.pack;
        let proven =
            Proven { contents, checkpoint, signers, recorded, latest_claim, since, state, entries, left_out, evidence };
        (self.findings, proven)
    }
}
