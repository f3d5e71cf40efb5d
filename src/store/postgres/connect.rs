//! A connection to the database, with settings that neither the server's configuration nor the role can weaken.
//!
//! A host that vanishes is noticed after [`SILENCE`], by keepalives and by what it does not acknowledge. A server that
//! is there and never answers is noticed while connecting, after the connect timeout of each address; afterwards by its
//! [`Silence`].

use std::cell::OnceCell;
use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use postgres::config::{SslMode, SslNegotiation};
use postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};

use super::address::{Address, AddressError, Host};
use super::error::{ConnectError, OLDEST, Why, brief};
use super::passfile::{self, Wanted};
use super::service;
use super::silence::{Plain, Silence};
use super::tls::{self, Tls};

/// After how long a host that does not answer to TCP is given up.
pub const SILENCE: Duration = Duration::from_secs(25);
/// When a quiet connection is probed, how often, and how many times: together [`SILENCE`].
const PROBE: (Duration, Duration, u32) = (Duration::from_secs(10), Duration::from_secs(5), 3);

/// What of the account and its environment a connection uses.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// The home directory.
    pub folder: PathBuf,
    /// The current directory, where relative paths start.
    pub current: PathBuf,
    /// `PGSERVICEFILE`.
    pub service_file: Option<PathBuf>,
    /// `PGPASSFILE`.
    pub pass_file: Option<PathBuf>,
    /// The login name, which is the user of the database unless the address names one.
    pub user: Option<String>,
    /// Whether a standby is preferred, because nothing is decided: `--replica`.
    pub replica: bool,
}

impl Home {
    /// Resolves a path of an address: `~/` is the home directory.
    pub fn path(&self, given: &Path) -> PathBuf {
        given.strip_prefix("~").map_or_else(|_| self.current.join(given), |rest| self.folder.join(rest))
    }
}

/// An open connection.
pub struct Connected {
    /// The connection.
    pub client: Client,
    /// Whether the server follows a primary.
    pub standby: bool,
    /// Whether transactions can only read, as on a standby or by the settings of the role.
    pub read_only: bool,
    /// The server, for messages.
    pub peer: String,
    /// What the server warns of.
    pub warnings: Warnings,
    /// Why no standby is used, if one was asked for.
    pub without_standby: Option<ConnectError>,
    /// How long it may be silent. Whoever uses the connection begins each call there.
    pub silence: Silence,
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected").field("standby", &self.standby).field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// The newest warning of a server. It warns if it stopped waiting for a standby after it had committed.
#[derive(Debug, Clone, Default)]
pub struct Warnings(Arc<Mutex<Option<String>>>);

impl Warnings {
    /// The warning, which is forgotten.
    pub fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, said: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(brief(said));
    }
}

/// One address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Peer {
    Network { host: String, address: IpAddr, port: u16 },
    Socket { folder: PathBuf, port: u16 },
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { host, address, port } if host.parse() == Ok(*address) => {
                SocketAddr::new(*address, *port).fmt(f)
            }
            Self::Network { host, address, port } => write!(f, "{host}:{port} ({address})"),
            Self::Socket { folder, port } => folder.join(format!(".s.PGSQL.{port}")).display().fmt(f),
        }
    }
}

/// Connects to the first of the servers that is no standby; with [`Home::replica`], to the first that is one, otherwise
/// to a primary.
///
/// # Errors
/// Why none does.
pub fn connect(address: &Address, home: &Home) -> Result<Connected, ConnectError> {
    let address = service::complete(address, home)?;
    let limit = address.connect_timeout();
    let attempt = Attempt { address: &address, home, silence: Silence::of(limit), tls: OnceCell::new() };
    let (mut failures, mut primary) = (Vec::new(), None);
    for (host, port) in address.places() {
        let peers = match resolve(&host, port, limit) {
            Ok(peers) => peers,
            Err(why) => {
                failures.push(ConnectError::Failed { peer: format!("{host}:{port}"), why });
                continue;
            }
        };
        for peer in peers {
            match attempt.connect((&host, port), &peer) {
                Ok(opened) if home.replica && !opened.standby => primary = primary.or(Some(opened)),
                Ok(opened) => return Ok(opened),
                Err(failure @ ConnectError::Failed { .. }) => failures.push(failure),
                Err(error) => return Err(error),
            }
        }
    }
    let failure = match failures.pop() {
        Some(only) if failures.is_empty() => Some(only),
        last => last.map(|last| ConnectError::All(failures.into_iter().chain([last]).collect())),
    };
    match primary {
        Some(primary) => Ok(Connected { without_standby: failure, ..primary }),
        None => Err(failure.unwrap_or(ConnectError::All(Vec::new()))),
    }
}

/// What the connections to all hosts of an address share.
struct Attempt<'a> {
    address: &'a Address,
    home: &'a Home,
    silence: Silence,
    /// Made when the first host needs it.
    tls: OnceCell<Tls>,
}

