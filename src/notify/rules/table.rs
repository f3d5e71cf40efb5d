//! A target as it is written in the rules.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use lettre::message::Mailbox;
use ureq::http::Uri;
use zeroize::Zeroizing;

use super::{setting, string};
use crate::input::{Table, Value};
use crate::lang::{Lang, NoLang};
use crate::notify::mail::{Encryption, MailServer};
use crate::notify::secrets::Secrets;
use crate::notify::target::{Channel, Target, TargetKind};
use crate::{tr, trf};

/// The time limit of one message, in seconds, and the longest one.
const LIMIT: u64 = 15;
const LONGEST_LIMIT: u64 = 120;

/// A target as it is written, with its table for faults.
pub struct TargetTable<'s, 'a> {
    table: Table<'s, 'a>,
    kind: Option<TargetKind>,
    url: Option<String>,
    url_secret: Option<String>,
    key_secret: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    tls: Option<String>,
    user: Option<String>,
    password_secret: Option<String>,
    from: Option<String>,
    to: Vec<String>,
    ca_file: Option<String>,
    timeout_seconds: Option<u64>,
    plaintext: bool,
    details: bool,
    lang: Option<Lang>,
}

impl<'s, 'a> TargetTable<'s, 'a> {
    /// Reads every field. What is at fault is left out.
    pub fn read(table: Table<'s, 'a>) -> Self {
        let string = |key| table.get(key).as_ref().and_then(string);
        let lang = string("lang").and_then(|tag| match tag.parse() {
            Ok(lang) => Some(lang),
            Err(NoLang) => fault(&table, "lang", NoLang.to_string()),
        });
        let port = table.number("port").and_then(|port| match u16::try_from(port) {
            Ok(port) => Some(port),
            Err(_) => fault(&table, "port", tr!("at most 65535", "不得大于 65535")),
        });
        let to = table.get("to").map(Value::items_or_single).unwrap_or_default();
        Self {
            kind: table.required_word("type"),
            url: string("url"),
            url_secret: string("url_secret"),
            key_secret: string("key_secret"),
            host: string("host"),
            port,
            tls: string("tls"),
            user: string("user"),
            password_secret: string("password_secret"),
            from: string("from"),
            to: to.iter().filter_map(super::string).collect(),
            ca_file: string("ca_file"),
            timeout_seconds: table.number("timeout_seconds"),
            plaintext: table.flag("plaintext"),
            details: table.flag("details"),
            lang,
            table,
        }
    }

    /// The target; `None` if it has faults.
    pub fn target(self, folder: &Path, secrets: &Secrets) -> Option<Target> {
        let limit = self.timeout_seconds.unwrap_or(LIMIT);
        if !(1..=LONGEST_LIMIT).contains(&limit) {
            let words = trf!("not between 1 and {LONGEST_LIMIT}", "不在 1 到 {LONGEST_LIMIT} 之间");
            self.table.fault("timeout_seconds", setting(words));
        }
        let target = self.kind.and_then(|kind| {
            self.misplaced(kind);
            let channel = match kind {
                TargetKind::Mail => Channel::Mail(Box::new(self.mail(secrets)?)),
                _ => self.http(kind, secrets)?,
            };
            let ca_file = self.ca_file.as_ref().map(|path| folder.join(path));
            let (limit, lang) = (Duration::from_secs(limit), self.lang.unwrap_or_default());
            Some(Target { kind, channel, ca_file, limit, details: self.details, lang })
        });
        self.table.finish();
        target
    }

    /// A fault for each field that this type of target does not have.
    fn misplaced(&self, kind: TargetKind) {
        let mail = kind == TargetKind::Mail;
        let fields = [
            ("url", kind == TargetKind::Webhook),
            ("url_secret", !mail),
            ("key_secret", has_key(kind)),
            ("host", mail),
            ("port", mail),
            ("tls", mail),
            ("user", mail),
            ("password_secret", mail),
            ("from", mail),
            ("to", mail),
            ("plaintext", !mail),
            // A program reads it.
            ("lang", kind != TargetKind::Webhook),
        ];
        for (name, _) in fields.into_iter().filter(|(name, belongs)| !belongs && self.table.says(name)) {
            let words = trf!("a target of type {kind} does not have {name}", "类型为 {kind} 的通知渠道没有 {name}");
            self.table.fault(name, setting(words));
        }
    }

    fn http(&self, kind: TargetKind, secrets: &Secrets) -> Option<Channel> {
        let (field, url) = match (&self.url, &self.url_secret) {
            (Some(url), None) if url.contains(['?', '@', '#']) => {
                let words = tr!(
                    "a URL with a query or a user holds a secret: use url_secret",
                    "带查询参数或用户名的 URL 含有凭据：请用 url_secret"
                );
                return fault(&self.table, "url", words);
            }
            (Some(url), None) => ("url", Zeroizing::new(url.clone())),
            (None, Some(_)) => ("url_secret", self.secret("url_secret", self.url_secret.as_ref(), secrets)?),
            (Some(_), Some(_)) => {
                return fault(
                    &self.table,
                    "url",
                    tr!("url and url_secret are both set", "同时设置了 url 和 url_secret"),
                );
            }
            (None, None) => {
                let words =
                    tr!("missing: the name of its URL in the file of secrets", "缺少：其 URL 在凭据文件中的名称");
                return fault(&self.table, "url_secret", words);
            }
        };
        if let Some(wrong) = url_fault(&url, self.plaintext) {
            return fault(&self.table, field, wrong);
        }
        let key = match has_key(kind) {
            true => Some(self.secret("key_secret", self.key_secret.as_ref(), secrets)?),
            false => None,
        };
        Some(Channel::Http { url, key })
    }

