//! A target as it is written in the rules.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use serde::Deserialize;
use ureq::http::Uri;
use zeroize::Zeroizing;

use crate::lang::Lang;
use crate::notify::mail::{Encryption, MailServer};
use crate::notify::secrets::Secrets;
use crate::notify::target::{Channel, Target, TargetKind};
use crate::{tr, trf};

/// The time limit of one message, in seconds, and the longest one.
const LIMIT: u64 = 15;
const LONGEST_LIMIT: u64 = 120;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetTable {
    #[serde(rename = "type")]
    kind: TargetKind,
    url: Option<String>,
    url_secret: Option<String>,
    key_secret: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    tls: Option<String>,
    user: Option<String>,
    password_secret: Option<String>,
    from: Option<String>,
    to: Option<Vec<String>>,
    ca_file: Option<PathBuf>,
    timeout_seconds: Option<u64>,
    #[serde(default)]
    plaintext: bool,
    #[serde(default)]
    details: bool,
    lang: Option<Lang>,
}

impl TargetTable {
    /// The target, or its faults.
    pub fn target(self, folder: &Path, secrets: &Secrets) -> Result<Target, Vec<String>> {
        let mut faults = self.misplaced();
        let limit = self.timeout_seconds.unwrap_or(LIMIT);
        if !(1..=LONGEST_LIMIT).contains(&limit) {
            faults.push(trf!(
                "timeout_seconds is not between 1 and {LONGEST_LIMIT}",
                "timeout_seconds 不在 1 到 {LONGEST_LIMIT} 之间"
            ));
        }
        let channel = match self.kind {
            TargetKind::Mail => self.mail(secrets, &mut faults).map(|server| Channel::Mail(Box::new(server))),
            _ => self.http(secrets, &mut faults),
        };
        let Some(channel) = channel.filter(|_| faults.is_empty()) else { return Err(faults) };
        let ca_file = self.ca_file.map(|path| folder.join(path));
        Ok(Target {
            kind: self.kind,
            channel,
            ca_file,
            limit: Duration::from_secs(limit),
            details: self.details,
            lang: self.lang.unwrap_or_default(),
        })
    }

    /// A fault for each field that this type of target does not have.
    fn misplaced(&self) -> Vec<String> {
        let mail = self.kind == TargetKind::Mail;
        let keyed = matches!(self.kind, TargetKind::DingTalk | TargetKind::Webhook);
        let fields = [
            ("url", self.url.is_some(), self.kind == TargetKind::Webhook),
            ("url_secret", self.url_secret.is_some(), !mail),
            ("key_secret", self.key_secret.is_some(), keyed),
            ("host", self.host.is_some(), mail),
            ("port", self.port.is_some(), mail),
            ("tls", self.tls.is_some(), mail),
            ("user", self.user.is_some(), mail),
            ("password_secret", self.password_secret.is_some(), mail),
            ("from", self.from.is_some(), mail),
            ("to", self.to.is_some(), mail),
            ("plaintext", self.plaintext, !mail),
            // A program reads it.
            ("lang", self.lang.is_some(), self.kind != TargetKind::Webhook),
        ];
        let wrong = fields.into_iter().filter(|(_, given, belongs)| *given && !belongs);
        let kind = self.kind.as_str();
        let fault = |name| trf!("a target of type {kind} does not have {name}", "类型为 {kind} 的通知渠道没有 {name}");
        wrong.map(|(name, ..)| fault(name)).collect()
    }

    fn http(&self, secrets: &Secrets, faults: &mut Vec<String>) -> Option<Channel> {
        let url = match (&self.url, &self.url_secret) {
            (Some(url), None) if url.contains(['?', '@', '#']) => {
                faults.push(
                    tr!(
                        "a URL with a query or a user holds a secret: use url_secret",
                        "带查询参数或用户名的 URL 含有机密：请用 url_secret"
                    )
                    .to_owned(),
                );
                return None;
            }
            (Some(url), None) => Zeroizing::new(url.clone()),
            (None, Some(_)) => secret("url_secret", self.url_secret.as_ref(), secrets, faults)?,
            (Some(_), Some(_)) => {
                faults.push(tr!("url and url_secret are both set", "同时设置了 url 和 url_secret").to_owned());
                return None;
            }
            (None, None) => {
                faults.push(
                    tr!(
                        "url_secret is missing: the name of its URL in the file of secrets",
                        "缺少 url_secret：其 URL 在机密文件中的名称"
                    )
                    .to_owned(),
                );
                return None;
            }
        };
        faults.extend(url_fault(&url, self.plaintext));
        let needs_key = matches!(self.kind, TargetKind::DingTalk | TargetKind::Webhook);
        let key = needs_key.then(|| secret("key_secret", self.key_secret.as_ref(), secrets, faults)).flatten();
        Some(Channel::Http { url, key })
    }

    fn mail(&self, secrets: &Secrets, faults: &mut Vec<String>) -> Option<MailServer> {
        let encryption = match self.tls.as_deref() {
            None | Some("starttls") => Encryption::StartTls,
            Some("tls") => Encryption::Tls,
            Some("none") if self.host.as_deref().is_some_and(is_loopback) => Encryption::None,
            Some("none") => {
                faults.push(
                    tr!(
                        "tls = \"none\" is allowed only for a server on this host",
                        "tls = \"none\" 只允许用于本机的服务器"
                    )
                    .to_owned(),
                );
                return None;
            }
            Some(_) => {
                faults.push(
                    tr!("tls is \"starttls\", \"tls\" or \"none\"", "tls 为 \"starttls\"、\"tls\" 或 \"none\"")
                        .to_owned(),
                );
                return None;
            }
        };
        let login = match (&self.user, &self.password_secret) {
            (None, None) => None,
            (Some(user), Some(_)) => {
                let password = secret("password_secret", self.password_secret.as_ref(), secrets, faults)?;
                Some((user.clone(), password))
            }
            _ => {
                faults.push(
                    tr!("user and password_secret belong together", "user 和 password_secret 须同时设置").to_owned(),
                );
                return None;
            }
        };
        let address = |given: &String, faults: &mut Vec<String>| {
            let parsed: Option<Mailbox> = given.parse().ok();
            if parsed.is_none() {
                faults.push(trf!("{given} is no mail address", "{given} 不是邮件地址"));
            }
            parsed
        };
        let to = self.to.iter().flatten().filter_map(|it| address(it, faults)).collect();
        let (Some(host), Some(from)) = (&self.host, &self.from) else {
            faults.push(
                tr!("a target of type mail needs host and from", "类型为 mail 的通知渠道需要 host 和 from").to_owned(),
            );
            return None;
        };
        let usual = match encryption {
            Encryption::StartTls => 587,
            Encryption::Tls => 465,
            Encryption::None => 25,
        };
        let from = address(from, faults)?;
        Some(MailServer { host: host.clone(), port: self.port.unwrap_or(usual), encryption, login, from, to })
    }
}

/// The secret that a field names. Faults show the name only.
fn secret(
    field: &str,
    name: Option<&String>,
    secrets: &Secrets,
    faults: &mut Vec<String>,
) -> Option<Zeroizing<String>> {
    let Some(name) = name else {
        faults.push(trf!(
            "{field} is missing: the name of its key in the file of secrets",
            "缺少 {field}：其密钥在机密文件中的名称"
        ));
        return None;
    };
    let found = secrets.get(name).cloned();
    if found.is_none() {
        // What stands here may be the secret itself.
        faults.push(trf!(
            "the file of secrets has nothing of the name that {field} gives",
            "机密文件中没有 {field} 所指的名称"
        ));
    }
    found
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
