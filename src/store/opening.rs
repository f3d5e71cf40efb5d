//! Opening entries on all cores, in order. What an entry's own bytes prove needs no other entry, so this is the part
//! of verification that can be shared out.

use std::collections::VecDeque;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope};

use super::StoreError;
use super::shared::SharedFile;
use crate::domain::Digest;
use crate::log::{Defect, Entry, Keys, Raw, entry};

/// How many bytes of entries go to a thread at a time.
const BATCH_BYTES: usize = 1 << 18;

/// How many batches a thread may have before it, so that none waits for another's.
const AHEAD: usize = 4;

/// How many threads there are: asked once, and not where there is little to do, since that takes reading several files.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));

/// How many entries go to a thread at a time: few of a short tail, so that all threads have work until its end; more of a
/// long log, since each handing over costs.
fn batch_of(read: usize) -> usize {
    (read / 16).clamp(32, 256)
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

/// Batches go to the workers in turn and come back in the same turn, so that order needs no sorting; a worker has at most
/// [`AHEAD`] of them, so that memory stays flat. Threads begin with the first full batch: a short tail needs none.
struct Pool<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    workers: Vec<Worker>,
    under_way: VecDeque<usize>,
    turn: usize,
}

impl<'scope> Pool<'scope, '_> {
    fn give(&mut self, raws: Vec<Raw>) {
        if self.workers.len() < *CORES {
            let (work, batches) = sync_channel::<Batch>(AHEAD);
            let (opened, done) = sync_channel(AHEAD);
            self.scope.spawn(move || {
                let mut keys = Keys::default();
                batches.into_iter().try_for_each(|Batch { raws, opened: spent }| {
                    drop(spent);
                    let batch = Batch { opened: open_all(&raws, &mut keys), raws };
                    opened.send(batch)
                })
            });
            self.workers.push(Worker { work, done, spent: Vec::new() });
        }
        let worker = &mut self.workers[self.turn];
        // A worker is gone only if it panicked, which the scope passes on.
        let _ = worker.work.send(Batch { raws, opened: std::mem::take(&mut worker.spent) });
        self.under_way.push_back(self.turn);
        self.turn = (self.turn + 1) % *CORES;
    }

    fn is_full(&self) -> bool {
        self.under_way.len() >= AHEAD * *CORES
    }

    /// Hands the oldest batch on; `false` where there is none, or that says to stop.
    fn take(&mut self, visit: &mut impl FnMut(&Opened) -> Result<bool, StoreError>) -> Result<bool, StoreError> {
        let Some(worker) = self.under_way.pop_front().map(|turn| &mut self.workers[turn]) else { return Ok(false) };
        let Ok(Batch { opened, .. }) = worker.done.recv() else { return Ok(false) };
        let go_on = visit_all(&opened, visit);
        worker.spent.extend(opened);
        go_on
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
    mut visit: impl FnMut(&Opened) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    thread::scope(|scope| {
        let mut pool = Pool { scope, workers: Vec::new(), under_way: VecDeque::new(), turn: 0 };
        let (mut batch, mut bytes, mut read, mut go_on) = (Vec::new(), 0, 0, true);
        let scanned = shared.scan(from, |raw| -> Result<bool, StoreError> {
            bytes += raw.blob.len() + raw.text.as_ref().map_or(0, Vec::len);
            batch.push(raw);
            read += 1;
            if batch.len() >= batch_of(read) || bytes >= BATCH_BYTES {
                pool.give(std::mem::take(&mut batch));
                bytes = 0;
                if pool.is_full() {
                    go_on = false;
                    go_on = pool.take(&mut visit)?;
                }
            }
            Ok(go_on)
        });
        if go_on && !pool.workers.is_empty() {
            pool.give(std::mem::take(&mut batch));
        }
        // Where the file cannot be read on, what was read before still counts.
        while go_on && pool.take(&mut visit)? {}
        if go_on {
            visit_all(&open_all(&batch, &mut Keys::default()), &mut visit)?;
        }
        scanned
    })
}
