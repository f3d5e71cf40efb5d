//! Certificates of timestamp authorities: what they must say, and which authority vouches for them.

use std::time::Duration;

use der::Decode;
use der::oid::AssociatedOid;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, VerifiedPath, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints, SubjectAltName};

use super::TimestampError;
use super::asn1::TIME_STAMPING;
use crate::domain::Time;

/// The purpose "timestamping", as `webpki` takes it.
const USAGE: webpki::KeyUsage = webpki::KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 8]);

/// The certificate authorities that a verifier trusts with timestamps.
#[derive(Debug)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Reads certificates in PEM. Returns `None` if there is none that can be used. Leaves out the others, which a list
    /// of all the authorities of a host can have.
    pub fn read(pem: &[u8]) -> Option<Self> {
        let mut read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().ok()?;
        read.retain(|it| Certificate::from_der(it).is_ok());
        (!read.is_empty()).then_some(Self(read))
    }

    /// The trusted certificates.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Checks that one of them vouched for a certificate at some time, perhaps through others.
    pub(super) fn vouch(&self, signer: &[u8], others: &[Vec<u8>], at: Time) -> Result<(), TimestampError> {
        let trusted: Vec<_> = self.0.iter().filter_map(|it| anchor(it, signer, at)).collect();
        let anchors: Vec<TrustAnchor<'_>> = trusted.iter().map(|(anchor, _)| anchor.clone()).collect();
        let may_issue = |it: &&Vec<u8>| Certificate::from_der(it).is_ok_and(|it| may_sign_certificates(&it));
        let others: Vec<CertificateDer<'_>> =
            others.iter().filter(may_issue).map(|it| CertificateDer::from(it.as_slice())).collect();
        // The longest path below an anchor is not asked by `webpki`.
        let fits = |path: &VerifiedPath<'_>| {
            let between = path.intermediate_certificates().count();
            let of_it = |(anchor, most): &(TrustAnchor<'_>, usize)| *anchor == *path.anchor() && between <= *most;
            if trusted.iter().any(of_it) { Ok(()) } else { Err(webpki::Error::PathLenConstraintViolated) }
        };
        let signer = CertificateDer::from(signer);
        let certificate = EndEntityCert::try_from(&signer).map_err(|error| TimestampError::chain(&error))?;
        let at = UnixTime::since_unix_epoch(since_epoch(at));
        certificate
            .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &others, at, USAGE, None, Some(&fits))
            .map(|_| ())
            .map_err(|error| TimestampError::chain(&error))
    }
}

/// A trusted certificate as an anchor, and how many authorities may stand between it and a signer. `webpki` does not ask
/// an anchor for its period, its constraints, or what its key is for. A certificate of no authority vouches for itself only.
fn anchor<'a>(trusted: &'a CertificateDer<'static>, signer: &[u8], at: Time) -> Option<(TrustAnchor<'a>, usize)> {
    let certificate = Certificate::from_der(trusted).ok()?;
    let authority = extension::<BasicConstraints>(&certificate).ok()?.map(|(_, it)| it).filter(|it| it.ca);
    let may_vouch = match &authority {
        Some(_) => may_sign_certificates(&certificate),
        None => trusted.as_ref() == signer,
    };
    let most = authority.and_then(|it| it.path_len_constraint).map_or(usize::MAX, usize::from);
    let usable = may_vouch && is_valid(&certificate, at) && knows_critical(&certificate);
    Some((usable.then(|| anchor_from_trusted_cert(trusted).ok())??, most))
}

/// Whether a certificate does not say that its key is for other things than certificates.
fn may_sign_certificates(certificate: &Certificate) -> bool {
    extension::<KeyUsage>(certificate).is_ok_and(|it| it.is_none_or(|(_, usage)| usage.key_cert_sign()))
}

/// Whether each critical extension of a trusted certificate is one that is judged.
fn knows_critical(certificate: &Certificate) -> bool {
    let known =
        [BasicConstraints::OID, KeyUsage::OID, ExtendedKeyUsage::OID, NameConstraints::OID, SubjectAltName::OID];
    let extensions = certificate.tbs_certificate().extensions().into_iter().flatten();
    extensions.filter(|it| it.critical).all(|it| known.contains(&it.extn_id))
}

/// Checks that a certificate is one of a timestamp authority, and was valid at some time.
pub(super) fn check_purpose(certificate: &Certificate, at: Time) -> Result<(), TimestampError> {
    let malformed = |_| TimestampError::Malformed;
    match extension::<ExtendedKeyUsage>(certificate).map_err(malformed)? {
        Some((true, ExtendedKeyUsage(purposes))) if purposes == [TIME_STAMPING] => {}
        _ => return Err(TimestampError::Purpose),
    }
    if let Some((_, KeyUsage(usages))) = extension::<KeyUsage>(certificate).map_err(malformed)? {
        use x509_cert::ext::pkix::KeyUsages::{DigitalSignature, NonRepudiation};
        if usages.is_empty() || !(DigitalSignature | NonRepudiation).contains(usages) {
            return Err(TimestampError::Purpose);
        }
    }
    if is_valid(certificate, at) { Ok(()) } else { Err(TimestampError::NotValidThen) }
}

/// An extension, and whether it is critical.
pub(super) fn extension<T: for<'a> Decode<'a> + AssociatedOid>(
    certificate: &Certificate,
) -> Result<Option<(bool, T)>, ()> {
    certificate.tbs_certificate().get_extension::<T>().map_err(|_| ())
}

fn is_valid(certificate: &Certificate, at: Time) -> bool {
    let validity = certificate.tbs_certificate().validity();
    let at = since_epoch(at);
    validity.not_before.to_unix_duration() <= at && at <= validity.not_after.to_unix_duration()
}

fn since_epoch(time: Time) -> Duration {
    Duration::from_secs(u64::try_from(time.unix()).unwrap_or(0))
}
