//! Mail over SMTP: with STARTTLS or TLS from the start, plain only to this host.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lettre::Message as Mail;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::failure::{Failure, Reason};
use super::smtp;
use super::templates::Message;
use crate::domain::Time;
use crate::output::safe;
use crate::tls::client;
use crate::trf;

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// By STARTTLS, which is required.
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all, which only a server on this host is asked for.
    None,
}

/// A mail server, and who writes.
pub struct MailServer {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// The user and the password, if it wants them.
    pub login: Option<(String, Zeroizing<String>)>,
    /// The sender.
    pub from: Mailbox,
    /// Who gets every mail; otherwise the people whom a notice concerns.
    pub to: Vec<Mailbox>,
}

/// Sends mail through one server.
pub struct Mailer {
    tls: Option<Arc<ClientConfig>>,
    limit: Duration,
}

impl Mailer {
    /// A mailer that gives up after `limit`, and trusts these authorities.
    ///
    /// # Errors
    /// The reason why TLS cannot be set up.
    pub fn new(server: &MailServer, limit: Duration, trusted: &[CertificateDer<'static>]) -> Result<Self, String> {
        let tls = match server.encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Tls => Some(Arc::new(client(trusted, None)?)),
        };
        Ok(Self { tls, limit })
    }

    /// Sends one mail.
    ///
    /// # Errors
    /// Whether to try again: not if the server refuses this mail or its recipient.
    pub fn send(&self, server: &MailServer, mail: &Mail) -> Result<(), Failure> {
        smtp::send(server, self.tls.as_ref(), self.limit, mail)
    }
}

/// A mail that says what a message says.
///
/// # Errors
/// [`Failure::Refused`] if it cannot be written.
pub fn mail(server: &MailServer, to: Vec<Mailbox>, message: &Message, id: &str, now: Time) -> Result<Mail, Failure> {
    let line = |text: &str| safe(text).into_owned();
    let title = message.title.as_deref().map_or(String::new(), |title| trf!(": {title}", "：{title}"));
    // A longer subject is cut by the mail programs of some people.
    let subject: String = line(&format!("{}{title}", message.headline)).chars().take(200).collect();
    let seconds = u64::try_from(now.unix()).unwrap_or_default();
    let to: Mailboxes = to.into_iter().collect();
    let mut mail = Mail::builder()
        .from(server.from.clone())
        .mailbox(lettre::message::header::To::from(to))
        .subject(subject)
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{id}@{}>", server.from.email.domain())))
        .header(ContentType::TEXT_PLAIN)
        .body(message.lines(line).join("\n"))
        .map_err(|_| Failure::Refused(Reason::Unwritable))?;
    let headers = [("Twinseal-Id", id), ("Auto-Submitted", "auto-generated")];
    for (name, value) in headers {
        if let Ok(name) = HeaderName::new_from_ascii(name.to_owned()) {
            mail.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
        }
    }
    Ok(mail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_title_adds_a_header_or_a_line() {
        let server = MailServer {
            host: "localhost".to_owned(),
            port: 25,
            encryption: Encryption::None,
            login: None,
            from: "a@example.com".parse().unwrap(),
            to: Vec::new(),
        };
        let hostile = "x\r\nBcc: evil@example.com\r\n\r\nFORGED\n.\r\nQUIT\u{202e}";
        let message = Message {
            headline: format!("[prod] {hostile}"),
            title: Some(hostile.to_owned()),
            facts: vec![hostile.to_owned()],
            command: hostile.to_owned(),
        };
        let to = vec!["b@example.com".parse().unwrap()];
        let now = "2026-12-01T09:00:00Z".parse().unwrap();
        let written = String::from_utf8(mail(&server, to, &message, "id", now).unwrap().formatted()).unwrap();
        let forged = |line: &&str| ["Bcc", "FORGED", "QUIT", "."].iter().any(|it| line.starts_with(it));
        assert_eq!(written.lines().find(forged), None, "{written}");
        assert!(!written.contains('\u{202e}'));
        let envelope = written.lines().filter(|line| line.starts_with("To:")).count();
        assert_eq!((envelope, written.matches("\r\n\r\n").count()), (1, 1), "{written}");
    }
}
