//! `start`: an implementer begins, if the change is executable here and now.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::change::check::digest_of;
use crate::commands::lookup::{change, parse};
use crate::commands::{Context, report_recorded};
use crate::domain::{Artifact, ChangeId, Event};
use crate::error::Error;
use crate::record::{Plan, record};

/// Start a change: refused unless it is approved, inside its window, and its artifacts are the approved ones
#[derive(Debug, Args)]
pub struct Start {
    /// The change, such as CHG-42
    change: String,
    /// Each artifact as it is about to be deployed; its SHA-256 is recorded
    #[arg(long = "artifact", value_name = "NAME=FILE")]
    artifacts: Vec<String>,
}

impl Start {
    /// Runs it.
    ///
    /// # Errors
    /// The rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let artifacts = self.artifacts.iter().map(|given| read(context, given)).collect::<Result<Vec<_>, _>>()?;
        let mut session = context.open()?;
        let revision = change(&mut session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan::of(Event::Start { revision, artifacts: artifacts.clone() }));
        let entry = record(context.recorder(), &mut session, plan)?;
        report_recorded(
            context,
            &entry,
            None,
            format_args!(
                "{id} started; when it is done: `twinseal finish {id} --outcome succeeded|failed|rolled-back`"
            ),
        )
    }
}

fn read(context: &Context<'_>, given: &str) -> Result<Artifact, Error> {
    let wrong = || Error::Form { given: given.to_owned(), form: "NAME=FILE" };
    let (name, path) = given.split_once('=').ok_or_else(wrong)?;
    let failed = |source| Error::File { doing: "read", path: PathBuf::from(path), source };
    let digest = digest_of(&context.env.path(Path::new(path))).map_err(failed)?;
    Ok(Artifact { name: parse(name)?, digest })
}
