//! The only way in which anything is recorded: rehearse, perhaps confirm, sign, append.
//!
//! Each step is taken once: the key is chosen, the rules are asked, the log is caught up. The rules are asked again only
//! if the head moved, or a person was asked meanwhile.

use std::time::{Duration, Instant};

use crate::domain::{
    ChangeId, Event, Head, Header, PersonId, Position, PublicKey, Refusal, RefusedAttempt, Register, RegisterId, Text,
};
use crate::env::Env;
use crate::error::Error;
use crate::format::{Entry, Raw, Unsigned, text};
use crate::signer::{KeySource, Signer};
use crate::signing::{Signing, confirm};
use crate::store::{Notice, Session, Turn, Writer};

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

/// Whoever records: their surroundings and their key.
pub struct Recorder<'r> {
    /// Clock, randomness, terminal.
    pub env: &'r mut Env,
    /// Which key signs.
    pub signing: &'r Signing,
}

/// Who signs an entry of which register.
pub struct Author {
    /// The register.
    pub register: RegisterId,
    /// The person whose key it is.
    pub actor: PersonId,
    /// The key.
    pub key: PublicKey,
}

/// How often to begin again when others record at the same time.
const ATTEMPTS: usize = 100;

/// How often somebody may be asked to confirm the same again.
const ATTEMPTS_ASKING: usize = 10;

/// An agent that signs within this time has asked nobody.
const AT_ONCE: Duration = Duration::from_millis(500);

/// An entry that every rule allows, ready to be signed on top of one head.
struct Composed {
    head: Option<Head>,
    unsigned: Unsigned,
}

/// What the rules say.
enum Judged {
    Allowed(Composed),
    Refused(Box<Event>, Refusal),
}

/// A plan that every rule allowed, with the key that is to sign it.
pub struct Rehearsal<P> {
    key: KeySource,
    actor: PersonId,
    composed: Option<Composed>,
    plan: P,
}

