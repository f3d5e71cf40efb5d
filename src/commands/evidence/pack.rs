//! `evidence pack`: gather what proves that changes were approved and carried out.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::commands::look::checkpoint::{self, read_checkpoint};
use crate::commands::lookup::{change, change_id, name_of_input, option_path, parse, with_template};
use crate::commands::timestamp::{self, file_beside, read_beside};
use crate::commands::{Context, Zh};
use crate::domain::{ChangeId, Digest, Event, Field, OWN_FIELDS};
use crate::error::{Error, EvidenceError, FileAct, TimestampFailure};
use crate::format::checkpoint::Checkpoint;
use crate::format::pack::{Contents, Files, Name, manifest};
use crate::format::timestamp::{Timestamp, judge as judge_timestamp};
use crate::format::{Raw, entry};
use crate::output::{Parts, Told, evidence_page, list, safe};
use crate::private::open_regular;
use crate::store::evidence::{Extras, files, judge};
use crate::store::{EntryFilter, Session};
use crate::trf;

/// Arguments of `evidence pack`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal evidence pack CHG-42 --out CHG-42.zip
  twinseal evidence pack CHG-42 CHG-43 --out pack --evidence replay.txt
  twinseal evidence pack CHG-42 --out for-the-vendor --redact plan
  twinseal evidence pack CHG-42 --out pack --since last-year.checkpoint")]
pub struct PackArgs {
    /// Change ids
    #[arg(value_name = "CHANGE", required = true, zh("变更单编号"))]
    changes: Vec<String>,
    /// Folder to create, or a file that ends with .zip
    #[arg(long, value_name = "PATH", zh("要创建的文件夹，或以 .zip 结尾的文件"))]
    out: PathBuf,
    /// Text field to leave out, such as plan or reason
    #[arg(long, value_name = "FIELD", value_delimiter = ',', zh("要略去的文本字段，如 plan 或 reason"))]
    redact: Vec<String>,
    /// File that a revision names by its hash: evidence of a test, or an artifact
    #[arg(long, value_name = "FILE", zh("修订以哈希列出的文件：测试证据或制品"))]
    evidence: Vec<PathBuf>,
    /// Signed checkpoint to use, with the timestamp beside it; otherwise your key signs one
    #[arg(long, value_name = "FILE", zh("所用的已签署检查点及其旁边的时间戳；默认用您的密钥签署"))]
    checkpoint: Option<PathBuf>,
    /// Earlier checkpoint, which the pack is shown to extend
    #[arg(long, value_name = "FILE", zh("较早的检查点，证据包将表明其延续了它"))]
    since: Option<PathBuf>,
}

impl PackArgs {
    /// # Errors
    /// A change is not covered by the recorded tree of changes, a file cannot be read, or the pack cannot be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let leave_out: BTreeSet<Field> = self.redact.iter().map(|it| parse(it)).collect::<Result<_, _>>()?;
        let changes: Vec<ChangeId> = self.changes.iter().map(|it| change_id(it)).collect::<Result<_, _>>()?;
        let session = context.open()?;
        if let Some(fault) = session.fault() {
            return Err(Error::Broken(fault.clone()));
        }
        let subjects = session.with_followed(changes)??;
        let recorded = recorded(&session, &subjects)?;
        let mut extras =
            Extras { leave_out: leave_out.clone(), files: self.attached(context, &session, &subjects)?, since: None };
        if let Some(file) = &self.since {
            extras.since = Some(own_checkpoint(context, &session, file)?.1);
        }
        let (note, checkpoint) = match &self.checkpoint {
            Some(file) => own_checkpoint(context, &session, file)?,
            None => checkpoint::sign_now(context, &session)?,
        };
        if checkpoint.size <= recorded {
            return Err(EvidenceError::NotCovered { size: checkpoint.size, recorded }.into());
        }
        let contents = Contents { register: checkpoint.origin, subjects, size: checkpoint.size, recorded };
        let mut packed = session.pack(&contents, &note, extras)?;
        let stamp = self.checkpoint.as_deref().map(|file| stamp(context, file, (&note, &mut packed))).transpose()?;
        let told = told(&session, &packed)?;
        told.iter().try_for_each(|it| check_hidden(&it.event, &leave_out))?;
        packed.insert(Name::Page, evidence_page(&contents.register, &contents.subjects, &told).into_bytes());
        packed.insert(Name::Manifest, manifest(&packed).into_bytes());
        // Otherwise the reader would find out, perhaps years later.
        if let Some(finding) = judge(&packed, None)?.findings.into_iter().next() {
            return Err(EvidenceError::ProvesNothing(finding).into());
        }
        let failed = |source| Error::File { doing: FileAct::Create, path: self.out.clone(), source };
        files::write(&context.env.path(&self.out), &packed).map_err(failed)?;
        self.answer(context, &contents, &packed, stamp.flatten().as_ref())
    }

    /// The attached files. Only what a revision names by its hash is evidence of it.
    fn attached(
        &self,
        context: &Context<'_>,
        session: &Session,
        subjects: &BTreeSet<ChangeId>,
    ) -> Result<Files, Error> {
        let mut named: BTreeSet<Digest> = BTreeSet::new();
        for id in subjects {
            named.extend(change(session, *id)?.revisions().flat_map(|revision| revision.facts.digests()));
        }
        let mut files = Files::new();
        for path in &self.evidence {
            let most = Name::Evidence(Digest::NONE).most() as u64;
            let read = open_regular(&context.env.path(path)).and_then(|file| {
                let mut bytes = Vec::new();
                file.take(most + 1).read_to_end(&mut bytes).map(|_| bytes)
            });
            let bytes = read.map_err(|source| Error::File { doing: FileAct::Read, path: path.clone(), source })?;
            if bytes.len() as u64 > most {
                return Err(Error::FileTooLarge { path: name_of_input(path), most });
            }
            let digest = Digest::new(Sha256::digest(&bytes).into());
            if !named.contains(&digest) {
                return Err(EvidenceError::NotNamed(path.clone()).into());
            }
            files.insert(Name::Evidence(digest), bytes);
        }
        Ok(files)
    }

    fn answer(
        &self,
        context: &mut Context<'_>,
        contents: &Contents,
        packed: &Files,
        stamp: Option<&Timestamp>,
    ) -> Result<(), Error> {
        let count = |is: fn(&Name) -> bool| packed.keys().filter(|name| is(name)).count();
        let entries = count(|name| matches!(name, Name::Entry(_)));
        let left_out = entries - count(|name| matches!(name, Name::Text(_)));
        let out = self.out.display().to_string();
        let json = || {
            json!({
                "out": out,
                "register": contents.register.to_string(),
                "changes": contents.subjects.iter().map(ToString::to_string).collect::<Value>(),
                "size": contents.size,
                "recorded": contents.recorded,
                "entries": entries,
                "without_text": left_out,
                "evidence": count(|name| matches!(name, Name::Evidence(_))),
                "timestamp": stamp.map(timestamp::to_json),
            })
        };
        let (name, changes, size) = (safe(&out).into_owned(), list(&contents.subjects), contents.size);
        context.ui.answer(context.env, json, || {
            trf!(
                "{name}: {changes}, {entries} entries of a log of {size}",
                "{name}：{changes}，日志共 {size} 条，其中 {entries} 条"
            )
        })?;
        context.env.remark(trf!(
            "verify it anywhere: `twinseal evidence verify {}`",
            "可在任何地方核验：`twinseal evidence verify {}`",
            option_path(&self.out)
        ));
        Ok(())
    }
}

