//! The only door to the process: clock, randomness, variables, folder, terminal, output.

use std::collections::HashMap;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::domain::Time;

/// The variables that are read, and no others.
const VARIABLES: [&str; 11] = [
    "HOME",
    "LOGNAME",
    "NO_COLOR",
    "SSH_AUTH_SOCK",
    "TERM",
    "TWINSEAL_AS",
    "TWINSEAL_KEY",
    "TWINSEAL_REGISTER",
    "USER",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
];

/// How long to wait for others who write: they are done in some milliseconds each.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who can be asked.
pub trait Console {
    /// Whether anybody is there.
    fn is_there(&self) -> bool;
    /// Whether somebody can be asked for something that is not shown, even where standard input is a file.
    fn can_hide(&self) -> bool;
    /// Asks for a line; empty at the end of input.
    ///
    /// # Errors
    /// What the system says.
    fn ask(&mut self, question: &str) -> io::Result<String>;
    /// Asks for something that is not shown.
    ///
    /// # Errors
    /// What the system says.
    fn secret(&mut self, question: &str) -> io::Result<Zeroizing<String>>;
}

/// Fills bytes with randomness.
pub type Random = Box<dyn FnMut(&mut [u8]) -> io::Result<()>>;

/// Everything outside.
pub struct Env {
    /// The variables that are read.
    pub variables: HashMap<String, String>,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// What time it is.
    pub clock: Box<dyn Fn() -> Time>,
    /// Fills bytes with randomness.
    pub random: Random,
    /// The terminal.
    pub console: Box<dyn Console>,
    /// Standard input, for files given as `-`.
    pub input: Box<dyn io::Read>,
    /// Data goes here.
    pub out: Box<dyn Write>,
    /// Talk goes here.
    pub err: Box<dyn Write>,
    /// The width of the screen in columns; none where data goes into a pipe.
    pub width: Option<u16>,
    /// Whether data may be coloured.
    pub colour: bool,
    /// Whether progress may be shown.
    pub progress: bool,
    /// How long to wait for others who write.
    pub patience: Duration,
}

impl Env {
    /// The process as it is.
    ///
    /// # Errors
    /// Where there is no current folder.
    pub fn real() -> io::Result<Self> {
        let variables: HashMap<String, String> = VARIABLES
            .iter()
            .filter_map(|name| {
                Some((
                    (*name).to_owned(),
                    std::env::var_os(name).filter(|it| !it.is_empty())?.to_string_lossy().into_owned(),
                ))
            })
            .collect();
        let dumb = variables.get("TERM").is_none_or(|term| term == "dumb");
        let on_terminal = io::stdout().is_terminal();
        Ok(Self {
            colour: on_terminal && !dumb && !variables.contains_key("NO_COLOR"),
            width: on_terminal.then(|| terminal_size::terminal_size().map_or(80, |(width, _)| width.0)),
            progress: io::stderr().is_terminal() && !dumb,
            variables,
            patience: PATIENCE,
            folder: std::env::current_dir()?,
            clock: Box::new(now),
            random: Box::new(|bytes| getrandom::fill(bytes).map_err(io::Error::from)),
            console: Box::new(Terminal),
            input: Box::new(io::stdin()),
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
        })
    }

    /// A path as it was given, from the current folder; `~/` is the home folder.
    pub fn path(&self, given: &Path) -> PathBuf {
        match (given.strip_prefix("~"), self.variables.get("HOME")) {
            (Ok(rest), Some(home)) => Path::new(home).join(rest),
            _ => self.folder.join(given),
        }
    }

    /// The folder of this program under an XDG base folder, such as `XDG_STATE_HOME` or `~/.local/state`.
    pub fn xdg(&self, variable: &str, default: &str) -> PathBuf {
        let base = self.variables.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || self.path(Path::new("~")).join(default);
        base.unwrap_or_else(home).join("twinseal")
    }

    /// Whether there is an absolute home folder, or absolute folders in its stead.
    pub fn has_home(&self) -> bool {
        let absolute = |name: &str| self.variables.get(name).is_some_and(|path| Path::new(path).is_absolute());
        absolute("HOME") || (absolute("XDG_CONFIG_HOME") && absolute("XDG_STATE_HOME"))
    }

    /// What this account says that it is called.
    pub fn account(&self) -> &str {
        let named = ["LOGNAME", "USER"].into_iter().find_map(|name| self.variables.get(name));
        named.map_or("somebody", String::as_str)
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        (self.clock)()
    }

    /// Random bytes.
    ///
    /// # Errors
    /// Where the system has none to give.
    pub fn random<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        (self.random)(&mut bytes)?;
        Ok(bytes)
    }

    /// A line of data.
    ///
    /// # Errors
    /// What the system says.
    pub fn print(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// A line of talk. That nobody listens stops nothing.
    pub fn status(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.err, "{line}");
    }
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::default().plus(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The terminal of the process.
struct Terminal;

impl Console for Terminal {
    fn is_there(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn can_hide(&self) -> bool {
        std::fs::File::open("/dev/tty").is_ok()
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        write!(io::stderr(), "{question} ")?;
        io::stderr().flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            writeln!(io::stderr())?;
        }
        Ok(line.trim().to_owned())
    }

    fn secret(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        rpassword::prompt_password(format!("{question} ")).map(Zeroizing::new)
    }
}
