//! POST requests: limited in time and in the size of the answer, following no redirect, through no proxy.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use ureq::Agent;
use ureq::http::header::RETRY_AFTER;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::failure::{Failure, Reason};
use crate::domain::Time;

/// The most bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 * 1024;

/// The most bytes of an answer's headers.
const MAX_HEADERS: usize = 16 * 1024;

/// The longest time that a receiver can ask us to wait, in seconds.
const LONGEST: i64 = 86_400;

/// Sends requests to one target.
pub struct Client(Agent);

impl Client {
    /// A client that gives up after `limit`, and trusts these authorities.
    pub fn new(limit: Duration, trusted: &[CertificateDer<'static>]) -> Self {
        let certificates: Vec<_> = trusted.iter().map(|it| Certificate::from_der(it).to_owned()).collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
            .root_certs(RootCerts::new_with_certs(&certificates))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(limit))
            .max_response_header_size(MAX_HEADERS)
            .max_idle_connections(0)
            .user_agent(concat!("twinseal/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }

    /// Sends a JSON document, and returns the answer's body.
    ///
    /// # Errors
    /// Whether to try again: not after a refusal (4xx other than 408, 425 and 429).
    pub fn post(&self, url: &str, headers: &[(&str, String)], body: &str, now: Time) -> Result<Vec<u8>, Failure> {
        self.send(url, "application/json; charset=utf-8", headers, body.as_bytes(), now)
    }

    /// Sends a document of any type, and returns the answer's body.
    ///
    /// # Errors
    /// As [`Client::post`].
    pub fn send(
        &self,
        url: &str,
        content_type: &str,
        headers: &[(&str, String)],
        body: &[u8],
        now: Time,
    ) -> Result<Vec<u8>, Failure> {
        let mut request = self.0.post(url).header("Content-Type", content_type);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut answer = request.send(body).map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let asked = answer.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok());
        let after = asked.and_then(|it| seconds_until(it, now));
        let reason = Reason::Http(status);
        match status {
            200..300 => answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(|error| failed(&error)),
            300..400 => Err(Failure::down(Reason::Redirect(status))),
            408 | 425 | 429 => Err(Failure::Down { reason, after }),
            400..500 => Err(Failure::Refused(reason)),
            _ => Err(Failure::Down { reason, after }),
        }
    }
}

/// The seconds of a `Retry-After`, which is a number or a date (RFC 9110), at most a day.
fn seconds_until(asked: &str, now: Time) -> Option<i64> {
    let seconds = asked.trim().parse::<u32>().ok().map(i64::from);
    let until = || DateTime::parse_from_rfc2822(asked.trim()).ok().map(|date| date.timestamp() - now.unix());
    Some(seconds.or_else(until)?.clamp(0, LONGEST))
}

/// What went wrong, without the URL, which the library's own messages can hold.
fn failed(error: &ureq::Error) -> Failure {
    let tls = match error {
        ureq::Error::Io(error) => Reason::of_tls(error),
        ureq::Error::Rustls(error) => Reason::of_tls(error),
        _ => None,
    };
    if let Some(reason) = tls {
        return Failure::down(reason);
    }
    let reason = match error {
        ureq::Error::Timeout(_) => Reason::Timeout,
        ureq::Error::HostNotFound => Reason::NoHost,
        ureq::Error::ConnectionFailed => Reason::NoConnection,
        ureq::Error::Io(error) => lost(error.kind()),
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => Reason::Tls(None),
        ureq::Error::LargeResponseHeader(..) | ureq::Error::BodyExceedsLimit(_) => Reason::TooLarge,
        _ => Reason::NotHttp,
    };
    Failure::down(reason)
}

/// What the system says of a connection. It has no kind of error for a name that cannot be resolved.
fn lost(kind: ErrorKind) -> Reason {
    match kind {
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::UnexpectedEof
        | ErrorKind::BrokenPipe
        | ErrorKind::InvalidData
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::TimedOut => Reason::Connection(kind.to_string()),
        _ => Reason::MaybeNoHost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_in_seconds_or_with_a_date_when_to_come_back() {
        let now: Time = "2026-12-01T10:00:00Z".parse().unwrap();
        assert_eq!(seconds_until("120", now), Some(120));
        assert_eq!(seconds_until(" 0 ", now), Some(0));
        assert_eq!(seconds_until("Tue, 01 Dec 2026 10:05:00 GMT", now), Some(300));
        assert_eq!(seconds_until("Tue, 01 Dec 2026 09:05:00 GMT", now), Some(0));
        assert_eq!(seconds_until("4294967295", now), Some(86_400));
        for unclear in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(seconds_until(unclear, now), None, "{unclear}");
        }
    }
}
