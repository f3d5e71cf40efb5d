//! Verifies every entry with stock tools alone: hashes, links, signatures, and the redaction behind each missing text.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::full_life::{full_life, seq_of};
use super::{body, sh, stock_tools};
use twinseal::domain::EventKind;
use twinseal::format::{Raw, request, statement, word};

/// Checks the entry in the files `entry` and, if it has one, `text` of a folder.
const CHECK: &str = r"
sed '/^$/,$d' entry > body
{ echo '-----BEGIN SSH SIGNATURE-----'; sed -n 's/^sig //p' entry; echo '-----END SSH SIGNATURE-----'; } > sig
{ printf '\000'; cat entry; } | sha256sum | cut -c 1-64
[ ! -e text ] || sha256sum < text | cut -c 1-64
ssh-keygen -Y verify -f signers -n $(sed -n 1p body) -I $(sed -n 's/^actor //p' body) -s sig < body
";

/// The state that a reader without twinseal keeps while reading a log.
#[derive(Default)]
struct Reader {
    leaf: Option<String>,
    governance: Option<String>,
    last: HashMap<String, String>,
    signers: String,
    kinds: Vec<String>,
    /// The texts that each proposal would redact, as `SEQ DIGEST`, by the leaf hash of the entry that opened it.
    redact: HashMap<String, Vec<String>>,
    /// Missing texts, as `SEQ DIGEST`, for which no redaction has been read yet.
    missing: HashSet<String>,
    /// The number of missing texts whose redaction has been read.
    redacted: usize,
}

impl Reader {
    fn check(&mut self, folder: &Path, raw: &Raw) {
        let body = body(raw);
        let value = |key: &str| values(&body, key).next();
        self.signers.push_str(&signers(&body));
        fs::write(folder.join("entry"), &raw.blob).unwrap();
        _ = fs::remove_file(folder.join("text"));
        raw.text.iter().for_each(|text| fs::write(folder.join("text"), text).unwrap());
        fs::write(folder.join("signers"), &self.signers).unwrap();
        let (code, printed) = sh(folder, CHECK);
        assert!(code == 0, "{body}{printed}");
        let mut printed = printed.lines();
        let leaf = printed.next().unwrap().to_owned();
        match (value("text"), &raw.text) {
            (Some(digest), None) => _ = self.missing.insert(format!("{} {digest}", raw.seq)),
            (digest, text) => assert_eq!(digest, text.as_ref().and_then(|_| printed.next()), "{body}"),
        }
        let key = printed.next().and_then(|line| line.rsplit(' ').next());
        assert_eq!(key, value("key"), "{body}");
        self.follow_proposals(&body, &leaf);

        let of = |leaf: &Option<String>| leaf.clone().unwrap_or("0".repeat(64));
        assert_eq!(value("seq"), Some(raw.seq.to_string().as_str()));
        assert_eq!(value("prev"), Some(of(&self.leaf).as_str()), "{body}");
        assert_eq!(value("governance"), Some(of(&self.governance).as_str()), "{body}");
        let subject = ["change", "breakglass", "deviation"].iter().find_map(|key| value(key)).map(str::to_owned);
        let last = subject.as_ref().map(|subject| of(&self.last.get(subject).cloned()));
        assert_eq!(value("last"), last.as_deref(), "{body}");
        match subject {
            Some(subject) => _ = self.last.insert(subject, leaf.clone()),
            // An entry about the log itself belongs to no stream.
            None if body.starts_with("twinseal/log.") => {}
            None => self.governance = Some(leaf.clone()),
        }
        self.leaf = Some(leaf);
        self.kinds.push(body.lines().next().unwrap().to_owned());
    }

    /// Explains a missing text by the seconded proposal that redacted it.
    fn follow_proposals(&mut self, body: &str, leaf: &str) {
        let redact: Vec<String> = values(body, "redact").map(str::to_owned).collect();
        self.redact.insert(leaf.to_owned(), redact);
        if body.starts_with("twinseal/proposal.second/") {
            let (_, opened) = values(body, "proposal").next().unwrap().split_once(' ').unwrap();
            self.redacted += self.redact[opened].iter().filter(|text| self.missing.remove(*text)).count();
        }
    }
}

/// The values of all lines of a body with this key.
fn values<'b>(body: &'b str, key: &str) -> impl Iterator<Item = &'b str> {
    body.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '))
}

/// The keys that an entry would enrol, as lines of an allowed signers file. Keys of a proposal that is not seconded
/// sign no entry, so listing them is harmless.
fn signers(body: &str) -> String {
    let (mut signers, mut person) = (String::new(), "");
    for line in body.lines() {
        match line.split_once(' ') {
            Some(("member" | "person", it)) => person = it,
            Some(("public-key", key)) => writeln!(signers, "{person} {key}").unwrap(),
            _ => {}
        }
    }
    signers
}

#[test]
fn stock_tools_alone_check_every_entry() {
    if !stock_tools(&["sha256sum", "ssh-keygen", "sed"]) {
        return;
    }
    let world = full_life();
    let mut reader = Reader::default();
    let folder = world.path("");
    for seq in 0..world.entries() {
        reader.check(&folder, &world.raw(seq));
    }
    for kind in EventKind::ALL {
        assert!(reader.kinds.contains(&format!("twinseal/{kind}/v1")), "the register has no {kind}");
    }
    assert_eq!((reader.redacted, reader.missing), (1, HashSet::new()));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());

    // The tools refuse another body and another namespace.
    let newest = world.raw(world.entries() - 1).blob;
    for (lie, told) in [("", true), ("sed -i 's/^seq /seq 1/' entry", false), ("sed -i 1s/refused/start/ entry", false)]
    {
        fs::write(folder.join("entry"), &newest).unwrap();
        let (code, printed) = sh(&folder, &format!("{lie}{CHECK}"));
        assert_eq!(code == 0, told, "{lie}\n{printed}");
    }
}