/// Chooses the key and asks every rule whether `plan` could be recorded at the head that the session knows. Nothing is
/// signed, so that nobody reads a page or types a passphrase for what is refused anyway.
///
/// # Errors
/// The rule that says no, whatever `plan` says, or what prevents writing. Nothing was recorded then, except that an
/// attempt was refused.
pub fn rehearse<P>(by: &mut Recorder<'_>, session: &mut Session, mut plan: P) -> Result<Rehearsal<P>, Error>
where
    P: FnMut(&mut Session) -> Result<Plan, Error>,
{
    let key = by.signing.key_for(session)?;
    let actor = author(by, session, key.public())?.actor;
    match judge(by, session, key.public(), &mut plan)? {
        Judged::Allowed(composed) => {
            session.shared().writable()?;
            Ok(Rehearsal { key, actor, composed: Some(composed), plan })
        }
        Judged::Refused(event, refusal) => {
            let signer = by.signing.unasked(key);
            Err(refused(by, session, &event, refusal, signer.as_ref()))
        }
    }
}

/// Rehearses a plan and records it without asking for a confirmation.
///
/// # Errors
/// As [`rehearse`] and [`Rehearsal::record`].
pub fn record(
    mut by: Recorder<'_>,
    session: &mut Session,
    plan: impl FnMut(&mut Session) -> Result<Plan, Error>,
) -> Result<Entry, Error> {
    rehearse(&mut by, session, plan)?.record(by, session)
}

impl<P: FnMut(&mut Session) -> Result<Plan, Error>> Rehearsal<P> {
    /// Whose key signs.
    pub fn actor(&self) -> &PersonId {
        &self.actor
    }

    /// Asks for a word to be typed. Time passes meanwhile, so the rules are asked again before anything is signed.
    ///
    /// # Errors
    /// [`Error::NotConfirmed`].
    pub fn confirm(&mut self, env: &mut Env, what: &str, word: &str) -> Result<(), Error> {
        self.composed = None;
        confirm(env, what, word)
    }

    /// Signs, and appends if the head has not moved; else plans again at the new head, and asks every rule again.
    ///
    /// # Errors
    /// As [`rehearse`], and a key that does not sign.
    pub fn record(self, mut by: Recorder<'_>, session: &mut Session) -> Result<Entry, Error> {
        let Self { key, composed, mut plan, .. } = self;
        // Somebody may type a passphrase now.
        let mut composed = composed.filter(|_| !key.is_locked());
        let signer = by.signing.unlock(by.env, key)?;
        let (mut attempts, mut asked) = (0, 0);
        while attempts < ATTEMPTS && asked < ATTEMPTS_ASKING {
            attempts += 1;
            match try_append(&mut by, session, &signer, composed.take(), &mut plan)? {
                AppendResult::Recorded(entry) => {
                    if session.notices().contains(&Notice::RedactedLater) {
                        by.env.status(format_args!("note: {}", Notice::RedactedLater));
                    }
                    return Ok(*entry);
                }
                AppendResult::Refused(event, refusal) => {
                    return Err(refused(&mut by, session, &event, refusal, Some(&signer)));
                }
                AppendResult::Beaten { confirmed } => {
                    asked += usize::from(confirmed);
                    if signer.may_prompt() && (confirmed || attempts == 1) && asked < ATTEMPTS_ASKING {
                        by.env.status("somebody else recorded meanwhile, so it must be signed again");
                    }
                }
            }
        }
        Err(Error::Contended { attempts })
    }
}

/// The outcome of one attempt to record.
enum AppendResult {
    Recorded(Box<Entry>),
    Refused(Box<Event>, Refusal),
    /// Others recorded first: nothing was written, and it can be tried again.
    Beaten {
        /// Whether somebody may have been asked to confirm the signature.
        confirmed: bool,
    },
}

/// Tries to record once. A key in memory catches up and signs while it holds the turn to write, so that nobody comes
/// first. An agent may prompt its owner, so it signs before taking the turn: nobody waits for a person, nor while a long
/// tail is verified. `composed` is used if the head is still the one it was composed for.
fn try_append(
    by: &mut Recorder<'_>,
    session: &mut Session,
    signer: &Signer,
    composed: Option<Composed>,
    plan: &mut impl FnMut(&mut Session) -> Result<Plan, Error>,
) -> Result<AppendResult, Error> {
    let turn = if signer.may_prompt() {
        session.refresh(by.env.now(), &mut |_| {})?;
        None
    } else {
        match turn_at_head(by, session)? {
            None => return Ok(AppendResult::Beaten { confirmed: false }),
            turn => turn,
        }
    };
    let head = session.state().head();
    let judged = match composed.filter(|it| it.head == head && session.fault().is_none()) {
        Some(composed) => Judged::Allowed(composed),
        None => judge(by, session, signer.public(), plan)?,
    };
    let unsigned = match judged {
        Judged::Allowed(composed) => composed.unsigned,
        Judged::Refused(event, refusal) => return Ok(AppendResult::Refused(event, refusal)),
    };
    let begun = Instant::now();
    let (raw, entry) = sign(unsigned, signer)?;
    let confirmed = signer.may_prompt() && begun.elapsed() > AT_ONCE;
    let turn = turn.map_or_else(|| session.shared().turn(&by.writer()), Ok)?;
    let done = session.append(turn, &raw, &entry, by.env.now())?;
    Ok(if done { AppendResult::Recorded(Box::new(entry)) } else { AppendResult::Beaten { confirmed } })
}

impl Recorder<'_> {
    fn writer(&self) -> Writer {
        Writer { account: self.env.account().to_owned(), patience: self.env.patience }
    }
}

/// The turn to write, with everything verified up to the head; `None` if that took long, and others went first.
fn turn_at_head(by: &mut Recorder<'_>, session: &mut Session) -> Result<Option<Turn>, Error> {
    let turn = session.shared().turn(&by.writer())?;
    if session.refresh_soon(&turn)? {
        return Ok(Some(turn));
    }
    drop(turn);
    session.refresh(by.env.now(), &mut |_| {})?;
    Ok(None)
}