/// The newest entry that records the tree of changes. The newest entry about each subject must be older.
fn recorded(session: &Session, subjects: &BTreeSet<ChangeId>) -> Result<u64, Error> {
    let recorded = session.state().checkpoint().ok_or(EvidenceError::NothingRecorded)?.seq;
    for change in subjects {
        let about = EntryFilter { change: Some(*change), ..EntryFilter::default() };
        match session.queries().entries(&about)?.last() {
            Some(newest) if *newest > recorded => {
                return Err(EvidenceError::NotRecorded { change: *change, newest: *newest, recorded }.into());
            }
            _ => {}
        }
    }
    Ok(recorded)
}

/// Reads a signed checkpoint of this log, with its exact bytes.
fn own_checkpoint(context: &mut Context<'_>, session: &Session, given: &Path) -> Result<(String, Checkpoint), Error> {
    let (text, _, checkpoint) = read_checkpoint(context, given)?;
    let entries = session.state().head().map_or(0, |head| head.seq + 1);
    let of_this = session.state().id() == Some(&checkpoint.origin)
        && checkpoint.size <= entries
        && session.root(checkpoint.size)? == checkpoint.root;
    if of_this { Ok((text, checkpoint)) } else { Err(EvidenceError::OtherCheckpoint(name_of_input(given)).into()) }
}

/// Packs the timestamp beside a checkpoint, if there is one. Whether its authority is trusted is for the reader to say.
fn stamp(
    context: &Context<'_>,
    checkpoint: &Path,
    (note, packed): (&str, &mut Files),
) -> Result<Option<Timestamp>, Error> {
    let Some(response) = read_beside(context, checkpoint)? else { return Ok(None) };
    let judged = judge_timestamp(&response, note.as_bytes(), None, None).map_err(|why| TimestampFailure::BadFile {
        reply: name_of_input(&file_beside(checkpoint)),
        why,
        file: name_of_input(checkpoint),
    })?;
    packed.insert(Name::Token, response);
    Ok(Some(judged))
}

/// Steps that a machine could carry out are in the data part, which rules read. They would show what was to be left out.
fn check_hidden(event: &Event, leave_out: &BTreeSet<Field>) -> Result<(), EvidenceError> {
    let (change, facts, execution) = match event {
        Event::File { change, facts, execution } => (*change, facts, execution),
        Event::Revise { replaces, facts, execution } => (replaces.change, facts, execution),
        _ => return Ok(()),
    };
    // The template of a standard change has all other fields, and it is packed too.
    let given = leave_out.iter().find(|it| facts.template.is_some() && !OWN_FIELDS.contains(it));
    if let Some(field) = given {
        return Err(EvidenceError::NotHidden { change, field: *field });
    }
    let steps = [(Field::Plan, &execution.plan), (Field::Rollback, &execution.rollback)];
    match steps.into_iter().find(|(field, steps)| leave_out.contains(field) && !steps.is_empty()) {
        Some((field, _)) => Err(EvidenceError::NotHidden { change, field }),
        None => Ok(()),
    }
}

/// The packed entries, as the page tells them.
fn told(session: &Session, packed: &Files) -> Result<Vec<Told>, Error> {
    let mut told = Vec::new();
    for (name, blob) in packed {
        let Name::Entry(seq) = *name else { continue };
        let part = |name: Name| packed.get(&name).cloned();
        let raw = Raw { seq, blob: blob.clone(), text: part(Name::Text(seq)), data: part(Name::Data(seq)) };
        let parts = Parts::new(&raw.blob, raw.text.as_deref(), raw.data.as_deref());
        // Every entry was read before it was packed.
        if let Ok((header, event)) = entry::read_body(&raw) {
            let parts = with_template(session, parts, &event)?;
            told.push(Told { header, event, parts, has_text: raw.text.is_some() });
        }
    }
    Ok(told)
}
