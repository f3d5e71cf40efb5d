//! The only way in which anything is recorded.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::commands::Context;
use crate::domain::{Event, Header, PersonId, PublicKey, Refusal, RefusedAttempt, Register, RegisterId, Text};
use crate::env::Env;
use crate::error::Error;
use crate::format::{Entry, Raw, Unsigned, text};
use crate::output;
use crate::signer::Signer;
use crate::store::{Notice, Session, Turn};

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

/// How often somebody may be asked to confirm the same again.
const ATTEMPTS_ASKING: usize = 10;

/// An agent that signs within this time has asked nobody.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Records: brings the verified copy up to the head, asks `plan` what to record there, asks every rule, signs, and
/// appends if the head is still the same; else begins again.
///
/// The key is unlocked once, after the rules were asked for the first time: nobody types a passphrase for a refusal.
/// Others wait while it is our turn: see `attempt`.
///
/// # Errors
/// The rule that says no, whatever `plan` says, or what prevents writing. Nothing was recorded then, except that an
/// attempt was refused.
pub fn record(
    context: &mut Context<'_>,
    session: &mut Session,
    mut plan: impl FnMut(&mut Session) -> Result<Plan, Error>,
) -> Result<Entry, Error> {
    let key = context.key_for(session)?;
    let public = key.public();
    // What is wanted may depend on the head: it is asked again each time that this may have moved.
    let (id, actor) = prepare(context, session, public)?;
    let wanted = plan(session)?;
    session.may_record(&wanted.event)?;
    match compose(context.env, session.state(), id, actor, public, &wanted) {
        Err(Error::Refused(refusal)) => return Err(refused(context, session, &wanted.event, refusal, None)),
        composed => composed?,
    };
    // Nobody types a passphrase for what cannot be written either.
    session.shared().writable()?;
    let signer = context.unlock(key)?;
    let (mut attempts, mut asked) = (0, 0);
    while attempts < ATTEMPTS && asked < ATTEMPTS_ASKING {
        attempts += 1;
        match attempt(context, session, &signer, &mut plan)? {
            AppendResult::Recorded(entry) => {
                if session.notices().contains(&Notice::RedactedLater) {
                    context.env.status(format_args!("note: {}", Notice::RedactedLater));
                }
                return Ok(*entry);
            }
            AppendResult::Refused(event, refusal) => {
                return Err(refused(context, session, &event, refusal, Some(&signer)));
            }
            AppendResult::Beaten { confirmed } => {
                asked += usize::from(confirmed);
                if signer.may_prompt() && (confirmed || attempts == 1) && asked < ATTEMPTS_ASKING {
                    context.env.status("somebody else recorded meanwhile, so it must be signed again");
                }
            }
        }
    }
    Err(Error::Contended { attempts })
}

/// What became of one attempt to record.
enum AppendResult {
    Recorded(Box<Entry>),
    Refused(Box<Event>, Refusal),
    /// Others recorded first: nothing was written, and it can be tried again.
    Beaten {
        /// Whether somebody may have been asked to confirm the signature.
        confirmed: bool,
    },
}

/// Tries to record, once. A key in memory catches up and signs in its turn to write, so that nobody comes first.
/// Whoever may be asked at each signature signs before: nobody waits for a person, nor while a long tail is verified.
fn attempt(
    context: &mut Context<'_>,
    session: &mut Session,
    signer: &Signer,
    plan: &mut impl FnMut(&mut Session) -> Result<Plan, Error>,
) -> Result<AppendResult, Error> {
    let turn = if signer.may_prompt() {
        session.refresh(context.env.now(), &mut |_| {})?;
        None
    } else {
        match turn_at_head(context, session)? {
            None => return Ok(AppendResult::Beaten { confirmed: false }),
            turn => turn,
        }
    };
    let (id, actor) = ready(context, session, signer.public())?;
    let wanted = plan(session)?;
    let event = wanted.event.clone();
    let begun = Instant::now();
    let sealed = seal_entry(context.env, session.state(), id, actor, signer, wanted);
    let confirmed = signer.may_prompt() && begun.elapsed() > AT_ONCE;
    let (raw, entry) = match sealed {
        Err(Error::Refused(refusal)) => return Ok(AppendResult::Refused(Box::new(event), refusal)),
        sealed => sealed?,
    };
    let turn = turn.map_or_else(|| session.shared().turn(&context.writer()), Ok)?;
    let done = session.append(turn, &raw, &entry, context.env.now())?;
    Ok(if done { AppendResult::Recorded(Box::new(entry)) } else { AppendResult::Beaten { confirmed } })
}

