//! Keys of FIDO tokens (`sk-ssh-ed25519@openssh.com`), without a token: `support::token` is one in software, and
//! `sk-dummy.so` of OpenSSH's tests (Debian's openssh-tests) is one for `ssh-keygen` and `ssh-agent`.

mod enrolment;
mod signing;
mod stock;

use ed25519_dalek::{Signer as _, SigningKey};
use twinseal::domain::{BadKey, PublicKey, Touch};
use twinseal::format::{Defect, sshsig};

const NAMESPACE: &str = "twinseal/change.approve/v1";
const MESSAGE: &[u8] = b"a message\n";
const TOUCHED: Touch = Touch { flags: 1, counter: 7 };

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn public(application: &str) -> PublicKey {
    PublicKey::fido(key().verifying_key().to_bytes(), application.as_bytes()).unwrap()
}

/// The blob of a token that says `said` of the signature, and has signed `signed`.
fn blob(application: &str, signed: Touch, said: Touch) -> Vec<u8> {
    let data = sshsig::fido_data(application.as_bytes(), signed, &sshsig::signed_data(NAMESPACE, MESSAGE));
    sshsig::encode_by(&public(application).wire(), NAMESPACE, &key().sign(&data).to_bytes(), Some(said))
}

#[test]
fn flags_and_counter_are_part_of_what_a_token_signs() {
    let good = blob("ssh:", TOUCHED, TOUCHED);
    let signed = sshsig::verify(NAMESPACE, MESSAGE, &good).unwrap();
    assert_eq!((signed.key, signed.touch), (public("ssh:").fingerprint(), Some(TOUCHED)));
    for said in [Touch { flags: 5, ..TOUCHED }, Touch { counter: 8, ..TOUCHED }, Touch { counter: 0, ..TOUCHED }] {
        assert_eq!(sshsig::verify(NAMESPACE, MESSAGE, &blob("ssh:", TOUCHED, said)), Err(Defect::SignatureFalse));
    }
    assert_eq!(sshsig::verify(NAMESPACE, b"another", &good), Err(Defect::SignatureFalse));
    assert_eq!(sshsig::verify("twinseal/change.start/v1", MESSAGE, &good), Err(Defect::SignatureForm));
}

#[test]
fn a_signature_of_a_token_that_nobody_touched_is_refused() {
    for flags in [0, 4, 0xfe] {
        let touch = Touch { flags, counter: 7 };
        assert_eq!(sshsig::verify(NAMESPACE, MESSAGE, &blob("ssh:", touch, touch)), Err(Defect::Untouched));
    }
    for flags in [1, 5, 0x81] {
        let touch = Touch { flags, counter: 7 };
        assert!(sshsig::verify(NAMESPACE, MESSAGE, &blob("ssh:", touch, touch)).is_ok());
    }
}

#[test]
fn a_key_of_another_application_is_another_key() {
    assert_ne!(public("ssh:").fingerprint(), public("ssh:desk").fingerprint());
    // The point and the signature are right, and the application is not what the token signed for.
    let data = sshsig::fido_data(b"ssh:", TOUCHED, &sshsig::signed_data(NAMESPACE, MESSAGE));
    let signature = key().sign(&data).to_bytes();
    let other = sshsig::encode_by(&public("ssh:desk").wire(), NAMESPACE, &signature, Some(TOUCHED));
    assert_eq!(sshsig::verify(NAMESPACE, MESSAGE, &other), Err(Defect::SignatureFalse));
}

#[test]
fn an_application_that_is_not_one_of_openssh_is_refused() {
    let point = key().verifying_key().to_bytes();
    let longest = "ssh:1234567890123456789012345678";
    assert_eq!(public(longest).to_string().parse(), Ok(public(longest)));
    let long = format!("{longest}9");
    for bad in ["", "ssh", "web:", "https://bank.example", "ssh: a", "ssh:\u{e9}", "ssh:\0", "ssh:\n", &long] {
        assert_eq!(PublicKey::fido(point, bad.as_bytes()), Err(BadKey::Application), "{bad:?}");
    }
}

#[test]
fn a_key_in_any_other_wire_format_is_refused() {
    let good = public("ssh:").wire();
    assert_eq!(PublicKey::from_wire(&good), Ok(public("ssh:")));
    for cut in 0..good.len() {
        assert!(PublicKey::from_wire(&good[..cut]).is_err(), "cut at {cut}");
    }
    assert!(PublicKey::from_wire(&[&good[..], &[0]].concat()).is_err());
    for at in (0..34).chain(66..70) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(PublicKey::from_wire(&bad).is_err(), "byte {at}");
    }
    // The algorithm before the base64 must be the one in it.
    let line = public("ssh:").to_string();
    assert!(line.replacen("sk-ssh-ed25519@openssh.com", "ssh-ed25519", 1).parse::<PublicKey>().is_err());
    let plain = PublicKey::from_bytes(key().verifying_key().to_bytes()).unwrap().to_string();
    assert!(plain.replacen("ssh-ed25519", "sk-ssh-ed25519@openssh.com", 1).parse::<PublicKey>().is_err());
}

#[test]
fn a_weak_or_noncanonical_point_is_refused_for_a_token_too() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(PublicKey::fido(identity, b"ssh:"), Err(BadKey::Weak));
    let mut noncanonical = [0xff; 32];
    (noncanonical[0], noncanonical[31]) = (0xee, 0x7f);
    assert_eq!(PublicKey::fido(noncanonical, b"ssh:"), Err(BadKey::NotCanonical));
    let mut no_point = [0; 32];
    no_point[0] = 2;
    assert_eq!(PublicKey::fido(no_point, b"ssh:"), Err(BadKey::NotAPoint));
}

#[test]
fn a_blob_with_any_other_byte_is_not_accepted() {
    let good = blob("ssh:", TOUCHED, TOUCHED);
    for at in 0..good.len() {
        for flip in [1, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            assert!(sshsig::verify(NAMESPACE, MESSAGE, &bad).is_err(), "byte {at} ^ {flip:#x}");
        }
        assert!(sshsig::verify(NAMESPACE, MESSAGE, &good[..at]).is_err(), "cut at {at}");
    }
    assert!(sshsig::verify(NAMESPACE, MESSAGE, &[&good[..], &[0]].concat()).is_err());
    // Neither algorithm passes for the other.
    let plain = sshsig::encode_by(&public("ssh:").wire(), NAMESPACE, &[1; 64], None);
    assert_eq!(sshsig::verify(NAMESPACE, MESSAGE, &plain), Err(Defect::SignatureForm));
}
