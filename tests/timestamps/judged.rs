//! Tokens are judged as `openssl ts -verify` judges them, or more strictly where the documentation says so.

use twinseal::domain::Time;
use twinseal::format::timestamp::{MAX_RESPONSE, Timestamp, TimestampError, judge, request};

use super::authority::{Authority, CA, Info, P256, STAMPING, hex, tlv};

const DOCUMENT: &[u8] = b"a checkpoint\n";

/// The time of the tokens that tests forge.
fn half_past_nine() -> Time {
    "2026-12-01T09:30:00Z".parse().unwrap()
}

/// Judges a response of the authority `root`, which openssl must judge likewise.
#[track_caller]
fn agreed(authority: &Authority, response: &[u8], at: Time) -> Result<Timestamp, TimestampError> {
    let judged = judge(response, DOCUMENT, None, Some(&authority.trusted("root")));
    assert_eq!(authority.accepts(response, DOCUMENT, "root", at), judged.is_ok(), "{judged:?}");
    judged
}

/// A refusal on which openssl agrees.
#[track_caller]
fn refused(authority: &Authority, response: &[u8]) -> TimestampError {
    agreed(authority, response, half_past_nine()).unwrap_err()
}

/// A forged token that is good, and so what makes the others bad is what is said to be wrong with them.
fn good(authority: &Authority, info: &Info) -> Vec<u8> {
    authority.forge(&info.der(), "tsa", " -cades")
}

#[test]
fn tokens_of_every_usual_kind_of_key_are_accepted() {
    let Some(authority) = Authority::new() else { return };
    authority.issue("p384", "root", "ec -pkeyopt ec_paramgen_curve:P-384", STAMPING);
    authority.issue("rsa2048", "root", "rsa:2048", &format!("{STAMPING}\nkeyUsage=critical,digitalSignature"));
    authority.issue("rsa3072", "root", "rsa:3072", &format!("{STAMPING}\nkeyUsage=nonRepudiation"));
    for (signer, hashes) in
        [("tsa", &["sha256", "sha384"][..]), ("p384", &["sha384"]), ("rsa2048", &["sha256"]), ("rsa3072", &["sha512"])]
    {
        for hash in hashes {
            let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            let response = authority.stamp(DOCUMENT, &format!(" -{hash}"), signer, &format!(" -{hash}"));
            let judged = judge(&response, DOCUMENT, None, Some(&authority.trusted("root"))).unwrap();
            assert!(authority.accepts(&response, DOCUMENT, "root", judged.time), "{signer} {hash}");
            assert!((0..60).contains(&(judged.time.unix() - i64::try_from(before).unwrap())), "{}", judged.time);
            assert!(judged.trusted && judged.authority.contains(&format!("CN={signer}")), "{judged:?}");
            assert_eq!(judged.policy, "1.2.3.4.1");
        }
    }
}

#[test]
fn an_intermediate_authority_in_the_token_leads_to_the_trusted_one() {
    let Some(authority) = Authority::new() else { return };
    authority.issue("middle", "root", P256, CA);
    authority.issue("below", "middle", P256, STAMPING);
    let response = authority.stamp(DOCUMENT, " -sha256", "below", " -chain middle.pem");
    let now = judge(&response, DOCUMENT, None, None).unwrap().time;
    assert!(agreed(&authority, &response, now).unwrap().trusted);
    let alone = authority.stamp(DOCUMENT, " -sha256", "below", "");
    let error = agreed(&authority, &alone, now).unwrap_err();
    assert_eq!(error, TimestampError::Untrusted("UnknownIssuer".to_owned()));
    // Not every certificate may issue others.
    authority.issue("leaf", "root", P256, "basicConstraints=CA:false");
    authority.issue("under-leaf", "leaf", P256, STAMPING);
    let under_leaf = authority.stamp(DOCUMENT, " -sha256", "under-leaf", " -chain leaf.pem");
    assert!(matches!(agreed(&authority, &under_leaf, now), Err(TimestampError::Untrusted(_))));
}

