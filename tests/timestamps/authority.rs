//! A timestamp authority made with `openssl`, which is also asked for its verdict.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use data_encoding::HEXLOWER_PERMISSIVE;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use twinseal::domain::Time;
use twinseal::format::timestamp::Authorities;

use crate::support::stock_tool;

/// The purpose that a certificate of an authority must have, and nothing else.
pub const STAMPING: &str = "extendedKeyUsage=critical,timeStamping";

/// Elliptic curve P-256.
pub const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// The extensions of a certificate authority.
pub const CA: &str = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign";

const CONFIG: &str = "
[ca]
default_ca = d
[d]
database = index.txt
new_certs_dir = .
serial = numbers
default_md = sha256
policy = p
unique_subject = no
[p]
organizationName = optional
commonName = supplied
[ts]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha1, sha256, sha384, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
";

/// A root `root`, and an authority `tsa` under it, both on P-256, valid from 2020 to 2049.
pub struct Authority(TempDir);

impl Authority {
    /// Returns `None` without openssl.
    pub fn new() -> Option<Self> {
        if !stock_tool("openssl") {
            return None;
        }
        let new = Self(TempDir::new().unwrap());
        for (name, content) in [("openssl.cnf", CONFIG), ("index.txt", ""), ("serial", "01\n"), ("numbers", "1000\n")] {
            fs::write(new.path(name), content).unwrap();
        }
        new.issue("root", "root", P256, CA);
        new.issue("tsa", "root", P256, STAMPING);
        Some(new)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, command: &str) -> Output {
        Command::new("openssl").args(command.split(' ')).current_dir(self.0.path()).output().unwrap()
    }

    #[track_caller]
    pub fn ok(&self, command: &str) {
        let output = self.run(command);
        assert!(output.status.success(), "openssl {command}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes a key, and a certificate for it by an issuer, which may be itself.
    #[track_caller]
    pub fn issue(&self, name: &str, issuer: &str, key: &str, extensions: &str) {
        self.issue_for(name, issuer, key, extensions, ("20200101000000Z", "20491231235959Z"));
    }

    /// As [`Authority::issue`], valid for this period.
    #[track_caller]
    pub fn issue_for(&self, name: &str, issuer: &str, key: &str, extensions: &str, (from, to): (&str, &str)) {
        fs::write(self.path("extensions"), extensions).unwrap();
        self.ok(&format!("req -newkey {key} -nodes -keyout {name}.key -subj /O=Test/CN={name} -out {name}.csr"));
        let by = match issuer == name {
            true => "-selfsign".to_owned(),
            false => format!("-cert {issuer}.pem"),
        };
        self.ok(&format!(
            "ca -batch -config openssl.cnf {by} -keyfile {issuer}.key -in {name}.csr -out {name}.pem -notext \
             -startdate {from} -enddate {to} -extfile extensions"
        ));
    }

    pub fn trusted(&self, name: &str) -> Authorities {
        Authorities::read(&fs::read(self.path(&format!("{name}.pem"))).unwrap()).unwrap()
    }

    /// What `openssl ts` answers to a request.
    #[track_caller]
    pub fn answer(&self, query: &[u8], signer: &str, options: &str) -> Vec<u8> {
        fs::write(self.path("query"), query).unwrap();
        self.ok(&format!(
            "ts -reply -queryfile query -config openssl.cnf -section ts -signer {signer}.pem -inkey {signer}.key -out \
             reply{options}"
        ));
        fs::read(self.path("reply")).unwrap()
    }

    /// What `openssl ts` answers to its own request for a document.
    #[track_caller]
    pub fn stamp(&self, document: &[u8], query: &str, signer: &str, options: &str) -> Vec<u8> {
        fs::write(self.path("document"), document).unwrap();
        self.ok(&format!("ts -query -data document -cert -out own.tsq{query}"));
        self.answer(&fs::read(self.path("own.tsq")).unwrap(), signer, options)
    }

    /// A response with a token that `openssl cms` signs: `openssl ts` itself refuses to sign what is wrong.
    #[track_caller]
    pub fn forge(&self, info: &[u8], signer: &str, options: &str) -> Vec<u8> {
        fs::write(self.path("info"), info).unwrap();
        self.ok(&format!(
            "cms -sign -binary -nodetach -outform DER -in info -signer {signer}.pem -inkey {signer}.key -econtent_type \
             1.2.840.113549.1.9.16.1.4 -out token{options}"
        ));
        granted(&fs::read(self.path("token")).unwrap())
    }

    /// Whether `openssl ts -verify` accepts a response about a document, as of a time.
    pub fn accepts(&self, response: &[u8], document: &[u8], ca: &str, at: Time) -> bool {
        fs::write(self.path("response"), response).unwrap();
        fs::write(self.path("document"), document).unwrap();
        let at = at.unix();
        self.run(&format!("ts -verify -in response -data document -CAfile {ca}.pem -attime {at}")).status.success()
    }

    /// Whether `openssl ts -verify` accepts the newest [`Authority::answer`] as one to its query, nonce included.
    pub fn accepts_answer(&self) -> bool {
        self.run("ts -verify -in reply -queryfile query -CAfile root.pem").status.success()
    }
}

/// The statement of a token, with defects on demand.
pub struct Info {
    pub version: u8,
    pub imprint: Vec<u8>,
    /// As `GeneralizedTime` writes it.
    pub time: &'static str,
    /// What follows the time, in DER.
    pub rest: Vec<u8>,
}

impl Info {
    pub fn of(document: &[u8]) -> Self {
        let sha256 = tlv(0x30, &hex("0609608648016503040201"));
        let imprint = tlv(0x30, &[sha256, tlv(4, &Sha256::digest(document))].concat());
        Self { version: 1, imprint, time: "20261201093000Z", rest: Vec::new() }
    }

    pub fn der(&self) -> Vec<u8> {
        let policy = hex("06042a030401");
        let time = tlv(0x18, self.time.as_bytes());
        let parts = [tlv(2, &[self.version]), policy, self.imprint.clone(), tlv(2, &[7]), time, self.rest.clone()];
        tlv(0x30, &parts.concat())
    }
}

/// A response that grants this token.
pub fn granted(token: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&hex("3003020100")[..], token].concat())
}

pub fn hex(digits: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).unwrap()
}

/// A value in DER.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let length = &length[length.iter().take_while(|b| **b == 0).count().min(3)..];
    let long = content.len() > 127;
    let mark = long.then(|| 0x80 | u8::try_from(length.len()).unwrap());
    [&[tag][..], mark.as_slice(), length, content].concat()
}
