//! What becomes of what was under way: an entry whose answer was lost, and appends that had begun before a mark.

use std::time::{Duration, Instant};

use postgres::Client;

use crate::format::Raw;
use crate::store::StoreError;
use crate::store::doing::Doing;
use crate::store::postgres::fault::fault;
use crate::store::postgres::queue;
use crate::store::postgres::shared::SharedDatabase;
use crate::store::shared::{Appended, SharedStore as _, Writer};

/// For how long the transactions before a mark are waited for; and how often anything is asked again.
const BEFORE_MARK: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_millis(250);

impl SharedDatabase {
    /// Waits for the transactions that may have begun to append before the mark could be seen. What they append is there
    /// then, and nobody appends any more.
    ///
    /// # Errors
    /// [`StoreError::Busy`], or what the server reports.
    pub(super) fn wait_for_writers(&self) -> Result<(), StoreError> {
        let sql = "SELECT FROM pg_locks WHERE relation = 'twinseal.entry'::regclass AND mode = 'RowExclusiveLock'
            AND pid <> pg_backend_pid() LIMIT 1";
        let begun = Instant::now();
        while self.link.with(Doing::Move, |client| client.query_typed_opt(sql, &[]))?.is_some() {
            if begun.elapsed() > BEFORE_MARK {
                return Err(StoreError::Busy { seconds: BEFORE_MARK.as_secs() });
            }
            std::thread::sleep(EVERY);
        }
        self.newest.forget();
        Ok(())
    }

    /// The answer to a commit was lost. The entry is there if it was committed, and not before the server has ended the
    /// old connection, whose lock is waited for.
    ///
    /// # Errors
    /// [`StoreError::Uncertain`] if nobody can be asked in time.
    pub(super) fn look_again(&self, writer: &Writer, raw: &Raw, lost: postgres::Error) -> Result<Appended, StoreError> {
        let begun = Instant::now();
        loop {
            let found = self.link.open_again().and_then(|()| {
                self.listening.set(false);
                let _turn = queue::wait(&self.link, &self.newest, (&self.place, &self.register), writer)?;
                // What a standby has not confirmed could be lost with this server.
                self.link.with(Doing::Record, confirmed)?;
                self.entry(raw.seq)
            });
            match found {
                Ok(Some(found)) if found == *raw => return Ok(Appended::Done),
                Ok(_) => return Ok(Appended::HeadMoved),
                Err(_) if begun.elapsed() < writer.patience => std::thread::sleep(EVERY),
                Err(_) => return Err(StoreError::Uncertain { source: fault(&lost) }),
            }
        }
    }
}

/// Commits something, and so waits until standbys confirm everything before it, as its commits do.
fn confirmed(client: &mut Client) -> Result<(), postgres::Error> {
    client.batch_execute("SELECT pg_logical_emit_message(true, 'twinseal', '')")
}