#[test]
fn no_authority_vouches_that_its_certificate_forbids_to() {
    let Some(authority) = Authority::new() else { return };
    let ca = |more: &str| format!("basicConstraints=critical,CA:true{more}");
    let signs_no_certificates = ca("\nkeyUsage=critical,digitalSignature");
    for (name, root, middle, good) in [
        ("plain", ca(""), ca(""), true),
        ("length-one", ca(",pathlen:1"), ca(",pathlen:0"), true),
        ("length-none", ca(",pathlen:0"), ca(""), false),
        ("root-signs-none", signs_no_certificates.clone(), ca(""), false),
        ("middle-signs-none", ca(""), signs_no_certificates, false),
        ("root-unknown", ca("\n1.2.3.4.5=critical,DER:0500"), ca(""), false),
        ("middle-unknown", ca(""), ca("\n1.2.3.4.5=critical,DER:0500"), false),
    ] {
        authority.issue("root", "root", P256, &root);
        let (between, below) = (format!("{name}-middle"), format!("{name}-tsa"));
        authority.issue(&between, "root", P256, &middle);
        authority.issue(&below, &between, P256, STAMPING);
        let response = authority.stamp(DOCUMENT, " -sha256", &below, &format!(" -chain {between}.pem"));
        let now = judge(&response, DOCUMENT, None, None).unwrap().time;
        assert_eq!(agreed(&authority, &response, now).is_ok(), good, "{name}");
    }
}

#[test]
fn the_old_name_of_a_certificate_and_a_fraction_of_a_second_are_read() {
    let Some(authority) = Authority::new() else { return };
    let config = std::fs::read_to_string(authority.path("openssl.cnf")).unwrap();
    for lines in ["ess_cert_id_alg = sha1", "ess_cert_id_alg = sha512", "clock_precision_digits = 3"] {
        std::fs::write(authority.path("openssl.cnf"), format!("{config}{lines}\n")).unwrap();
        let response = authority.stamp(DOCUMENT, " -sha512", "tsa", "");
        let now = judge(&response, DOCUMENT, None, None).unwrap().time;
        assert!(agreed(&authority, &response, now).unwrap().trusted, "{lines}");
    }
    let info = Info { time: "20261201093000.5Z", ..Info::of(DOCUMENT) };
    assert_eq!(agreed(&authority, &good(&authority, &info), half_past_nine()).unwrap().time, half_past_nine());
}

#[test]
fn without_a_trusted_authority_a_token_is_judged_by_itself_and_says_so() {
    let Some(authority) = Authority::new() else { return };
    let response = good(&authority, &Info::of(DOCUMENT));
    let judged = judge(&response, DOCUMENT, None, None).unwrap();
    assert!(!judged.trusted);
    assert_eq!(judged.time, half_past_nine());
    assert_eq!(judge(&response, b"another", None, None), Err(TimestampError::OtherDocument));
}

#[test]
fn a_token_of_another_document_is_refused() {
    let Some(authority) = Authority::new() else { return };
    let response = good(&authority, &Info::of(b"another"));
    assert_eq!(refused(&authority, &response), TimestampError::OtherDocument);
}

#[test]
fn a_token_of_an_authority_that_is_not_trusted_is_refused() {
    let (Some(authority), Some(other)) = (Authority::new(), Authority::new()) else { return };
    let response = good(&other, &Info::of(DOCUMENT));
    assert!(matches!(refused(&authority, &response), TimestampError::Untrusted(_)));
}

