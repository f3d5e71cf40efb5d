//! The only code that records an entry: rehearse, confirm where needed, sign, append.
//!
//! The key is chosen once. The rules are checked once, and again only if the head moved or the user was prompted in
//! between.

use std::time::{Duration, Instant};

use crate::domain::{
    Event, Head, Header, PersonId, Position, PublicKey, Refusal, RefusedAttempt, Register, RegisterId, Stream, Text,
    Time,
};
use crate::env::Env;
use crate::error::Error;
use crate::format::{Entry, Raw, Unsigned, data, text};
use crate::key_choice::{Choice, KeyChoice, choose, confirm};
use crate::signer::{KeySource, Signer};
use crate::store::{Notice, Session, StoreError, Turn, Writer};
use crate::tr;

/// The content of an entry to record.
pub struct Plan {
    /// The event.
    pub event: Event,
    /// The free text that goes with it.
    pub text: Option<Text>,
}

impl Plan {
    /// An event without text.
    pub fn of(event: Event) -> Self {
        Self { event, text: None }
    }
}

/// What recording needs besides a session: the process environment and a signing key.
pub struct Recorder<'r> {
    /// Clock, randomness, terminal.
    pub env: &'r mut Env,
    /// Which key signs.
    pub key_choice: &'r KeyChoice,
    /// Collects what to tell about a recorded entry.
    pub notices: &'r mut Vec<Notice>,
    /// Whether to stop before anything is signed or recorded.
    pub dry_run: bool,
}

/// Who signs an entry, and in which register.
pub struct Author {
    /// The register.
    pub register: RegisterId,
    /// The person whose key signs.
    pub actor: PersonId,
    /// The key that signs.
    pub key: PublicKey,
}

/// The maximum number of attempts while other processes record first.
const ATTEMPTS: usize = 100;

/// The maximum number of attempts that prompted the user to confirm a signature.
const PROMPTED_ATTEMPTS: usize = 10;

/// A signature that an agent makes within this time is taken as made without a prompt.
const UNPROMPTED: Duration = Duration::from_millis(500);

/// An entry that every rule allows at a time, ready to be signed on top of `head`.
struct Composed {
    head: Option<Head>,
    time: Time,
    unsigned: Unsigned,
}

enum Judged {
    Allowed(Composed),
    Refused(Box<Event>, Refusal),
}

/// A plan that every rule allows, with the key that will sign it.
pub struct Rehearsal<P> {
    key: KeySource,
    actor: PersonId,
    composed: Option<Composed>,
    plan: P,
    dry_run: bool,
}

