//! Ctrl-C: ends the program, and says whether something was recorded.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::lang::{Lang, lang, within};
use crate::{tr, trf};

/// The time limit for an entry that is being written when Ctrl-C is pressed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What Ctrl-C would interrupt.
#[derive(Debug, Default)]
pub struct Interrupt {
    doing: Mutex<Doing>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Doing {
    /// The first and the last entry that the command recorded.
    recorded: Option<(u64, u64)>,
    writing: bool,
    /// The editor or the pager has the terminal. Ctrl-C is theirs, as with git: the program would otherwise end before
    /// them, and they would take the keys of its shell.
    elsewhere: bool,
    /// The language of the thread that works: Ctrl-C is answered in another one.
    lang: Lang,
}

impl Doing {
    fn sentence(&self) -> String {
        within(self.lang, || self.sentence_here())
    }

    fn sentence_here(&self) -> String {
        if self.writing {
            return tr!(
                "interrupted while the register was written; `twinseal log` says what was recorded",
                "写入变更台账时被中断；`twinseal log` 显示已记录的内容"
            )
            .to_owned();
        }
        match self.recorded {
            None => tr!("interrupted; nothing was recorded", "已中断；未记录任何内容").to_owned(),
            Some((seq, last)) if seq == last => {
                trf!("interrupted; entry {seq} was recorded", "已中断；已记录第 {seq} 条")
            }
            Some((first, last)) => {
                trf!("interrupted; entries {first} to {last} were recorded", "已中断；已记录第 {first} 至 {last} 条")
            }
        }
    }
}

impl Interrupt {
    /// Ends the program at Ctrl-C from now on. If that cannot be arranged, Ctrl-C ends it without a word.
    pub fn watched() -> Arc<Self> {
        let interrupt = Arc::<Self>::default();
        if let Ok(mut signals) = Signals::new([SIGINT]) {
            let interrupt = Arc::clone(&interrupt);
            let terminal = Terminal::here();
            let watch = move || signals.forever().for_each(|_| interrupt.end(terminal.as_ref()));
            let _ = std::thread::Builder::new().spawn(watch);
        }
        interrupt
    }

    /// Says from now on what was recorded in the language of this thread.
    pub fn speak_as_here(&self) {
        self.doing().lang = lang();
    }

    /// Runs an editor or a pager, for which Ctrl-C is meant meanwhile.
    pub fn elsewhere<T>(&self, run: impl FnOnce() -> T) -> T {
        self.doing().elsewhere = true;
        let done = run();
        self.doing().elsewhere = false;
        done
    }

    /// Writes entries. Ctrl-C waits until `write` returns. `recorded` gives the first and the last entry of its result.
    pub fn writing<T>(&self, write: impl FnOnce() -> T, recorded: impl FnOnce(&T) -> Option<(u64, u64)>) -> T {
        self.doing().writing = true;
        let done = write();
        let mut doing = self.doing();
        doing.writing = false;
        if let Some((first, last)) = recorded(&done) {
            doing.recorded = Some((doing.recorded.map_or(first, |(first, _)| first), last));
        }
        self.changed.notify_all();
        done
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the lock until the program has ended, so that nothing is written after what is said.
    fn end(&self, terminal: Option<&Terminal>) {
        let doing = self.doing();
        if doing.elsewhere {
            return;
        }
        let waited = self.changed.wait_timeout_while(doing, PATIENCE, |doing| doing.writing);
        let (doing, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(terminal) = terminal {
            terminal.restore();
        }
        let _ = writeln!(io::stderr(), "\n{}", doing.sentence());
        // The shell learns that Ctrl-C was the reason.
        let _ = emulate_default_handler(SIGINT);
    }
}

/// The terminal, and its modes before the program changed any.
struct Terminal {
    file: File,
    modes: Termios,
}

impl Terminal {
    fn here() -> Option<Self> {
        let file = File::open("/dev/tty").ok()?;
        Some(Self { modes: tcgetattr(&file).ok()?, file })
    }

    /// Shows again what is typed. The prompt of a passphrase appears before the terminal hides the typing, so Ctrl-C can
    /// be pressed while another thread is changing the modes.
    fn restore(&self) {
        let restore = || tcsetattr(&self.file, OptionalActions::Now, &self.modes);
        if restore().is_ok() {
            std::thread::sleep(Duration::from_millis(50));
            let _ = restore();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_recorded() {
        let interrupt = Interrupt::default();
        let sentence = || interrupt.doing().sentence();
        assert_eq!(sentence(), "interrupted; nothing was recorded");
        let during = || assert!(sentence().starts_with("interrupted while the register was written"), "{}", sentence());
        interrupt.writing(during, |()| None);
        assert_eq!(sentence(), "interrupted; nothing was recorded");
        interrupt.writing(during, |()| Some((9, 9)));
        assert_eq!(sentence(), "interrupted; entry 9 was recorded");
        interrupt.writing(during, |()| Some((10, 12)));
        assert_eq!(sentence(), "interrupted; entries 9 to 12 were recorded");
    }
}
