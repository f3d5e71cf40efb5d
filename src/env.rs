//! The program's environment: clock, randomness, variables, current directory, terminal and output. Other modules reach
//! the process only through [`Env`], so tests can replace it.

mod interrupt;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::termios::{QueueSelector, tcflush};
use zeroize::Zeroizing;

pub use self::interrupt::Interrupt;
use crate::domain::Time;
use crate::output::folded;
use crate::tr;

/// The delay before a line says that something waits.
const SOON: Duration = Duration::from_secs(3);

/// The environment variables that twinseal reads.
const VARIABLES: [&str; 26] = [
    "CLICOLOR_FORCE",
    "EDITOR",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "LOGNAME",
    "NO_COLOR",
    "PAGER",
    "PGPASSFILE",
    "PGSERVICEFILE",
    "SHELL",
    "SSH_AUTH_SOCK",
    "SSH_SK_PROVIDER",
    "TERM",
    "TZ",
    "TWINSEAL_AS",
    "TWINSEAL_KEY",
    "TWINSEAL_LANG",
    "TWINSEAL_PAGER",
    "TWINSEAL_REGISTER",
    "USER",
    "VISUAL",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];

/// The time limit for waiting on other writers, each of which takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The terminal at which a person can be asked.
pub trait Console {
    /// Whether a person can be asked: standard input and standard error are terminals.
    fn is_interactive(&self) -> bool;
    /// Whether a secret can be asked for: there is a controlling terminal, even if standard input is a file.
    fn can_ask_secret(&self) -> bool;
    /// Shows a question and reads a line, without surrounding white space. Empty at the end of the input.
    ///
    /// # Errors
    /// The system's error.
    fn ask(&mut self, question: &str) -> io::Result<String>;
    /// Shows a question and reads a line without echo.
    ///
    /// # Errors
    /// The system's error.
    fn secret(&mut self, question: &str) -> io::Result<Zeroizing<String>>;
}

/// Fills a buffer with random bytes.
pub type Random = Box<dyn FnMut(&mut [u8]) -> io::Result<()>>;

/// Everything that twinseal uses of its process.
pub struct Env {
    /// Environment variables by name. Unset and empty ones are absent.
    pub variables: HashMap<String, OsString>,
    /// The current directory, where relative paths start.
    pub folder: PathBuf,
    /// Returns the current time.
    pub clock: Box<dyn Fn() -> Time>,
    /// Waits.
    pub sleep: Box<dyn FnMut(Duration)>,
    /// The source of keys' seeds, salts and register ids.
    pub random: Random,
    /// The terminal, for questions.
    pub console: Box<dyn Console>,
    /// Standard input, for a file given as `-`.
    pub input: Box<dyn io::Read>,
    /// Standard output, for data.
    pub out: Box<dyn Write>,
    /// Standard error, for everything that is not data.
    pub err: Box<dyn Write>,
    /// The width of the terminal in columns; `None` if standard output is not a terminal.
    pub width: Option<u16>,
    /// The height of that terminal in lines, if it says so.
    pub height: Option<u16>,
    /// Whether to colour standard output.
    pub colour: bool,
    /// The width of the terminal on standard error, where a question and the page above it stand; `None` if standard
    /// error is not a terminal.
    pub err_width: Option<u16>,
    /// Whether to colour standard error.
    pub err_colour: bool,
    /// The command that pages long text; `None` if standard error is no terminal, or nobody wants one.
    pub pager: Option<OsString>,
    /// Whether to show progress.
    pub progress: bool,
    /// Whether to leave out remarks: what was done, and what comes next.
    pub quiet: bool,
    /// What Ctrl-C would interrupt.
    pub interrupt: Arc<Interrupt>,
    /// The time limit for waiting on other writers.
    pub patience: Duration,
}

