//! Timestamps as RFC 3161 specifies them: an authority signs the hash of a document, and the time.
//!
//! A timestamp in a file is the whole response of the authority (`TimeStampResp`), as `openssl ts -reply` writes it and
//! `openssl ts -verify -in` reads it. What is accepted is what OpenSSL accepts, with these differences:
//!
//! - The authority's certificate and those above it must have been valid at the time of the token, not now.
//! - SHA-1 and keys below RSA with 2048 bits are refused. ECDSA with SHA-512, RSASSA-PSS and Ed25519 are not supported.
//! - An intermediate authority whose extended key usage lacks timestamping is refused, and a signer that is itself a
//!   certificate authority.
//! - A trusted certificate need not be self-signed. Its critical extensions are basic constraints, key usages, name
//!   constraints and other names, or it is refused.
//! - The encoding must be DER.

mod algorithm;
mod asn1;
mod authority;
mod error;

use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode, Tag, Tagged};
use rustls::pki_types::CertificateDer;
use sha1::Sha1;
use sha2::Digest as _;
use webpki::EndEntityCert;
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use algorithm::{Hash, signatures};
use asn1::{
    Attribute, CONTENT_TYPE, IssuerAndSerial, IssuerSerial, MESSAGE_DIGEST, MessageImprint, SIGNED_DATA,
    SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, SignedData, SignerInfo, SigningCertificate, SigningCertificateV2,
    TST_INFO, TimeStampReq, TimeStampResp, TstInfo,
};
pub use authority::Authorities;
use authority::{check_purpose, extension};
pub use error::TimestampError;

use crate::domain::Time;

/// The most bytes of a response. Those of real authorities have 2 to 10 KiB.
pub const MAX_RESPONSE: usize = 64 * 1024;

/// The most characters of what an authority says about a refusal.
const MAX_SAID: usize = 200;

/// What a timestamp proves: that a document existed at some time, on the word of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    /// The time, without fractions of a second.
    pub time: Time,
    /// The subject of the authority's certificate, as it was written there: not safe to print.
    pub authority: String,
    /// The policy under which the authority stamps, an object identifier.
    pub policy: String,
    /// The authority's number of the token, in hexadecimal.
    pub serial: String,
    /// Whether an authority that the verifier trusts vouches for the certificate. If not, anybody can have made it.
    pub trusted: bool,
}

/// A request for a timestamp of a document, which asks for the certificate too. The response repeats the nonce.
///
/// # Errors
/// [`TimestampError::Malformed`] if it cannot be encoded.
pub fn request(document: &[u8], nonce: u64) -> Result<Vec<u8>, TimestampError> {
    let hash = OctetString::new(Hash::Sha256.of(document)).map_err(malformed)?;
    let imprint = MessageImprint { algorithm: Hash::sha256(), hash };
    let request = TimeStampReq { version: 1, imprint, policy: None, nonce: Some(nonce), cert_req: true };
    request.to_der().map_err(malformed)
}

/// Judges the response of an authority about a document. `nonce` is that of the request, if it is known. Without
/// authorities, only the token itself is judged.
///
/// # Errors
/// It is not a timestamp of this document, or no trusted authority vouches for it.
pub fn judge(
    response: &[u8],
    document: &[u8],
    nonce: Option<u64>,
    trusted: Option<&Authorities>,
) -> Result<Timestamp, TimestampError> {
    if response.len() > MAX_RESPONSE {
        return Err(TimestampError::TooLarge { most: MAX_RESPONSE });
    }
    let signed = granted(response)?;
    let content = signed.content.content.as_ref().ok_or(TimestampError::Malformed)?.as_bytes();
    let info = TstInfo::from_der(content).map_err(malformed)?;
    check_info(&info, document, nonce)?;
    let time = read_time(&info.time)?;
    let token = Token::read(&signed, content)?;
    token.check_signature()?;
    token.check_named(&signed, trusted)?;
    check_purpose(&token.certificate, time)?;
    check_name(&info, &token.certificate)?;
    if let Some(trusted) = trusted {
        trusted.vouch(&token.certificate_der, &token.others(&signed), time)?;
    }
    Ok(Timestamp {
        time,
        authority: token.certificate.tbs_certificate().subject().to_string(),
        policy: info.policy.to_string(),
        serial: serial(&info),
        trusted: trusted.is_some(),
    })
}

/// The token's number without the byte that only says that it is positive.
fn serial(info: &TstInfo) -> String {
    let bytes = match info.serial.as_bytes() {
        [0, rest @ ..] if !rest.is_empty() => rest,
        bytes => bytes,
    };
    data_encoding::HEXLOWER.encode(bytes)
}

