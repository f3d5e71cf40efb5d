//! The SMTP conversation (RFC 5321): limited in time and in what is read, on the thread that asks for it.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use lettre::Message as Mail;
use lettre::address::Envelope;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use zeroize::Zeroizing;

use super::failure::{Failure, Reason};
use super::mail::{Encryption, MailServer};

/// The most bytes that are read in one conversation, certificates included.
const MAX_READ: usize = 256 * 1024;

/// Sends one mail, within `limit`.
///
/// # Errors
/// Whether to try again: not if the server refuses this mail or its recipient.
pub fn send(server: &MailServer, tls: Option<&Arc<ClientConfig>>, limit: Duration, mail: &Mail) -> Result<(), Failure> {
    let stream = connect(&server.host, server.port, Instant::now() + limit)?;
    let Some(tls) = tls else {
        let (mut talk, offers) = Conversation::begin(stream)?;
        return talk.deliver(server, &offers, mail);
    };
    if server.encryption == Encryption::Tls {
        let (mut talk, offers) = Conversation::begin(encrypted(stream, tls, &server.host)?)?;
        return talk.deliver(server, &offers, mail);
    }
    let (mut talk, offers) = Conversation::begin(stream)?;
    if !offers.has("STARTTLS") {
        return Err(Failure::down(Reason::NotOffered));
    }
    talk.command("STARTTLS").map_err(Refusal::of_all)?;
    // What came before the encryption could be somebody else's.
    if !talk.stream.buffer().is_empty() {
        return Err(Failure::down(Reason::NotSmtp));
    }
    let stream = encrypted(talk.stream.into_inner(), tls, &server.host)?;
    let mut talk = Conversation { stream: BufReader::new(stream) };
    let offers = talk.hello()?;
    talk.deliver(server, &offers, mail)
}

/// A connection that ends at a deadline, and from which only so much is read.
struct Limited {
    stream: TcpStream,
    deadline: Instant,
    left: usize,
}

fn remaining(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.stream.set_read_timeout(Some(remaining(self.deadline)?))?;
        let most = buffer.len().min(self.left);
        let read = self.stream.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(remaining(self.deadline)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn connect(host: &str, port: u16, deadline: Instant) -> Result<Limited, Failure> {
    // The system's resolver takes no time limit; its thread ends by the limits of its own.
    let (done, resolved) = channel();
    let name = host.to_owned();
    let resolve = move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>);
        done.send(found.unwrap_or_default())
    };
    std::thread::Builder::new().spawn(resolve).map_err(|error| lost(&error))?;
    let left = || remaining(deadline).map_err(|error| lost(&error));
    let addresses = resolved.recv_timeout(left()?).map_err(|_| Failure::down(Reason::Timeout))?;
    let mut failure = Failure::down(Reason::ConnectionLost);
    for address in addresses {
        match TcpStream::connect_timeout(&address, left()?) {
            Ok(stream) => return Ok(Limited { stream, deadline, left: MAX_READ }),
            Err(error) => failure = lost(&error),
        }
    }
    Err(failure)
}

type Encrypted = StreamOwned<ClientConnection, Limited>;

fn encrypted(stream: Limited, tls: &Arc<ClientConfig>, host: &str) -> Result<Encrypted, Failure> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Failure::down(Reason::Tls(None)))?;
    let connection = ClientConnection::new(Arc::clone(tls), name).map_err(|_| Failure::down(Reason::Tls(None)))?;
    Ok(StreamOwned::new(connection, stream))
}

/// What happened to a connection, without a word of the server.
fn lost(error: &io::Error) -> Failure {
    if let Some(reason) = Reason::of_tls(error) {
        return Failure::down(reason);
    }
    Failure::down(match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Reason::Timeout,
        ErrorKind::FileTooLarge => Reason::TooLarge,
        _ => Reason::ConnectionLost,
    })
}

/// Why a command was not carried out. The server's words are left out: they may repeat what was sent, such as a password.
enum Refusal {
    Code(u16),
    Failed(Failure),
}

impl Refusal {
    /// Any other mail would fail too: a login that fails, or a server that takes no mail.
    fn of_all(self) -> Failure {
        match self {
            Self::Code(code) => Failure::down(Reason::Smtp(code)),
            Self::Failed(failure) => failure,
        }
    }

    /// This recipient or this mail may be the reason.
    fn of_mail(self) -> Failure {
        match self {
            Self::Code(code @ (450 | 452)) => Failure::Later { reason: Reason::Smtp(code), after: None },
            Self::Code(code @ 550..560) => Failure::Refused(Reason::Smtp(code)),
            other => other.of_all(),
        }
    }
}

/// What the server offers in its answer to EHLO.
struct Offers(Vec<String>);

impl Offers {
    fn has(&self, keyword: &str) -> bool {
        self.words(keyword).is_some()
    }

