//! `start`: begin an approved change.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::change::check::digest_of;
use crate::commands::change::summary::summary;
use crate::commands::lookup::{change, parse};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{Artifact, ChangeId, Event};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;

/// Start an approved change
///
/// twinseal refuses the start unless you are an implementer, the change is approved and inside its window, and every
/// artifact has the approved SHA-256.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal start CHG-42
  twinseal start CHG-42 --artifact gw.tar.gz=build/gw.tar.gz && ./deploy.sh")]
pub struct Start {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    /// Artifact about to be deployed; its SHA-256 is recorded
    #[arg(long = "artifact", value_name = "NAME=FILE")]
    artifacts: Vec<String>,
}

impl Start {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let artifacts = self.artifacts.iter().map(|given| read(context, given)).collect::<Result<Vec<_>, _>>()?;
        let mut session = context.open()?;
        let revision = change(&session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan::of(Event::Start { revision, artifacts: artifacts.clone() }));
        let shown = |page: &mut Page, session: &Session| summary(page, session, revision, "start");
        let entry = record_shown(context, &mut session, shown, plan)?;
        report_recorded(
            context,
            &entry,
            None,
            format_args!(
                "{id} started; when done: `twinseal finish {id} --outcome succeeded` (or failed, rolled-back)"
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