impl Env {
    /// The environment of this process. If the current directory was removed, says so on standard error; absolute paths
    /// still work.
    pub fn real() -> Self {
        let set = |name: &&str| Some(((*name).to_owned(), std::env::var_os(name).filter(|it| !it.is_empty())?));
        let variables: HashMap<String, OsString> = VARIABLES.iter().filter_map(set).collect();
        let dumb = variables.get("TERM").is_none_or(|term| term == "dumb");
        let (out, err) = (io::stdout(), io::stderr());
        let colours = |terminal: bool| {
            let forced = variables.get("CLICOLOR_FORCE").is_some_and(|it| it != "0");
            !variables.contains_key("NO_COLOR") && (forced || (terminal && !dumb))
        };
        Self {
            colour: colours(out.is_terminal()),
            width: width(&out),
            height: out.is_terminal().then(|| size(&out)).flatten().map(|(_, height)| height),
            err_colour: colours(err.is_terminal()),
            err_width: width(&err),
            pager: pager(&variables).filter(|_| err.is_terminal() && !dumb),
            progress: err.is_terminal() && !dumb,
            quiet: false,
            interrupt: Interrupt::watched(),
            variables,
            patience: PATIENCE,
            folder: current_folder(),
            clock: Box::new(now),
            sleep: Box::new(std::thread::sleep),
            random: Box::new(|bytes| getrandom::fill(bytes).map_err(io::Error::from)),
            console: Box::new(Terminal),
            input: Box::new(io::stdin()),
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
        }
    }

    /// Resolves a path that a person gave: `~/` is the home directory, and a relative path starts at the current one.
    pub fn path(&self, given: &Path) -> PathBuf {
        match (given.strip_prefix("~"), self.variables.get("HOME")) {
            (Ok(rest), Some(home)) => Path::new(home).join(rest),
            _ => self.folder.join(given),
        }
    }

    /// twinseal's directory under an XDG base directory: that of `variable`, or `default` below the home directory if
    /// the variable is unset or not absolute (XDG Base Directory Specification).
    pub fn xdg(&self, variable: &str, default: &str) -> PathBuf {
        self.xdg_base(variable, default).join("twinseal")
    }

    /// An XDG base directory itself, as [`Env::xdg`] finds it.
    pub fn xdg_base(&self, variable: &str, default: &str) -> PathBuf {
        let base = self.variables.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        base.unwrap_or_else(|| self.path(Path::new("~")).join(default))
    }

    /// Colours always or never; with `None`, as the terminal and the variables have it.
    pub fn use_colour(&mut self, always: Option<bool>) {
        if let Some(always) = always {
            (self.colour, self.err_colour) = (always, always);
        }
    }

    /// Asks nobody from now on, as if there were no terminal.
    pub fn ask_nobody(&mut self) {
        self.console = Box::new(NoTerminal);
    }

    /// Whether configuration and state have a place: `HOME`, or both XDG variables, are absolute paths.
    pub fn has_home(&self) -> bool {
        let absolute = |name: &str| self.variables.get(name).is_some_and(|path| Path::new(path).is_absolute());
        absolute("HOME") || (absolute("XDG_CONFIG_HOME") && absolute("XDG_STATE_HOME"))
    }

    /// The login name from `LOGNAME` or `USER`, which may be false; "somebody" if neither is set.
    pub fn account(&self) -> &str {
        let named = ["LOGNAME", "USER"].into_iter().find_map(|name| self.variables.get(name));
        named.and_then(|it| it.to_str()).unwrap_or("somebody")
    }

    /// The current time.
    pub fn now(&self) -> Time {
        (self.clock)()
    }

