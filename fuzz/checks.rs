//! What must hold for each parser on any input, as `README.md` lists it. There is one check for each parser. The fuzz
//! targets call it with generated inputs, and `tests/fuzz.rs` with those in `corpus/`.

mod drafts;
mod notes;
mod stamps;

use std::fmt::Display;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::thread;

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use ssh_key::SshSig;
use ssh_key::encoding::Decode;
use twinseal::domain::{Digest, Event, EventKind, Fingerprint, Header, PublicKey, Stream, TextRef, Time, is_forbidden};
use twinseal::format::request::{self, Request};
use twinseal::format::sshsig::{self, Signed};
use twinseal::format::{Defect, Keys, Raw, Unsigned, body, data, entry, text, word};
use twinseal::output;
use twinseal::signer::{Agent, KeyError, KeySource, Passphrase};

pub use drafts::{calendar, change, freeze, policy, rota};
pub use notes::note;
pub use stamps::{DOCUMENT, ROOT, timestamp};

/// Checks a parser with one input; panics if something does not hold.
pub type Check = fn(&[u8]);

/// Every check, with the name of its fuzz target.
pub const CHECKS: [(&str, Check); 15] = [
    ("agent", agent),
    ("calendar", calendar),
    ("change", change),
    ("data", self::data),
    ("entry", self::entry),
    ("freeze", freeze),
    ("key", key),
    ("note", note),
    ("policy", policy),
    ("request", self::request),
    ("rota", rota),
    ("sshsig", self::sshsig),
    ("text", self::text),
    ("timestamp", timestamp),
    ("word", self::word),
];

/// A fixed key for signatures in these checks.
fn own_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn own_point() -> [u8; 32] {
    own_key().verifying_key().to_bytes()
}

fn sign(namespace: &str, message: &[u8]) -> Vec<u8> {
    let signature = own_key().sign(&sshsig::signed_data(namespace, message));
    sshsig::encode(&own_point(), namespace, &signature.to_bytes())
}

fn now() -> Time {
    "2026-12-01T09:00:00Z".parse().unwrap()
}

/// Checks that an error has a message, and that printing it cannot control a terminal.
fn check_message(error: impl Display) {
    let error = error.to_string();
    assert!(!error.is_empty() && !output::safe_lines(&error).contains(|c| c != '\n' && is_forbidden(c)));
}

/// Checks that the bytes are UTF-8 without forbidden characters.
fn check_characters(bytes: &[u8]) {
    let text = str::from_utf8(bytes).unwrap();
    assert_eq!(text.chars().find(|c| *c != '\n' && is_forbidden(*c)), None);
}

// ---- Entries

/// Input: an entry's blob up to the end of the signature line, then its text part, if any, then an empty line and its
/// data part, if any.
pub fn entry(data: &[u8]) {
    let line = |from: usize| data[from..].iter().position(|b| *b == b'\n').map(|end| from + end + 1);
    let end = data.windows(2).position(|pair| pair == b"\n\n").and_then(|at| line(at + 2)).unwrap_or(data.len());
    let (blob, rest) = data.split_at(end);
    let at = match rest.first() {
        Some(b'\n') => Some(0),
        _ => rest.windows(2).position(|pair| pair == b"\n\n").map(|at| at + 1),
    };
    let (text, data) = at.map_or((rest, None), |at| (&rest[..at], Some(rest[at + 1..].to_vec())));
    let text = (!text.is_empty()).then(|| text.to_vec());
    let raw = Raw { seq: named_seq(blob), blob: blob.to_vec(), text, data };

    let opened = entry::open(&raw);
    let (header, event) = match entry::read_body(&raw) {
        Ok(body) => body,
        Err(defect) => {
            assert!(opened.is_err() && entry::parse(&raw).is_err());
            return check_message(defect);
        }
    };
    // Encoding what was decoded gives the same bytes.
    let unsigned = Unsigned::new(&header, &event, raw.text.clone()).unwrap();
    assert!(raw.blob.starts_with(format!("{}\n", unsigned.body()).as_bytes()));
    check_characters(&raw.blob);
    match &opened {
        Err(defect) => check_message(defect),
        Ok(opened) => {
            assert_eq!((&opened.header, &opened.event), (&header, &event));
            assert_eq!(entry::parse(&raw).as_ref(), Ok(opened));
            assert_eq!(unsigned.seal(&signature(&raw)).unwrap(), (raw.clone(), opened.clone()));
        }
    }
    let signed = sign_again(header, &event, raw.text.clone());
    // A key that is decoded already changes no verdict.
    let keys = Keys::default();
    for raw in [raw].iter().chain(&signed) {
        let opened = entry::open(raw);
        assert_eq!(entry::open_with(&keys, raw), opened);
        assert_eq!(entry::open_with(&keys, raw), opened);
    }
}