#[test]
fn a_certificate_that_was_not_valid_at_the_time_is_refused() {
    let Some(authority) = Authority::new() else { return };
    for (name, period) in
        [("early", ("20200101000000Z", "20261201092959Z")), ("late", ("20261201093001Z", "20491231235959Z"))]
    {
        authority.issue_for(name, "root", P256, STAMPING, period);
        let response = authority.forge(&Info::of(DOCUMENT).der(), name, " -cades");
        assert_eq!(refused(&authority, &response), TimestampError::NotValidThen, "{name}");
    }
    authority.issue_for("ended", "root", P256, CA, ("20200101000000Z", "20261201092959Z"));
    authority.issue("under-ended", "ended", P256, STAMPING);
    let response = authority.forge(&Info::of(DOCUMENT).der(), "under-ended", " -cades -certfile ended.pem");
    assert!(matches!(refused(&authority, &response), TimestampError::Untrusted(_)));
    // The same if it is the trusted one.
    let judged = judge(&response, DOCUMENT, None, Some(&authority.trusted("ended")));
    assert!(matches!(judged, Err(TimestampError::Untrusted(_))), "{judged:?}");
}

#[test]
fn a_certificate_that_ended_since_does_not_end_the_token() {
    let Some(authority) = Authority::new() else { return };
    authority.issue_for("brief", "root", P256, STAMPING, ("20261201000000Z", "20261201100000Z"));
    let response = authority.forge(&Info::of(DOCUMENT).der(), "brief", " -cades");
    assert!(agreed(&authority, &response, half_past_nine()).is_ok());
    let later: Time = "2030-01-01T00:00:00Z".parse().unwrap();
    assert!(
        !authority.accepts(&response, DOCUMENT, "root", later),
        "openssl asks about the present, unless told otherwise"
    );
}

#[test]
fn a_certificate_that_is_not_for_timestamps_alone_is_refused() {
    let Some(authority) = Authority::new() else { return };
    for (name, extensions) in [
        ("none", "basicConstraints=CA:false"),
        ("not-critical", "extendedKeyUsage=timeStamping"),
        ("others", "extendedKeyUsage=critical,timeStamping,codeSigning"),
        ("other", "extendedKeyUsage=critical,serverAuth"),
        ("any", "extendedKeyUsage=critical,anyExtendedKeyUsage"),
        ("encipher", "extendedKeyUsage=critical,timeStamping\nkeyUsage=digitalSignature,keyEncipherment"),
        ("issue", "extendedKeyUsage=critical,timeStamping\nkeyUsage=keyCertSign"),
    ] {
        authority.issue(name, "root", P256, extensions);
        let response = authority.forge(&Info::of(DOCUMENT).der(), name, " -cades");
        assert_eq!(refused(&authority, &response), TimestampError::Purpose, "{name}");
    }
}

#[test]
fn a_critical_extension_that_nobody_knows_is_refused() {
    let Some(authority) = Authority::new() else { return };
    authority.issue("strange", "root", P256, &format!("{STAMPING}\n1.2.3.4=critical,DER:0500"));
    let response = authority.forge(&Info::of(DOCUMENT).der(), "strange", " -cades");
    assert!(matches!(refused(&authority, &response), TimestampError::Untrusted(_)));
}

#[test]
fn a_signature_that_does_not_name_its_certificate_is_refused() {
    let Some(authority) = Authority::new() else { return };
    let unnamed = authority.forge(&Info::of(DOCUMENT).der(), "tsa", "");
    assert_eq!(refused(&authority, &unnamed), TimestampError::OtherCertificate);
    // Another certificate of the same key, name and number, which the signature does not name.
    let response = good(&authority, &Info::of(DOCUMENT));
    let pem = std::fs::read_to_string(authority.path("tsa.pem")).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let certificate = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
    let at = response.windows(certificate.len()).position(|it| it == certificate).unwrap();
    let year = certificate.windows(13).position(|it| it == b"491231235959Z").unwrap();
    let mut exchanged = response.clone();
    exchanged[at + year + 1] = b'8';
    assert_eq!(refused(&authority, &exchanged), TimestampError::OtherCertificate);
    assert_eq!(judge(&exchanged, DOCUMENT, None, None), Err(TimestampError::OtherCertificate));
    let without = authority.forge(&Info::of(DOCUMENT).der(), "tsa", " -cades -nocerts");
    assert_eq!(refused(&authority, &without), TimestampError::NoCertificate);
}

