//! Where a register on PostgreSQL is: the URL of `--register`.
//!
//! No error repeats a part of the URL other than a key, because anything else may be a password in the wrong place.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::percent::{decoded, encoded};
use crate::domain::{RegisterId, RegisterName, is_forbidden};
use crate::{tr, trf};

/// The most bytes of a URL.
const MAX_URL: usize = 2000;
/// The most bytes of a name in PostgreSQL, which silently cuts a longer one.
const MAX_NAME: usize = 63;
/// The port of PostgreSQL.
const PORT: u16 = 5432;
/// The folder of the Unix socket, as Debian and Red Hat build PostgreSQL.
const SOCKETS: &str = "/var/run/postgresql";
/// How long to wait for each address of a server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The keys of a URL and of a service.
const KEYS: [&str; 11] = [
    "register",
    "service",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "connect_timeout",
    "host",
    "port",
    "user",
    "dbname",
];

/// Why a URL, or a service, does not say where a register is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another beginning, such as `postgres:/`.
    #[error("{}", tr!("the address of a database begins with postgres:// or postgresql://", "数据库地址以 postgres:// 或 postgresql:// 开头"))]
    Scheme,
    /// Longer than any address needs.
    #[error("{}", trf!("the address is longer than {MAX_URL} bytes", "地址超过 {MAX_URL} 字节"))]
    Long,
    /// Characters that a terminal does not show as they are.
    #[error("{}", tr!("the address has control characters or invisible characters", "地址含有控制字符或不可见字符"))]
    Forbidden,
    /// A `%` without two hexadecimal digits, or bytes that are no UTF-8.
    #[error("{}", tr!("the address has a % that is not followed by two hexadecimal digits of UTF-8 text", "地址中的 % 之后不是表示 UTF-8 文本的两位十六进制数字"))]
    Encoding,
    /// A password, which would stay in the shell's history and in the list of processes.
    #[error("{}", tr!("a password does not belong in the address: use ~/.pgpass, peer authentication or a client certificate", "地址中不应含有密码：请使用 ~/.pgpass、peer 认证或客户端证书"))]
    Password,
    /// An `@` behind the hosts, perhaps in a password that holds a `/`.
    #[error("{}", tr!("write an @ in a name as %40; a password does not belong in the address", "名称中的 @ 请写作 %40；地址中不应含有密码"))]
    At,
    /// A host that is neither a name, an address nor an absolute path.
    #[error("{}", tr!("a host must be a name, an IPv4 address, an IPv6 address in brackets, or the absolute path of a socket's folder", "主机必须是名称、IPv4 地址、方括号中的 IPv6 地址，或套接字所在目录的绝对路径"))]
    Host,
    /// No port.
    #[error("{}", tr!("a port must be a number from 1 to 65535", "端口必须是 1 至 65535 的数字"))]
    Port,
    /// A number of ports that does not fit the hosts.
    #[error("{}", tr!("give one port for all hosts, or one for each", "请为所有主机指定一个端口，或为每台主机各指定一个"))]
    Ports,
    /// A name that PostgreSQL would cut, or none.
    #[error("{}", trf!("{key} must be 1 to {MAX_NAME} bytes long", "{key} 的长度必须为 1 至 {MAX_NAME} 字节"))]
    Name {
        /// The key.
        key: &'static str,
    },
    /// No name of a register.
    #[error("{}", tr!("register must be the name of a register, such as prod, or its id", "register 必须是变更台账的名称（如 prod）或其标识"))]
    Register,
    /// A new place for a register, named after another one.
    #[error("{}", tr!("register names another register than the one that is put there", "register 指的不是要放到那里的变更台账"))]
    OtherRegister,
    /// No path.
    #[error("{}", trf!("{key} must be the path of a file", "{key} 必须是文件路径"))]
    File {
        /// The key.
        key: &'static str,
    },
    /// No number of seconds.
    #[error("{}", tr!("connect_timeout must be a whole number of seconds from 1 to 600", "connect_timeout 必须是 1 至 600 的整数（秒）"))]
    Timeout,
    /// Weaker TLS.
    #[error("{}", tr!("sslmode can only be verify-full: TLS and the name of the server are always checked", "sslmode 只能是 verify-full：始终使用 TLS 并核对服务器名称"))]
    SslMode,
    /// The name by which twinseal tells a server who is connected.
    #[error("{}", tr!("application_name cannot be set: it is always twinseal", "不能设置 application_name：它始终为 twinseal"))]
    ApplicationName,
    /// A key that is not known.
    #[error("{}", trf!("unknown key {key}; known: {}", "未知的键 {key}；可用：{}", KEYS.join(", ")))]
    Unknown {
        /// The key.
        key: String,
    },
    /// No `key=value`.
    #[error("{}", tr!("what follows the ? must be key=value, joined by &", "? 之后必须是以 & 连接的 key=value"))]
    NoKey,
    /// The same key in two places.
    #[error("{}", trf!("{key} is given twice", "{key} 给出了两次"))]
    Twice {
        /// The key.
        key: &'static str,
    },
    /// No database, which libpq would take from the name of the user.
    #[error("{}", tr!("the address names no database: postgres://host/database", "地址未指明数据库：postgres://主机/数据库"))]
    NoDatabase,
    /// One of two files that belong together.
    #[error("{}", tr!("sslcert and sslkey belong together", "sslcert 与 sslkey 必须同时给出"))]
    HalfCertificate,
}

