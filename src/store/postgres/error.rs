//! Why there is no connection to the database, and what to do next.
//!
//! The words of a server are hostile: they are cut, and whoever prints them escapes what controls a terminal.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use postgres::error::SqlState;
use rustls::CertificateError;

use super::address::AddressError;
use crate::private::PrivateError;
use crate::{tls, tr, trf};

/// The most bytes that are kept of what a server says.
const MAX_SAID: usize = 300;

/// The oldest version of PostgreSQL that twinseal works with.
pub const OLDEST: u32 = 14;

/// Why there is no connection to the database.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address says too little, or what it must not say.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A line of `pg_service.conf`.
    #[error("{}", service_line(.path, *.line, .why.as_ref()))]
    Service {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why it is refused; `None` if it is no `key=value`.
        why: Option<AddressError>,
    },
    /// No file has a service of this name.
    #[error("{}", trf!("no service {name} in {}", "{} 中没有服务 {name}", joined(.files.iter().map(|it| it.display()))))]
    NoService {
        /// The service.
        name: String,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A file of this account that cannot be trusted or read.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// A file of certificates or of a key that cannot be used.
    #[error("{}", trf!("no TLS: {}", "无法使用 TLS：{}", .0))]
    Certificates(String),
    /// Neither the address nor the environment names a user.
    #[error("{}", tr!("no user of the database is named: postgres://user@host/database", "未指明数据库用户：postgres://用户@主机/数据库"))]
    NoUser,
    /// A server was asked, and there is no connection.
    #[error("{}", trf!("cannot connect to {peer}: {why}", "无法连接 {peer}：{why}"))]
    Failed {
        /// The server, by host, port and address.
        peer: String,
        /// Why.
        why: Why,
    },
    /// Several servers were asked.
    #[error("{}", joined(.0.iter()))]
    All(Vec<ConnectError>),
}

fn joined<T: ToString>(list: impl Iterator<Item = T>) -> String {
    list.map(|it| it.to_string()).collect::<Vec<_>>().join(tr!("; ", "；"))
}

fn service_line(path: &Path, line: usize, why: Option<&AddressError>) -> String {
    let path = path.display();
    match why {
        Some(why) => trf!("{path}, line {line}: {why}", "{path} 第 {line} 行：{why}"),
        None => trf!("{path}, line {line}: not key=value", "{path} 第 {line} 行：不是 key=value"),
    }
}

impl ConnectError {
    /// A line of a service that is wrong.
    pub fn service(path: &Path, line: usize, why: Option<AddressError>) -> Self {
        Self::Service { path: path.to_owned(), line, why }
    }

    /// What to do next, where the error itself does not say.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Address(AddressError::OtherRegister) => Some(
                tr!(
                    "leave register= out of the address: the register keeps its name and id",
                    "请从地址中去掉 register=：该变更台账保留其名称和标识"
                )
                .to_owned(),
            ),
            Self::Private(PrivateError::Readable { path, .. }) => Some(format!("chmod 600 {}", path.display())),
            Self::Failed { why, .. } => Some(why.hint()),
            Self::All(all) => all.iter().find_map(Self::hint),
            _ => None,
        }
    }
}

