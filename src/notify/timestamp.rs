//! Asks timestamp authorities over HTTP (RFC 3161, section 3.4).

use std::time::Duration;

use super::failure::{Failure, Reason};
use super::http::Client;
use crate::domain::Time;
use crate::tls::authorities;

/// Sends a request to an authority, and returns what it answers, which nobody has judged. Without TLS the answer is as good:
/// the authority signs it.
///
/// # Errors
/// No answer within `limit`, or one that is not 200.
pub fn ask_timestamp_authority(url: &str, query: &[u8], limit: Duration, now: Time) -> Result<Vec<u8>, Failure> {
    let trusted = match url.starts_with("https:") {
        true => authorities(None, "ca_file").map_err(|why| Failure::down(Reason::Other(why)))?,
        false => Vec::new(),
    };
    Client::new(limit, &trusted).send(url, "application/timestamp-query", &[], query, now)
}
