//! Mail over SMTP: with STARTTLS or TLS from the start, plain only to this host.

use std::sync::mpsc::channel;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Message as Mail, SmtpTransport, Transport};
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::templates::Message;
use super::tls::fault;
use crate::domain::Time;
use crate::output::safe;

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
    transport: SmtpTransport,
    limit: Duration,
}

impl Mailer {
    /// A mailer that gives up after `limit`, and trusts these authorities.
    ///
    /// # Errors
    /// The reason why TLS cannot be set up.
    pub fn new(server: &MailServer, limit: Duration, trusted: &[CertificateDer<'static>]) -> Result<Self, String> {
        let tls = || -> Result<TlsParameters, lettre::transport::smtp::Error> {
            let mut tls = TlsParameters::builder(server.host.clone()).certificate_store(CertificateStore::None);
            for authority in trusted {
                tls = tls.add_root_certificate(Certificate::from_der(authority.to_vec())?);
            }
            tls.build_rustls()
        };
        let invalid = |_| "its certificate authorities cannot be used".to_owned();
        let tls = match server.encryption {
            Encryption::StartTls => Tls::Required(tls().map_err(invalid)?),
            Encryption::Tls => Tls::Wrapper(tls().map_err(invalid)?),
            Encryption::None => Tls::None,
        };
        let mut transport =
            SmtpTransport::builder_dangerous(&server.host).port(server.port).tls(tls).timeout(Some(limit));
        if let Some((user, password)) = &server.login {
            transport = transport.credentials(Credentials::new(user.clone(), password.as_str().to_owned()));
        }
        Ok(Self { transport: transport.build(), limit })
    }

    /// Sends one mail.
    ///
    /// # Errors
    /// Whether to try again: not if the server refuses this mail or its recipient.
    pub fn send(&self, mail: Mail) -> Result<(), Failure> {
        // The library limits each read, but neither all of them nor the size of an answer. A server that never comes to
        // an end keeps its thread, and nothing waits for it.
        let (done, result) = channel();
        let transport = self.transport.clone();
        std::thread::spawn(move || done.send(transport.send(&mail).map(|_| ()).map_err(|error| failed(&error))));
        let timeout = |_| Err(Failure::down("no answer within the time limit"));
        result.recv_timeout(self.limit).unwrap_or_else(timeout)
    }
}

/// What went wrong. The server's words are left out: they may repeat what was sent, such as a password.
fn failed(error: &lettre::transport::smtp::Error) -> Failure {
    let Some(code) = error.status().map(u16::from) else {
        if let Some(reason) = fault(error) {
            return Failure::down(reason);
        }
        let reason = match () {
            () if error.is_timeout() => "no answer within the time limit",
            () if error.is_tls() => "TLS failed",
            () if error.is_response() => "its answer is not SMTP",
            () if error.is_client() => "it offers no STARTTLS, or no login that is supported",
            () => "no connection, or it was lost",
        };
        return Failure::down(reason);
    };
    let reason = format!("it answers SMTP {code}");
    match code {
        // This recipient or this mail.
        450 | 452 => Failure::Later { reason, after: None },
        550..560 => Failure::Refused(reason),
        // A login that fails, or a server that takes no mail: any other mail would fail too.
        _ => Failure::down(reason),
    }
}

/// A mail that says what a message says.
///
/// # Errors
/// [`Failure::Refused`] if it cannot be written.
pub fn mail(server: &MailServer, to: Vec<Mailbox>, message: &Message, id: &str, now: Time) -> Result<Mail, Failure> {
    let line = |text: &str| safe(text).into_owned();
    let title = message.title.as_deref().map_or(String::new(), |title| format!(": {title}"));
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
        .map_err(|_| Failure::Refused("the mail cannot be written".to_owned()))?;
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
