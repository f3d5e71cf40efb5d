//! `check`: every fault of a draft at once; and reading one, as `file` does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};

use super::Context;
use crate::domain::{Digest, Field, Refusal, Text, faults};
use crate::draft::{Draft, Fault, Problem, read};
use crate::error::Error;
use crate::log::{entry, text};
use crate::store::Session;

/// Check a draft: every fault at once, with its line and field; nothing is recorded
#[derive(Debug, Args)]
pub struct Check {
    /// The draft, TOML; - is standard input
    file: PathBuf,
}

impl Check {
    /// Runs it.
    ///
    /// # Errors
    /// [`Error::Faults`], or what prevents reading.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        // People and windows are checked where a register is named; the rest needs none.
        let session = if context.register_named().is_some() { Some(context.open()?) } else { None };
        read_draft(context, session.as_ref(), &self.file)?;
        let against = match session.as_ref().and_then(|session| session.state().id()) {
            Some(id) => format!("against the register {}", id.name()),
            None => "without a register: its people and window were not checked".to_owned(),
        };
        context.env.tell(format_args!("{}: no faults ({against})", self.file.display()));
        Ok(())
    }
}

/// Reads a draft and finds all that is wrong with it, also by the rules of a register.
///
/// # Errors
/// [`Error::Faults`], or what prevents reading.
pub fn read_draft(context: &mut Context<'_>, session: Option<&Session>, given: &Path) -> Result<Draft, Error> {
    let source = context.read_text(given)?;
    let path = given.display().to_string();
    let folder = context.env.path(given).parent().map(Path::to_owned).unwrap_or_default();
    let from = if path == "-" { context.env.folder.clone() } else { folder };
    let draft = read(&source, &mut |name| digest_of(&from.join(name)))
        .map_err(|faults| Error::Faults { path: path.clone(), faults })?;
    let faults = register_faults(context, session, &draft);
    if faults.is_empty() { Ok(draft) } else { Err(Error::Faults { path, faults }) }
}

/// The SHA-256 of a file, whatever its size.
///
/// # Errors
/// What the system says.
pub fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    io::copy(&mut fs::File::open(path)?, &mut HashWriter(&mut hash))?;
    Ok(Digest::new(hash.finalize().into()))
}

struct HashWriter<'h>(&'h mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn register_faults(context: &Context<'_>, session: Option<&Session>, draft: &Draft) -> Vec<Fault> {
    let words = Text::Description(Box::new(draft.description.clone()));
    let bytes = text::write(&words, [0; 16]).0.len();
    let mut found = Vec::new();
    if bytes > entry::MOST {
        found.push(Fault { line: 1, field: String::new(), problem: Problem::TooLarge { bytes, most: entry::MOST } });
    }
    if let Some(session) = session {
        let refusals = faults(session.state().governance(), context.env.now(), &words.filled(), &draft.terms);
        found.extend(refusals.into_iter().map(|refusal| {
            let field = field_of(&refusal, draft);
            let line = draft.lines.get(&field).copied().unwrap_or(1);
            Fault { line, field, problem: refusal.into() }
        }));
    }
    found
}

/// The field of a draft that a refusal is about.
fn field_of(refusal: &Refusal, draft: &Draft) -> String {
    match refusal {
        Refusal::PartyUnknown { person } | Refusal::PartyAudits { person } if *person == draft.terms.owner => "owner",
        Refusal::PartyUnknown { .. } | Refusal::PartyAudits { .. } | Refusal::NoImplementers => "implementers",
        Refusal::WindowEnded { .. } => "window.end",
        Refusal::WindowFar { .. } => "window.start",
        Refusal::NoTemplate => "kind",
        Refusal::NoServices => "services",
        Refusal::ArtifactTwice { .. } => "artifacts",
        Refusal::FieldMissing { field: Field::Impact } => "impact.text",
        Refusal::FieldMissing { field } => field.as_str(),
        _ => "",
    }
    .to_owned()
}
