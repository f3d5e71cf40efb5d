//! Why a message was not delivered. No text of a server and no URL is in it: both can hold secrets.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{tls, tr, trf};

/// Why a message was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The receiver refuses this message; sending it again would change nothing.
    Refused(Reason),
    /// The receiver cannot take this message now.
    Later {
        /// The reason.
        reason: Reason,
        /// After how many seconds the receiver wants to be asked again.
        after: Option<i64>,
    },
    /// The receiver cannot take any message now.
    Down {
        /// The reason.
        reason: Reason,
        /// After how many seconds the receiver wants to be asked again.
        after: Option<i64>,
    },
}

impl Failure {
    /// Nothing can be delivered for this reason, for a time that nobody knows.
    pub fn down(reason: impl Into<Reason>) -> Self {
        Self::Down { reason: reason.into(), after: None }
    }

    /// The reason.
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Refused(reason) | Self::Later { reason, .. } | Self::Down { reason, .. } => reason,
        }
    }
}

/// A reason, which is kept with a message and shown in the language of the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A status of HTTP.
    Http(u16),
    /// A status of HTTP that redirects.
    Redirect(u16),
    /// A reply of SMTP.
    Smtp(u16),
    /// The error code of a robot.
    Code(i64),
    /// A robot answers without a code.
    NoCode,
    /// No answer within the time limit.
    Timeout,
    /// The name of its host has no address.
    NoHost,
    /// The same, perhaps: the system does not tell it from other failures.
    MaybeNoHost,
    /// No connection.
    NoConnection,
    /// No connection, or it was lost.
    ConnectionLost,
    /// What the system says of the connection.
    Connection(String),
    /// TLS failed; what it says of itself, if anything.
    Tls(Option<String>),
    /// The answer is too large.
    TooLarge,
    /// The answer is not HTTP.
    NotHttp,
    /// The answer is not SMTP.
    NotSmtp,
    /// The server offers no STARTTLS or no login that is supported.
    NotOffered,
    /// An address has characters that the server does not take.
    OnlyAscii,
    /// The mail cannot be written.
    Unwritable,
    /// The person has no address in the rules.
    NoAddress,
    /// The message was given up after a week.
    GivenUp,
    /// Anything else, in words.
    #[serde(untagged)]
    Other(String),
}

impl Reason {
    /// What TLS says of a connection that failed, if it is what failed.
    pub fn of_tls(error: &(dyn Error + 'static)) -> Option<Self> {
        tls::fault(error).map(|fault| Self::Tls(Some(fault.to_string())))
    }

    /// As it is kept in the queue.
    pub fn kept(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A reason that was kept. An earlier twinseal kept its words.
    pub fn of_kept(kept: &str) -> Self {
        serde_json::from_str(kept).unwrap_or_else(|_| Self::Other(kept.to_owned()))
    }
}

impl From<String> for Reason {
    fn from(words: String) -> Self {
        Self::Other(words)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Http(status) => trf!("it answers HTTP {status}", "其应答为 HTTP {status}"),
            Self::Redirect(status) => trf!(
                "it answers HTTP {status}, a redirect, which is not followed",
                "其应答为 HTTP {status}，是重定向，不会跟随"
            ),
            Self::Smtp(code) => trf!("it answers SMTP {code}", "其应答为 SMTP {code}"),
            Self::Code(code) => trf!("it answers with error code {code}", "其应答的错误码为 {code}"),
            Self::NoCode => tr!("it answers without an error code", "其应答中没有错误码").to_owned(),
            Self::Timeout => tr!("no answer within the time limit", "在时限内没有应答").to_owned(),
            Self::NoHost => tr!("its host name has no address", "其主机名没有地址").to_owned(),
            Self::MaybeNoHost => {
                tr!("no connection: perhaps its host name has no address", "无法连接：其主机名可能没有地址").to_owned()
            }
            Self::NoConnection => tr!("no connection", "无法连接").to_owned(),
            Self::ConnectionLost => tr!("no connection, or it was lost", "无法连接，或连接中断").to_owned(),
            Self::Connection(kind) => trf!("the connection failed: {kind}", "连接失败：{kind}"),
            Self::Tls(Some(fault)) => trf!("TLS failed: {fault}", "TLS 失败：{fault}"),
            Self::Tls(None) => tr!("TLS failed", "TLS 失败").to_owned(),
            Self::TooLarge => tr!("its answer is too large", "其应答过大").to_owned(),
            Self::NotHttp => tr!("its answer is not HTTP", "其应答不是 HTTP").to_owned(),
            Self::NotSmtp => tr!("its answer is not SMTP", "其应答不是 SMTP").to_owned(),
            Self::NotOffered => tr!(
                "it offers no STARTTLS, or no login that is supported",
                "它不提供 STARTTLS，或不提供受支持的登录方式"
            )
            .to_owned(),
            Self::OnlyAscii => tr!("it takes only ASCII in addresses", "其地址只接受 ASCII").to_owned(),
            Self::Unwritable => tr!("the mail cannot be written", "无法写成邮件").to_owned(),
            Self::NoAddress => {
                tr!("this person has no address in the rules", "此人在通知规则中没有邮件地址").to_owned()
            }
            Self::GivenUp => tr!("given up after a week", "一周后放弃").to_owned(),
            Self::Other(words) => words.clone(),
        };
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{Lang, within};

    #[test]
    fn a_kept_reason_is_read_again_in_any_language() {
        let reasons = [
            Reason::Http(503),
            Reason::Code(-1),
            Reason::Timeout,
            Reason::Tls(None),
            Reason::Tls(Some("bad".to_owned())),
            Reason::GivenUp,
            Reason::Connection("refused".to_owned()),
        ];
        for reason in reasons {
            assert_eq!(within(Lang::Zh, || Reason::of_kept(&reason.kept())), reason);
            assert_ne!(within(Lang::Zh, || reason.to_string()), reason.to_string());
        }
        let old = "it answers HTTP 404";
        assert_eq!(Reason::of_kept(old).to_string(), old);
        let words = Reason::Other("no such file".to_owned());
        assert_eq!(Reason::of_kept(&words.kept()), words);
    }
}