/// Chooses the key and checks every rule for `plan` at the session's head. Signs nothing: a refusal comes before the
/// user reads a long page or types a passphrase.
///
/// # Errors
/// The refusal of a rule, an error of `plan`, or the reason why the register cannot be written. Nothing is recorded
/// then, except the refused attempt; a dry run does not record that either.
pub fn rehearse<P>(by: &mut Recorder<'_>, session: &mut Session, mut plan: P) -> Result<Rehearsal<P>, Error>
where
    P: FnMut(&mut Session) -> Result<Plan, Error>,
{
    let key = by.key_choice.key_for(session)?;
    let actor = author(by, session, key.public())?.actor;
    match judge(by, session, key.public(), &mut plan)? {
        Judged::Allowed(composed) => {
            session.shared().writable()?;
            Ok(Rehearsal { key, actor, composed: Some(composed), plan, dry_run: by.dry_run })
        }
        Judged::Refused(_, refusal) if by.dry_run => Err(refusal.into()),
        Judged::Refused(event, refusal) => {
            let signer = by.key_choice.unasked(key);
            Err(refused(by, session, &event, refusal, signer.as_ref()))
        }
    }
}

/// Rehearses a plan and records it without confirmation.
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
    /// The person whose key will sign.
    pub fn actor(&self) -> &PersonId {
        &self.actor
    }

    /// The entry that would be signed now, for the page above the question; `None` once the user was asked, and in a dry
    /// run, which shows it at its end. The position in the log, the time and the digest of the text may differ when it is
    /// signed.
    pub fn unsigned(&self) -> Option<&Unsigned> {
        self.composed.as_ref().filter(|_| !self.dry_run).map(|it| &it.unsigned)
    }

    /// Asks the user to type `word`. Time passes while the user reads, so [`Rehearsal::record`] checks the rules again. A
    /// dry run asks nobody.
    ///
    /// # Errors
    /// [`Error::NotConfirmed`] if the user types anything else.
    pub fn confirm(&mut self, env: &mut Env, what: &str, word: &str) -> Result<(), Error> {
        if self.dry_run {
            return Ok(());
        }
        self.composed = None;
        confirm(env, what, word)
    }

    /// Like [`Rehearsal::confirm`], with letters for other answers.
    ///
    /// # Errors
    /// As [`choose`].
    pub fn choose(&mut self, env: &mut Env, what: &str, word: &str, letters: &[(char, &str)]) -> Result<Choice, Error> {
        if self.dry_run {
            return Ok(Choice::Confirmed);
        }
        self.composed = None;
        choose(env, what, word, letters)
    }

    /// Signs the entry and appends it. If the head has moved, plans again and checks every rule at the new head. A dry run
    /// ends here.
    ///
    /// # Errors
    /// [`Error::WouldRecord`] in a dry run; as [`rehearse`]; a key that cannot be unlocked or does not sign; [`Error::Contended`] if other processes record
    /// first at each attempt.
    pub fn record(self, mut by: Recorder<'_>, session: &mut Session) -> Result<Entry, Error> {
        let Self { key, composed, mut plan, dry_run, .. } = self;
        // Nobody was asked, so the entry is still there.
        if let Some(Composed { unsigned, .. }) = composed.as_ref().filter(|_| dry_run) {
            return Err(Error::WouldRecord(Box::new(unsigned.clone())));
        }
        // Unlocking may prompt for a passphrase, and a rule may depend on the time that passes.
        let mut composed = composed.filter(|_| !key.is_locked());
        let signer = by.key_choice.unlock(by.env, key)?;
        let (mut attempts, mut prompted) = (0, 0);
        while attempts < ATTEMPTS && prompted < PROMPTED_ATTEMPTS {
            attempts += 1;
            match try_append(&mut by, session, &signer, composed.take(), &mut plan)? {
                AppendResult::Recorded(entry) => {
                    let behind = session.ask(|state| Ok(state.is_behind(&entry.header)?));
                    if behind.map_err(|error| Error::from(error).after(entry.header.seq))? == Ok(true) {
                        by.notices.push(Notice::ClockBehind { claimed: entry.header.time });
                    }
                    return Ok(*entry);
                }
                AppendResult::Refused(event, refusal) => {
                    return Err(refused(&mut by, session, &event, refusal, Some(&signer)));
                }
                AppendResult::Beaten { confirmed } => {
                    prompted += usize::from(confirmed);
                    if signer.may_prompt() && (confirmed || attempts == 1) && prompted < PROMPTED_ATTEMPTS {
                        by.env.status(tr!(
                            "another process recorded first; a new signature is needed",
                            "另一个进程先写入了；需要重新签名"
                        ));
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
    /// Another process recorded first. Nothing was written; the caller can try again.
    Beaten {
        /// Whether the user may have confirmed the signature at a prompt.
        confirmed: bool,
    },
}

/// Tries to record once. `composed` is used if it was composed for the current head.
///
/// With a key in memory, catches up and signs while holding the turn to write, so that no other process records first.
/// An agent may prompt its owner, so it signs before taking the turn: no other process waits for a person.
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
    // A rule may depend on the time that passed while waiting for the turn.
    let now = by.env.now();
    let judged = match composed.filter(|it| (it.head, it.time) == (head, now) && session.fault().is_none()) {
        Some(composed) => Judged::Allowed(composed),
        None => judge(by, session, signer.public(), plan)?,
    };
    let unsigned = match judged {
        Judged::Allowed(composed) => composed.unsigned,
        Judged::Refused(event, refusal) => return Ok(AppendResult::Refused(event, refusal)),
    };
    let begun = Instant::now();
    let (raw, entry) = sign(unsigned, signer)?;
    let confirmed = signer.may_prompt() && begun.elapsed() > UNPROMPTED;
    let turn = turn.map_or_else(|| wait_for_turn(by, session), Ok)?;
    if let Some(refusal) = refused_by_now(session, &entry, by.env.now())? {
        return Ok(AppendResult::Refused(Box::new(entry.event), refusal));
    }
    let (now, seq) = (by.env.now(), entry.header.seq);
    let is_on_record = |done: &_| matches!(done, Ok(true) | Err(StoreError::RecordedButNotPinned { .. }));
    let append = || session.append(turn, &raw, &entry, now);
    let done = by.env.writing(append, |done| is_on_record(done).then_some((seq, seq)))?;
    Ok(if done { AppendResult::Recorded(Box::new(entry)) } else { AppendResult::Beaten { confirmed } })
}

/// The refusal of an entry by the time that passed since it was composed, while a person confirmed the signature or other
/// processes were writing: a start is not recorded after its window has ended. What a FIDO token says of its signature is
/// known only now, too.
fn refused_by_now(session: &Session, entry: &Entry, now: Time) -> Result<Option<Refusal>, Error> {
    if entry.header.time == now && entry.header.touch.is_none() {
        return Ok(None);
    }
    let header = Header { time: now, ..entry.header.clone() };
    Ok(session.ask(|state| state.judge(&header, &entry.event))?.err())
}

impl Recorder<'_> {
    fn writer(&self) -> Writer {
        Writer { account: self.env.account().to_owned(), patience: self.env.patience }
    }
}

fn wait_for_turn(by: &Recorder<'_>, session: &Session) -> Result<Turn, StoreError> {
    let line = tr!("waiting for others who are recording", "正在等待其他人完成记录");
    by.env.waiting(line, || session.shared().turn(&by.writer()))
}

/// Takes the turn to write, with every entry up to the head verified. Returns `None` if there were too many new entries
/// to verify within the turn: they are verified after it ends, and other processes may record first.
fn turn_at_head(by: &mut Recorder<'_>, session: &mut Session) -> Result<Option<Turn>, Error> {
    let turn = wait_for_turn(by, session)?;
    if session.refresh_soon(&turn)? {
        return Ok(Some(turn));
    }
    drop(turn);
    session.refresh(by.env.now(), &mut |_| {})?;
    Ok(None)
}

/// Returns the error for a refusal, after trying to record the refused attempt.
///
/// Only attempts to approve, reject, second or start are recorded, and only if the key signs without a prompt. The
/// absence of such an entry proves nothing.
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
            Err(Error::Store(StoreError::RecordedButNotPinned { seq, .. })) => {
                return Error::RefusedOnRecord { refusal, seq };
            }
            // The same attempt is on record, or the rules would allow it now.
            Ok(AppendResult::Refused(..)) | Err(_) => break,
        }
    }
    refusal.into()
}

