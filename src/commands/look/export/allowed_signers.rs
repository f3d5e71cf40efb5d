//! `export allowed-signers`: the keys as OpenSSH reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use crate::commands::Context;
use crate::domain::{Fingerprint, Key, KeyState, PersonId, StateRecord, Time};
use crate::error::Error;
use crate::store::Session;

/// The namespaces in which members of a register sign: the first lines of entries, requests and words.
const NAMESPACES: &str = "twinseal/*";

/// The keys that were ever enrolled, and since when each cannot sign any more.
#[derive(Default)]
struct Signers {
    keys: BTreeMap<Fingerprint, Key>,
    gone: BTreeSet<PersonId>,
    ended: BTreeMap<Fingerprint, Time>,
}

impl Signers {
    /// Takes in what an entry changed at this time. A key that is suspended and then revoked ended with the
    /// suspension.
    fn take(&mut self, changed: Vec<StateRecord>, time: Time) {
        for record in changed {
            let affected: Vec<Fingerprint> = match record {
                StateRecord::Key(fingerprint, key) => {
                    self.keys.insert(fingerprint, key);
                    vec![fingerprint]
                }
                StateRecord::Person(person, it) => {
                    match it.is_active() {
                        true => _ = self.gone.remove(&person),
                        false => _ = self.gone.insert(person),
                    }
                    it.keys().collect()
                }
                _ => continue,
            };
            for fingerprint in affected {
                let Some(key) = self.keys.get(&fingerprint) else { continue };
                match key.state == KeyState::Live && !self.gone.contains(&key.person) {
                    true => _ = self.ended.remove(&fingerprint),
                    false => _ = self.ended.entry(fingerprint).or_insert(time),
                }
            }
        }
    }

    fn line(&self, (fingerprint, key): (&Fingerprint, &Key)) -> String {
        // 2026-12-01T09:30:05Z as OpenSSH writes it, in UTC.
        let compact = |time: &Time| time.to_string().replace(['-', ':', 'T'], "");
        let until = self.ended.get(fingerprint).map(|time| format!(",valid-before=\"{}\"", compact(time)));
        format!("{} namespaces=\"{NAMESPACES}\"{} {}", key.person, until.unwrap_or_default(), key.public)
    }
}

/// Writes a line for each key, in the order of the people and of enrolment.
///
/// # Errors
/// The register cannot be read.
pub(super) fn write(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    let Some(head) = session.state().head() else { return Ok(()) };
    let mut signers = Signers::default();
    // A clock that was set back ends no key before it ended: what it signed until then was good.
    let corrected = session.queries().corrected_times()?;
    session.replay_governance(head.seq, |header, state| {
        let time = corrected.get(&header.seq).copied().unwrap_or(header.time);
        signers.take(state.take_changed(), time);
    })?;
    let mut keys: Vec<_> = signers.keys.iter().collect();
    keys.sort_by_key(|(fingerprint, key)| (&key.person, key.enrolled, *fingerprint));
    if let Some(id) = session.state().id() {
        writeln!(context.env.out, "# register {id}, up to entry {}", head.seq)?;
    }
    for key in keys {
        writeln!(context.env.out, "{}", signers.line(key))?;
    }
    Ok(())
}
