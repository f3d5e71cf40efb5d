//! Decodes entries and verifies their signatures on all cores, in order. These checks need only the bytes of the entry
//! itself, so they can run in parallel; the rules cannot.
//!
//! The reading thread keeps a window of batches. Every thread takes the oldest batch that no other has taken. The
//! reading thread judges the opened entries before it opens more itself, so that little serial work is left at the end.
//! On a single core, or with few entries, it does all the work.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};

use crate::domain::Digest;
use crate::format::{Defect, Entry, Keys, Raw, entry};
use crate::lang::{lang, within};
use crate::store::StoreError;
use crate::store::shared::SharedStore;

/// The largest number of entries in a batch.
const BATCH: usize = 32;

/// A batch takes no further entry after this many bytes.
const BATCH_BYTES: usize = 1 << 17;

/// The number of batches in the window per core.
const UNDER_WAY: usize = 16;

/// The window takes no further batch after this many bytes: large rows on many cores must not fill the memory.
const WINDOW_BYTES: usize = 1 << 26;

/// One extra worker runs for the first batches, this many. The system may start a worker on the core of the reading
/// thread and leave both there for a short log; in a long log, it moves one of them before these batches are done.
const SPARE: usize = 256;

/// The number of cores. Finding it reads several files, so it is done once and only for long logs.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));

/// An entry that was opened, or why it could not be.
pub struct Opened {
    /// The row that it was read from.
    pub seq: u64,
    /// The leaf hash of that row.
    pub leaf: Digest,
    /// What it says.
    pub entry: Result<Entry, Defect>,
}

fn bytes_in(raws: &[Raw]) -> usize {
    let length = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
    raws.iter().map(|raw| raw.blob.len() + length(&raw.text) + length(&raw.data)).sum()
}

fn open_all(batch: &[Raw], keys: &Keys) -> Vec<Opened> {
    let opened = batch.iter().map(|raw| {
        let entry = entry::open_with(keys, raw);
        let leaf = entry.as_ref().map_or_else(|_| raw.leaf(), |entry| entry.leaf);
        Opened { seq: raw.seq, leaf, entry }
    });
    opened.collect()
}

/// The progress of a batch.
enum Batch {
    /// No thread has taken it yet.
    Waiting(Vec<Raw>),
    /// A thread is opening it.
    Taken,
    /// It was opened, by this worker if a worker opened it.
    Done { raws: Vec<Raw>, opened: Vec<Opened>, worker: Option<usize> },
}

impl Batch {
    /// Its rows, until a thread takes it.
    fn take(&mut self) -> Option<Vec<Raw>> {
        let Self::Waiting(raws) = self else { return None };
        let raws = mem::take(raws);
        *self = Self::Taken;
        Some(raws)
    }
}

/// The window of batches.
#[derive(Default)]
struct Window {
    batches: VecDeque<Batch>,
    /// The bytes in these batches.
    bytes: usize,
    /// The number of the oldest batch; the first batch of the log is number 0.
    oldest: usize,
    /// For each worker, the entries that it opened and that are judged. The worker frees them, because threads that
    /// free each other's memory contend in the allocator.
    spent: Vec<Vec<Opened>>,
    /// A worker panicked, so the batch that it took will never be opened.
    lost: bool,
    /// Nothing is left to open.
    over: bool,
}

impl Window {
    /// Takes the oldest batch that no thread has taken, and returns its number too.
    fn take_oldest(&mut self) -> Option<(usize, Vec<Raw>)> {
        let oldest = self.oldest;
        self.batches.iter_mut().enumerate().find_map(|(at, batch)| Some((oldest + at, batch.take()?)))
    }
}

/// The state that the threads share.
#[derive(Default)]
struct Pool {
    window: Mutex<Window>,
    keys: Keys,
    /// Signalled when there is more to open, or nothing is left.
    more: Condvar,
    /// Signalled when a batch was opened, or is lost.
    done: Condvar,
}

