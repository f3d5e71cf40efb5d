//! `doctor`: check the surroundings of a register, with a hint for each problem.

mod register;
mod rights;

use std::fmt::Display;
use std::os::unix::fs::PermissionsExt;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::domain::{KeyState, PublicKey};
use crate::error::{Error, KeyChoiceError};
use crate::output::safe;
use crate::signer::{AgentError, KeyError, KeySource};
use crate::store::Session;

/// Check key, agent, clock, files and disk
///
/// Each line is ok, warning or fault, with a hint on how to fix it. Like every command, doctor brings the verified
/// cache up to date; it changes nothing else. To check the log itself, use twinseal verify. The exit code is 0 without
/// faults, otherwise 4.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal doctor
  twinseal doctor --register /srv/twinseal/prod.db")]
pub struct Doctor {}

/// The severity of a check's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No problem.
    Ok,
    /// A possible problem; commands work.
    Warning,
    /// Some commands fail until it is fixed.
    Fault,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// The result of one check.
#[derive(Debug)]
struct Check {
    name: &'static str,
    state: State,
    what: String,
    hint: Option<String>,
}

impl Check {
    fn ok(name: &'static str, what: impl Display) -> Self {
        Self { name, state: State::Ok, what: what.to_string(), hint: None }
    }

    fn warning(name: &'static str, what: impl Display, hint: impl Display) -> Self {
        Self { name, state: State::Warning, what: what.to_string(), hint: Some(hint.to_string()) }
    }

    fn fault(name: &'static str, what: impl Display, hint: impl Display) -> Self {
        Self { state: State::Fault, ..Self::warning(name, what, hint) }
    }

    /// An error that a command would report, with its hint.
    fn error(name: &'static str, state: State, error: &Error) -> Self {
        Self { name, state, what: error.to_string(), hint: error.hint() }
    }
}

impl Doctor {
    /// # Errors
    /// [`Error::Unwell`], or standard output fails.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut checks = Vec::new();
        let session = register::look(context, &mut checks);
        let session = session.as_ref();
        let key = key(context, session, &mut checks);
        checks.push(agent(context, session, key.as_ref()));
        let count = |state| checks.iter().filter(|it| it.state == state).count();
        let (faults, warnings) = (count(State::Fault), count(State::Warning));
        // The exit code reports faults even if nobody reads the output to its end.
        let reported = report(context, &checks, faults, warnings);
        if faults == 0 { reported } else { Err(Error::Unwell { count: faults }) }
    }
}

fn report(context: &mut Context<'_>, checks: &[Check], faults: usize, warnings: usize) -> Result<(), Error> {
    if context.ui.json {
        let check =
            |it: &Check| json!({ "check": it.name, "state": it.state.as_str(), "detail": it.what, "hint": it.hint });
        let checks: Value = checks.iter().map(check).collect();
        return context.ui.print_json(context.env, json!({ "checks": checks, "faults": faults, "warnings": warnings }));
    }
    let mut page = context.page();
    for Check { name, state, what, hint } in checks {
        let hint = hint.as_ref().map_or(String::new(), |hint| format!("\nhint: {}", safe(hint)));
        page.field(state.as_str(), format_args!("{name}: {}{hint}", safe(what)));
    }
    Ok(context.env.print(page.finish().trim_end())?)
}

/// The owner and state of a key, for a message and for the checks; empty without a session.
fn key_owner(session: Option<&Session>, key: &PublicKey) -> (String, Option<KeyState>) {
    let Some(session) = session else { return (String::new(), None) };
    match session.ask(|state| Ok(state.governance().key(key.fingerprint())?.cloned())) {
        Ok(Ok(Some(enrolled))) => (format!(", {}'s, {}", enrolled.person, enrolled.state), Some(enrolled.state)),
        Ok(Ok(None) | Err(_)) => (", not enrolled here".to_owned(), None),
        Err(error) => (format!(", {error}"), None),
    }
}

