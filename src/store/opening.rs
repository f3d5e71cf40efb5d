//! Opening entries on all cores, in order. What an entry's own bytes prove needs no other entry, so this is the part
//! of verification that can be shared out.

use std::collections::VecDeque;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, Scope};

use super::StoreError;
use super::shared::SharedFile;
use crate::domain::Digest;
use crate::log::{Defect, Entry, Keys, Raw, entry};

/// How many bytes of entries are opened at a time.
const BATCH_BYTES: usize = 1 << 18;

/// How many batches may wait for a thread.
const AHEAD: usize = 4;

/// From so many entries on, the thread that reads opens batches too, in place of one worker. Below that it only hands them
/// out: two threads that wake each other every few milliseconds may be kept on one core for as long as that takes.
const LONG: u64 = 10_000;

/// How many batches may be under way for each core, so that memory stays flat.
const UNDER_WAY: usize = 4;

/// How many cores there are: asked once, and not where there is little to do, since that takes reading several files.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));

/// How many entries are opened at a time: fewer of a short tail, so that all threads have work until its end; more of a
/// long log, since each handing over costs.
fn batch_of(rows: usize) -> usize {
    (rows / 32).clamp(64, 256)
}

/// An entry that was opened, or why it could not be.
pub struct Opened {
    /// The row that it was read from.
    pub seq: u64,
    /// The leaf hash of what stands there.
    pub leaf: Digest,
    /// What it says.
    pub entry: Result<Entry, Defect>,
}

fn open_all(batch: &[Raw], keys: &mut Keys) -> Vec<Opened> {
    let entries = entry::open_all(batch, keys).into_iter();
    let opened = batch.iter().zip(entries).map(|(raw, entry)| {
        let leaf = entry.as_ref().map_or_else(|_| raw.leaf(), |entry| entry.leaf);
        Opened { seq: raw.seq, leaf, entry }
    });
    opened.collect()
}

/// Rows as they were read, and what they say once they are opened.
#[derive(Default)]
struct Batch {
    raws: Vec<Raw>,
    opened: Vec<Opened>,
}

/// A thread that opens batches, in the order in which it gets them.
struct Worker {
    work: SyncSender<Batch>,
    done: Receiver<Batch>,
    /// What it opened and is of no use any more. It goes back: threads that free each other's memory wait for each other.
    spent: Vec<Opened>,
}

/// Where a batch is opened.
enum Place {
    /// Here, and it is.
    Here(Vec<Opened>),
    /// By this worker.
    With(usize),
}

/// Batches in their order, wherever each is opened: by a worker that has room, or else here, by the thread that reads and
/// judges. Workers begin with the first full batch: a short tail needs none, and a single core never does.
struct Pool<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    /// Whether there is much to read.
    long: bool,
    workers: Vec<Worker>,
    turn: usize,
    under_way: VecDeque<Place>,
    keys: Keys,
}

