//! Sends what is queued: each target by itself, each recipient in order.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::failure::{Failure, Reason};
use super::state::{State, StateError};
use super::target::Sender;
use crate::domain::Time;
use crate::lang::{lang, within};

/// How long one run keeps sending to one target.
const ROUND: Duration = Duration::from_secs(60);

/// The titles that messages show, by their place in the queue, as the verified register has them now.
pub type Titles = BTreeMap<i64, String>;

/// What was sent to one target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The number of messages that were delivered.
    pub delivered: u64,
    /// The reasons of those that were refused, each with its subject.
    pub refused: Vec<(String, Reason)>,
    /// Why it cannot take messages now.
    pub failed: Option<Reason>,
}

/// Sends what is queued for these targets, at the same time, and returns what was sent to each. A message shows the
/// title that `titles` has for it. A delivered message is deleted from the queue before the next one is sent.
///
/// # Errors
/// The state cannot be read or written.
pub fn deliver(
    state: &mut State,
    senders: &BTreeMap<&str, Sender<'_>>,
    titles: &Titles,
    now: Time,
) -> Result<BTreeMap<String, Sent>, StateError> {
    let state = Mutex::new(state);
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for (name, sender) in senders {
            let (state, name) = (&state, (*name).to_owned());
            let reader = lang();
            let work = move || one(state, &name, (sender, titles), now).map(|sent| (name, sent));
            // Without a thread the message stays in the queue.
            running.extend(std::thread::Builder::new().spawn_scoped(scope, move || within(reader, work)));
        }
        let mut sent = BTreeMap::new();
        for thread in running {
            // A thread ends by a panic only if the program has a fault; the queue keeps what was not sent.
            let Ok(result) = thread.join() else { continue };
            let (name, of) = result?;
            sent.insert(name, of);
        }
        Ok(sent)
    })
}

fn one(
    state: &Mutex<&mut State>,
    name: &str,
    (sender, titles): (&Sender<'_>, &Titles),
    now: Time,
) -> Result<Sent, StateError> {
    let held = || -> MutexGuard<'_, &mut State> { state.lock().unwrap_or_else(PoisonError::into_inner) };
    let (begun, mut sent) = (Instant::now(), Sent::default());
    while begun.elapsed() < ROUND {
        let minute = held().sent_since(name, now.plus(-60))?;
        if sender.per_minute().is_some_and(|most| minute >= most) {
            break;
        }
        let Some(mut job) = held().next(name, now)? else { break };
        job.notice.title = titles.get(&job.n).cloned();
        match sender.send(&job, now) {
            Ok(()) => {
                held().sent(name, &job, now)?;
                sent.delivered += 1;
            }
            Err(Failure::Refused(reason)) => {
                held().refused(&job, &reason)?;
                sent.refused.push((job.notice.subject, reason));
            }
            Err(Failure::Later { reason, after }) => {
                held().pause((name, Some(&job.recipient)), (&reason, after), now)?;
                sent.failed = Some(reason);
            }
            Err(Failure::Down { reason, after }) => {
                held().pause((name, None), (&reason, after), now)?;
                sent.failed = Some(reason);
            }
        }
    }
    Ok(sent)
}
