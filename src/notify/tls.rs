//! The certificate authorities that notices trust.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::failure::Reason;
use crate::private::{self, Owner};
use crate::{tr, trf};

/// The authorities of a PEM file, or those of this host.
///
/// # Errors
/// The reason: the file cannot be read, others could write it, or there is no certificate.
pub fn authorities(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(file) = file else {
        let found = rustls_native_certs::load_native_certs().certs;
        return match found.is_empty() {
            true => Err(tr!(
                "this host has no certificate authorities: install ca-certificates, or set ca_file",
                "本机没有证书颁发机构：请安装 ca-certificates，或设置 ca_file"
            )
            .to_owned()),
            false => Ok(found),
        };
    };
    let text = private::read(file, Owner::MeOrRoot).map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| trf!("{}: no such file", "{}：没有该文件", file.display()))?;
    let read = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(trf!("{} has no certificate in PEM", "{} 中没有 PEM 格式的证书", file.display())),
    }
}

/// How to connect to a server that one of these authorities vouches for.
///
/// # Errors
/// The reason: none of them can be used.
pub fn client(trusted: &[CertificateDer<'static>]) -> Result<ClientConfig, String> {
    let unusable = || tr!("its certificate authorities cannot be used", "其证书颁发机构无法使用").to_owned();
    let mut roots = RootCertStore::empty();
    if roots.add_parsable_certificates(trusted.iter().cloned()).0 == 0 {
        return Err(unusable());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(|_| unusable())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// What TLS says of a connection that failed, if it is what failed.
pub fn fault(error: &(dyn Error + 'static)) -> Option<Reason> {
    let mut next = Some(error);
    while let Some(error) = next {
        // An I/O error does not count what it wraps as its source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let wrapped = wrapped.and_then(|it| it.downcast_ref::<rustls::Error>());
        if let Some(fault) = wrapped.or_else(|| error.downcast_ref()) {
            return Some(Reason::Tls(Some(fault.to_string())));
        }
        next = error.source();
    }
    None
}
