//! `gate`: say whether a change may start here and now.

mod answer;
mod coverage;
mod judge;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::commands::Context;
use crate::commands::change::check::digest_of;
use crate::commands::change::once::{Once, actor_of_run, start_once};
use crate::commands::duration::duration;
use crate::commands::lookup::{change_id, parse};
use crate::domain::{
    ArtifactName, ChangeId, Digest, Environment, Head, PersonId, RunId, ServiceId, Start, Target, number,
};
use crate::error::Error;
use crate::output::on;
use crate::store::Session;
use answer::Answer;

/// Ask whether a change may start here and now
///
/// Exit code 0 means that it may. Everything else, errors included, is a closed gate. Prints one line for each condition
/// and one for each requirement of the policy. Without --start, records nothing. Without a change id, finds the one open
/// change of the service with these artifacts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal gate CHG-42 --service order-gateway --artifact gw.tar.gz=build/gw.tar.gz
  twinseal gate --service order-gateway --artifact build/gw.tar.gz
  twinseal gate CHG-42 --wait 30m && ./deploy.sh
  twinseal gate CHG-42 --start --run-id $CI_PIPELINE_ID && ./deploy.sh")]
pub struct Gate {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: Option<String>,
    /// Service about to be changed
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Environment about to be changed
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// Host or instance about to be changed
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// Artifact about to be deployed, as a file or by its SHA-256; its name may be left out if no change id is given
    #[arg(short = 'a', long = "artifact", value_name = "NAME=FILE|NAME=sha256:HEX")]
    artifacts: Vec<String>,
    /// How long to wait for the gate to open: 90s, 30m or 4h30m; at most 24h
    #[arg(long, value_name = "LENGTH")]
    wait: Option<String>,
    /// Start the change in the same act if the gate is open, signed by the account's own key
    #[arg(long, requires = "run_id")]
    start: bool,
    /// Run of the pipeline; the same run may start the change again
    #[arg(long, value_name = "ID", requires = "start")]
    run_id: Option<String>,
    /// Entry that the log must have, as the pipeline's own settings name it; needed by an account that met the register
    /// after the change was filed
    #[arg(long, value_name = "SEQ:LEAF")]
    at_least: Option<String>,
}

/// The time between two looks at the register.
const POLL: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Debug)]
struct Asked {
    change: Option<ChangeId>,
    service: Option<ServiceId>,
    environment: Option<Environment>,
    target: Option<Target>,
    artifacts: Vec<Given>,
    run: Option<RunId>,
    at_least: Option<Head>,
}

/// An artifact as it was given: its digest, and its name if there is one.
#[derive(Debug)]
struct Given {
    name: Option<ArtifactName>,
    digest: Digest,
}

impl Gate {
    /// # Errors
    /// [`Error::GateClosed`], an invalid argument, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if self.change.is_none() && (self.service.is_none() || self.artifacts.is_empty()) {
            return Err(Error::NeedChange);
        }
        let asked = self.asked(context)?;
        let wait = self.wait.as_deref().map_or(Ok(0), |given| duration(given, 0))?;
        let mut session = context.open()?;
        // A run is given only with --start.
        let me = actor_of_run(context, &session, asked.run.as_ref())?;
        let answer = wait_for(context, &mut session, (&asked, me.as_ref()), wait)?;
        match answer.start.as_ref().filter(|_| self.start && answer.is_open()) {
            Some(start) => start_now(context, &mut session, &answer, start),
            None => {
                let printed = answer.print(context, None);
                // The exit code says that it is closed even if nobody reads why.
                answer.result()?;
                printed
            }
        }
    }

    fn asked(&self, context: &Context<'_>) -> Result<Asked, Error> {
        let given = |it: &String| read_artifact(context, it, self.change.is_some());
        Ok(Asked {
            change: self.change.as_deref().map(change_id).transpose()?,
            service: self.service.as_deref().map(parse).transpose()?,
            environment: self.environment.as_deref().map(parse).transpose()?,
            target: self.target.as_deref().map(parse).transpose()?,
            artifacts: self.artifacts.iter().map(given).collect::<Result<_, _>>()?,
            run: self.run_id.as_deref().map(parse).transpose()?,
            at_least: self.at_least.as_deref().map(entry_and_leaf).transpose()?,
        })
    }
}

/// Starts the change, unless this run has done that.
fn start_now(context: &mut Context<'_>, session: &mut Session, answer: &Answer, start: &Start) -> Result<(), Error> {
    let (id, place) = (start.revision.change, on(start.target.as_ref()));
    match if answer.already { Once::Already } else { start_once(context, session, start)? } {
        Once::Recorded(entry) => {
            context.ui.report_recorded_notices(context.env);
            answer.print(context, Some(&entry)).map_err(|error| error.after(entry.header.seq))?;
            context.env.remark(format_args!("{id} started{place} (entry {})", entry.header.seq));
        }
        Once::Already => {
            answer.print(context, None)?;
            context.env.remark(format_args!("{id}{place} already started by this run"));
        }
    }
    Ok(())
}

/// Asks until the gate is open, can never open, or `seconds` have passed. Says on standard error what it waits for.
fn wait_for(
    context: &mut Context<'_>,
    session: &mut Session,
    (asked, me): (&Asked, Option<&PersonId>),
    seconds: i64,
) -> Result<Answer, Error> {
    let until = context.env.now().plus(seconds);
    let (mut said, clock) = (Vec::new(), context.clock());
    loop {
        let answer = judge::answer(context, session, asked, me)?;
        let left = until.unix() - context.env.now().unix();
        if answer.is_open() || answer.is_permanent() || left <= 0 {
            return Ok(answer);
        }
        let failed = answer.failed_conditions();
        if failed != said {
            context.env.remark(format_args!("waiting until {}: {}", clock.at(until), clock.local(&answer.reason())));
            said = failed;
        }
        (context.env.sleep)(POLL.min(Duration::from_secs(left.unsigned_abs())));
        session.refresh(context.env.now(), &mut |_| {})?;
    }
}

/// `NAME=FILE`, `NAME=sha256:HEX`; without a name only if nothing else says which change is meant.
fn read_artifact(context: &Context<'_>, given: &str, named: bool) -> Result<Given, Error> {
    let form = if named { "NAME=FILE or NAME=sha256:HEX" } else { "[NAME=]FILE or [NAME=]sha256:HEX" };
    let (name, value) = match given.split_once('=') {
        Some((name, value)) => (Some(parse(name)?), value),
        None if named => return Err(Error::Form { given: given.to_owned(), form }),
        None => (None, given),
    };
    let digest = match value.strip_prefix("sha256:") {
        Some(hex) => parse(hex)?,
        None => {
            let failed = |source| Error::File { doing: "read", path: PathBuf::from(value), source };
            digest_of(&context.env.path(Path::new(value))).map_err(failed)?
        }
    };
    Ok(Given { name, digest })
}

/// `SEQ:LEAF`.
fn entry_and_leaf(given: &str) -> Result<Head, Error> {
    let wrong = || Error::Form { given: given.to_owned(), form: "SEQ:LEAF, such as 812:9b1e... (64 hex digits)" };
    let (seq, leaf) = given.split_once(':').ok_or_else(wrong)?;
    Ok(Head { seq: number(seq).map_err(|_| wrong())?, leaf: leaf.parse().map_err(|_| wrong())? })
}