    fn words(&self, keyword: &str) -> Option<Vec<String>> {
        self.0.iter().find_map(|line| {
            let mut words = line.split_ascii_whitespace().map(str::to_ascii_uppercase);
            (words.next().as_deref() == Some(keyword)).then(|| words.collect())
        })
    }
}

struct Conversation<S: Read + Write> {
    stream: BufReader<S>,
}

impl<S: Read + Write> Conversation<S> {
    fn begin(stream: S) -> Result<(Self, Offers), Failure> {
        let mut talk = Self { stream: BufReader::new(stream) };
        talk.answer().map_err(Refusal::of_all)?;
        let offers = talk.hello()?;
        Ok((talk, offers))
    }

    fn hello(&mut self) -> Result<Offers, Failure> {
        self.command("EHLO [127.0.0.1]").map(Offers).map_err(Refusal::of_all)
    }

    fn deliver(&mut self, server: &MailServer, offers: &Offers, mail: &Mail) -> Result<(), Failure> {
        if let Some((user, password)) = &server.login {
            self.log_in(user, password, offers)?;
        }
        self.hand_over(mail.envelope(), &mail.formatted(), offers.has("SMTPUTF8"))?;
        // The mail was accepted, whatever comes of the farewell.
        drop(self.write(b"QUIT\r\n"));
        Ok(())
    }

    fn log_in(&mut self, user: &str, password: &str, offers: &Offers) -> Result<(), Failure> {
        let offered = offers.words("AUTH").unwrap_or_default();
        let encoded = |text: &str| Zeroizing::new(BASE64.encode(text.as_bytes()));
        let lines = if offered.iter().any(|it| it == "PLAIN") {
            let both = Zeroizing::new(format!("\0{user}\0{password}"));
            vec![Zeroizing::new(format!("AUTH PLAIN {}", *encoded(&both)))]
        } else if offered.iter().any(|it| it == "LOGIN") {
            vec![Zeroizing::new("AUTH LOGIN".to_owned()), encoded(user), encoded(password)]
        } else {
            return Err(Failure::down(Reason::NotOffered));
        };
        for line in lines {
            self.command(&line).map_err(Refusal::of_all)?;
        }
        Ok(())
    }

    fn hand_over(&mut self, envelope: &Envelope, mail: &[u8], takes_utf8: bool) -> Result<(), Failure> {
        let from = envelope.from().map_or("", AsRef::as_ref);
        let addresses = || [from].into_iter().chain(envelope.to().iter().map(AsRef::as_ref));
        let utf8 = match addresses().all(str::is_ascii) {
            true => "",
            false if takes_utf8 => " SMTPUTF8",
            false => return Err(Failure::Refused(Reason::OnlyAscii)),
        };
        self.command(&format!("MAIL FROM:<{from}>{utf8}")).map_err(Refusal::of_mail)?;
        for to in envelope.to() {
            self.command(&format!("RCPT TO:<{to}>")).map_err(Refusal::of_mail)?;
        }
        self.command("DATA").map_err(Refusal::of_mail)?;
        self.write(&stuffed(mail)).map_err(|error| lost(&error))?;
        self.answer().map(|_| ()).map_err(Refusal::of_mail)
    }

    fn command(&mut self, line: &str) -> Result<Vec<String>, Refusal> {
        let line = Zeroizing::new(format!("{line}\r\n"));
        self.write(line.as_bytes()).map_err(|error| Refusal::Failed(lost(&error)))?;
        self.answer()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        stream.flush()
    }

    /// The lines of a positive answer, without their codes.
    fn answer(&mut self) -> Result<Vec<String>, Refusal> {
        let failed = |reason: Reason| Refusal::Failed(Failure::down(reason));
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            // No line is longer than what `Limited` reads.
            let read = self.stream.read_until(b'\n', &mut line).map_err(|error| Refusal::Failed(lost(&error)))?;
            if read == 0 {
                return Err(failed(Reason::ConnectionLost));
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let code = line.get(..3).filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
            let Some(code) = code.and_then(|it| it.parse::<u16>().ok()) else { return Err(failed(Reason::NotSmtp)) };
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            match (line.as_bytes().get(3), code) {
                (Some(b'-'), _) => {}
                (None | Some(b' '), 200..400) => return Ok(lines),
                (None | Some(b' '), 400..600) => return Err(Refusal::Code(code)),
                _ => return Err(failed(Reason::NotSmtp)),
            }
        }
    }
}

/// A mail as DATA takes it: a full stop before each line that begins with one, and a line of one at the end.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(mail.len() + 16);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend(line);
    }
    if !stuffed.ends_with(b"\r\n") {
        stuffed.extend(b"\r\n");
    }
    stuffed.extend(b".\r\n");
    stuffed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_mail_ends_it() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b\r\nc"), b"a\r\n..\r\n...b\r\nc\r\n.\r\n");
        assert_eq!(stuffed(b".\r\n"), b"..\r\n.\r\n");
    }
}