/// Why a server gave no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Its name has no address.
    #[error("{}", tr!("no such host", "没有该主机"))]
    NoSuchHost,
    /// Nobody listens.
    #[error("{}", tr!("the connection is refused", "连接被拒绝"))]
    Refused,
    /// There is no such socket.
    #[error("{}", tr!("there is no such socket", "没有该套接字"))]
    NoSocket,
    /// Another error of the network.
    #[error("{}", .0)]
    Network(String),
    /// No answer in time.
    #[error("{}", trf!("no answer within {seconds} s", "{seconds} 秒内没有应答"))]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// It ended the connection.
    #[error("{}", tr!("the server closed the connection", "服务器关闭了连接"))]
    Closed,
    /// TLS is required, and it offers none.
    #[error("{}", tr!("TLS is required, and the server does not offer it", "必须使用 TLS，而服务器不提供"))]
    NoTls,
    /// Nobody whom this side trusts vouches for its certificate.
    #[error("{}", trf!("its certificate is not trusted: {}", "其证书不受信任：{}", .0))]
    NotTrusted(String),
    /// Its certificate is marked as that of an authority, and it shows it as its own.
    #[error("{}", tr!("its certificate is a CA certificate (CA:TRUE), which a server cannot use", "其证书是证书颁发机构的证书（CA:TRUE），不能用作服务器证书"))]
    OfAuthority,
    /// Its certificate is for other names.
    #[error("{}", trf!("its certificate is for another name: {}", "其证书属于其他名称：{}", .0))]
    WrongName(String),
    /// Another fault of TLS.
    #[error("{}", trf!("TLS failed: {}", "TLS 失败：{}", .0))]
    Tls(String),
    /// It does not believe who this is.
    #[error("{}", trf!("authentication failed: {}", "认证失败：{}", .0))]
    Authentication(String),
    /// It asks for a password, and none is known.
    #[error("{}", tr!("the server asks for a password, and none fits in ~/.pgpass", "服务器要求密码，而 ~/.pgpass 中没有匹配的密码"))]
    NoPassword {
        /// The line of `~/.pgpass` that would fit.
        line: String,
    },
    /// The database does not exist.
    #[error("{}", trf!("no such database: {}", "没有该数据库：{}", .0))]
    NoDatabase(String),
    /// It is starting up or shutting down.
    #[error("{}", trf!("the server is starting up or shutting down: {}", "服务器正在启动或关闭：{}", .0))]
    Starting(String),
    /// It has no room for another connection.
    #[error("{}", trf!("the server has too many connections: {}", "服务器连接数过多：{}", .0))]
    Full(String),
    /// It follows a primary, where one is needed.
    #[error("{}", tr!("it is a standby, which may only be read", "它是备库，只能读取"))]
    Standby,
    /// A version that lacks what twinseal needs.
    #[error("{}", trf!("it is PostgreSQL {found}: at least {OLDEST} is required", "它是 PostgreSQL {found}：至少需要 {OLDEST}"))]
    Old {
        /// The major version.
        found: u32,
    },
    /// Another error of the server.
    #[error("{}", trf!("the server says: {}", "服务器返回：{}", .0))]
    Server(String),
    /// Answers that no PostgreSQL gives.
    #[error("{}", trf!("it does not answer as PostgreSQL does: {}", "其应答与 PostgreSQL 不符：{}", .0))]
    NotPostgres(String),
}

impl Why {
    fn hint(&self) -> String {
        let hint = match self {
            Self::NoSuchHost => tr!("check the host in the address", "请检查地址中的主机"),
            Self::Refused | Self::NoSocket => {
                tr!("check the host and port, and that the server runs", "请检查主机和端口，并确认服务器正在运行")
            }
            Self::Network(_) | Self::Timeout { .. } | Self::Closed => {
                tr!("check the network and the server, then try again", "请检查网络和服务器，然后重试")
            }
            Self::NoTls => tr!(
                "ask the server's administrator to set ssl = on and a certificate",
                "请数据库管理员设置 ssl = on 和证书"
            ),
            Self::NotTrusted(_) => tr!(
                "if it has expired, ask the server's administrator for a new one; otherwise sslrootcert=FILE must name the authority \
                 that signed it",
                "如果证书已过期，请联系数据库管理员更换；否则 sslrootcert=文件 必须是签发该证书的机构"
            ),
            Self::OfAuthority => tr!(
                "ask the server's administrator for a certificate with CA:FALSE; with openssl req -x509 that is -addext \
                 basicConstraints=critical,CA:FALSE",
                "请数据库管理员换用 CA:FALSE 的证书；使用 openssl req -x509 时须加 -addext basicConstraints=critical,CA:FALSE"
            ),
            Self::WrongName(_) => {
                tr!("connect by a name that its certificate has", "请使用其证书所含的名称进行连接")
            }
            Self::Tls(_) => tr!(
                "check that the port is PostgreSQL's, and its versions of TLS",
                "请确认该端口属于 PostgreSQL，并检查其 TLS 版本"
            ),
            Self::Authentication(_) => tr!(
                "check the user, the password in ~/.pgpass or the client certificate, and the server's pg_hba.conf",
                "请检查用户、~/.pgpass 中的密码或客户端证书，以及服务器的 pg_hba.conf"
            ),
            Self::NoPassword { line } => {
                return trf!(
                    "add the line {line} to ~/.pgpass, then chmod 600 ~/.pgpass",
                    "请在 ~/.pgpass 中添加一行 {line}，然后执行 chmod 600 ~/.pgpass"
                );
            }
            Self::NoDatabase(_) => tr!("check the database in the address", "请检查地址中的数据库"),
            Self::Starting(_) => tr!("try again in a moment", "请稍后重试"),
            Self::Full(_) => {
                tr!("try again in a moment, or raise max_connections", "请稍后重试，或提高 max_connections")
            }
            Self::Standby => tr!(
                "name the primary in the address; to read only: --replica",
                "请在地址中给出主库；若只读取：--replica"
            ),
            Self::Old { .. } => tr!("upgrade the server", "请升级服务器"),
            Self::Server(_) | Self::NotPostgres(_) => {
                tr!("ask the server's administrator", "请联系数据库管理员")
            }
        };
        hint.to_owned()
    }