    /// Returns `N` bytes from the random source.
    ///
    /// # Errors
    /// The random source's error.
    pub fn random<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        (self.random)(&mut bytes)?;
        Ok(bytes)
    }

    /// Runs git in the current directory, without a shell and without input. It never asks and fetches nothing.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn git(&self, args: &[&str]) -> io::Result<Output> {
        let mut git = Command::new("git");
        let quiet = [("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_OPTIONAL_LOCKS", "0")];
        // A replaced commit or a graft would name other authors than the commit that is deployed.
        let unaltered = [("GIT_NO_REPLACE_OBJECTS", "1"), ("GIT_GRAFT_FILE", "/dev/null")];
        git.args(args).current_dir(&self.folder).stdin(Stdio::null()).envs(quiet).envs(unaltered).output()
    }

    /// Opens a file in the editor of `VISUAL` or `EDITOR`, or in vi, and waits until it is closed. As git does, a shell
    /// reads the variable, which may hold arguments.
    ///
    /// # Errors
    /// The editor cannot be run, or it fails.
    pub fn edit(&mut self, file: &Path) -> io::Result<()> {
        let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| self.variables.get(name));
        let editor = named.cloned().unwrap_or_else(|| "vi".into());
        let mut command = editor.clone();
        command.push(" \"$1\"");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command).arg("sh").arg(file).current_dir(&self.folder);
        let status = self.interrupt.elsewhere(|| shell.status())?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{}: {status}", editor.display()))) }
    }

    /// Shows a question, folded as [`Env::status`] folds lines, and reads a line from the terminal.
    ///
    /// # Errors
    /// The system's error.
    pub fn ask(&mut self, question: &str) -> io::Result<String> {
        self.console.ask(&folded(question, self.err_width))
    }

    /// Shows a long text in the pager. If there is none, it fails, or nobody is at a terminal, the text goes to standard
    /// error. The terminal keeps what was shown.
    pub fn show(&mut self, text: &str) {
        if !(self.console.is_interactive() && self.page(io::stderr().as_fd(), text)) {
            self.status(text);
        }
    }

    /// Shows a text in the pager on a terminal. Returns whether it was shown.
    fn page(&self, terminal: BorrowedFd<'_>, text: &str) -> bool {
        let Some(pager) = &self.pager else { return false };
        let Ok(terminal) = terminal.try_clone_to_owned() else { return false };
        self.interrupt.elsewhere(|| page(pager, &self.folder, terminal, text)).is_ok()
    }

    /// Prints a line of data to standard output.
    ///
    /// # Errors
    /// The write's error, such as a closed pipe.
    pub fn print(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// Prints data to standard output; through the pager, if the terminal is not high enough.
    ///
    /// # Errors
    /// As [`Env::print`].
    pub fn print_long(&mut self, text: &str) -> io::Result<()> {
        self.out.flush()?;
        let high = self.height.is_some_and(|height| text.lines().count() >= height.into());
        if high && self.page(io::stdout().as_fd(), text) { Ok(()) } else { self.print(text) }
    }

    /// Prints what was done, or what comes next, to standard error. Errors, warnings and whatever stands above a question
    /// are no remarks: [`Env::status`] prints them always.
    pub fn remark(&mut self, lines: impl std::fmt::Display) {
        if !self.quiet {
            self.status(lines);
        }
    }

    /// Runs `work`. At a terminal prints `line` if it takes longer than three seconds.
    pub fn waiting<T>(&self, line: &str, work: impl FnOnce() -> T) -> T {
        if self.quiet || !self.progress {
            return work();
        }
        let (done, wait) = channel::<()>();
        let line = folded(line, self.err_width);
        thread::scope(|scope| {
            let tell = move || {
                if wait.recv_timeout(SOON) == Err(RecvTimeoutError::Timeout) {
                    // Nobody else writes meanwhile: the caller waits for `work`.
                    let _ = writeln!(io::stderr(), "{line}");
                }
            };
            let _ = thread::Builder::new().spawn_scoped(scope, tell);
            let result = work();
            drop(done);
            result
        })
    }

    /// Writes entries, as [`Interrupt::writing`] does, and says at a terminal if the register takes its time.
    pub fn writing<T>(&self, write: impl FnOnce() -> T, recorded: impl FnOnce(&T) -> Option<(u64, u64)>) -> T {
        let line = tr!("the register has not confirmed the entry yet; waiting", "变更台账尚未确认该日志条目，正在等待");
        self.interrupt.writing(|| self.waiting(line, write), recorded)
    }

    /// Prints lines to standard error, and ignores a failed write. A line that is wider than the terminal is broken
    /// between words; what follows is indented, so that no content begins a line.
    pub fn status(&mut self, lines: impl std::fmt::Display) {
        let _ = writeln!(self.err, "{}", folded(&lines.to_string(), self.err_width));
    }
}