/// The number in an entry's `seq` line.
fn named_seq(blob: &[u8]) -> u64 {
    let line = blob.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"seq "));
    line.and_then(|seq| str::from_utf8(seq).ok()?.parse().ok()).unwrap_or_default()
}

/// The binary signature of a well-formed entry.
fn signature(raw: &Raw) -> Vec<u8> {
    let line = raw.blob.strip_suffix(b"\n").unwrap().rsplit(|b| *b == b' ').next().unwrap();
    BASE64.decode(line).unwrap()
}

/// Signs the entry again with our own key, so that the checks behind the signature are reached too. Returns `None` if
/// one of them refuses the entry.
fn sign_again(header: Header, event: &Event, text: Option<Vec<u8>>) -> Option<Raw> {
    let header = Header { key: Fingerprint::of(&own_point()), ..header };
    let unsigned = Unsigned::new(&header, event, text).unwrap();
    let signature = sign(unsigned.namespace(), unsigned.body().as_bytes());
    match unsigned.seal(&signature) {
        Ok((raw, entry)) => {
            assert_eq!((&entry.header, &entry.event), (&header, event));
            let shown = output::json::entry(&header, event, entry.text.as_ref(), entry.leaf).to_string();
            check_characters(format!("{shown}\n{}", output::describe(event)).as_bytes());
            Some(raw)
        }
        Err(defect) => {
            let signature_defects = [Defect::SignatureForm, Defect::SignatureFalse, Defect::SignatureKey];
            assert!(!signature_defects.contains(&defect), "{defect}");
            check_message(defect);
            None
        }
    }
}

/// Input: a line that names a kind of entry, then a text part.
pub fn text(data: &[u8]) {
    let mut parts = data.splitn(2, |b| *b == b'\n');
    let kind = parts.next().and_then(|kind| str::from_utf8(kind).ok()?.parse::<EventKind>().ok());
    let (Some(kind), Some(bytes)) = (kind, parts.next()) else { return };
    match text::read(kind, bytes) {
        Err(defect) => check_message(defect),
        Ok(read) => {
            check_characters(bytes);
            assert!(read.filled().iter().all(|field| text::fields(kind).contains(field)));
            // The salt is the only part that decoding drops.
            let salt = str::from_utf8(&bytes["salt ".len()..][..32]).unwrap();
            let salt = twinseal::domain::unhex(salt).unwrap();
            let written = TextRef { filled: read.filled(), digest: text::digest(bytes) };
            assert_eq!(text::write(&read, salt), (bytes.to_vec(), written));
        }
    }
}

/// Input: a line that names a kind of entry, then a data part.
pub fn data(data: &[u8]) {
    let mut parts = data.splitn(2, |b| *b == b'\n');
    let kind = parts.next().and_then(|kind| str::from_utf8(kind).ok()?.parse::<EventKind>().ok());
    let (Some(kind), Some(bytes)) = (kind, parts.next()) else { return };
    match data::read(kind, bytes) {
        Err(defect) => check_message(defect),
        Ok(read) => {
            check_characters(bytes);
            assert_eq!(data::write(&read), bytes);
        }
    }
}

/// Input: an enrolment request. It is also checked with our own signatures, which verify if it is for our own key.
pub fn request(data: &[u8]) {
    read_request(data);
    let Some(at) = data.windows(2).position(|pair| pair == b"\n\n") else { return };
    let (body, rest) = (&data[..=at], &data[at + 2..]);
    let after = rest.iter().position(|b| *b == b'\n').map_or(rest, |end| &rest[end + 1..]);
    let sig = BASE64.encode(&sign(request::NAMESPACE, body));
    let signed = [body, format!("\nsig {sig}\n").as_bytes(), after].concat();
    read_request(&signed);
    let vouch = BASE64.encode(&sign(request::VOUCH, body));
    read_request(&[body, format!("\nsig {sig}\nvouch {vouch}\n").as_bytes(), after].concat());
}

