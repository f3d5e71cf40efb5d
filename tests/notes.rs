//! Signed notes and checkpoints: stock tools accept ours, ours accepts theirs, and nothing else is accepted.

use std::sync::LazyLock;

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use signed_note::{Note as TheirNote, StandardSigner, StandardVerifier, VerifierList};
use twinseal::domain::{Digest, PublicKey, RegisterId};
use twinseal::format::checkpoint::{Checkpoint, CheckpointError};
use twinseal::format::note::{self, MAX_NOTE, MAX_SIGNATURES, Note, NoteError, NoteSignature, verifier_key};
use twinseal::format::sshsig;
use twinseal::lang::{Lang, within};
use twinseal::signer::{KeyError, KeySource, Signer};

use crate::support::World;

const ORIGIN: &str = "prod#00112233445566778899aabbccddeeff";

fn origin() -> RegisterId {
    ORIGIN.parse().unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: origin(), size: 20_852_163, root: Digest::new([7; 32]) }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes()).unwrap()
}

/// The line of a key under the checkpoint's origin, over any text.
fn line(key: &SigningKey, text: &str) -> NoteSignature {
    NoteSignature::of_register(&origin(), &public(key), &key.sign(text.as_bytes()).to_bytes())
}

/// A checkpoint signed by keys with these seeds.
fn signed(seeds: &[u8]) -> Note {
    let text = checkpoint().to_string();
    let lines = seeds.iter().map(|seed| line(&key(*seed), &text)).collect();
    Note::new(text, lines).unwrap()
}

fn signers(note: &str, known: &[PublicKey]) -> Result<Vec<PublicKey>, NoteError> {
    Note::read(note.as_bytes())?.signers(ORIGIN, known)
}

/// A person's private key, as commands use it.
fn signer(world: &World, person: &str) -> Signer {
    let KeySource::File(file) = KeySource::read(&world.path(&format!("people/{person}/key"))).unwrap() else {
        panic!("a private key")
    };
    file.unlock(|path| Err(KeyError::NeedsPassphrase { path: path.to_owned() })).unwrap()
}

#[test]
fn the_example_of_the_specification_verifies() {
    let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let note = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let typed = BASE64.decode(vkey.rsplit('+').next().unwrap().as_bytes()).unwrap();
    let key = PublicKey::from_bytes(typed[1..].try_into().unwrap()).unwrap();
    assert_eq!(verifier_key("example.com/foo", &key), vkey);
    let read = Note::read(note.as_bytes()).unwrap();
    assert_eq!((read.text(), read.to_string().as_str()), ("This is an example message.\n", note));
    assert_eq!(read.signers("example.com/foo", &[key]), Ok(vec![key]));
    assert_eq!(read.signers("example.com/bar", &[key]), Err(NoteError::Unsigned));
}

#[test]
fn a_stock_verifier_accepts_the_checkpoint_that_a_key_file_signs() {
    let world = World::empty();
    world.person("carol");
    world.person("dave");
    let signers = ["carol", "dave"].map(|person| signer(&world, person));
    let lines = signers.iter().map(|signer| signer.sign_checkpoint(&checkpoint()).unwrap()).collect();
    let note = Note::new(checkpoint().to_string(), lines).unwrap();
    let verifiers = signers.iter().map(|signer| {
        let vkey = verifier_key(ORIGIN, &signer.public());
        Box::new(StandardVerifier::new(&vkey).unwrap()) as Box<dyn signed_note::Verifier>
    });
    let theirs = TheirNote::from_bytes(note.to_string().as_bytes()).unwrap();
    let (verified, rest) = theirs.verify(&VerifierList::new(verifiers.collect())).unwrap();
    assert_eq!((verified.len(), rest.len()), (2, 0));
    assert_eq!(theirs.text(), checkpoint().to_string().as_bytes());
    assert_eq!(note.signers(ORIGIN, &signers.map(|it| it.public())).unwrap().len(), 2);
}