#[test]
fn sha1_is_refused_wherever_it_would_be_signed() {
    let Some(authority) = Authority::new() else { return };
    // openssl accepts it.
    let imprint = authority.stamp(DOCUMENT, " -sha1", "tsa", "");
    assert_eq!(judge(&imprint, DOCUMENT, None, None), Err(TimestampError::Sha1));
    let signature = authority.stamp(DOCUMENT, " -sha256", "tsa", " -sha1");
    assert_eq!(judge(&signature, DOCUMENT, None, None), Err(TimestampError::Sha1));
}

#[test]
fn what_the_signing_library_does_not_know_is_refused_by_name() {
    let Some(authority) = Authority::new() else { return };
    authority.issue("rsa", "root", "rsa:2048", STAMPING);
    let pss = authority.forge(&Info::of(DOCUMENT).der(), "rsa", " -cades -keyopt rsa_padding_mode:pss");
    assert_eq!(judge(&pss, DOCUMENT, None, None), Err(TimestampError::Algorithm("1.2.840.113549.1.1.10".to_owned())));
    let ecdsa_sha512 = authority.forge(&Info::of(DOCUMENT).der(), "tsa", " -cades -md sha512");
    assert_eq!(
        judge(&ecdsa_sha512, DOCUMENT, None, None),
        Err(TimestampError::Algorithm("1.2.840.10045.4.3.4".to_owned()))
    );
}

#[test]
fn a_statement_that_breaks_rfc_3161_is_refused() {
    let Some(authority) = Authority::new() else { return };
    let refused = |info: Info| refused(&authority, &good(&authority, &info));
    assert_eq!(refused(Info { version: 2, ..Info::of(DOCUMENT) }), TimestampError::Malformed);
    for time in ["20261301093000Z", "202612010930Z", "20261201093000", "20261201093000+0100", "20261201093000.Z"] {
        let judged = judge(&good(&authority, &Info { time, ..Info::of(DOCUMENT) }), DOCUMENT, None, None);
        assert_eq!(judged, Err(TimestampError::Malformed), "{time}");
    }
    // The name of another authority.
    let name = hex("a011a40f300d310b300906035504030c02");
    let name = [&name[..], b"me"].concat();
    assert_eq!(refused(Info { rest: name, ..Info::of(DOCUMENT) }), TimestampError::OtherName);
    // A critical extension, which openssl does not look at.
    let extension = tlv(0x30, &hex("06032a03040101ff040105").to_vec());
    let rest = tlv(0xa1, &extension);
    let judged = judge(&good(&authority, &Info { rest, ..Info::of(DOCUMENT) }), DOCUMENT, None, None);
    assert_eq!(judged, Err(TimestampError::Malformed));
}

#[test]
fn a_response_to_another_request_is_refused() {
    let Some(authority) = Authority::new() else { return };
    for nonce in [1, 0x7f, 0x80, 0x0102_0304_0506_0708, u64::MAX >> 1, u64::MAX] {
        let response = authority.answer(&request(DOCUMENT, nonce).unwrap(), "tsa", "");
        let trusted = authority.trusted("root");
        assert!(judge(&response, DOCUMENT, Some(nonce), Some(&trusted)).is_ok(), "{nonce}");
        assert!(authority.accepts_answer(), "{nonce}");
        assert_eq!(judge(&response, DOCUMENT, Some(nonce ^ 2), None), Err(TimestampError::OtherRequest));
    }
    let without = good(&authority, &Info::of(DOCUMENT));
    assert_eq!(judge(&without, DOCUMENT, Some(7), None), Err(TimestampError::OtherRequest));
}

