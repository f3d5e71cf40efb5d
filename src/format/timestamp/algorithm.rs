//! Which hashes and signatures a timestamp may use. SHA-1 is not among them, nor is RSA with less than 2048 bits.

use der::asn1::ObjectIdentifier;
use rustls::pki_types::SignatureVerificationAlgorithm;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use webpki::ring as algorithms;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::TimestampError;

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// A hash of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// # Errors
    /// [`TimestampError::Sha1`], [`TimestampError::Algorithm`].
    pub fn read(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, TimestampError> {
        match algorithm.oid {
            SHA256 => Ok(Self::Sha256),
            SHA384 => Ok(Self::Sha384),
            SHA512 => Ok(Self::Sha512),
            SHA1 => Err(TimestampError::Sha1),
            other => Err(TimestampError::Algorithm(other.to_string())),
        }
    }

    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// As requests name it.
    pub fn sha256() -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned { oid: SHA256, parameters: None }
    }
}

type Algorithms = Vec<&'static dyn SignatureVerificationAlgorithm>;

/// The algorithms that verify a signature of this kind over this hash, one for each kind of key.
///
/// # Errors
/// [`TimestampError::Algorithm`]. *ring* has no ECDSA over SHA-512.
pub fn signatures(algorithm: &AlgorithmIdentifierOwned, hash: Hash) -> Result<Algorithms, TimestampError> {
    Ok(match (algorithm.oid, hash) {
        (RSA | RSA_SHA256, Hash::Sha256) => vec![algorithms::RSA_PKCS1_2048_8192_SHA256],
        (RSA | RSA_SHA384, Hash::Sha384) => vec![algorithms::RSA_PKCS1_2048_8192_SHA384],
        (RSA | RSA_SHA512, Hash::Sha512) => vec![algorithms::RSA_PKCS1_2048_8192_SHA512],
        (ECDSA_SHA256, Hash::Sha256) => vec![algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256],
        (ECDSA_SHA384, Hash::Sha384) => vec![algorithms::ECDSA_P256_SHA384, algorithms::ECDSA_P384_SHA384],
        (other, _) => return Err(TimestampError::Algorithm(other.to_string())),
    })
}