#[test]
fn a_note_of_a_stock_signer_is_accepted() {
    let (key, text) = (key(5), checkpoint().to_string());
    let private = [&[1][..], &key.to_bytes()].concat();
    let id = note::key_id(ORIGIN, &public(&key));
    let skey = format!("PRIVATE+KEY+{ORIGIN}+{id:08x}+{}", BASE64.encode(&private));
    let mut theirs = TheirNote::new(text.as_bytes(), &[]).unwrap();
    theirs.add_sigs(&[&StandardSigner::new(&skey).unwrap()]).unwrap();
    let ours = Note::read(&theirs.to_bytes()).unwrap();
    assert_eq!(ours, signed(&[5]));
    assert_eq!(ours.signers(ORIGIN, &[public(&key)]), Ok(vec![public(&key)]));
    assert_eq!(Checkpoint::read(ours.text()), Ok(checkpoint()));
}

#[test]
fn malformed_notes_are_refused() {
    let good = signed(&[1]).to_string();
    let (text, signature) = good.split_once("\n\n").unwrap();
    let line = |line: &str| format!("{text}\n\n{line}\n");
    let name_and_base64 = signature.trim_end().strip_prefix("\u{2014} ").unwrap();
    let (name, base64) = name_and_base64.split_once(' ').unwrap();
    let short = BASE64.encode(&[1, 2, 3, 4]);
    // The last digit has four bits that encode nothing.
    let loose = format!("{}B=", &base64[..base64.len() - 2]);
    // Padding within it, as if two encodings were joined.
    let joined = format!("{}{}", BASE64.encode(&[0]), BASE64.encode(&[0; 67]));
    for (bytes, error) in [
        (line(&format!("\u{2014} {name} {joined}")), NoteError::Line(1)),
        (String::new(), NoteError::Form),
        (text.to_owned(), NoteError::Form),
        (format!("{text}\n\n"), NoteError::Form),
        (format!("{text}\n{signature}"), NoteError::Form),
        (good.trim_end().to_owned(), NoteError::Form),
        (format!("{good}\n"), NoteError::Form),
        (good.replace('\n', "\r\n"), NoteError::Character { found: '\r' }),
        (good.replace("prod", "pr\0d"), NoteError::Character { found: '\0' }),
        (good.replace("prod", "pr\u{1b}d"), NoteError::Character { found: '\u{1b}' }),
        (line(name_and_base64), NoteError::Line(1)),
        (line(&format!("- {name_and_base64}")), NoteError::Line(1)),
        (line(&format!("\u{2014}{name_and_base64}")), NoteError::Line(1)),
        (line(&format!("\u{2014} {name}  {base64}")), NoteError::Line(1)),
        (line(&format!("\u{2014} {name}\u{a0}x {base64}")), NoteError::Line(1)),
        (line(&format!("\u{2014} {name}+ {base64}")), NoteError::Line(1)),
        (line(&format!("\u{2014}  {base64}")), NoteError::Line(1)),
        (line(&format!("\u{2014} {name} {base64} ")), NoteError::Line(1)),
        (line(&format!("\u{2014} {name} {}", base64.trim_end_matches('='))), NoteError::Line(1)),
        (line(&format!("\u{2014} {name} {loose}")), NoteError::Line(1)),
        (line(&format!("\u{2014} {name} {short}")), NoteError::Line(1)),
        (line(&format!("\u{2014} {name} ")), NoteError::Line(1)),
        (format!("{good}{text}\n"), NoteError::Line(2)),
        ("x".repeat(MAX_NOTE + 1), NoteError::TooLarge { bytes: MAX_NOTE + 1, most: MAX_NOTE }),
        (format!("{good}{}", signature.repeat(MAX_SIGNATURES)), NoteError::TooMany { most: MAX_SIGNATURES }),
    ] {
        assert_eq!(Note::read(bytes.as_bytes()), Err(error), "{bytes:?}");
    }
    assert_eq!(Note::read(b"text\n\n\xff\n"), Err(NoteError::Utf8));
    assert!(Note::read(format!("{good}{}", signature.repeat(MAX_SIGNATURES - 1)).as_bytes()).is_ok());
}

#[test]
fn a_text_that_would_be_read_otherwise_is_not_made_a_note() {
    let text = checkpoint().to_string();
    let line = line(&key(1), &text);
    for text in ["no LF", "control\u{7}\n", "tab\t\n", &"x".repeat(MAX_NOTE)] {
        assert!(Note::new(text.to_owned(), vec![line.clone()]).is_err(), "{text:.20}");
    }
    assert_eq!(Note::new(text, Vec::new()), Err(NoteError::Form));
}