/// The pager of `TWINSEAL_PAGER` or `PAGER`, or less; `None` if the variable is `cat`, as git has it.
fn pager(variables: &HashMap<String, OsString>) -> Option<OsString> {
    let named = ["TWINSEAL_PAGER", "PAGER"].into_iter().find_map(|name| variables.get(name).cloned());
    // -F ends at once if all fits, -R lets colours through, -X leaves the text on the screen.
    let pager = named.unwrap_or_else(|| "less -FRX".into());
    Some(pager).filter(|it| it != "cat")
}

/// Pipes a text through a pager, which a shell reads as git has it, to a terminal.
fn page(pager: &OsStr, folder: &Path, terminal: OwnedFd, text: &str) -> io::Result<()> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(pager).current_dir(folder).stdin(Stdio::piped()).stdout(terminal);
    // less shows the bytes of Chinese as codes where the locale is not installed, as often behind ssh.
    if std::env::var_os("LESSCHARSET").is_none() {
        shell.env("LESSCHARSET", "utf-8");
    }
    // A pager that fails may have shown nothing, and what was not shown must not be signed.
    if run_pager(shell, text)?.success() { Ok(()) } else { Err(io::ErrorKind::Other.into()) }
}

fn run_pager(mut shell: Command, text: &str) -> io::Result<ExitStatus> {
    let mut child = shell.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // The reader may leave before the end.
        let _ = writeln!(input, "{text}");
    }
    child.wait()
}

/// The width of a terminal, 80 if it says nothing; `None` if this is no terminal.
fn width(stream: &(impl IsTerminal + AsFd)) -> Option<u16> {
    stream.is_terminal().then(|| size(stream).map_or(80, |(width, _)| width))
}

/// The columns and lines of a terminal.
fn size(stream: &impl AsFd) -> Option<(u16, u16)> {
    terminal_size::terminal_size_of(stream).map(|(width, height)| (width.0, height.0))
}

fn current_folder() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "warning: the current directory cannot be read ({error}); use absolute paths");
        PathBuf::from(".")
    })
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::default().plus(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

struct NoTerminal;

impl Console for NoTerminal {
    fn is_interactive(&self) -> bool {
        false
    }

    fn can_ask_secret(&self) -> bool {
        false
    }

    fn ask(&mut self, _: &str) -> io::Result<String> {
        Ok(String::new())
    }

    fn secret(&mut self, _: &str) -> io::Result<Zeroizing<String>> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// A question and the space before its answer, which a full-width colon has already.
pub fn prompt(question: &str) -> String {
    if question.ends_with('：') { question.to_owned() } else { format!("{question} ") }
}

struct Terminal;

impl Console for Terminal {
    fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn can_ask_secret(&self) -> bool {
        std::fs::File::open("/dev/tty").is_ok()
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        // What was typed before the question is no answer to it. Not a terminal: there is nothing to drop.
        let _ = tcflush(io::stdin(), QueueSelector::IFlush);
        write!(io::stderr(), "{}", prompt(question))?;
        io::stderr().flush()?;
        let mut line = Vec::new();
        if io::stdin().lock().read_until(b'\n', &mut line)? == 0 {
            writeln!(io::stderr())?;
        }
        // Letters of another encoding are a wrong answer.
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    fn secret(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        let typed = rpassword::prompt_password(prompt(question));
        if typed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
            // Ctrl-C, which rpassword has raised again. It ends the program in another thread.
            std::thread::sleep(Duration::from_secs(1));
        }
        typed.map(Zeroizing::new)
    }
}