impl Attempt<'_> {
    /// Connects to one address of a host.
    ///
    /// # Errors
    /// [`ConnectError::Failed`] if another one may do. The others concern all of them.
    fn connect(&self, (host, port): (&Host, u16), peer: &Peer) -> Result<Connected, ConnectError> {
        let Self { address, home, silence, .. } = self;
        let user = address.user().or(home.user.as_deref()).ok_or(ConnectError::NoUser)?;
        let database = address.database().ok_or(AddressError::NoDatabase)?;
        let limit = address.connect_timeout();
        let way = match peer {
            Peer::Socket { .. } => Way::Socket,
            Peer::Network { address: connected, .. } if tls::is_needed(*connected, address) => {
                Way::Encrypted(self.tls().map_err(ConnectError::Certificates)?)
            }
            Peer::Network { .. } => Way::Plain(Plain(silence.clone())),
        };
        let name = if let Host::Name(name) = host { name } else { "localhost" };
        let wanted = Wanted { host: name, port, database, user };
        let password = passfile::password(home, wanted)?;
        let mut config = config(peer, limit);
        config.user(user).dbname(database);
        if let Some(password) = password {
            config.password(password.as_bytes());
        }
        let warnings = Warnings::default();
        let put = warnings.clone();
        config.notice_callback(move |notice| put.put(notice.message()));
        let opened = open(config, way, limit).and_then(|(client, state)| match state.standby && !home.replica {
            true => Err(Why::Standby),
            false => Ok((client, state)),
        });
        let (client, State { standby, read_only }) = opened.map_err(|why| {
            let why = if let Why::NoPassword { .. } = why { Why::NoPassword { line: wanted.line() } } else { why };
            ConnectError::Failed { peer: peer.to_string(), why }
        })?;
        let (peer, silence) = (peer.to_string(), silence.clone());
        Ok(Connected { client, standby, read_only, peer, warnings, without_standby: None, silence })
    }

    fn tls(&self) -> Result<Tls, String> {
        if let Some(made) = self.tls.get() {
            return Ok(made.clone());
        }
        let made = Tls::of(self.address, self.home, &self.silence)?;
        Ok(self.tls.get_or_init(|| made).clone())
    }
}

/// The addresses of a host.
fn resolve(host: &Host, port: u16, limit: Duration) -> Result<Vec<Peer>, Why> {
    let name = match host {
        Host::Socket(folder) => return Ok(vec![Peer::Socket { folder: folder.clone(), port }]),
        Host::Name(name) => name.clone(),
    };
    let asked = name.clone();
    let found = within(limit, move || (asked.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>))?;
    let mut addresses: Vec<IpAddr> = found.map_err(|_| Why::NoSuchHost)?.iter().map(SocketAddr::ip).collect();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(Why::NoSuchHost);
    }
    Ok(addresses.into_iter().map(|address| Peer::Network { host: name.clone(), address, port }).collect())
}

/// Runs work on a thread of its own, because neither the resolver nor the library takes a limit for the whole of it.
/// The thread of work that is given up ends with the process.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Why> {
    let (done, result) = channel();
    let begun = std::thread::Builder::new().spawn(move || done.send(work()));
    begun.map_err(|error| Why::Network(error.to_string()))?;
    result.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => Why::Timeout { seconds: limit.as_secs() },
        RecvTimeoutError::Disconnected => Why::Closed,
    })
}

fn config(peer: &Peer, limit: Duration) -> Config {
    let mut config = Config::new();
    let (idle, interval, times) = PROBE;
    config.application_name("twinseal").connect_timeout(limit).tcp_user_timeout(SILENCE);
    config.keepalives_idle(idle).keepalives_interval(interval).keepalives_retries(times);
    match peer {
        Peer::Network { host, address, port } => config.host(host).hostaddr(*address).port(*port),
        Peer::Socket { folder, port } => config.host_path(folder).port(*port),
    };
    config
}

/// What a server says of itself.
struct State {
    standby: bool,
    read_only: bool,
}

/// How to speak with a server on an open connection.
enum Way {
    Encrypted(Tls),
    Plain(Plain),
    Socket,
}

fn open(mut config: Config, way: Way, limit: Duration) -> Result<(Client, State), Why> {
    let seconds = limit.as_secs();
    let opened = within(limit, move || {
        let mut client = match way {
            Way::Encrypted(tls) => config.ssl_mode(SslMode::Require).connect(tls),
            Way::Plain(plain) => {
                config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct).connect(plain)
            }
            Way::Socket => config.ssl_mode(SslMode::Disable).connect(NoTls),
        }?;
        let answer = client.simple_query(SETTINGS)?;
        Ok((client, answer))
    })?;
    let (client, answer) = opened.map_err(|error: postgres::Error| Why::of(&error, seconds))?;
    Ok((client, state(&answer)?))
}

/// One message: it sets what a role or a database could have set otherwise, and asks what the server is. The first statement
/// holds when the second is read, so that its functions are those of PostgreSQL.
///
/// `row_security` is off, so that a policy that hides rows is an error.
const SETTINGS: &str = "SET search_path = pg_catalog;
    SELECT pg_catalog.pg_is_in_recovery(), current_setting('server_version_num'), current_setting('transaction_read_only'),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
        set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false),
        set_config('client_min_messages', 'warning', false), set_config('row_security', 'off', false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('quote_all_identifiers', 'off', false), set_config('idle_in_transaction_session_timeout', '0', false),
        set_config('bytea_output', 'hex', false), set_config('standard_conforming_strings', 'on', false)";

fn state(answer: &[SimpleQueryMessage]) -> Result<State, Why> {
    let row = answer.iter().find_map(|it| if let SimpleQueryMessage::Row(row) = it { Some(row) } else { None });
    let word = |at| row.and_then(|row: &SimpleQueryRow| row.try_get(at).ok().flatten());
    let flag = |at, yes: &str, no: &str| match word(at) {
        Some(it) if it == yes => Some(true),
        Some(it) if it == no => Some(false),
        _ => None,
    };
    let told = || {
        let version: u32 = word(1)?.parse().ok()?;
        Some((version / 10_000, State { standby: flag(0, "t", "f")?, read_only: flag(2, "on", "off")? }))
    };
    match told() {
        None => Err(Why::NotPostgres(crate::tr!("no settings", "没有返回设置").to_owned())),
        Some((found, _)) if found < OLDEST => Err(Why::Old { found }),
        Some((_, state)) => Ok(state),
    }
}