/// A host of a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// A name or an address of the network.
    Name(String),
    /// The folder of a Unix socket.
    Socket(PathBuf),
}

impl FromStr for Host {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = address.parse::<std::net::Ipv6Addr>() {
            return Ok(Self::Name(address.to_string()));
        }
        if Path::new(text).is_absolute() {
            return Ok(Self::Socket(text.into()));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let name = !text.is_empty() && text.len() <= 253 && text.chars().all(plain) && !text.starts_with('-');
        if name { Ok(Self::Name(text.to_ascii_lowercase())) } else { Err(AddressError::Host) }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) if name.contains(':') => write!(f, "[{name}]"),
            Self::Name(name) => f.write_str(name),
            Self::Socket(folder) => f.write_str(&encoded(&folder.to_string_lossy())),
        }
    }
}

/// Where a register on PostgreSQL is. Nothing in it is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    hosts: Vec<Host>,
    /// As many as hosts, or none; one without hosts.
    ports: Vec<u16>,
    user: Option<String>,
    database: Option<String>,
    register: Option<String>,
    service: Option<String>,
    authorities: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    connect_timeout: Option<u64>,
}

impl Address {
    /// Whether these words are meant as such a URL, and not as the name or the path of a file.
    pub fn is(text: &str) -> bool {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        scheme.is_some_and(|it| ["postgres", "postgresql"].contains(&it.as_str()))
    }

    /// The hosts and their ports, in the order in which to try them.
    pub fn places(&self) -> Vec<(Host, u16)> {
        let port = |at: usize| self.ports.get(at).copied().unwrap_or(PORT);
        match self.hosts.is_empty() {
            true => vec![(Host::Socket(SOCKETS.into()), port(0))],
            false => self.hosts.iter().cloned().enumerate().map(|(at, host)| (host, port(at))).collect(),
        }
    }

    /// The user of the database, if one is named.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The database, if one is named.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The register of the database, by name or id, if one is named.
    pub fn register(&self) -> Option<&str> {
        self.register.as_deref()
    }

    /// The same address of a register of the database.
    pub fn with_register(&self, register: &str) -> Self {
        Self { register: Some(register.to_owned()), ..self.clone() }
    }

    /// The same address without what belongs to one account: the role, and its files.
    ///
    /// [`Address::needs_authorities`] says whether theirs needs a file too.
    pub fn for_others(&self) -> Self {
        Self { user: None, authorities: None, certificate: None, key: None, ..self.clone() }
    }

    /// The same address with the paths of its files resolved.
    pub fn resolved(self, path: impl Fn(&Path) -> PathBuf) -> Self {
        let resolved = |file: Option<PathBuf>| file.map(|it| path(&it));
        let (authorities, certificate) = (resolved(self.authorities), resolved(self.certificate));
        Self { authorities, certificate, key: resolved(self.key), ..self }
    }

    /// The service of `pg_service.conf` that says the rest.
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// The file of the only certificate authorities to trust; without one, those of the host.
    pub fn authorities(&self) -> Option<&Path> {
        self.authorities.as_deref()
    }

    /// The files of the client's certificate and key.
    pub fn certificate(&self) -> Option<(&Path, &Path)> {
        self.certificate.as_deref().zip(self.key.as_deref())
    }