#[test]
fn stock_tools_alone_tell_a_lost_text_from_a_redacted_one() {
    if !stock_tools(&["sha256sum", "ssh-keygen", "sed"]) {
        return;
    }
    let world = full_life();
    let lost = seq_of(&world, "change.reject");
    world.tamper(&format!("UPDATE entry SET text = NULL WHERE seq = {lost}"));
    let mut reader = Reader::default();
    (0..world.entries()).for_each(|seq| reader.check(&world.path(""), &world.raw(seq)));
    let body = body(&world.raw(lost));
    let digest = values(&body, "text").next().unwrap();
    assert_eq!((reader.redacted, reader.missing), (1, HashSet::from([format!("{lost} {digest}")])));
    let finding = format!("entry {lost}: [text] the text part is missing, and no proposal redacted it");
    assert_eq!(world.findings("audrey").first(), Some(&finding));
}

/// The fingerprint of the key with which a person signed a request, according to `ssh-keygen`; `None` if the signature
/// is invalid.
fn has_signed(
    folder: &Path,
    signers: &str,
    person: &str,
    namespace: &str,
    request: &str,
    blob: &str,
) -> Option<String> {
    let armour = format!("-----BEGIN SSH SIGNATURE-----\n{blob}\n-----END SSH SIGNATURE-----\n");
    fs::write(folder.join("request"), request).unwrap();
    fs::write(folder.join("sig"), armour).unwrap();
    fs::write(folder.join("signers"), signers).unwrap();
    let verify = format!("ssh-keygen -Y verify -f signers -n {namespace} -I {person} -s sig < request");
    let (code, printed) = sh(folder, &verify);
    (code == 0).then(|| printed.trim().rsplit(' ').next().unwrap().to_owned())
}

#[test]
fn stock_tools_alone_check_that_a_key_asked_to_be_enrolled() {
    if !stock_tools(&["ssh-keygen", "sed"]) {
        return;
    }
    let world = full_life();
    let folder = world.path("");
    let (mut proofs, mut vouches, mut enrolled) = (0, 0, String::new());
    for body in (0..world.entries()).map(|seq| body(&world.raw(seq))) {
        if body.starts_with("twinseal/breakglass.enter/") {
            let lines = body.lines().skip_while(|line| !line.starts_with("fingerprint "));
            let lines = lines.filter(|line| !["proof ", "filled "].iter().any(|it| line.starts_with(it)));
            let word = format!("{}\n{}\n", word::NAMESPACE, lines.collect::<Vec<_>>().join("\n"));
            let (opener, proof) = (values(&body, "opener").next().unwrap(), values(&body, "proof").next().unwrap());
            let by = has_signed(&folder, &enrolled, opener, word::NAMESPACE, &word, proof);
            assert_eq!(by.as_deref(), values(&body, "opener-key").next(), "{body}");
            continue;
        }
        if body.starts_with("twinseal/approval.submit/") {
            let lines = body.lines().skip_while(|line| !line.starts_with("change "));
            let lines: Vec<&str> = lines.filter(|line| !line.starts_with("proof ")).collect();
            let register = body.lines().nth(1).unwrap();
            let statement = format!("{}\n{register}\n{}\n", statement::NAMESPACE, lines.join("\n"));
            let (who, proof) = (values(&body, "approver").next().unwrap(), values(&body, "proof").next().unwrap());
            let by = has_signed(&folder, &enrolled, who, statement::NAMESPACE, &statement, proof);
            assert_eq!(by.as_deref(), values(&body, "approver-key").next(), "{body}");
            continue;
        }
        // Requests in entry 0 have the register's name, later ones have its id.
        let id = body.lines().nth(1).unwrap();
        let register = if body.starts_with("twinseal/register.init/") { id.split('#').next().unwrap() } else { id };
        let (mut person, mut key, mut asked) = ("", "", String::new());
        let (mut request, mut voucher) = (String::new(), "");
        for (name, value) in body.lines().filter_map(|line| line.split_once(' ')) {
            let signed = |signers: &str, namespace| has_signed(&folder, signers, person, namespace, &request, value);
            match name {
                "member" | "person" => (person, asked) = (value, String::new()),
                "fingerprint" | "asked" | "expires" | "asked-role" | "asked-operator" => {
                    asked.push_str(&format!("{name} {value}\n"));
                }
                "public-key" => {
                    key = value;
                    let namespace = request::NAMESPACE;
                    request = format!("{namespace}\n{register}\nperson {person}\n{asked}public-key {key}\n");
                }
                "proof" => {
                    let itself = format!("{person} {key}\n");
                    assert!(signed(&itself, request::NAMESPACE).is_some(), "{person}");
                    assert!(signed(&itself, request::VOUCH).is_none(), "{person}");
                    proofs += 1;
                }
                "vouch-key" => voucher = value,
                "vouch" => {
                    // Valid only for a key enrolled earlier, and only in the namespace of vouchers.
                    assert_eq!(signed(&enrolled, request::VOUCH).as_deref(), Some(voucher), "{person}");
                    assert!(signed(&enrolled, request::NAMESPACE).is_none(), "{person}");
                    vouches += 1;
                }
                _ => {}
            }
        }
        enrolled.push_str(&signers(&body));
    }
    assert_eq!((proofs, vouches), (12, 1));
}