/// The turn to write, with everything verified up to the head; none where that took long, and others went first.
fn turn_at_head(context: &mut Context<'_>, session: &mut Session) -> Result<Option<Turn>, Error> {
    let turn = session.shared().turn(&context.writer())?;
    if session.refresh_soon(&turn)? {
        return Ok(Some(turn));
    }
    drop(turn);
    session.refresh(context.env.now(), &mut |_| {})?;
    Ok(None)
}

/// Asks every rule whether this could be recorded now, and signs nothing: so that nobody reads a page or types a
/// passphrase for what is refused anyway.
///
/// # Errors
/// As [`record`].
pub fn rehearse(context: &mut Context<'_>, session: &mut Session, key: PublicKey, plan: &Plan) -> Result<(), Error> {
    let (id, actor) = prepare(context, session, key)?;
    session.may_record(&plan.event)?;
    match compose(context.env, session.state(), id, actor, key, plan) {
        Err(Error::Refused(refusal)) => Err(refused(context, session, &plan.event, refusal, None)),
        composed => composed.map(|_| ()),
    }
}

/// What is answered to somebody who was refused. An attempt to approve, reject, second or start is recorded, where
/// their key can sign without asking them for anything; that there is no such entry proves nothing.
fn refused(
    context: &mut Context<'_>,
    session: &mut Session,
    event: &Event,
    refusal: Refusal,
    signer: Option<&Signer>,
) -> Error {
    let Some(attempt) = RefusedAttempt::of(event) else { return refusal.into() };
    let unlocked = if signer.is_none() { context.signer_unasked() } else { None };
    let unasked = signer.or(unlocked.as_ref()).filter(|signer| !signer.may_prompt());
    let Some(signer) = unasked else { return refusal.into() };
    let plan = || Plan::of(Event::Refused { attempt: attempt.clone(), rule: refusal.rule() });
    for _ in 0..ATTEMPTS {
        match self::attempt(context, session, signer, &mut |_| Ok(plan())) {
            Ok(AppendResult::Recorded(entry)) => return Error::RefusedOnRecord { refusal, seq: entry.header.seq },
            Ok(AppendResult::Beaten { .. }) => {}
            // It was recorded before, or would not be refused any more.
            Ok(AppendResult::Refused(..)) | Err(_) => break,
        }
    }
    refusal.into()
}

/// Says what was recorded: `data` is what scripts read, `said` what people read.
///
/// # Errors
/// [`StoreError::RecordedButNotPinned`](crate::store::StoreError::RecordedButNotPinned), where it cannot be said.
pub fn report_recorded(
    context: &mut Context<'_>,
    entry: &Entry,
    data: Option<String>,
    said: impl std::fmt::Display,
) -> Result<(), Error> {
    let Entry { header, event, text, leaf } = entry;
    let heard = if context.options.json {
        let recorded = output::json::entry(header, event, text.as_ref(), *leaf);
        context.print_json(json!({ "recorded": recorded }))
    } else {
        data.map_or(Ok(()), |data| Ok(context.env.print(data)?))
    };
    heard.map_err(|error| error.after(header.seq))?;
    context.env.status(said);
    Ok(())
}

/// Brings the verified copy up to the head, where something is about to be recorded by the holder of a key.
fn prepare(context: &mut Context<'_>, session: &mut Session, key: PublicKey) -> Result<(RegisterId, PersonId), Error> {
    session.refresh(context.env.now(), &mut |_| {})?;
    ready(context, session, key)
}

/// Whether something can be recorded behind the head as it is known, and by whom.
fn ready(context: &Context<'_>, session: &Session, key: PublicKey) -> Result<(RegisterId, PersonId), Error> {
    if let Some(fault) = session.fault() {
        return Err(Error::Broken(fault.clone()));
    }
    let id = session.state().id().cloned().ok_or(Refusal::NotFounding)?;
    Ok((id, context.actor(session, key)?))
}

/// Writes an entry for the place behind a state's head, and asks every rule.
pub fn compose(
    env: &mut Env,
    state: &Register,
    register: RegisterId,
    actor: PersonId,
    key: PublicKey,
    plan: &Plan,
) -> Result<Unsigned, Error> {
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
        key: key.fingerprint(),
        text: reference,
    };
    state.judge(&header, &plan.event)?;
    Ok(Unsigned::new(&header, &plan.event, bytes)?)
}

/// Writes an entry for the place behind a state's head, asks every rule, and signs it.
///
/// # Errors
/// The rule that says no, an entry that is too large, or an agent that gives no signature.
pub fn seal_entry(
    env: &mut Env,
    state: &Register,
    register: RegisterId,
    actor: PersonId,
    signer: &Signer,
    plan: Plan,
) -> Result<(Raw, Entry), Error> {
    let unsigned = compose(env, state, register, actor, signer.public(), &plan)?;
    let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes())?;
    Ok(unsigned.seal(&signature)?)
}
