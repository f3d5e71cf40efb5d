//! TLS of the connection, by rustls with *ring*: always, except to this host itself.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use rustls::ClientConfig;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::address::Address;
use super::connect::Home;
use super::silence::{Silence, Watched};
use crate::tls::{authorities, certificates, private_key};

/// Whether a connection to this address stays on this host. The name does not count: anybody can give one any address.
pub fn is_loopback(address: IpAddr) -> bool {
    // ::ffff:127.0.0.1 is 127.0.0.1.
    address.to_canonical().is_loopback()
}

/// Whether to speak TLS with this address: always across a network, and on this host if authorities are named.
pub fn is_needed(connected: IpAddr, address: &Address) -> bool {
    !is_loopback(connected) || address.authorities().is_some()
}

/// How to speak TLS with a server.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    silence: Silence,
}

impl Tls {
    /// Trusts the authorities of `sslrootcert` alone, or those of this host, and shows the client's certificate.
    ///
    /// # Errors
    /// The reason: a file cannot be used, or others could read the key.
    pub fn of(address: &Address, home: &Home, silence: &Silence) -> Result<Self, String> {
        let file = address.authorities().map(|file| home.path(file));
        let trusted = authorities(file.as_deref(), "sslrootcert")?;
        let identity = match address.certificate() {
            Some((certificate, key)) => Some((certificates(&home.path(certificate))?, private_key(&home.path(key))?)),
            None => None,
        };
        let config = Arc::new(crate::tls::client(&trusted, identity)?);
        Ok(Self { config, silence: silence.clone() })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Encrypted<Watched<S>>;
    type TlsConnect = Connector;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connector, InvalidDnsNameError> {
        let host = ServerName::try_from(host.to_owned())?;
        Ok(Connector { config: Arc::clone(&self.config), host, silence: self.silence.clone() })
    }
}

/// What to do on an open connection to one host.
pub struct Connector {
    config: Arc<ClientConfig>,
    host: ServerName<'static>,
    silence: Silence,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Connector {
    type Stream = Encrypted<Watched<S>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<Watched<S>>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let connecting =
            tokio_rustls::TlsConnector::from(self.config).connect(self.host, Watched::new(stream, self.silence));
        Box::pin(async move { connecting.await.map(Encrypted) })
    }
}

/// An encrypted stream.
pub struct Encrypted<S>(client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let certificate = self.0.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let bound = certificate.and_then(|it| end_point(it));
        bound.map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// The channel binding `tls-server-end-point` (RFC 5929, 4.1): the certificate's hash, by the hash of its signature,
/// but SHA-256 in place of MD5 and SHA-1. `None` where no hash is defined, as for Ed25519: SCRAM is then not bound.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let parsed = Certificate::from_der(certificate).ok()?;
    match parsed.signature_algorithm().oid.to_string().as_str() {
        // RSA with MD5, SHA-1 and SHA-256; ECDSA with SHA-1 and SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Some(Sha256::digest(certificate).to_vec()),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(Sha384::digest(certificate).to_vec()),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(Sha512::digest(certificate).to_vec()),
        _ => None,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_plain_connection_leaves_this_host() {
        let plain: Address = "postgres://localhost/db".parse().unwrap();
        for near in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"] {
            assert!(!is_needed(near.parse().unwrap(), &plain), "{near}");
        }
        // 0.0.0.0 reaches this host too, but is none of its loopback addresses.
        for far in ["0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "::2", "fe80::1", "::ffff:10.0.0.1", "::7f00:1"] {
            assert!(is_needed(far.parse().unwrap(), &plain), "{far}");
        }
        let asked: Address = "postgres://localhost/db?sslrootcert=ca.pem".parse().unwrap();
        assert!(is_needed("127.0.0.1".parse().unwrap(), &asked));
    }

    #[test]
    fn a_channel_is_bound_by_the_hash_of_the_signature() {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |words: &str| {
            let mut openssl = std::process::Command::new("openssl");
            openssl.args(words.split(' ')).current_dir(folder.path()).output().ok().map(|it| it.stdout)
        };
        let keys = ["ec -pkeyopt ec_paramgen_curve:P-256", "rsa:2048"];
        let hashes = [("sha1", "sha256"), ("sha256", "sha256"), ("sha384", "sha384"), ("sha512", "sha512")];
        for (key, (signed, bound)) in keys.iter().flat_map(|key| hashes.map(|hash| (key, hash))) {
            let made =
                format!("req -x509 -newkey {key} -nodes -keyout key -subj /CN=x -{signed} -outform DER -out c.der");
            if openssl(&made).is_none() {
                return;
            }
            let certificate = std::fs::read(folder.path().join("c.der")).unwrap();
            let hash = openssl(&format!("dgst -{bound} -binary c.der")).unwrap();
            assert_eq!(end_point(&certificate), Some(hash), "{key} {signed}");
        }
        openssl("req -x509 -newkey ed25519 -nodes -keyout key -subj /CN=x -outform DER -out c.der").unwrap();
        assert_eq!(end_point(&std::fs::read(folder.path().join("c.der")).unwrap()), None);
    }

    #[test]
    fn what_is_no_certificate_binds_no_channel() {
        for bytes in [&b""[..], b"\x30\x80", b"not DER"] {
            assert!(end_point(bytes).is_none());
        }
    }
}
