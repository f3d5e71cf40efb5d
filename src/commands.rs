//! What people can do: one file for each verb, and here the only way in which anything is recorded.

mod access;
pub mod approve;
pub mod check;
pub mod draft;
pub mod file;
pub mod finish;
pub mod init;
pub mod key;
pub mod list;
pub mod log;
mod members;
pub mod motion;
pub mod person;
pub mod rebuild;
pub mod reject;
pub mod seal;
pub mod show;
pub mod start;
pub mod verify;

pub use access::{Context, Options};

use crate::domain::{Event, Header, PersonId, Register, RegisterId, Text};
use crate::env::Env;
use crate::error::Error;
use crate::log::{Entry, Raw, Unsigned, text};
use crate::signer::Signer;
use crate::store::Session;

/// What somebody wants to record.
pub struct Plan {
    /// The event.
    pub event: Event,
    /// What they wrote.
    pub text: Option<Text>,
}

impl Plan {
    /// An event without text.
    pub fn of(event: Event) -> Self {
        Self { event, text: None }
    }
}

/// How often to begin again when others record at the same time.
const ATTEMPTS: usize = 100;

/// Records: brings the verified copy up to the head, asks `plan` what to record there, asks every rule, signs, and
/// appends if the head is still the same; else begins again.
///
/// The lock is held for the append alone, never while a person is asked something or a tail is verified.
///
/// # Errors
/// The rule that says no, whatever `plan` says, or what prevents writing. Nothing was recorded then.
pub fn record(
    context: &mut Context<'_>,
    session: &mut Session,
    signer: &Signer,
    mut plan: impl FnMut(&mut Session) -> Result<Plan, Error>,
) -> Result<Entry, Error> {
    for _ in 0..ATTEMPTS {
        session.refresh(context.env.now(), &mut |_| {})?;
        if let Some(fault) = session.fault() {
            return Err(Error::Broken(fault.clone()));
        }
        let actor = context.actor(session, signer.public())?;
        let plan = plan(session)?;
        if let Some(change) = plan.event.change() {
            session.load(change)?;
        }
        let id = session.state().id().cloned().ok_or(crate::domain::Refusal::NotFounding)?;
        let (raw, entry) = seal_entry(context.env, session.state(), id, actor, signer, plan)?;
        if session.append(&raw, &entry, context.env.now())? {
            return Ok(entry);
        }
    }
    Err(Error::Contended { attempts: ATTEMPTS })
}

/// Writes an entry for the place behind a state's head, asks every rule, and signs it.
///
/// # Errors
/// The rule that says no, or an entry that is too large.
pub fn seal_entry(
    env: &mut Env,
    state: &Register,
    register: RegisterId,
    actor: PersonId,
    signer: &Signer,
    plan: Plan,
) -> Result<(Raw, Entry), Error> {
    let position = state.position(plan.event.change());
    let (bytes, reference) = match &plan.text {
        Some(text) => Some(text::write(text, env.random()?)).unzip(),
        None => (None, None),
    };
    let header = Header {
        register,
        seq: position.seq,
        prev: position.prev,
        governance: position.governance,
        last: position.last,
        time: env.now(),
        actor,
        key: signer.public().fingerprint(),
        text: reference,
    };
    state.judge(&header, &plan.event)?;
    let unsigned = Unsigned::new(&header, &plan.event, bytes)?;
    let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes());
    Ok(unsigned.seal(&signature)?)
}