#[test]
fn a_refusal_of_the_authority_is_told_in_its_words() {
    let Some(authority) = Authority::new() else { return };
    let response = authority.stamp(DOCUMENT, " -sha256 -tspolicy 1.2.3.4.9", "tsa", "");
    let error = refused(&authority, &response);
    let TimestampError::Rejected { status: 2, text } = error else { panic!("{error:?}") };
    assert!(text.starts_with(": ") && text.contains("policy"), "{text}");
    let token = hex("3003020105");
    assert_eq!(refused(&authority, &tlv(0x30, &token)), TimestampError::Rejected { status: 5, text: String::new() });
    assert_eq!(refused(&authority, &tlv(0x30, &hex("3003020100"))), TimestampError::NotAResponse);
}

#[test]
fn what_is_no_response_is_refused() {
    let Some(authority) = Authority::new() else { return };
    let response = good(&authority, &Info::of(DOCUMENT));
    for other in [&b""[..], b"<!doctype html><html>no</html>", b"\x30\x84\xff\xff\xff\xff", &[0x30; 4096], &[0xff; 99]]
    {
        assert_eq!(refused(&authority, other), TimestampError::NotAResponse);
    }
    let trailing = [&response[..], b"\0"].concat();
    assert_eq!(judge(&trailing, DOCUMENT, None, None), Err(TimestampError::NotAResponse));
    let large = vec![0x30; MAX_RESPONSE + 1];
    assert_eq!(judge(&large, DOCUMENT, None, None), Err(TimestampError::TooLarge { most: MAX_RESPONSE }));
    for end in 0..response.len() {
        assert!(judge(&response[..end], DOCUMENT, None, None).is_err(), "cut after {end}");
    }
}

#[test]
fn no_flipped_bit_makes_a_token_say_something_else() {
    let Some(authority) = Authority::new() else { return };
    let (response, trusted) = (good(&authority, &Info::of(DOCUMENT)), authority.trusted("root"));
    let honest = judge(&response, DOCUMENT, None, Some(&trusted)).unwrap();
    let mut accepted = 0;
    for bit in 0..response.len() * 8 {
        let mut flipped = response.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        for trusted in [None, Some(&trusted)] {
            if let Ok(judged) = judge(&flipped, DOCUMENT, None, trusted) {
                assert_eq!(Timestamp { trusted: true, ..judged }, honest, "bit {bit}");
                accepted += 1;
            }
        }
        let other = judge(&flipped, b"another", None, None);
        assert!(other.is_err(), "bit {bit}");
    }
    // Nobody signs the status, the versions of the structures and the list of hashes: at most 20 bytes, judged twice.
    assert!(accepted < 320, "{accepted}");
}

#[test]
fn a_trusted_certificate_of_no_authority_vouches_for_itself_only() {
    let Some(authority) = Authority::new() else { return };
    authority.issue("own", "own", P256, STAMPING);
    let response = authority.forge(&Info::of(DOCUMENT).der(), "own", " -cades");
    assert!(judge(&response, DOCUMENT, None, Some(&authority.trusted("own"))).unwrap().trusted);
    assert!(authority.accepts(&response, DOCUMENT, "own", half_past_nine()));
    authority.issue("under-own", "own", P256, STAMPING);
    let response = authority.forge(&Info::of(DOCUMENT).der(), "under-own", " -cades -certfile own.pem");
    let judged = judge(&response, DOCUMENT, None, Some(&authority.trusted("own")));
    assert!(matches!(judged, Err(TimestampError::Untrusted(_))), "{judged:?}");
    assert!(!authority.accepts(&response, DOCUMENT, "own", half_past_nine()));
}

#[test]
fn two_signatures_are_refused() {
    let Some(authority) = Authority::new() else { return };
    authority.issue("second", "root", P256, STAMPING);
    let options = " -cades -signer second.pem -inkey second.key";
    let response = authority.forge(&Info::of(DOCUMENT).der(), "tsa", options);
    assert_eq!(refused(&authority, &response), TimestampError::Malformed);
}
