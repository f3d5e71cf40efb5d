//! A FIDO token in software, and an agent that holds it: both say the flags and the counter that a test chooses.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};
use std::thread;

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use twinseal::domain::{Event, Header, PublicKey, Text, Touch};
use twinseal::format::{Raw, Unsigned, sshsig, text};

use super::World;

/// The flag of a token that somebody touched.
pub const UP: u8 = 1;
/// The flag of a token that checked a PIN.
pub const UV: u8 = 4;

/// A token with one key.
#[derive(Clone)]
pub struct Token {
    key: SigningKey,
    application: &'static str,
    says: Arc<Mutex<Touch>>,
}

impl Token {
    /// A token that was touched, with a key of its own for each number.
    pub fn new(number: u8) -> Self {
        Self::for_application(number, "ssh:")
    }

    /// Like [`Token::new`], with a key for another application.
    pub fn for_application(number: u8, application: &'static str) -> Self {
        let says = Arc::new(Mutex::new(Touch { flags: UP, counter: 0 }));
        Self { key: SigningKey::from_bytes(&[number; 32]), application, says }
    }

    /// A token with the private half of another key.
    pub fn with_seed(seed: [u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(&seed), ..Self::new(0) }
    }

    /// The private half, which no token gives away.
    pub fn secret(&self) -> &SigningKey {
        &self.key
    }

    pub fn public(&self) -> PublicKey {
        PublicKey::fido(self.key.verifying_key().to_bytes(), self.application.as_bytes()).unwrap()
    }

    /// Says this of every signature from now on.
    pub fn says(&self, flags: u8, counter: u32) {
        *self.says.lock().unwrap() = Touch { flags, counter };
    }

    fn signature(&self, data: &[u8]) -> ([u8; 64], Touch) {
        let touch = *self.says.lock().unwrap();
        let signed = sshsig::fido_data(self.application.as_bytes(), touch, data);
        (self.key.sign(&signed).to_bytes(), touch)
    }

    /// The blob over a message.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Vec<u8> {
        let (signature, touch) = self.signature(&sshsig::signed_data(namespace, message));
        sshsig::encode_by(&self.public().wire(), namespace, &signature, Some(touch))
    }

    /// The answer of an agent to a request.
    fn answer(&self, request: &[u8]) -> Vec<u8> {
        let wire = string(&self.public().wire());
        match request[0] {
            11 => [&[12, 0, 0, 0, 1][..], &wire, &string(b"token")].concat(),
            _ => {
                let data = &request[1 + wire.len() + 4..request.len() - 4];
                let (signature, Touch { flags, counter }) = self.signature(data);
                let counter = counter.to_be_bytes();
                let inner = [string(b"sk-ssh-ed25519@openssh.com"), string(&signature)].concat();
                [&[14][..], &string(&[&inner[..], &[flags], &counter].concat())].concat()
            }
        }
    }
}

fn string(part: &[u8]) -> Vec<u8> {
    [&u32::try_from(part.len()).unwrap().to_be_bytes(), part].concat()
}

fn serve(token: &Token, stream: &mut UnixStream) -> std::io::Result<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request)?;
    stream.write_all(&string(&token.answer(&request)))
}

impl World {
    /// Gives a person an agent with this token, and nothing else to sign with.
    pub fn plug(&self, person: &str, token: &Token) {
        let socket = self.path(&format!("{person}.token"));
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let token = token.clone();
        self.write(&format!("people/{person}/token.pub"), format!("{} token\n", token.public()));
        self.variable(person, "SSH_AUTH_SOCK", Some(&socket.display().to_string()));
        let key = self.path(&format!("people/{person}/token.pub")).display().to_string();
        self.variable(person, "TWINSEAL_KEY", Some(&key));
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                // A client that went away has what it wanted.
                let _ = serve(&token, &mut stream);
            }
        });
    }

    /// Has two admins enrol a person with this token, as an approver with these further roles and groups.
    pub fn enrol_token(&self, person: &str, token: &Token, more: &str) {
        self.plug(person, token);
        let request = format!("person request {person} --register {} --role approver", self.named());
        self.ok(person, &format!("{request} --out {person}.request"));
        self.ok("alice", &format!("person enrol {person}={person}.request:approver{more}"));
        self.ok("bob", &format!("proposal second {} --digest {}", self.proposals(), self.newest_proposal().opened));
        self.ok(person, &format!("list --fingerprint {}", self.fingerprint()));
    }

    fn proposals(&self) -> u64 {
        self.state().governance().proposals()
    }

    /// Appends an entry by a person whose key is in this token, without checking the rules.
    pub fn force_by_token(&self, person: &str, token: &Token, event: &Event, words: Option<&Text>) -> u64 {
        let (bytes, reference) = words.map(|words| text::write(words, [7; 16])).unzip();
        let position = self.state().position(event.stream()).unwrap();
        let header = Header {
            register: self.state().id().unwrap().clone(),
            seq: position.seq,
            prev: position.prev,
            governance: position.governance,
            last: position.last,
            time: self.now(),
            actor: person.parse().unwrap(),
            key: token.public().fingerprint(),
            touch: None,
            data: twinseal::format::data::digest_of(event),
            text: reference,
        };
        let unsigned = Unsigned::new(&header, event, bytes.clone()).unwrap();
        let signature = token.sign(unsigned.namespace(), unsigned.body().as_bytes());
        let blob = format!("{}\nsig {}\n", unsigned.body(), BASE64.encode(&signature)).into_bytes();
        let data = twinseal::format::data::of(event);
        self.insert(&Raw { seq: header.seq, blob, text: bytes, data });
        header.seq
    }
}
