//! The check of timestamps.

use twinseal::format::timestamp::{Authorities, TimestampError, judge};

use super::{check_message, now};

/// The document of the timestamps in the corpus.
pub const DOCUMENT: &[u8] = b"a checkpoint\n";

/// The root of the authority that made most of them. Nobody has its key any more.
pub const ROOT: &str = "-----BEGIN CERTIFICATE-----
MIIBbjCCARSgAwIBAgICEAAwCgYIKoZIzj0EAwIwHjENMAsGA1UECgwEVGVzdDEN
MAsGA1UEAwwEcm9vdDAeFw0yMDAxMDEwMDAwMDBaFw00OTEyMzEyMzU5NTlaMB4x
DTALBgNVBAoMBFRlc3QxDTALBgNVBAMMBHJvb3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASwwkHlF4iOPTiebtlRN0uL6f3Y5176ey1As8/qrcfPoBsOGuSksWRb
IEyiK7l1zw+bq4XcEeWS8Yhv2CXmfPETo0IwQDAPBgNVHRMBAf8EBTADAQH/MA4G
A1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUNkiBklRFDwuFxEPuMbfhTE0r4HUwCgYI
KoZIzj0EAwIDSAAwRQIgGevN8NFmpimF16ue5Eg1RQpSBCDSfNpaQHvyENxAfhIC
IQDVeTcm5HEqAWYVt6gJFYbFq/+HZsM+09/6rS01OWVOyw==
-----END CERTIFICATE-----
";

/// Input: what a timestamp authority answers.
pub fn timestamp(data: &[u8]) {
    let alone = judge(data, DOCUMENT, None, None);
    let trusted = judge(data, DOCUMENT, None, Some(&Authorities::read(ROOT.as_bytes()).unwrap()));
    match (&alone, trusted) {
        (Err(error), trusted) => {
            assert!(trusted.is_err(), "a trusted authority makes nothing good");
            check_message(error);
        }
        (Ok(_), Err(error)) => check_message(error),
        (Ok(alone), Ok(trusted)) => {
            assert_eq!((alone.time, &alone.serial), (trusted.time, &trusted.serial));
            // A fuzzer cannot sign for the authority, which stamped nothing before.
            assert!(trusted.trusted && trusted.time > now().plus(-2 * 86_400));
        }
    }
    // One timestamp is of one document.
    let other = judge(data, b"another", None, None);
    assert!(alone.is_err() || other == Err(TimestampError::OtherDocument));
}