    /// How long to wait for each address of a server.
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout.map_or(CONNECT_TIMEOUT, Duration::from_secs)
    }

    /// Whether both name the same register of the same database, whoever connects. Both must be complete.
    pub fn same_register(&self, other: &Self) -> bool {
        self.same_database(other) && self.register == other.register
    }

    fn same_database(&self, other: &Self) -> bool {
        let places = |it: &Self| it.places().into_iter().collect::<BTreeSet<_>>();
        places(self) == places(other) && (&self.database, &self.service) == (&other.database, &other.service)
    }

    /// Whether the server's certificate is trusted by a file alone, of which everybody needs a copy.
    pub fn needs_authorities(&self) -> bool {
        self.authorities.is_some()
    }

    /// Whether this leads to a register at its complete address: this names the database, and the register by its id, by
    /// its name, or not at all.
    pub fn leads_to(&self, register: &Self) -> bool {
        let id = register.register();
        let named = self.register();
        let name = id.and_then(|id| id.split('#').next());
        (named.is_none() || named == id || named == name)
            && self.same_register(&Self { register: self.register.clone(), ..register.clone() })
    }

    /// The same address with what the URL leaves open taken from the settings of its service.
    ///
    /// # Errors
    /// [`AddressError::Ports`], [`AddressError::NoDatabase`], [`AddressError::HalfCertificate`].
    pub fn complete(self, service: Self) -> Result<Self, AddressError> {
        let either = |ours: Vec<Host>, theirs| if ours.is_empty() { theirs } else { ours };
        let whole = Self {
            hosts: either(self.hosts, service.hosts),
            ports: if self.ports.is_empty() { service.ports } else { self.ports },
            user: self.user.or(service.user),
            database: self.database.or(service.database),
            register: self.register.or(service.register),
            service: None,
            authorities: self.authorities.or(service.authorities),
            certificate: self.certificate.or(service.certificate),
            key: self.key.or(service.key),
            connect_timeout: self.connect_timeout.or(service.connect_timeout),
        };
        whole.checked()
    }

    /// Gives each host its port, and refuses an address that leaves open what no service says.
    fn checked(mut self) -> Result<Self, AddressError> {
        let hosts = self.hosts.len();
        match self.ports.len() {
            0 => {}
            1 => self.ports = vec![self.ports[0]; hosts.max(1)],
            ports if ports == hosts => {}
            _ if hosts == 0 && self.service.is_some() => {}
            _ => return Err(AddressError::Ports),
        }
        if self.service.is_some() {
            return Ok(self);
        }
        if self.database.is_none() {
            return Err(AddressError::NoDatabase);
        }
        if self.certificate.is_some() != self.key.is_some() {
            return Err(AddressError::HalfCertificate);
        }
        Ok(self)
    }

    /// Takes one word of a URL or of a service, decoded.
    ///
    /// # Errors
    /// The word is refused; no value is in the error.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), AddressError> {
        if value.contains(is_forbidden) {
            return Err(AddressError::Forbidden);
        }
        match key {
            "password" | "sslpassword" => return Err(AddressError::Password),
            "application_name" => return Err(AddressError::ApplicationName),
            "sslmode" if value == "verify-full" => {}
            "sslmode" => return Err(AddressError::SslMode),
            "host" => put_list(&mut self.hosts, "host", value)?,
            "port" => self.set_ports(value)?,
            "user" => put(&mut self.user, "user", name("user", value)?)?,
            "dbname" => put(&mut self.database, "dbname", name("dbname", value)?)?,
            "service" => put(&mut self.service, "service", name("service", value)?)?,
            "register" => put(&mut self.register, "register", register(value)?)?,
            // The word of libpq for the host's own.
            "sslrootcert" if value == "system" => {}
            "sslrootcert" => put(&mut self.authorities, "sslrootcert", file("sslrootcert", value)?)?,
            "sslcert" => put(&mut self.certificate, "sslcert", file("sslcert", value)?)?,
            "sslkey" => put(&mut self.key, "sslkey", file("sslkey", value)?)?,
            "connect_timeout" => put(&mut self.connect_timeout, "connect_timeout", seconds(value)?)?,
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    fn set_ports(&mut self, value: &str) -> Result<(), AddressError> {
        if !self.ports.is_empty() {
            return Err(AddressError::Twice { key: "port" });
        }
        self.ports = value.split(',').map(port).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Takes what stands between `//` and the next `/`.
    fn set_authority(&mut self, authority: &str) -> Result<(), AddressError> {
        let (user, hosts) = authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));
        if let Some(user) = user {
            if user.contains(':') {
                return Err(AddressError::Password);
            }
            self.set("user", &decoded(user)?)?;
        }
        if hosts.is_empty() {
            return Ok(());
        }
        let mut ports = Vec::new();
        for place in hosts.split(',') {
            // The colons of an IPv6 address stand in brackets.
            let (host, given) = match place.rsplit_once(':') {
                Some((host, given)) if !given.contains(']') => (host, Some(given)),
                _ => (place, None),
            };
            if host.contains(':') && !host.starts_with('[') {
                return Err(AddressError::Host);
            }
            self.hosts.push(decoded(host)?.parse()?);
            ports.push(given.map(port).transpose()?);
        }
        if ports.iter().any(Option::is_some) {
            self.ports = ports.into_iter().map(|it| it.unwrap_or(PORT)).collect();
        }
        Ok(())
    }
}