fn malformed(_: der::Error) -> TimestampError {
    TimestampError::Malformed
}

/// The signed data of a response that grants a token.
fn granted(response: &[u8]) -> Result<SignedData, TimestampError> {
    const GRANTED: u8 = 0;
    const GRANTED_WITH_MODS: u8 = 1;
    let response = TimeStampResp::from_der(response).map_err(|_| TimestampError::NotAResponse)?;
    let status = response.status.status;
    if !matches!(status, GRANTED | GRANTED_WITH_MODS) {
        let said = response.status.text.unwrap_or_default().join("; ");
        let text =
            if said.is_empty() { said } else { format!(": {}", said.chars().take(MAX_SAID).collect::<String>()) };
        return Err(TimestampError::Rejected { status, text });
    }
    let token = response.token.ok_or(TimestampError::NotAResponse)?;
    if token.content_type != SIGNED_DATA {
        return Err(TimestampError::Malformed);
    }
    let signed: SignedData = token.content.decode_as().map_err(malformed)?;
    if signed.content.content_type == TST_INFO { Ok(signed) } else { Err(TimestampError::Malformed) }
}

fn check_info(info: &TstInfo, document: &[u8], nonce: Option<u64>) -> Result<(), TimestampError> {
    if info.version != 1 {
        return Err(TimestampError::Malformed);
    }
    let hash = Hash::read(&info.imprint.algorithm)?;
    if info.imprint.hash.as_bytes() != hash.of(document) {
        return Err(TimestampError::OtherDocument);
    }
    let repeated = info.nonce.as_ref().and_then(|it| u64::from_der(&it.to_der().ok()?).ok());
    if nonce.is_some() && nonce != repeated {
        return Err(TimestampError::OtherRequest);
    }
    // No extension is known, so a critical one changes the meaning in an unknown way.
    match info.extensions.iter().flatten().any(|it| it.critical) {
        true => Err(TimestampError::Malformed),
        false => Ok(()),
    }
}

/// Reads `YYYYMMDDhhmmss[.f…]Z`.
fn read_time(time: &Any) -> Result<Time, TimestampError> {
    let text = str::from_utf8(time.value()).map_err(|_| TimestampError::Malformed)?;
    let (seconds, fraction) = text.split_at_checked(14).ok_or(TimestampError::Malformed)?;
    let fraction = fraction.strip_suffix('Z').ok_or(TimestampError::Malformed)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_time = digits(seconds) && (fraction.is_empty() || fraction.strip_prefix('.').is_some_and(digits));
    if time.tag() != Tag::GeneralizedTime || !is_time {
        return Err(TimestampError::Malformed);
    }
    let part = |from, to| &seconds[from..to];
    let (date, hour) = (format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8)), part(8, 10));
    let written = format!("{date}T{hour}:{}:{}Z", part(10, 12), part(12, 14));
    written.parse().map_err(|_| TimestampError::Malformed)
}

/// The one signature of a token, and the certificate of its signer.
struct Token<'a> {
    signer: &'a SignerInfo,
    attributes: &'a SetOfVec<Attribute>,
    hash: Hash,
    certificate: Certificate,
    certificate_der: Vec<u8>,
}

impl<'a> Token<'a> {
    fn read(signed: &'a SignedData, content: &[u8]) -> Result<Self, TimestampError> {
        let [signer] = signed.signers.as_slice() else { return Err(TimestampError::Malformed) };
        let attributes = signer.signed.as_ref().ok_or(TimestampError::Malformed)?;
        let hash = Hash::read(&signer.digest)?;
        let kind: ObjectIdentifier = attribute(attributes, CONTENT_TYPE)?.ok_or(TimestampError::Malformed)?;
        let digest: OctetString = attribute(attributes, MESSAGE_DIGEST)?.ok_or(TimestampError::Malformed)?;
        if kind != TST_INFO {
            return Err(TimestampError::Malformed);
        }
        if digest.as_bytes() != hash.of(content) {
            return Err(TimestampError::Signature);
        }
        let named: IssuerAndSerial = signer.signer.decode_as().map_err(|_| TimestampError::NoCertificate)?;
        for certificate_der in certificates(signed) {
            let Ok(certificate) = Certificate::from_der(&certificate_der) else { continue };
            let fields = certificate.tbs_certificate();
            if *fields.issuer() == named.issuer && fields.serial_number().as_bytes() == named.serial.as_bytes() {
                return Ok(Self { signer, attributes, hash, certificate, certificate_der });
            }
        }
        Err(TimestampError::NoCertificate)
    }