impl Pool {
    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, worker: usize, spare: bool) {
        let _panicking = Panicking(self);
        while let Some((number, raws, spent)) = self.wait_for_work(worker, spare) {
            drop(spent);
            let opened = open_all(&raws, &self.keys);
            self.put(number, Batch::Done { raws, opened, worker: Some(worker) });
        }
    }

    fn wait_for_work(&self, worker: usize, spare: bool) -> Option<(usize, Vec<Raw>, Vec<Opened>)> {
        let mut window = self.window();
        while !(window.over || spare && window.oldest > SPARE) {
            if let Some((number, raws)) = window.take_oldest() {
                return Some((number, raws, mem::take(&mut window.spent[worker])));
            }
            window = self.more.wait(window).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn put(&self, number: usize, batch: Batch) {
        let mut window = self.window();
        let at = number - window.oldest;
        window.batches[at] = batch;
        drop(window);
        self.done.notify_one();
    }
}

/// Reports a panic of a worker. Otherwise the reading thread would wait for it for ever.
struct Panicking<'a>(&'a Pool);

impl Drop for Panicking<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.window().lost = true;
            self.0.done.notify_one();
        }
    }
}

/// The reading thread's end of the pool. The workers end when it is dropped.
struct Judge<'scope, 'env> {
    pool: &'env Pool,
    scope: &'scope Scope<'scope, 'env>,
    cores: Option<usize>,
}

impl Drop for Judge<'_, '_> {
    fn drop(&mut self) {
        self.pool.window().over = true;
        self.pool.more.notify_all();
    }
}

impl Judge<'_, '_> {
    fn cores(&self) -> usize {
        self.cores.unwrap_or_else(|| *CORES)
    }

    /// Adds a batch to the window. Each of the first batches starts a worker.
    fn add(&self, raws: Vec<Raw>) {
        let mut window = self.pool.window();
        window.bytes += bytes_in(&raws);
        window.batches.push_back(Batch::Waiting(raws));
        let (worker, cores) = (window.spent.len(), self.cores());
        if cores > 1 && worker < cores {
            window.spent.push(Vec::new());
            drop(window);
            let (pool, spare) = (self.pool, worker + 1 == cores);
            // If the system refuses another thread, the present threads do all the work.
            let reader = lang();
            let work = move || within(reader, || pool.work(worker, spare));
            let _ = thread::Builder::new().spawn_scoped(self.scope, work);
        } else {
            drop(window);
            self.pool.more.notify_one();
        }
    }

    fn is_full(&self) -> bool {
        let window = self.pool.window();
        window.batches.len() >= UNDER_WAY * self.cores() || window.bytes >= WINDOW_BYTES
    }

    /// Passes the oldest batch to `visit`, and opens other batches until it is ready; `false` if nothing is left, or
    /// `visit` stops.
    fn go_on(&self, visit: &mut impl FnMut(&Opened) -> Result<bool, StoreError>) -> Result<bool, StoreError> {
        let mut window = self.pool.window();
        match window.batches.front() {
            None => return Ok(false),
            Some(Batch::Done { .. }) => {
                let oldest = window.batches.pop_front();
                window.oldest += 1;
                drop(window);
                return oldest.map_or(Ok(false), |oldest| self.hand_on(oldest, visit));
            }
            Some(Batch::Waiting(_) | Batch::Taken) => {}
        }
        match window.take_oldest() {
            Some((number, raws)) => {
                drop(window);
                let opened = open_all(&raws, &self.pool.keys);
                self.pool.put(number, Batch::Done { raws, opened, worker: None });
            }
            // The scope propagates the panic.
            None if window.lost => return Ok(false),
            None => drop(self.pool.done.wait(window)),
        }
        Ok(true)
    }

    fn hand_on(
        &self,
        batch: Batch,
        visit: &mut impl FnMut(&Opened) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let Batch::Done { raws, opened, worker } = batch else { return Ok(true) };
        let bytes = bytes_in(&raws);
        // Freed by the thread that allocated them, like everything else.
        drop(raws);
        let mut window = self.pool.window();
        window.bytes = window.bytes.saturating_sub(bytes);
        drop(window);
        for it in &opened {
            if !visit(it)? {
                return Ok(false);
            }
        }
        if let Some(worker) = worker {
            self.pool.window().spent[worker].extend(opened);
        }
        Ok(true)
    }
}

/// Opens every entry from a sequence number on and passes them to `visit` in order until that stops.
///
/// # Errors
/// What SQLite or `visit` reports.
pub fn read_opened(
    shared: &dyn SharedStore,
    from: u64,
    visit: impl FnMut(&Opened) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    read(shared, from, None, visit)
}