#[test]
fn only_what_a_known_key_signed_is_accepted() {
    let (good, known) = (signed(&[1]).to_string(), [public(&key(1)), public(&key(2))]);
    let (text, one) = good.split_once("\n\n").unwrap();
    let all = format!("{text}\n\n");
    let other = |text: &str| format!("{}\n", line(&key(1), text));
    let stranger = format!("{}\n", line(&key(9), &format!("{text}\n")));
    let two = format!("{}\n", line(&key(2), &format!("{text}\n")));
    assert_eq!(signers(&good, &known), Ok(vec![known[0]]));
    assert_eq!(signers(&format!("{all}{two}{one}"), &known), Ok(vec![known[1], known[0]]), "the order of the lines");
    assert_eq!(signers(&format!("{all}{one}{one}"), &known), Ok(vec![known[0]]), "twice the same");
    assert_eq!(signers(&format!("{all}{stranger}{one}"), &known), Ok(vec![known[0]]), "a stranger beside it");
    assert_eq!(signers(&format!("{all}{stranger}"), &known), Err(NoteError::Unsigned));
    assert_eq!(signers(&good, &known[1..]), Err(NoteError::Unsigned));
    assert_eq!(signers(&good, &[]), Err(NoteError::Unsigned));
    // One false signature by a known key spoils the note, whatever else it holds.
    assert_eq!(signers(&format!("{all}{}", other("prod\n")), &known), Err(NoteError::Forged(1)));
    assert_eq!(signers(&format!("{all}{one}{}", other("prod\n")), &known), Err(NoteError::Forged(2)));
    // Under another name, a key of ours is nobody's.
    assert_eq!(signers(&good.replace("\u{2014} prod", "\u{2014} test"), &known), Err(NoteError::Unsigned));
    assert_eq!(Note::read(good.as_bytes()).unwrap().signers("prod", &known), Err(NoteError::Unsigned));
}

#[test]
fn no_changed_bit_of_text_or_signature_is_accepted() {
    let (text, known) = (checkpoint().to_string(), [public(&key(1))]);
    let signature = key(1).sign(text.as_bytes()).to_bytes();
    let accepted = |text: &str, signature: &[u8; 64]| {
        let lines = vec![NoteSignature::of_register(&origin(), &known[0], signature)];
        Note::new(text.to_owned(), lines).is_ok_and(|note| note.signers(ORIGIN, &known).is_ok())
    };
    assert!(accepted(&text, &signature));
    for bit in 0..512 {
        let mut other = signature;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!accepted(&text, &other), "bit {bit} of the signature");
    }
    for bit in 0..text.len() * 8 {
        let mut other = text.clone().into_bytes();
        other[bit / 8] ^= 1 << (bit % 8);
        let other = String::from_utf8(other);
        assert!(!other.is_ok_and(|other| accepted(&other, &signature)), "bit {bit} of the text");
    }
}

/// The order of the group, little-endian: s and s plus the order satisfy the same equation.
const ORDER: [u8; 32] = {
    let mut order = [0; 32];
    let low = [0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14];
    let mut at = 0;
    while at < 16 {
        order[at] = low[at];
        at += 1;
    }
    order[31] = 0x10;
    order
};

#[test]
fn a_signature_that_is_not_reduced_is_refused() {
    let (text, known) = (checkpoint().to_string(), [public(&key(1))]);
    let mut signature = key(1).sign(text.as_bytes()).to_bytes();
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        (*byte, carry) = (carry as u8, carry >> 8);
    }
    let note = Note::new(text, vec![NoteSignature::of_register(&origin(), &known[0], &signature)]).unwrap();
    assert_eq!(note.signers(ORIGIN, &known), Err(NoteError::Forged(1)));
}

