//! TLS by rustls with *ring*: the certificate authorities that a connection trusts. What fails here is a setting or a file,
//! so the errors are texts.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::private::{self, Owner};
use crate::{tr, trf};

/// The authorities of a PEM file, or those of this host; `setting` names the file.
///
/// # Errors
/// The reason: the file cannot be read, others could write it, or there is no certificate.
pub fn authorities(file: Option<&Path>, setting: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(file) = file else {
        let found = rustls_native_certs::load_native_certs().certs;
        return match found.is_empty() {
            true => Err(trf!(
                "this host has no certificate authorities: install ca-certificates, or set {setting}",
                "本机没有证书颁发机构：请安装 ca-certificates，或设置 {setting}"
            )),
            false => Ok(found),
        };
    };
    certificates(file)
}

/// The certificates of a PEM file.
///
/// # Errors
/// The reason: the file cannot be read, others could write it, or there is no certificate.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = private::read(file, Owner::MeOrRoot).map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| trf!("{}: no such file", "{}：没有该文件", file.display()))?;
    let read = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(trf!("{} has no certificate in PEM", "{} 中没有 PEM 格式的证书", file.display())),
    }
}

/// The key of a PEM file that nobody else may read.
///
/// # Errors
/// The reason: the file cannot be read, others could read it, or there is no key without a passphrase.
pub fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = private::read_secret(file).map_err(|error| error.to_string())?;
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        trf!("{} has no private key in PEM without a passphrase", "{} 中没有无口令的 PEM 格式私钥", file.display())
    })
}

/// A certificate with its chain, and its key: how a client proves who it is.
pub type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// How to connect to a server that one of these authorities vouches for.
///
/// # Errors
/// The reason: none of them can be used, or the key does not belong to the certificate.
pub fn client(trusted: &[CertificateDer<'static>], identity: Option<Identity>) -> Result<ClientConfig, String> {
    let unusable = || tr!("its certificate authorities cannot be used", "其证书颁发机构无法使用").to_owned();
    let mut roots = RootCertStore::empty();
    if roots.add_parsable_certificates(trusted.iter().cloned()).0 == 0 {
        return Err(unusable());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(|_| unusable())?;
    let config = config.with_root_certificates(roots);
    let Some((chain, key)) = identity else { return Ok(config.with_no_client_auth()) };
    config.with_client_auth_cert(chain, key).map_err(|_| {
        tr!(
            "the key of the client certificate cannot be used, or belongs to another one",
            "客户端证书的私钥无法使用，或属于其他证书"
        )
        .to_owned()
    })
}

/// What TLS says of a connection that failed, if it is what failed.
pub fn fault<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        // An I/O error does not count what it wraps as its source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let wrapped = wrapped.and_then(|it| it.downcast_ref::<rustls::Error>());
        if let Some(fault) = wrapped.or_else(|| error.downcast_ref()) {
            return Some(fault);
        }
        next = error.source();
    }
    None
}