/// As [`read_opened`], on the given number of cores; `None` means all.
fn read(
    shared: &dyn SharedStore,
    from: u64,
    cores: Option<usize>,
    mut visit: impl FnMut(&Opened) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let pool = Pool::default();
    thread::scope(|scope| {
        let judge = Judge { pool: &pool, scope, cores };
        let (mut batch, mut bytes, mut go_on) = (Vec::new(), 0, true);
        let scanned = shared.scan(from, &mut |raw| {
            bytes += bytes_in(std::slice::from_ref(&raw));
            batch.push(raw);
            if batch.len() == BATCH || bytes >= BATCH_BYTES {
                judge.add(mem::take(&mut batch));
                bytes = 0;
                while go_on && judge.is_full() {
                    go_on = false;
                    go_on = judge.go_on(&mut visit)?;
                }
            }
            Ok(go_on)
        });
        // If the file becomes unreadable, the entries read before still count.
        if go_on {
            judge.pool.window().batches.push_back(Batch::Waiting(batch));
            while judge.go_on(&mut visit)? {}
        }
        scanned
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::shared::SharedFile;

    #[test]
    fn nobody_waits_for_a_worker_that_panicked() {
        let pool = Pool::default();
        thread::scope(|scope| {
            let judge = Judge { pool: &pool, scope, cores: Some(1) };
            judge.add(Vec::new());
            pool.window().take_oldest().unwrap();
            let worker = scope.spawn(|| {
                let _panicking = Panicking(&pool);
                panic!("on purpose");
            });
            while judge.go_on(&mut |_| Ok(true)).unwrap() {}
            worker.join().unwrap_err();
        });
    }

    #[test]
    fn large_rows_on_many_cores_do_not_fill_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        let file = SharedFile::create(&folder.path().join("prod.db"), folder.path()).unwrap();
        let rows = "WITH RECURSIVE n(seq) AS (VALUES (0) UNION ALL SELECT seq + 1 FROM n WHERE seq < 99)
            INSERT INTO entry SELECT seq, zeroblob(4000000), NULL, NULL FROM n";
        file.conn().pragma_update(None, "query_only", false).unwrap();
        file.conn().execute(rows, []).unwrap();
        let pool = Pool::default();
        thread::scope(|scope| {
            let judge = Judge { pool: &pool, scope, cores: Some(1000) };
            let mut most = 0;
            let scanned = file.scan(0, &mut |raw| {
                judge.add(vec![raw]);
                while judge.is_full() {
                    judge.go_on(&mut |_| Ok(true))?;
                }
                most = most.max(judge.pool.window().bytes);
                Ok(true)
            });
            scanned.unwrap();
            while judge.go_on(&mut |_| Ok(true)).unwrap() {}
            assert!(most > 0 && most < WINDOW_BYTES, "{most}");
            assert_eq!(judge.pool.window().bytes, 0);
        });
    }

    #[test]
    fn every_row_is_handed_on_once_and_in_order_until_somebody_says_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let file = SharedFile::create(&folder.path().join("prod.db"), folder.path()).unwrap();
        let rows = "WITH RECURSIVE n(seq) AS (VALUES (0) UNION ALL SELECT seq + 1 FROM n WHERE seq < 4999)
            INSERT INTO entry SELECT seq, CAST('row ' || seq AS BLOB), NULL, NULL FROM n";
        file.conn().pragma_update(None, "query_only", false).unwrap();
        file.conn().execute(rows, []).unwrap();
        for cores in [1, 2, 5] {
            for (from, until) in
                [(0, 5000), (4990, 5000), (0, 1), (0, 63), (0, 64), (0, 2500), (1000, 4999), (5000, 5000)]
            {
                let mut seen = Vec::new();
                let visit = |opened: &Opened| {
                    assert!(opened.entry.is_err());
                    seen.push(opened.seq);
                    Ok(opened.seq + 1 < until)
                };
                read(&file, from, Some(cores), visit).unwrap();
                assert_eq!(seen, (from..until).collect::<Vec<_>>(), "{cores} {from} {until}");
            }
        }
    }
}
