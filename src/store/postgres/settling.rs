//! What becomes of what was under way: an entry whose answer was lost, and appends that had begun before a mark.

use std::time::{Duration, Instant};

use crate::store::StoreError;
use crate::store::doing::Doing;
use crate::store::postgres::fault::{BUSY, fault};
use crate::store::postgres::queue;
use crate::store::postgres::shared::SharedDatabase;
use crate::store::shared::Writer;

/// How often anything is asked again.
const EVERY: Duration = Duration::from_millis(250);

impl SharedDatabase {
    /// Waits until standbys confirm the mark, and for the transactions that may have begun to append before it could be
    /// seen. What they append is there then, and nobody appends any more.
    ///
    /// # Errors
    /// [`StoreError::Uncertain`] if the server stopped waiting for a standby; [`StoreError::Busy`], or what it reports.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        self.confirm()?;
        // Databases made from one template have tables with the same number. A prepared transaction has no process.
        let sql = "SELECT FROM pg_locks WHERE relation = 'twinseal.entry'::regclass AND mode = 'RowExclusiveLock'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND pid IS DISTINCT FROM pg_backend_pid() LIMIT 1";
        let begun = Instant::now();
        while self.link.with(Doing::Move, |client| client.query_typed_opt(sql, &[]))?.is_some() {
            if begun.elapsed() > BUSY {
                return Err(StoreError::Busy { seconds: BUSY.as_secs() });
            }
            std::thread::sleep(EVERY);
        }
        self.newest.forget();
        Ok(())
    }

    /// Commits something, and so waits until standbys confirm everything before it.
    fn confirm(&self) -> Result<(), StoreError> {
        self.link.warning();
        self.link.with(Doing::Record, |client| {
            client.batch_execute("SELECT pg_logical_emit_message(true, 'twinseal', '')")
        })?;
        self.link.warning().map_or(Ok(()), |warning| Err(StoreError::Uncertain { source: warning }))
    }

    /// The answer to a commit was lost. What it wrote is there if it was committed, and not before the server has ended the
    /// old connection, whose lock is waited for. Then `look` looks.
    ///
    /// # Errors
    /// [`StoreError::Uncertain`] if nobody can be asked in time.
    pub(super) fn look_again<T>(
        &self,
        writer: &Writer,
        lost: &postgres::Error,
        look: impl Fn() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        loop {
            let found = self.link.open_again().and_then(|()| {
                self.listening.set(false);
                let _turn = queue::wait(&self.link, &self.newest, (&self.place, &self.register), writer)?;
                // What a standby has not confirmed could be lost with this server.
                self.confirm()?;
                look()
            });
            match found {
                Ok(found) => return Ok(found),
                // It may be lost with this server, and asking again does not change that.
                Err(uncertain @ StoreError::Uncertain { .. }) => return Err(uncertain),
                Err(_) if begun.elapsed() < writer.patience => std::thread::sleep(EVERY),
                Err(_) => return Err(StoreError::Uncertain { source: fault(lost) }),
            }
        }
    }
}