    fn check_signature(&self) -> Result<(), TimestampError> {
        let message = self.attributes.to_der().map_err(malformed)?;
        let certificate = CertificateDer::from(self.certificate_der.as_slice());
        let key = EndEntityCert::try_from(&certificate).map_err(|error| TimestampError::chain(&error))?;
        let signature = self.signer.signature.as_bytes();
        let algorithms = signatures(&self.signer.algorithm, self.hash)?;
        match algorithms.into_iter().any(|it| key.verify_signature(it, &message, signature).is_ok()) {
            true => Ok(()),
            false => Err(TimestampError::Signature),
        }
    }

    /// Checks that the signature covers the name of the signer's certificate. Otherwise another certificate of the same
    /// key could be put in its place. Further names must be of certificates that are there.
    fn check_named(&self, signed: &SignedData, trusted: Option<&Authorities>) -> Result<(), TimestampError> {
        let first: Option<SigningCertificate> = attribute(self.attributes, SIGNING_CERTIFICATE)?;
        let second: Option<SigningCertificateV2> = attribute(self.attributes, SIGNING_CERTIFICATE_V2)?;
        let mut lists: Vec<Vec<Named>> = Vec::new();
        lists.extend(first.map(|it| it.certificates.into_iter().map(|it| (None, it.hash, it.issuer)).collect()));
        if let Some(list) = second {
            let read = |it: asn1::CertificateIdV2| {
                let hash = it.algorithm.as_ref().map_or(Ok(Hash::Sha256), Hash::read)?;
                Ok((Some(hash), it.hash, it.issuer))
            };
            lists.push(list.certificates.into_iter().map(read).collect::<Result<_, TimestampError>>()?);
        }
        let mut known = certificates(signed);
        known.extend(trusted.iter().flat_map(|it| it.certificates().map(<[u8]>::to_vec)));
        let names = |named: &Named, it: &Vec<u8>| is_named(named, it);
        let fits = |list: &Vec<Named>| match list.split_first() {
            Some((signer, others)) => {
                names(signer, &self.certificate_der)
                    && others.iter().all(|named| known.iter().any(|it| names(named, it)))
            }
            None => false,
        };
        if !lists.is_empty() && lists.iter().all(fits) { Ok(()) } else { Err(TimestampError::OtherCertificate) }
    }

    /// The other certificates of the token.
    fn others(&self, signed: &'a SignedData) -> Vec<Vec<u8>> {
        let mut others = certificates(signed);
        others.retain(|it| *it != self.certificate_der);
        others
    }
}

/// The certificates of a token. What is none is left out where one is looked for.
fn certificates(signed: &SignedData) -> Vec<Vec<u8>> {
    let all = signed.certificates.iter().flat_map(SetOfVec::iter);
    all.filter_map(|it| it.to_der().ok()).collect()
}

/// The value of a signed attribute. It must be there once at most, and have one value.
fn attribute<'a, T>(attributes: &'a SetOfVec<Attribute>, kind: ObjectIdentifier) -> Result<Option<T>, TimestampError>
where
    T: der::DecodeValue<'a, Error = der::Error> + der::Choice<'a>,
{
    let mut found = attributes.iter().filter(|it| it.kind == kind);
    match (found.next().map(|it| it.values.as_slice()), found.next()) {
        (None, _) => Ok(None),
        (Some([value]), None) => value.decode_as().map(Some).map_err(malformed),
        _ => Err(TimestampError::Malformed),
    }
}

/// A certificate by its hash, which is SHA-1 if it is not given, and perhaps by its issuer and number.
type Named = (Option<Hash>, OctetString, Option<IssuerSerial>);

fn is_named((hash, digest, issuer): &Named, certificate: &[u8]) -> bool {
    let found = hash.map_or_else(|| Sha1::digest(certificate).to_vec(), |hash| hash.of(certificate));
    if found != digest.as_bytes() {
        return false;
    }
    let (Some(named), Ok(certificate)) = (issuer, Certificate::from_der(certificate)) else { return issuer.is_none() };
    let fields = certificate.tbs_certificate();
    let issuer = GeneralName::DirectoryName(fields.issuer().clone());
    named.issuer == [issuer] && named.serial.as_bytes() == fields.serial_number().as_bytes()
}

/// Checks that the authority's name in the token is its subject, or one of its other names.
fn check_name(info: &TstInfo, certificate: &Certificate) -> Result<(), TimestampError> {
    let Some(name) = &info.authority else { return Ok(()) };
    let subject = GeneralName::DirectoryName(certificate.tbs_certificate().subject().clone());
    let others = extension::<SubjectAltName>(certificate).map_err(|()| TimestampError::Malformed)?;
    let others = others.map_or(Vec::new(), |(_, SubjectAltName(names))| names);
    if *name == subject || others.contains(name) { Ok(()) } else { Err(TimestampError::OtherName) }
}