    /// What an error of the library means while connecting.
    pub fn of(error: &postgres::Error, seconds: u64) -> Self {
        if let Some(said) = error.as_db_error() {
            return Self::of_server(said.code(), said.message());
        }
        if let Some(fault) = tls::fault(error) {
            return Self::of_tls(fault);
        }
        let source = error.source();
        if let Some(fault) = source.and_then(|it| it.downcast_ref::<io::Error>()) {
            return Self::of_network(fault, seconds);
        }
        // The library gives these apart by their words only; tests see them come from a server.
        let said = source.map(ToString::to_string).unwrap_or_default();
        match said.as_str() {
            "server does not support TLS" => Self::NoTls,
            "password missing" => Self::NoPassword { line: String::new() },
            _ if error.is_closed() => Self::Closed,
            _ if error.to_string() == "authentication error" => Self::Authentication(brief(&said)),
            _ => Self::NotPostgres(brief(&format!("{error}: {said}"))),
        }
    }

    /// What an error of the network means.
    pub fn of_network(error: &io::Error, seconds: u64) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::NotFound => Self::NoSocket,
            io::ErrorKind::TimedOut => Self::Timeout { seconds },
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Closed,
            // An error of the system has a number; one without comes from reading messages.
            _ if error.raw_os_error().is_none() => Self::NotPostgres(brief(&error.to_string())),
            _ => Self::Network(brief(without_number(&error.to_string()))),
        }
    }

    fn of_tls(fault: &rustls::Error) -> Self {
        let said = brief(&fault.to_string());
        match fault {
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Self::WrongName(said),
            rustls::Error::InvalidCertificate(CertificateError::Other(other))
                if other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity) =>
            {
                Self::OfAuthority
            }
            rustls::Error::InvalidCertificate(_) => Self::NotTrusted(said),
            _ => Self::Tls(said),
        }
    }

    fn of_server(code: &SqlState, message: &str) -> Self {
        let said = brief(message);
        match code.code() {
            "28P01" | "28000" => Self::Authentication(said),
            "3D000" => Self::NoDatabase(said),
            "57P01" | "57P02" | "57P03" => Self::Starting(said),
            "53300" => Self::Full(said),
            _ => Self::Server(said),
        }
    }
}

/// What the system says, without the number of its error.
fn without_number(said: &str) -> &str {
    said.rsplit_once(" (os error ").map_or(said, |(said, _)| said)
}

/// The beginning of what a server says.
pub fn brief(said: &str) -> String {
    said[..said.floor_char_boundary(MAX_SAID)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_says_more_than_a_few_lines() {
        let said = "台".repeat(1000);
        assert_eq!(brief(&said).len(), 300);
        assert_eq!(brief(&format!("a{said}")).len(), 298);
        assert_eq!(brief("short"), "short");
    }

    #[test]
    fn each_refusal_of_a_server_has_its_own_meaning() {
        let why = |code: &str| Why::of_server(&SqlState::from_code(code), "x");
        let x = || "x".to_owned();
        assert_eq!(why("28P01"), Why::Authentication(x()));
        assert_eq!(why("28000"), Why::Authentication(x()));
        assert_eq!(why("3D000"), Why::NoDatabase(x()));
        assert_eq!(why("57P03"), Why::Starting(x()));
        assert_eq!(why("57P01"), Why::Starting(x()));
        assert_eq!(why("53300"), Why::Full(x()));
        assert_eq!(why("XX000"), Why::Server(x()));
    }

    #[test]
    fn a_wrong_name_is_told_apart_from_a_certificate_that_nobody_vouches_for() {
        let of = |fault| Why::of_tls(&rustls::Error::InvalidCertificate(fault));
        assert!(matches!(of(CertificateError::NotValidForName), Why::WrongName(_)));
        assert!(matches!(of(CertificateError::UnknownIssuer), Why::NotTrusted(_)));
        assert!(matches!(of(CertificateError::Expired), Why::NotTrusted(_)));
    }
}
