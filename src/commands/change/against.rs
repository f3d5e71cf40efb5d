//! What a draft refers to: the files beside it, and the register that it is meant for.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::domain::{
    ChangeId, Denied, Digest, FreezeName, Governance, PersonId, Refusal, ServiceId, TemplateName, TemplateState, Time,
    Window, judge_author, judge_party, judge_time_left, judge_window,
};
use crate::input::{DraftContext, Problem, nearest};
use crate::private::open_regular;
use crate::store::Session;

/// The files beside a draft, and the register if there is one.
pub(super) struct Against<'s> {
    pub folder: PathBuf,
    pub session: Option<&'s Session>,
    /// Governance with all enrolled people; `None` without a register.
    pub governance: Option<Governance>,
    /// The number of changes filed.
    pub filed: u64,
    pub now: Time,
}

impl DraftContext for Against<'_> {
    fn digest_of(&self, path: &str) -> io::Result<Digest> {
        digest_of(&self.folder.join(path))
    }

    fn judge_party(&self, person: &PersonId) -> Result<(), Refusal> {
        match self.governance.as_ref().map(|governance| judge_party(governance, person)) {
            Some(Err(Denied::Refused(refusal))) => Err(refusal),
            // All enrolled people are loaded, so an absent one is not enrolled.
            Some(Err(Denied::Unloaded(_))) => Err(Refusal::PartyUnknown { person: person.clone() }),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn judge_service(&self, service: &ServiceId) -> Result<(), Problem> {
        let Some(session) = self.session.filter(|session| session.state().governance().services().is_some()) else {
            return Ok(());
        };
        match session.ask(|state| Ok(state.governance().service(service)?.is_some())) {
            // A cache that cannot be read is an error at the next question.
            Ok(Ok(true) | Err(_)) | Err(_) => Ok(()),
            Ok(Ok(false)) => {
                let refusal = Refusal::NoService { service: service.clone() };
                let all = session.queries().service_ids().unwrap_or_default();
                let near = nearest(service.as_str(), all.iter().map(ServiceId::as_str));
                Err(near.map_or_else(|| refusal.clone().into(), |near| Problem::Misspelt(refusal.clone(), near)))
            }
        }
    }

    fn judge_author(&self, person: &PersonId) -> Result<(), Refusal> {
        match self.governance.as_ref().map(|governance| judge_author(governance, person)) {
            Some(Err(_)) => Err(Refusal::AuthorUnknown { person: person.clone() }),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn judge_follows(&self, change: ChangeId) -> Result<(), Refusal> {
        match self.governance {
            Some(_) if change.number() > self.filed => Err(Refusal::FollowsUnknown { follows: change }),
            _ => Ok(()),
        }
    }

    fn judge_time_left(&self, window: &Window, rollback_minutes: u64) -> Result<(), Refusal> {
        // A window that has ended is one fault, not two.
        let judged = self.governance.as_ref().filter(|_| !window.ended(self.now));
        judged.map_or(Ok(()), |_| judge_time_left(window, rollback_minutes, self.now))
    }

    fn judge_exception(&self, freeze: &FreezeName) -> Result<Digest, Refusal> {
        let Some(session) = self.session else { return Ok(Digest::NONE) };
        let since = session.ask(|state| Ok(state.governance().freeze_since(freeze)?));
        // A cache that cannot be read is an error at the next question.
        let since = since.ok().and_then(Result::ok).flatten();
        since.ok_or_else(|| Refusal::NoFreeze { freeze: freeze.clone() })
    }

    fn freezes(&self) -> Vec<FreezeName> {
        self.governance.iter().flat_map(Governance::freezes).map(|(name, _)| name.clone()).collect()
    }

    fn template(&self, name: &TemplateName) -> Result<(Digest, TemplateState), Problem> {
        let Some(session) = self.session else { return Err(Problem::NeedsRegister) };
        let missing = Refusal::TemplateNone { template: name.clone() };
        let found = session.ask(|state| {
            let (since, it) = state.governance().template(name)?;
            Ok((since, it.clone()))
        });
        // A cache that cannot be read is an error at the next question.
        found.map_err(|_| Problem::from(missing.clone()))?.map_err(|_| {
            let names = session.state().governance().templates().keys().map(TemplateName::as_str);
            match nearest(name.as_str(), names) {
                Some(near) => Problem::Misspelt(missing, near),
                None => missing.into(),
            }
        })
    }

    fn judge_window(&self, window: &Window) -> Result<(), Refusal> {
        self.governance.as_ref().map_or(Ok(()), |_| judge_window(window, self.now))
    }
}

/// The SHA-256 of a regular file of any size.
///
/// # Errors
/// The file cannot be read, or is a device or a pipe, which might never end.
pub fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    io::copy(&mut open_regular(path)?, &mut HashWriter(&mut hash))?;
    Ok(Digest::new(hash.finalize().into()))
}

struct HashWriter<'h>(&'h mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