#[test]
fn malformed_checkpoints_are_refused() {
    let root = BASE64.encode(&[7; 32]);
    let good = format!("{ORIGIN}\n20852163\n{root}\n");
    assert_eq!(Checkpoint::read(&good), Ok(checkpoint()));
    assert_eq!(checkpoint().to_string(), good);
    let other = |size: &str, root: &str| format!("{ORIGIN}\n{size}\n{root}\n");
    for (text, error) in [
        (String::new(), CheckpointError::Lines),
        (good.trim_end().to_owned(), CheckpointError::Lines),
        (format!("{ORIGIN}\n5\n"), CheckpointError::Lines),
        (format!("{good}an extension\n"), CheckpointError::Lines),
        (format!("{good}\n"), CheckpointError::Lines),
        (good.replace(ORIGIN, "example.com/log42"), CheckpointError::Origin),
        (good.replace("prod", "Prod"), CheckpointError::Origin),
        (good.replace("#00112233445566778899aabbccddeeff", ""), CheckpointError::Origin),
        (good.replace("ccdd", "CCDD"), CheckpointError::Origin),
        (other("0", &root), CheckpointError::Size),
        (other("", &root), CheckpointError::Size),
        (other("007", &root), CheckpointError::Size),
        (other("+7", &root), CheckpointError::Size),
        (other("7 ", &root), CheckpointError::Size),
        (other("9007199254740992", &root), CheckpointError::Size),
        (other("5", ""), CheckpointError::Root),
        (other("5", root.trim_end_matches('=')), CheckpointError::Root),
        (other("5", &BASE64.encode(&[7; 31])), CheckpointError::Root),
        (other("5", &BASE64.encode(&[7; 33])), CheckpointError::Root),
        (other("5", &root.replace("c=", "d=")), CheckpointError::Root),
        (other("5", &format!("{root} ")), CheckpointError::Root),
    ] {
        assert_eq!(Checkpoint::read(&text), Err(error), "{text:?}");
    }
}

/// The reasons in `src/format/checkpoint.rs`, and in decision 15, for the longest and the shortest text.
#[test]
fn a_checkpoint_cannot_be_taken_for_anything_else_that_an_ssh_key_signs() {
    let shortest = Checkpoint { origin: format!("a#{}", "0".repeat(32)).parse().unwrap(), size: 1, root: Digest::NONE };
    assert_eq!(shortest.to_string().len(), 82);
    for text in [shortest.to_string(), checkpoint().to_string()] {
        assert!(text.starts_with(|c: char| c.is_ascii_lowercase()));
        assert!(text.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)));
        assert_ne!(Ok(()), sshsig::verify("twinseal/change.file/v1", text.as_bytes(), &[]).map(|_| ()));
    }
    let data = sshsig::signed_data("twinseal/change.file/v1", b"message");
    assert_eq!(data[6], 0);
    // A signature over the text is not one over an SSHSIG of it, nor the other way round.
    let (text, known) = (checkpoint().to_string(), [public(&key(1))]);
    let raw = key(1).sign(text.as_bytes()).to_bytes();
    let blob = sshsig::encode(known[0].as_bytes(), "twinseal/change.file/v1", &raw);
    assert!(sshsig::verify("twinseal/change.file/v1", text.as_bytes(), &blob).is_err());
    let wrapped = key(1).sign(&sshsig::signed_data("twinseal/change.file/v1", text.as_bytes())).to_bytes();
    let note = Note::new(text, vec![NoteSignature::of_register(&origin(), &known[0], &wrapped)]).unwrap();
    assert_eq!(note.signers(ORIGIN, &known), Err(NoteError::Forged(1)));
}

#[test]
fn every_fault_is_told_in_both_languages() {
    let faults = [
        NoteError::TooLarge { bytes: 9, most: 8 },
        NoteError::Utf8,
        NoteError::Character { found: '\r' },
        NoteError::Form,
        NoteError::Line(2),
        NoteError::TooMany { most: 8 },
        NoteError::Forged(2),
        NoteError::Unsigned,
    ];
    let others = [CheckpointError::Lines, CheckpointError::Origin, CheckpointError::Size, CheckpointError::Root];
    let said = |lang| {
        let notes = faults.iter().map(NoteError::to_string);
        within(lang, || notes.chain(others.iter().map(CheckpointError::to_string)).collect::<Vec<_>>())
    };
    for (english, chinese) in said(Lang::En).iter().zip(said(Lang::Zh)) {
        assert!(english.is_ascii() && !chinese.is_ascii(), "{english}: {chinese}");
    }
}

/// Some bytes of a note, so that random ones come near it.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| signed(&[1, 2]).to_string().into_bytes());

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(
        cut in 0..300usize, noise in proptest::collection::vec(any::<u8>(), 0..40), at in 0..300usize,
    ) {
        let mut bytes = GOOD.clone();
        let at = at.min(bytes.len());
        bytes.splice(at..(at + cut).min(bytes.len()), noise);
        if let Ok(note) = Note::read(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
            let _ = note.signers(ORIGIN, &[public(&key(1))]);
            let _ = Checkpoint::read(note.text());
        }
    }
}