impl<'scope> Pool<'scope, '_> {
    fn begin_worker(&mut self) {
        let (work, batches) = sync_channel::<Batch>(AHEAD);
        let (opened, done) = sync_channel(AHEAD + UNDER_WAY);
        self.scope.spawn(move || {
            let mut keys = Keys::default();
            batches.into_iter().try_for_each(|Batch { raws, opened: spent }| {
                drop(spent);
                let batch = Batch { opened: open_all(&raws, &mut keys), raws };
                opened.send(batch)
            })
        });
        self.turn = self.workers.len();
        self.workers.push(Worker { work, done, spent: Vec::new() });
    }

    /// Has a batch opened.
    fn open(&mut self, raws: Vec<Raw>) {
        let most = if self.long || *CORES == 1 { *CORES - 1 } else { *CORES };
        if self.workers.len() < most {
            self.begin_worker();
        }
        let mut batch = Batch { raws, opened: Vec::new() };
        for _ in 0..self.workers.len() {
            let at = self.turn;
            self.turn = (at + 1) % self.workers.len();
            let worker = &mut self.workers[at];
            batch.opened = std::mem::take(&mut worker.spent);
            match worker.work.try_send(batch) {
                Ok(()) => return self.under_way.push_back(Place::With(at)),
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => batch = back,
            }
            worker.spent = std::mem::take(&mut batch.opened);
        }
        self.open_here(&batch.raws);
    }

    fn open_here(&mut self, raws: &[Raw]) {
        let opened = open_all(raws, &mut self.keys);
        self.under_way.push_back(Place::Here(opened));
    }

    /// Hands on what is opened of the oldest batches, and waits for more only if too many are under way, or for `all`;
    /// `false` where `visit` says to stop.
    fn visit(
        &mut self,
        all: bool,
        visit: &mut impl FnMut(&Opened) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        while let Some(place) = self.under_way.pop_front() {
            let go_on = match place {
                Place::Here(opened) => visit_all(&opened, visit)?,
                Place::With(at) => {
                    let worker = &mut self.workers[at];
                    let wait = all || self.under_way.len() >= UNDER_WAY * *CORES;
                    let done = if wait { worker.done.recv().ok() } else { worker.done.try_recv().ok() };
                    let Some(Batch { opened, .. }) = done else {
                        self.under_way.push_front(place);
                        // A worker that is waited for and does not answer panicked, which the scope passes on.
                        return Ok(!wait);
                    };
                    let go_on = visit_all(&opened, visit)?;
                    worker.spent.extend(opened);
                    go_on
                }
            };
            if !go_on {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn visit_all(
    opened: &[Opened],
    visit: &mut impl FnMut(&Opened) -> Result<bool, StoreError>,
) -> Result<bool, StoreError> {
    for it in opened {
        if !visit(it)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Opens every entry from a place on and hands them on in order until `visit` says to stop.
///
/// # Errors
/// What SQLite or `visit` says.
pub fn read_opened(
    shared: &SharedFile,
    from: u64,
    visit: impl FnMut(&Opened) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    // Where that cannot be read, the rest may be: it only decides how the work is shared out.
    let long = shared.newest().is_ok_and(|newest| newest > Some(from.saturating_add(LONG)));
    read(shared, from, long, visit)
}

fn read(
    shared: &SharedFile,
    from: u64,
    long: bool,
    mut visit: impl FnMut(&Opened) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    thread::scope(|scope| {
        let (workers, under_way, keys) = (Vec::new(), VecDeque::new(), Keys::default());
        let mut pool = Pool { scope, long, workers, turn: 0, under_way, keys };
        let (mut batch, mut bytes, mut rows, mut go_on) = (Vec::new(), 0, 0, true);
        let scanned = shared.scan(from, |raw| -> Result<bool, StoreError> {
            bytes += raw.blob.len() + raw.text.as_ref().map_or(0, Vec::len);
            batch.push(raw);
            rows += 1;
            if batch.len() >= batch_of(rows) || bytes >= BATCH_BYTES {
                pool.open(std::mem::take(&mut batch));
                bytes = 0;
                go_on = false;
                go_on = pool.visit(false, &mut visit)?;
            }
            Ok(go_on)
        });
        // Where the file cannot be read on, what was read before still counts.
        if go_on {
            pool.open_here(&batch);
            pool.visit(true, &mut visit)?;
        }
        scanned
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_handed_on_once_and_in_order_until_somebody_says_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let file = SharedFile::create(&folder.path().join("prod.db")).unwrap();
        let rows = "WITH RECURSIVE n(seq) AS (VALUES (0) UNION ALL SELECT seq + 1 FROM n WHERE seq < 4999)
            INSERT INTO entry SELECT seq, CAST('row ' || seq AS BLOB), NULL FROM n";
        file.conn().pragma_update(None, "query_only", false).unwrap();
        file.conn().execute(rows, []).unwrap();
        for long in [false, true] {
            for (from, until) in
                [(0, 5000), (4990, 5000), (0, 1), (0, 63), (0, 64), (0, 2500), (1000, 4999), (5000, 5000)]
            {
                let mut seen = Vec::new();
                let visit = |opened: &Opened| {
                    assert!(opened.entry.is_err());
                    seen.push(opened.seq);
                    Ok(opened.seq + 1 < until)
                };
                read(&file, from, long, visit).unwrap();
                assert_eq!(seen, (from..until).collect::<Vec<_>>(), "{long} {from} {until}");
            }
        }
    }
}
