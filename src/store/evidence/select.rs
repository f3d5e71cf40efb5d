//! Gathers an evidence pack from the verified log.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::domain::{ChangeId, Digest, Field, Refusal};
use crate::format::Raw;
use crate::format::checkpoint::Checkpoint;
use crate::format::pack::{ChangeProof, Contents, EntryProof, Files, Name, SinceProof, manifest};
use crate::format::tree;
use crate::store::{EntryFilter, StoreError, SubjectProof, VerifiedLog};

/// What goes into a pack besides what its subjects ask for.
#[derive(Debug, Default)]
pub struct Extras {
    /// Texts with one of these fields are left out.
    pub leave_out: BTreeSet<Field>,
    /// The earlier checkpoint that the pack's is shown to extend.
    pub since: Option<Checkpoint>,
    /// Other files, such as attached evidence.
    pub files: Files,
}

impl VerifiedLog {
    /// These changes, and all that they follow in any of their revisions: their starts are judged by them.
    ///
    /// # Errors
    /// As [`VerifiedLog::ask`]. The inner result is a refusal if there is no such change.
    pub fn with_followed(
        &self,
        changes: impl IntoIterator<Item = ChangeId>,
    ) -> Result<Result<BTreeSet<ChangeId>, Refusal>, StoreError> {
        let (mut found, mut open) = (BTreeSet::new(), changes.into_iter().collect::<Vec<_>>());
        while let Some(id) = open.pop() {
            if !found.insert(id) {
                continue;
            }
            let follows = self.ask(|state| {
                let revisions = state.change(id)?.revisions();
                Ok(revisions.flat_map(|revision| revision.facts.follows.iter().copied()).collect::<Vec<_>>())
            });
            match follows? {
                Ok(follows) => open.extend(follows),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(found))
    }

    /// The files of a pack, its manifest included. `note` is the signed checkpoint of `contents.size` entries.
    ///
    /// # Errors
    /// An entry of the file differs from the verified one, the cache is damaged, or an SQLite error.
    pub fn pack(&self, contents: &Contents, note: &str, extras: Extras) -> Result<Files, StoreError> {
        let _snapshot = self.hold_snapshot()?;
        let Extras { leave_out, since, files } = extras;
        let mut packing = Packing { log: self, contents, note, leave_out, files, subtrees: HashMap::new() };
        packing.files.insert(Name::Contents, contents.to_string().into_bytes());
        packing.files.insert(Name::Checkpoint, note.as_bytes().to_vec());
        let mut seqs = self.queries().governance_before(contents.recorded)?;
        for id in &contents.subjects {
            let about = EntryFilter { change: Some(*id), ..EntryFilter::default() };
            seqs.extend(self.queries().entries(&about)?.into_iter().filter(|seq| *seq < contents.recorded));
        }
        seqs.push(contents.recorded);
        seqs.into_iter().try_for_each(|seq| packing.entry(seq))?;
        packing.changes()?;
        let mut files = packing.files;
        if let Some(Checkpoint { size, root, .. }) = since {
            let hashes = self.consistency_proof(size, contents.size)?.unwrap_or_default();
            files.insert(Name::Since, SinceProof { size, root, hashes }.to_string().into_bytes());
        }
        files.insert(Name::Manifest, manifest(&files).into_bytes());
        Ok(files)
    }
}

/// A pack that is being gathered.
struct Packing<'a> {
    log: &'a VerifiedLog,
    contents: &'a Contents,
    note: &'a str,
    leave_out: BTreeSet<Field>,
    files: Files,
    /// The hashes of subtrees: the proofs of several entries have most of them in common.
    subtrees: HashMap<Range<u64>, Digest>,
}

impl Packing<'_> {
    fn entry(&mut self, seq: u64) -> Result<(), StoreError> {
        let Some((entry, raw)) = self.log.entry_and_bytes(seq)? else { return Ok(()) };
        let proof = EntryProof { index: seq, hashes: self.inclusion(seq)?, checkpoint: self.note.to_owned() };
        let mut filled = entry.header.text.iter().flat_map(|text| &text.filled);
        let left_out = filled.any(|field| self.leave_out.contains(field));
        let Raw { blob, text, data, .. } = raw;
        // The file may have a text again that was redacted.
        let text = if left_out || self.log.redacted(seq)?.is_some() { None } else { text };
        let parts = [(Name::Entry(seq), Some(blob)), (Name::Text(seq), text), (Name::Data(seq), data)];
        self.files.extend(parts.into_iter().filter_map(|(name, part)| Some((name, part?))));
        self.files.insert(Name::Proof(seq), proof.to_string().into_bytes());
        Ok(())
    }

    fn inclusion(&mut self, seq: u64) -> Result<Vec<Digest>, StoreError> {
        let mut hashes = Vec::new();
        for subtree in tree::inclusion(seq, self.contents.size).unwrap_or_default() {
            let hash = match self.subtrees.get(&subtree) {
                Some(hash) => *hash,
                None => self.log.subtree(subtree.clone())?,
            };
            self.subtrees.insert(subtree, hash);
            hashes.push(hash);
        }
        Ok(hashes)
    }

    /// Adds the proof for each subject that no later entry about it was left out.
    fn changes(&mut self) -> Result<(), StoreError> {
        for change in &self.contents.subjects {
            let Some(proof) = self.log.change_proof(*change, self.contents.recorded)? else { continue };
            let SubjectProof { latest, tree, hashes, .. } = proof;
            let proof = ChangeProof { change: *change, latest: latest.leaf, count: tree.count, hashes };
            self.files.insert(Name::Change(*change), proof.to_string().into_bytes());
        }
        Ok(())
    }
}