/// The error for somebody who was refused. An attempt to approve, reject, second or start is recorded, if their key can
/// sign without asking them for anything; the absence of such an entry proves nothing.
fn refused(
    by: &mut Recorder<'_>,
    session: &mut Session,
    event: &Event,
    refusal: Refusal,
    signer: Option<&Signer>,
) -> Error {
    let Some(attempt) = RefusedAttempt::of(event) else { return refusal.into() };
    let Some(signer) = signer.filter(|signer| !signer.may_prompt()) else { return refusal.into() };
    let plan = || Plan::of(Event::Refused { attempt: attempt.clone(), rule: refusal.rule() });
    for _ in 0..ATTEMPTS {
        match try_append(by, session, signer, None, &mut |_| Ok(plan())) {
            Ok(AppendResult::Recorded(entry)) => return Error::RefusedOnRecord { refusal, seq: entry.header.seq },
            Ok(AppendResult::Beaten { .. }) => {}
            // It was recorded before, or would not be refused any more.
            Ok(AppendResult::Refused(..)) | Err(_) => break,
        }
    }
    refusal.into()
}

/// Who would record with this key at the head as it is known.
fn author(by: &Recorder<'_>, session: &Session, key: PublicKey) -> Result<Author, Error> {
    if let Some(fault) = session.fault() {
        return Err(Error::Broken(fault.clone()));
    }
    let register = session.state().id().cloned().ok_or(Refusal::NotFounding)?;
    Ok(Author { register, actor: by.signing.actor(session, key)?, key })
}

/// Asks `plan` what to record at the head as it is known, and every rule whether that is allowed.
fn judge(
    by: &mut Recorder<'_>,
    session: &mut Session,
    key: PublicKey,
    plan: &mut impl FnMut(&mut Session) -> Result<Plan, Error>,
) -> Result<Judged, Error> {
    loop {
        let author = author(by, session, key)?;
        let wanted = plan(session)?;
        session.may_record(&wanted.event)?;
        let head = session.state().head();
        match compose(by.env, session, author, &wanted) {
            // The plan was made for an earlier head than the rules were asked at: it is made anew.
            Err(Error::Refused(_)) if session.is_behind_cache()? => session.refresh(by.env.now(), &mut |_| {})?,
            Err(Error::Refused(refusal)) => return Ok(Judged::Refused(Box::new(wanted.event), refusal)),
            composed => return Ok(Judged::Allowed(Composed { head, unsigned: composed? })),
        }
    }
}

/// A state that says where the next entry goes, and which rule refuses it.
pub trait Judge {
    /// See [`Register::position`].
    ///
    /// # Errors
    /// What prevents reading.
    fn position(&self, change: Option<ChangeId>) -> Result<Position, Error>;

    /// See [`Register::judge`].
    ///
    /// # Errors
    /// The rule that says no, or what prevents reading.
    fn judge(&self, header: &Header, event: &Event) -> Result<(), Error>;
}

/// One that is whole in memory.
impl Judge for Register {
    fn position(&self, change: Option<ChangeId>) -> Result<Position, Error> {
        Ok(Register::position(self, change)?)
    }

    fn judge(&self, header: &Header, event: &Event) -> Result<(), Error> {
        Ok(Register::judge(self, header, event)?)
    }
}

impl Judge for Session {
    fn position(&self, change: Option<ChangeId>) -> Result<Position, Error> {
        Ok(self.ask(|state| Ok(state.position(change)?))??)
    }

    fn judge(&self, header: &Header, event: &Event) -> Result<(), Error> {
        Ok(self.ask(|state| state.judge(header, event))??)
    }
}

/// Composes an entry on top of a state's head, and asks every rule.
///
/// # Errors
/// The rule that says no, or an entry that is too large.
pub fn compose(env: &mut Env, state: &dyn Judge, author: Author, plan: &Plan) -> Result<Unsigned, Error> {
    let position = state.position(plan.event.change())?;
    let (bytes, reference) = match &plan.text {
        Some(text) => Some(text::write(text, env.random()?)).unzip(),
        None => (None, None),
    };
    let header = Header {
        register: author.register,
        seq: position.seq,
        prev: position.prev,
        governance: position.governance,
        last: position.last,
        time: env.now(),
        actor: author.actor,
        key: author.key.fingerprint(),
        text: reference,
    };
    state.judge(&header, &plan.event)?;
    Ok(Unsigned::new(&header, &plan.event, bytes)?)
}

/// Signs a composed entry.
///
/// # Errors
/// An agent that gives no signature.
pub fn sign(unsigned: Unsigned, signer: &Signer) -> Result<(Raw, Entry), Error> {
    let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes())?;
    Ok(unsigned.seal(&signature)?)
}