/// Returns the author of an entry signed with `key`; fails if the log is broken or has no entry 0.
fn author(by: &Recorder<'_>, session: &Session, key: PublicKey) -> Result<Author, Error> {
    if let Some(fault) = session.fault() {
        return Err(Error::Broken(fault.clone()));
    }
    let register = session.state().id().cloned().ok_or(Refusal::NotFounding)?;
    Ok(Author { register, actor: by.key_choice.actor(session, key)?, key })
}

/// Makes a plan at the session's head and checks every rule for it.
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
        let (head, time) = (session.state().head(), by.env.now());
        match compose(by.env, session, author, &wanted) {
            // The rules were checked at a later head than the plan was made for, so plan again.
            Err(Error::Refused(_)) if session.is_behind_cache()? => session.refresh(by.env.now(), &mut |_| {})?,
            Err(Error::Refused(refusal)) => return Ok(Judged::Refused(Box::new(wanted.event), refusal)),
            composed => return Ok(Judged::Allowed(Composed { head, time, unsigned: composed? })),
        }
    }
}

/// A state that gives the position of the next entry and checks the rules for it.
pub trait Judge {
    /// See [`Register::position`].
    ///
    /// # Errors
    /// The state cannot be read.
    fn position(&self, stream: Stream) -> Result<Position, Error>;

    /// See [`Register::judge`] and [`Register::judge_text`].
    ///
    /// # Errors
    /// The refusal of a rule, or a state that cannot be read.
    fn judge(&self, header: &Header, plan: &Plan) -> Result<(), Error>;
}

/// For a register that is entirely in memory.
impl Judge for Register {
    fn position(&self, stream: Stream) -> Result<Position, Error> {
        Ok(Register::position(self, stream)?)
    }

    fn judge(&self, header: &Header, Plan { event, text }: &Plan) -> Result<(), Error> {
        Register::judge(self, header, event)?;
        Ok(self.judge_text(event, text.as_ref())?)
    }
}

impl Judge for Session {
    fn position(&self, stream: Stream) -> Result<Position, Error> {
        Ok(self.ask(|state| Ok(state.position(stream)?))??)
    }

    fn judge(&self, header: &Header, Plan { event, text }: &Plan) -> Result<(), Error> {
        Ok(self.ask(|state| {
            state.judge(header, event)?;
            Ok(state.judge_text(event, text.as_ref())?)
        })??)
    }
}

/// Composes an entry on top of a state's head, and checks every rule for it.
///
/// # Errors
/// The refusal of a rule, or an entry that is too large.
pub fn compose(env: &mut Env, state: &dyn Judge, author: Author, plan: &Plan) -> Result<Unsigned, Error> {
    let position = state.position(plan.event.stream())?;
    let (bytes, reference) = match &plan.text {
        Some(text) => Some(text::write(text, plan.event.salt().map_or_else(|| env.random(), Ok)?)).unzip(),
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
        // What the token says of its signature is judged again once it has signed.
        touch: author.key.best_touch(),
        data: data::digest_of(&plan.event),
        text: reference,
    };
    state.judge(&header, plan)?;
    Ok(Unsigned::new(&header, &plan.event, bytes)?)
}

/// Signs a composed entry.
///
/// # Errors
/// The agent returns no valid signature.
pub fn sign(unsigned: Unsigned, signer: &Signer) -> Result<(Raw, Entry), Error> {
    let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes())?;
    Ok(unsigned.seal(&signature)?)
}