/// Input: a break-glass that was signed without the register. It is also checked with our own signature, which verifies
/// if it names our own key.
pub fn word(data: &[u8]) {
    read_word(data);
    let Some(at) = data.windows(6).position(|it| it == b"\n\nsig ") else { return };
    let (message, rest) = (&data[..=at], &data[at + 6..]);
    let text = rest.iter().position(|b| *b == b'\n').map_or(rest, |end| &rest[end + 1..]);
    let sig = BASE64.encode(&sign(word::NAMESPACE, message));
    read_word(&[message, format!("\nsig {sig}\n").as_bytes(), text].concat());
}

fn read_word(bytes: &[u8]) {
    match word::read_file(bytes) {
        Err(defect) => check_message(defect),
        Ok((word, opening, text)) => {
            check_characters(bytes);
            let (part, _) = text::write(&text, word.salt.unwrap());
            assert_eq!(word::write_file(&word, &opening, &part).as_bytes(), bytes);
        }
    }
}

fn read_request(bytes: &[u8]) {
    match Request::read(bytes) {
        Err(defect) => check_message(defect),
        Ok(read) => {
            check_characters(bytes);
            assert_eq!(read.write().as_bytes(), bytes);
            assert_eq!(request::check(&read.register, &read.person, &read.asked, &read.key, &read.proof), Ok(()));
            if let Some(vouch) = &read.vouch {
                assert_eq!(request::check_vouch(&read.register, &read.person, &read.asked, &read.key, vouch), Ok(()));
            }
        }
    }
}

/// Checks that an event is the same after encoding and decoding.
fn check_recordable(event: &Event, text: Option<TextRef>) {
    let header = Header {
        register: "prod#00112233445566778899aabbccddeeff".parse().unwrap(),
        seq: 1,
        prev: Digest::NONE,
        governance: Digest::NONE,
        last: Some(Digest::NONE).filter(|_| event.stream() != Stream::Governance),
        time: now(),
        actor: "erin".parse().unwrap(),
        key: Fingerprint::of(&own_point()),
        touch: None,
        data: data::digest_of(event),
        text,
    };
    let body = body::write(&header, event);
    check_characters(body.as_bytes());
    let (named, mut read) = body::read(body.as_bytes()).unwrap();
    data::complete(&mut read, named.data, data::of(event).as_deref()).unwrap();
    assert_eq!((named, &read), (header, event));
}

// ---- Keys and signatures

const NAMESPACE: &str = "twinseal/change.note/v1";
const MESSAGE: &[u8] = b"a message\n";

/// Input: a private or public key file.
pub fn key(data: &[u8]) {
    // A temporary file has mode 0600, as a private key must.
    static FILE: Mutex<Option<tempfile::NamedTempFile>> = Mutex::new(None);
    let mut file = FILE.lock().unwrap();
    let file = file.get_or_insert_with(|| tempfile::NamedTempFile::new().unwrap());
    fs::write(file.path(), data).unwrap();
    match KeySource::read(file.path()) {
        Err(error) => check_message(error),
        Ok(KeySource::Agent(public)) => {
            // Any white space may separate algorithm and key, and anything may follow them.
            let line: Vec<&str> = str::from_utf8(data).unwrap().split_whitespace().take(2).collect();
            let line = line.join(" ");
            assert_eq!(public.to_string(), line);
            let independent = ssh_key::PublicKey::from_openssh(&line).unwrap();
            let point = match independent.key_data() {
                ssh_key::public::KeyData::SkEd25519(key) => key.public_key().0,
                key => key.ed25519().unwrap().0,
            };
            assert_eq!(point, *public.as_bytes());
        }
        // Its signatures are made by ssh-keygen, with a token.
        Ok(KeySource::Token(..)) => {}
        Ok(KeySource::File(file)) => {
            let (public, locked) = (file.public(), file.is_locked());
            let no_terminal = |path: &Path| Err::<Passphrase, _>(KeyError::NeedsPassphrase { path: path.to_owned() });
            match file.unlock(no_terminal) {
                Err(error) => check_message(error),
                Ok(signer) => {
                    assert!(!locked && signer.public() == public);
                    let blob = signer.sign(NAMESPACE, MESSAGE).unwrap();
                    assert_eq!(sshsig::verify(NAMESPACE, MESSAGE, &blob), Ok(Signed::by(public.as_bytes())));
                }
            }
        }
    }
}