    fn mail(&self, secrets: &Secrets) -> Option<MailServer> {
        let encryption = match self.tls.as_deref() {
            None | Some("starttls") => Encryption::StartTls,
            Some("tls") => Encryption::Tls,
            Some("none") if self.host.as_deref().is_some_and(is_loopback) => Encryption::None,
            Some("none") => {
                let words = tr!(
                    "tls = \"none\" is allowed only for a server on this host",
                    "tls = \"none\" 只允许用于本机的服务器"
                );
                return fault(&self.table, "tls", words);
            }
            Some(_) => {
                let words = tr!("tls is \"starttls\", \"tls\" or \"none\"", "tls 为 \"starttls\"、\"tls\" 或 \"none\"");
                return fault(&self.table, "tls", words);
            }
        };
        let login = match (&self.user, &self.password_secret) {
            (None, None) => None,
            (Some(user), Some(_)) => {
                let password = self.secret("password_secret", self.password_secret.as_ref(), secrets)?;
                Some((user.clone(), password))
            }
            (given, _) => {
                let field = if given.is_some() { "user" } else { "password_secret" };
                let words = tr!("user and password_secret belong together", "user 和 password_secret 须同时设置");
                return fault(&self.table, field, words);
            }
        };
        let address = |field, given: &String| match given.parse::<Mailbox>() {
            Ok(address) => Some(address),
            Err(_) => fault(&self.table, field, trf!("{given} is no mail address", "{given} 不是邮件地址")),
        };
        let to = self.to.iter().filter_map(|it| address("to", it)).collect();
        let needs = |field, value: &Option<String>| match value {
            Some(value) => Some(value.clone()),
            None => fault(&self.table, field, tr!("a target of type mail needs it", "类型为 mail 的通知渠道需要它")),
        };
        let (host, from) = (needs("host", &self.host), needs("from", &self.from));
        let usual = match encryption {
            Encryption::StartTls => 587,
            Encryption::Tls => 465,
            Encryption::None => 25,
        };
        let (host, from) = (host?, address("from", &from?)?);
        Some(MailServer { host, port: self.port.unwrap_or(usual), encryption, login, from, to })
    }

    /// The secret that a field names. Faults show the name of the field only: what stands there may be the secret itself.
    fn secret(&self, field: &'static str, name: Option<&String>, secrets: &Secrets) -> Option<Zeroizing<String>> {
        let Some(name) = name else {
            let words = tr!("missing: the name of its key in the file of secrets", "缺少：其密钥在凭据文件中的名称");
            return fault(&self.table, field, words);
        };
        let found = secrets.get(name).cloned();
        if found.is_none() {
            let words = tr!("the file of secrets has nothing of this name", "凭据文件中没有这个名称");
            return fault(&self.table, field, words);
        }
        found
    }
}

/// Adds a fault about a field; always `None`, in place of what is at fault.
fn fault<T>(table: &Table<'_, '_>, field: &str, words: impl Into<String>) -> Option<T> {
    table.fault(field, setting(words));
    None
}

/// Whether a type of target signs with a key.
fn has_key(kind: TargetKind) -> bool {
    matches!(kind, TargetKind::DingTalk | TargetKind::Webhook)
}

/// What is wrong with a URL, without the URL.
fn url_fault(url: &str, plaintext: bool) -> Option<String> {
    let parsed: Option<Uri> = url.parse().ok();
    let fault = match parsed.as_ref().and_then(|url| Some((url.scheme_str()?, url.host()?, url.authority()?))) {
        None => tr!("its URL is not of the form https://HOST/PATH", "其 URL 的格式不是 https://HOST/PATH"),
        Some((_, _, authority)) if authority.as_str().contains('@') => {
            tr!("its URL names a user, which is not supported", "其 URL 含有用户名，不受支持")
        }
        Some(("https", ..)) => return None,
        Some(("http", host, _)) if plaintext || is_loopback(host) => return None,
        Some(("http", ..)) => tr!(
            "its URL is not encrypted: use https, or allow it by plaintext = true",
            "其 URL 未加密：请用 https，或以 plaintext = true 允许"
        ),
        Some(_) => tr!("its URL is not of the form https://HOST/PATH", "其 URL 的格式不是 https://HOST/PATH"),
    };
    Some(fault.to_owned())
}

/// Whether a host is this one, by its name or address.
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unencrypted_url_is_refused_unless_it_is_this_host_or_allowed() {
        for fine in ["https://a.example/x?key=1", "http://127.0.0.1:8/x", "http://localhost/x", "http://[::1]:8/"] {
            assert_eq!(url_fault(fine, false), None, "{fine}");
        }
        let wrong = "http://a.example/x|http://127.0.0.1.example/|ftp://a.example/|a.example/x||https://|https://u:p@a.example/|http://10.0.0.1/";
        for wrong in wrong.split('|') {
            let fault = url_fault(wrong, false).unwrap_or_else(|| panic!("{wrong}"));
            assert!(["", "https://"].contains(&wrong) || !fault.contains(wrong), "{fault}");
        }
        assert_eq!(url_fault("http://a.example/x", true), None);
        assert!(url_fault("https://u:p@a.example/", true).is_some());
    }
}