/// Checks the signing key and returns it.
fn key(context: &Context<'_>, session: Option<&Session>, checks: &mut Vec<Check>) -> Option<KeySource> {
    let chosen = match session {
        Some(session) => context.key_choice.key_for(session),
        // Without a register any key of the agent may be the right one.
        None => context.key_choice.key(|_| Ok(true)),
    };
    let key = match chosen {
        Ok(key) => key,
        Err(error) => {
            // Reading needs no key.
            let reads = matches!(
                error,
                Error::KeyChoice(KeyChoiceError::NotNamed) | Error::KeyChoice(KeyChoiceError::NoneFits { .. })
            );
            checks.push(Check::error("key", if reads { State::Warning } else { State::Fault }, &error));
            return None;
        }
    };
    checks.push(match &key {
        KeySource::Agent(public) => held(context, session, public),
        KeySource::File(file) => {
            let lock = if file.is_locked() { "encrypted with a passphrase" } else { "no passphrase" };
            let path = context.key_choice.key_path().unwrap_or_default();
            let mode = std::fs::metadata(&path).map_or(0, |it| it.permissions().mode() & 0o7777);
            enrolled(context, session, &file.public(), format_args!("{}, mode {mode:04o}, {lock}", path.display()))
        }
    });
    Some(key)
}

/// Checks a key that must be in the agent.
fn held(context: &Context<'_>, session: Option<&Session>, key: &PublicKey) -> Check {
    match context.key_choice.agent().and_then(|agent| agent.signer(*key)) {
        Ok(_) => enrolled(context, session, key, "in the ssh-agent"),
        Err(error) => Check::error("key", State::Fault, &KeyError::from(error).into()),
    }
}

/// Checks whether an available key may be used in the register.
fn enrolled(context: &Context<'_>, session: Option<&Session>, key: &PublicKey, place: impl Display) -> Check {
    let (whose, state) = key_owner(session, key);
    let what = format!("{}, {place}{whose}", key.fingerprint());
    let Some(session) = session else { return Check::ok("key", what) };
    match (context.key_choice.actor(session, *key), state) {
        (Err(error @ Error::KeyChoice(KeyChoiceError::OtherPerson { .. })), _) => {
            Check::error("key", State::Fault, &error)
        }
        (_, Some(KeyState::Live)) => Check::ok("key", what),
        (_, Some(KeyState::Suspended)) => {
            Check::fault("key", what, "ask two admins to lift the suspension (`twinseal key lift`), or use another key")
        }
        (_, Some(KeyState::Revoked)) => {
            Check::fault("key", what, "use another key; request its enrolment with: `twinseal person request`")
        }
        (_, None) => Check::warning(
            "key",
            what,
            "choose your enrolled key with --key, or ask to be enrolled with this one: `twinseal join`",
        ),
    }
}

/// Checks the agent. A missing key is reported by the key check.
fn agent(context: &Context<'_>, session: Option<&Session>, key: Option<&KeySource>) -> Check {
    let agent = match context.key_choice.agent() {
        Ok(agent) => agent,
        Err(_) => return Check::ok("agent", "none: SSH_AUTH_SOCK is not set"),
    };
    let socket = agent.socket().display();
    match agent.keys() {
        Ok(held) if held.is_empty() => Check::ok("agent", format_args!("{socket} holds no Ed25519 key, or is locked")),
        Ok(held) => {
            let name = |key: &PublicKey, comment: &str| {
                format!("{} ({comment}){}", key.fingerprint(), key_owner(session, key).0)
            };
            let names: Vec<String> = held.iter().map(|it| name(&it.key, &it.comment)).collect();
            Check::ok("agent", format_args!("{socket} holds {}", names.join("; ")))
        }
        // A stale socket does not matter if the key is in a file.
        Err(error @ AgentError::Unreachable { .. }) if matches!(key, Some(KeySource::File(_))) => {
            Check::ok("agent", format_args!("none: {error}"))
        }
        Err(error) => Check::error("agent", State::Warning, &KeyError::from(error).into()),
    }
}