fn put<T>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), AddressError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(AddressError::Twice { key }),
    }
}

fn put_list(hosts: &mut Vec<Host>, key: &'static str, value: &str) -> Result<(), AddressError> {
    if !hosts.is_empty() {
        return Err(AddressError::Twice { key });
    }
    *hosts = value.split(',').map(str::parse).collect::<Result<_, _>>()?;
    Ok(())
}

fn port(text: &str) -> Result<u16, AddressError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0).ok_or(AddressError::Port)
}

fn name(key: &'static str, value: &str) -> Result<String, AddressError> {
    if (1..=MAX_NAME).contains(&value.len()) { Ok(value.to_owned()) } else { Err(AddressError::Name { key }) }
}

fn register(value: &str) -> Result<String, AddressError> {
    let known = value.parse::<RegisterName>().is_ok() || value.parse::<RegisterId>().is_ok();
    if known { Ok(value.to_owned()) } else { Err(AddressError::Register) }
}

fn file(key: &'static str, value: &str) -> Result<PathBuf, AddressError> {
    if value.is_empty() { Err(AddressError::File { key }) } else { Ok(value.into()) }
}

fn seconds(value: &str) -> Result<u64, AddressError> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|it| digits && (1..=600).contains(it)).ok_or(AddressError::Timeout)
}

/// Repeats only what can be a key.
fn unknown(key: &str) -> AddressError {
    let word = (1..=32).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if word { AddressError::Unknown { key: key.to_owned() } } else { AddressError::NoKey }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_URL {
            return Err(AddressError::Long);
        }
        if text.contains(is_forbidden) {
            return Err(AddressError::Forbidden);
        }
        let rest = text.split_once("://").filter(|_| Self::is(text)).map(|(_, rest)| rest);
        let rest = rest.ok_or(AddressError::Scheme)?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if rest.contains('@') {
            return Err(AddressError::At);
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut address = Self::default();
        address.set_authority(authority)?;
        let database = path.strip_prefix('/').unwrap_or_default();
        if !database.is_empty() {
            address.set("dbname", &decoded(database)?)?;
        }
        for word in query.split('&').filter(|_| !query.is_empty()) {
            let (key, value) = word.split_once('=').ok_or(AddressError::NoKey)?;
            address.set(&decoded(key)?, &decoded(value)?)?;
        }
        address.checked()
    }
}

impl fmt::Display for Address {
    /// Writes the one form that all spellings of an address share.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = &self.user {
            write!(f, "{}@", encoded(user))?;
        }
        let place = |(at, host): (usize, &Host)| match self.ports.get(at) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        f.write_str(&self.hosts.iter().enumerate().map(place).collect::<Vec<_>>().join(","))?;
        write!(f, "/{}", self.database.as_deref().map(encoded).unwrap_or_default())?;
        let ports = self.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let ports = Some(ports).filter(|it| self.hosts.is_empty() && !it.is_empty());
        let path = |path: &Option<PathBuf>| path.as_ref().map(|it| it.to_string_lossy().into_owned());
        let words = [
            ("port", ports),
            ("register", self.register.clone()),
            ("service", self.service.clone()),
            ("sslrootcert", path(&self.authorities)),
            ("sslcert", path(&self.certificate)),
            ("sslkey", path(&self.key)),
            ("connect_timeout", self.connect_timeout.map(|it| it.to_string())),
        ];
        let given = words.iter().filter_map(|(key, value)| Some(format!("{key}={}", encoded(value.as_ref()?))));
        let query = given.collect::<Vec<_>>().join("&");
        if query.is_empty() { Ok(()) } else { write!(f, "?{query}") }
    }
}