/// Input: a namespace and a message on a line each, then an SSHSIG blob.
pub fn sshsig(data: &[u8]) {
    let mut parts = data.splitn(3, |b| *b == b'\n');
    let namespace = parts.next().and_then(|it| str::from_utf8(it).ok());
    let (Some(namespace), Some(message), Some(blob)) = (namespace, parts.next(), parts.next()) else { return };
    let verdict = sshsig::verify(namespace, message, blob);
    with_decoded_keys(namespace, message, blob);
    if verdict != Err(Defect::SignatureForm) && sshsig::touch_in(blob).is_none() {
        let (point, signature) = (blob[33..65].try_into().unwrap(), blob[blob.len() - 64..].try_into().unwrap());
        assert_eq!(sshsig::encode(&point, namespace, &signature), blob);
        assert!(verdict.is_err() || verdict == Ok(Signed::by(&point)));
        if !namespace.is_empty() {
            let stock = SshSig::decode(&mut &*blob).unwrap();
            assert_eq!((stock.namespace(), stock.signature_bytes()), (namespace, &signature[..]));
        }
    }
    if let Err(defect) = verdict {
        check_message(defect);
    }
    check_altered_signature(namespace, message, blob);
}

/// A key that is decoded already changes no verdict.
fn with_decoded_keys(namespace: &str, message: &[u8], blob: &[u8]) {
    let (keys, verdict) = (Keys::default(), sshsig::verify(namespace, message, blob));
    for _ in 0..2 {
        assert_eq!(sshsig::verify_with(&keys, namespace, message, blob), verdict);
    }
}

/// Checks that a valid signature with any bits flipped, those of `mask`, is refused.
fn check_altered_signature(namespace: &str, message: &[u8], mask: &[u8]) {
    let good = sign(namespace, message);
    assert_eq!(sshsig::verify(namespace, message, &good), Ok(Signed::by(&own_point())));
    let mut bad = good.clone();
    bad.iter_mut().rev().zip(mask.iter().rev()).for_each(|(byte, mask)| *byte ^= mask);
    assert_eq!(sshsig::verify(namespace, message, &bad).is_ok(), bad == good);
    with_decoded_keys(namespace, message, &bad);
}

/// Input: an agent's answer to a list request, framed as on the wire, then its answer to a sign request.
pub fn agent(data: &[u8]) {
    let length = data.split_first_chunk().map_or(0, |(length, _)| u32::from_be_bytes(*length) as usize + 4);
    let (listed, signed) = data.split_at(length.min(data.len()));
    let key = PublicKey::from_bytes(own_point()).unwrap();
    let agent = FakeAgent::shared();
    agent.answer_with([listed, listed, signed]);
    match agent.client().keys() {
        Err(error) => check_message(error),
        Ok(held) => {
            // A list without other keys has one encoding.
            let mut list = vec![12];
            list.extend_from_slice(&(held.len() as u32).to_be_bytes());
            for it in &held {
                put(&mut list, &it.key.wire());
                put(&mut list, it.comment.as_bytes());
            }
            let all = listed.get(5..9) == list.get(1..5) && held.iter().all(|it| !it.comment.contains('\u{fffd}'));
            assert!(!all || listed[4..] == list);
        }
    }
    match agent.client().signer(key).map_err(KeyError::from).and_then(|signer| signer.sign(NAMESPACE, MESSAGE)) {
        Err(error) => check_message(error),
        Ok(blob) => assert_eq!(sshsig::verify(NAMESPACE, MESSAGE, &blob), Ok(Signed::by(&own_point()))),
    }
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

/// Listens at a socket and gives prepared answers.
struct FakeAgent {
    folder: tempfile::TempDir,
    answers: Mutex<std::vec::IntoIter<Vec<u8>>>,
}

impl FakeAgent {
    /// The only one of this process. Not for use by two threads at once.
    fn shared() -> &'static Self {
        static ONE: OnceLock<FakeAgent> = OnceLock::new();
        ONE.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
            thread::spawn(move || listener.incoming().for_each(|stream| Self::shared().answer(stream.unwrap())));
            Self { folder, answers: Mutex::default() }
        })
    }

    fn client(&self) -> Agent {
        Agent::at(self.folder.path().join("socket"))
    }

    fn answer_with(&self, answers: [&[u8]; 3]) {
        *self.answers.lock().unwrap() = answers.map(<[u8]>::to_vec).to_vec().into_iter();
    }

    fn answer(&self, mut stream: UnixStream) {
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        stream.read_exact(&mut vec![0; u32::from_be_bytes(length) as usize]).unwrap();
        let answer = self.answers.lock().unwrap().next().unwrap_or_default();
        // The client hangs up on an answer that it refuses early.
        let _ = stream.write_all(&answer);
    }
}
