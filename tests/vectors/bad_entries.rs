//! The bad entries. Each has exactly one defect, which names it.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256, Sha512};
use twinseal::domain::{Action, Artifact, Digest, Event, Field, Fingerprint, LostEntries, Start};
use twinseal::format::{Raw, body, data, entry, request, sshsig, text};

use super::confirmation::bad_confirmations;
use super::conflicts::bad_conflicts;
use super::defects::{BODIES, TEXTS};
use super::detached::bad_statements;
use super::ed25519::{L, P, no_point, plus, sum};
use super::fido::bad_touches;
use super::freezes::bad_freezes;
use super::good_log::{artifact, good, key, member, new, point, remark, sign};
use super::review::bad_reviews;
use super::services::bad_services;
use super::templates::bad_templates;

/// An entry with one defect: its name, the beginning of what [`short`] prints for the defect, and its bytes, read as
/// the entry with sequence number `raw.seq`.
pub struct Bad {
    pub name: &'static str,
    pub defect: &'static str,
    pub raw: Raw,
}

pub fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in\n{text}");
    text.replacen(from, to, 1)
}

/// The body of an entry.
pub fn body_of(raw: &Raw) -> String {
    let text = str::from_utf8(&raw.blob).unwrap();
    text[..text.find("\n\n").unwrap() + 1].to_owned()
}

pub fn line<'a>(body: &'a str, key: &str) -> &'a str {
    body.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).unwrap()
}

pub fn joined(body: impl AsRef<[u8]>, signature: &str) -> Vec<u8> {
    [body.as_ref(), b"\nsig ", signature.as_bytes(), b"\n"].concat()
}

/// Signs a body with the key of its actor, in the namespace of its first line, without any check.
pub fn signed(person: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let namespace = body.as_ref().split(|b| *b == b'\n').next().unwrap();
    let namespace = String::from_utf8_lossy(namespace);
    let blob = sign(&key(person), &namespace, body.as_ref());
    joined(body, &BASE64.encode(&blob))
}

/// The entry with another body, signed again by its actor.
pub fn with_body(raw: &Raw, body: impl AsRef<[u8]>) -> Raw {
    Raw { blob: signed(line(&body_of(raw), "actor"), body), ..raw.clone() }
}

/// The entry with another text part, a matching digest and a new signature.
pub fn with_text(raw: &Raw, text: &[u8]) -> Raw {
    let body = body_of(raw);
    let body = replaced(&body, line(&body, "text"), &text::digest(text).to_string());
    Raw { text: Some(text.to_vec()), ..with_body(raw, body) }
}

/// The entry with another signature line.
pub fn with_sig(raw: &Raw, signature: &str) -> Raw {
    Raw { blob: joined(body_of(raw), signature), ..raw.clone() }
}

/// The decoded SSHSIG blob of an entry's signature line.
pub fn sig_of(raw: &Raw) -> Vec<u8> {
    let text = str::from_utf8(&raw.blob).unwrap();
    BASE64.decode(text.trim_end().rsplit_once(' ').unwrap().1.as_bytes()).unwrap()
}

pub fn bad_bodies(good: &[Raw]) -> Vec<Bad> {
    let edit = |(name, at, from, to, defect): &(&'static str, usize, &str, &str, &'static str)| {
        let raw = with_body(&good[*at], replaced(&body_of(&good[*at]), from, to));
        Bad { name, defect, raw }
    };
    BODIES.iter().map(edit).collect()
}

pub fn bad_texts(good: &[Raw]) -> Vec<Bad> {
    let edit = |(name, at, from, to, defect): &(&'static str, usize, &str, &str, &'static str)| {
        let text = String::from_utf8(good[*at].text.clone().unwrap()).unwrap();
        Bad { name, defect, raw: with_text(&good[*at], replaced(&text, from, to).as_bytes()) }
    };
    TEXTS.iter().map(edit).collect()
}

/// Defects of the whole blob, of links, keys and sizes.
pub fn bad_wholes(good: &[Raw]) -> Vec<Bad> {
    let (init, seal, file, approve) = (&good[0], &good[1], &good[8], &good[9]);
    let blob = String::from_utf8(approve.blob.clone()).unwrap();
    let whole = |blob: &str| Raw { blob: blob.into(), ..approve.clone() };
    let (body, init_body, seal_body) = (body_of(approve), body_of(init), body_of(seal));
    let proof = line(&init_body, "proof");
    let digest = line(&body, "prev");
    let last = format!("last {}\n", line(&body, "last"));
    let member = |bytes: [u8; 32]| {
        let wire = BASE64.encode(&twinseal::domain::wire(&bytes));
        with_body(init, replaced(&init_body, line(&init_body, "public-key"), &format!("ssh-ed25519 {wire}")))
    };
    let other_member = self::member(&new("test"), "alice", &["admin"]).proof;
    let bad = |name, defect, raw| Bad { name, defect, raw };
    vec![
        bad("empty", "NoSignature", whole("")),
        bad("crlf", "NoSignature", whole(&blob.replace('\n', "\r\n"))),
        bad("no-final-newline", "NoSignature", whole(blob.trim_end())),
        bad("no-blank-line", "NoSignature", whole(&blob.replace("\n\n", "\n"))),
        bad("two-blank-lines", "NoSignature", whole(&blob.replace("\n\n", "\n\n\n"))),
        bad("blank-line-in-body", "NoSignature", with_body(approve, body.replace("\nseq", "\n\nseq"))),
        bad("byte-after-the-end", "SignatureForm", whole(&format!("{blob}\n"))),
        bad(
            "sig-not-utf8",
            "SignatureForm",
            Raw { blob: [blob.trim_end().as_bytes(), b"\xff\n"].concat(), ..approve.clone() },
        ),
        bad("cr-before-blank-line", "character '\\r'", with_body(approve, format!("{}\r\n", body.trim_end()))),
        bad("newer-format-of-another-kind", "Kind", {
            let body = replaced(&init_body, "\nformat 1\n", "\nformat 2\n");
            with_body(init, replaced(&body, "register.init/v1", "register.init/v2"))
        }),
        bad("newer-format-after-a-fault", "line 6, time: Time", {
            let body = replaced(&init_body, "\nformat 1\n", "\nformat 2\n");
            with_body(init, replaced(&body, "T10:00:00Z", "T10:00:00"))
        }),
        bad("newer-format-before-a-fault", "Newer { format: 2 }", {
            let body = replaced(&init_body, "\nformat 1\n", "\nformat 2\n");
            with_body(init, replaced(&body, "\napprovals 2\n", "\napprovals two\n"))
        }),
        bad("unsorted-before-a-fault", "line 26, outage-minutes: Number", {
            let body =
                replaced(&body_of(file), "implementer erin\nimplementer frank", "implementer frank\nimplementer erin");
            with_body(file, replaced(&body, "outage-minutes 3", "outage-minutes three"))
        }),
        bad("sig-missing", "NoSignature", whole(&format!("{body}\n"))),
        bad("sig-twice", "SignatureForm", whole(&format!("{blob}{}", blob.split_once("\n\n").unwrap().1))),
        bad("not-utf8", "Utf8", with_body(approve, [body.as_bytes(), b"note \xff\n"].concat())),
        bad("line-after-the-last", "Surplus { line: 14 }", with_body(approve, body.clone() + "note hello\n")),
        bad(
            "digest-in-capitals",
            "line 4, prev: Digest",
            with_body(approve, body.replacen(digest, &digest.to_uppercase(), 1)),
        ),
        bad("digest-short", "line 4, prev: Digest", with_body(approve, body.replacen(digest, &digest[..62], 1))),
        bad("last-missing", "NotCanonical", with_body(approve, replaced(&body, &last, ""))),
        bad(
            "last-where-none-belongs",
            "NotCanonical",
            with_body(seal, replaced(&seal_body, "\ntime", &format!("\n{last}time"))),
        ),
        bad("public-key-not-a-point", "line 19, public-key: Key(NotAPoint)", member(no_point())),
        bad("public-key-of-small-order", "line 19, public-key: Key(Weak)", member(EIGHT_TORSION[1].compress().0)),
        bad("public-key-not-canonical", "line 19, public-key: Key(NotCanonical)", member(plus(P, 1))),
        bad(
            "public-key-with-torsion",
            "line 19, public-key: Key(Torsion)",
            member((B + EIGHT_TORSION[1]).compress().0),
        ),
        bad("proof-by-other-key", r#"Proof { person: PersonId("alice") }"#, member(point(&key("mallory")))),
        bad(
            "proof-for-other-register",
            r#"Proof { person: PersonId("alice") }"#,
            with_body(init, replaced(&init_body, proof, &BASE64.encode(&other_member))),
        ),
        bad("text-unnamed", "TextUnnamed", Raw { text: approve.text.clone(), ..good[10].clone() }),
        bad("text-digest-wrong", "TextDigest", Raw { text: file.text.clone(), ..approve.clone() }),
        bad("text-empty", "TextDigest", Raw { text: Some(Vec::new()), ..approve.clone() }),
        bad("text-not-utf8", "text: Utf8", with_text(approve, b"salt \xff\n")),
        bad("text-where-none-belongs", "TextNone", {
            let (bytes, _) = text::write(&remark(Field::Note, "Agreed.").unwrap(), [1; 16]);
            let digest = text::digest(&bytes);
            Raw { text: Some(bytes), ..with_body(seal, format!("{seal_body}filled note\ntext {digest}\n")) }
        }),
        bad(
            "text-over-64-kib",
            "TooLarge { bytes: 65537, most: 65536 }",
            with_text(approve, &text_of(entry::MAX_TEXT + 1)),
        ),
        bad(
            "entry-over-65535-bytes",
            "TooLarge { bytes: 65536, most: 65535 }",
            Raw { text: None, ..with_body(approve, body_of_size(65_536)) },
        ),
    ]
}

/// The last good entry that has a data part: it opens the proposal of a restoration.
pub fn restored(good: &[Raw]) -> &Raw {
    good.iter().rfind(|raw| body_of(raw).starts_with("twinseal/register.restored/")).unwrap()
}

/// The entry with another data part, a matching digest and a new signature.
pub fn with_data(raw: &Raw, data: &[u8]) -> Raw {
    let body = body_of(raw);
    let body = replaced(&body, line(&body, "data"), &text::digest(data).to_string());
    Raw { data: Some(data.to_vec()), ..with_body(raw, body) }
}

/// The proposal of a restoration whose data part fills at most this many bytes.
pub fn lost_of_size(good: &[Raw], bytes: usize) -> Raw {
    let raw = restored(good);
    let (mut header, event) = entry::read_body(raw).unwrap();
    let Event::Propose { proposal, action: Action::Restored(lost) } = event else { unreachable!() };
    let (mut size, mut leaves) = (0, Vec::new());
    for seq in lost.ends.restored.seq + 1.. {
        size += format!("lost {seq} {}\n", Digest::NONE).len();
        if size > bytes {
            break;
        }
        leaves.push(Digest::new([7; 32]));
    }
    let action = Action::Restored(LostEntries::after(lost.ends.restored, leaves).unwrap());
    let event = Event::Propose { proposal, action };
    header.data = data::digest_of(&event);
    Raw { data: data::of(&event), ..with_body(raw, body::write(&header, &event)) }
}

/// Defects of the data part of a revision: the first occurrence of a text is replaced.
const EXECUTIONS: &[(&str, &str, &str, &str)] = &[
    ("target-empty", "target gw-01", "target", "data: line 2, target: Id"),
    ("target-with-space", "target gw-01", "target gw 01", "data: line 2, target: Id"),
    ("target-left-out", "target gw-01\n", "", "DataFields"),
    ("target-after-the-steps", "plan-arg 1 set\n", "plan-arg 1 set\ntarget gw-04\n", "data: Surplus"),
    ("program-empty", "plan-arg 1 /usr/bin/pool", "plan-arg 1", "data: line 7, plan: Empty"),
    ("empty-argument-with-a-space", "plan-arg 1\n", "plan-arg 1 \n", "data: NotCanonical"),
    ("argument-with-no-break-space", "plan-arg 1 set", "plan-arg 1 s\u{a0}et", "data: line 5, plan: OddSpace"),
    ("argument-with-ideographic-space", "plan-arg 1 set", "plan-arg 1 s\u{3000}et", "data: line 5, plan: OddSpace"),
    ("argument-with-zero-width-space", "plan-arg 1 set", "plan-arg 1 s\u{200b}et", "data: character"),
    ("script-with-no-break-space", "  pool show", "  pool\u{a0}show", "data: line 12, plan: OddSpace"),
    ("script-with-trailing-space", "pool show\n", "pool show \n", "data: line 10, plan: Untrimmed"),
    ("script-ends-with-empty-line", "pool show\n", "pool show\nplan-shell 2\n", "data: line 10, plan: Untrimmed"),
    ("step-with-args-and-script", "plan-cwd 1", "plan-shell 1 ls\nplan-cwd 1", "data: NotCanonical"),
    ("step-number-with-leading-zero", "rollback-arg 1 pool", "rollback-arg 01 pool", "data: Surplus"),
    ("step-without-number", "rollback-arg 1 pool", "rollback-arg pool", "data: Surplus"),
    (
        "step-beyond-the-last",
        "rollback-arg 1 pool\nrollback-arg 1 set\nrollback-arg 1 80\nrollback-account 1",
        "rollback-arg 2 pool\nrollback-account 2",
        "DataFields",
    ),
    (
        "step-zero",
        "rollback-arg 1 pool\nrollback-arg 1 set\nrollback-arg 1 80\nrollback-account 1",
        "rollback-arg 0 pool\nrollback-account 0",
        "DataFields",
    ),
    (
        "account-before-directory",
        "plan-cwd 1 /etc/gateway\nplan-account 1 gateway\n",
        "plan-account 1 gateway\nplan-cwd 1 /etc/gateway\n",
        "data: Surplus",
    ),
    ("directory-empty", "plan-cwd 1 /etc/gateway", "plan-cwd 1", "data: line 8, plan: Empty"),
    (
        "directory-without-command",
        "plan-shell 2 cd /etc/gateway\nplan-shell 2\nplan-shell 2   pool show\n",
        "plan-cwd 2 /etc\n",
        "data: Surplus",
    ),
    ("rollback-before-plan", "plan-arg 1 /usr/bin/pool", "rollback-arg 1 a\nplan-arg 1 /usr/bin/pool", "data: Surplus"),
];

pub fn bad_executions(good: &[Raw]) -> Vec<Bad> {
    let raw = &good[8];
    let part = String::from_utf8(raw.data.clone().unwrap()).unwrap();
    let edit = |(name, from, to, defect): &(&'static str, &str, &str, &'static str)| Bad {
        name,
        defect,
        raw: with_data(raw, replaced(&part, from, to).as_bytes()),
    };
    let mut bad: Vec<Bad> = EXECUTIONS.iter().map(edit).collect();
    let body = body_of(raw);
    let without = replaced(&body, &format!("data {}\n", line(&body, "data")), "");
    let lost = restored(good).data.clone().unwrap();
    bad.extend([
        Bad { name: "targets-without-data", defect: "DataFields", raw: Raw { data: None, ..with_body(raw, without) } },
        Bad { name: "data-of-another-kind", defect: "data: line 1 is not target", raw: with_data(raw, &lost) },
    ]);
    bad
}

/// Defects of the data part.
pub fn bad_data(good: &[Raw]) -> Vec<Bad> {
    let raw = restored(good);
    let (body, part) = (body_of(raw), String::from_utf8(raw.data.clone().unwrap()).unwrap());
    let bad = |name, defect, raw| Bad { name, defect, raw };
    let edited = |from: &str, to: &str| with_data(raw, replaced(&part, from, to).as_bytes());
    let line_of = |key: &str| format!("{key} {}\n", line(&body, key));
    let lines: Vec<&str> = part.split_inclusive('\n').collect();
    vec![
        bad("data-missing", "DataMissing", Raw { data: None, ..raw.clone() }),
        bad("data-empty", "DataDigest", Raw { data: Some(Vec::new()), ..raw.clone() }),
        bad("data-unnamed", "DataUnnamed", Raw { data: raw.data.clone(), ..good[9].clone() }),
        bad("data-digest-wrong", "DataDigest", Raw { data: Some(part.replace("40", "41").into()), ..raw.clone() }),
        bad("data-line-missing", "line 12 is not data", with_body(raw, replaced(&body, &line_of("data"), ""))),
        bad(
            "data-line-where-none-belongs",
            "Surplus { line: 9 }",
            with_body(&good[1], format!("{}{}", body_of(&good[1]), line_of("data"))),
        ),
        bad("data-not-utf8", "data: Utf8", with_data(raw, b"lost \xff\n")),
        bad("data-without-lines", "data: line 1 is not lost", with_data(raw, b"")),
        bad("data-no-final-newline", "data: Unended", with_data(raw, part.trim_end().as_bytes())),
        bad(
            "data-with-salt",
            "data: line 1 is not lost",
            with_data(raw, format!("salt {}\n{part}", "ab".repeat(16)).as_bytes()),
        ),
        bad("data-number-with-leading-zero", "data: line 1, lost: Number", edited("lost 13", "lost 013")),
        bad(
            "data-line-after-the-last",
            "data: Surplus { line: 4 }",
            with_data(raw, format!("{part}more 1\n").as_bytes()),
        ),
        bad("data-forbidden-character", r"data: character '\u{202e}'", edited("lost 13", "lost \u{202e}13")),
        bad("lost-entry-left-out", "DataFields", with_data(raw, [lines[0], lines[2]].concat().as_bytes())),
        bad(
            "lost-entries-out-of-order",
            "DataFields",
            with_data(raw, [lines[1], lines[0], lines[2]].concat().as_bytes()),
        ),
        bad("lost-entries-begin-late", "DataFields", with_data(raw, lines[1..].concat().as_bytes())),
        bad("lost-entries-end-early", "DataFields", with_data(raw, lines[..2].concat().as_bytes())),
        bad("lost-entries-go-on", "DataFields", with_data(raw, format!("{part}lost 16 {}\n", Digest::NONE).as_bytes())),
        bad(
            "lost-leaf-of-another-entry",
            "DataFields",
            edited(&format!("lost 15 {}", "42".repeat(32)), &format!("lost 15 {}", "43".repeat(32))),
        ),
        bad("lost-before-restored", "DataFields", with_body(raw, replaced(&body, "lost 15 ", "lost 12 "))),
    ]
}

/// A complete note entry of this many bytes.
pub fn text_of(bytes: usize) -> Vec<u8> {
    let mut text = format!("salt {}\nnote ", "ab".repeat(16));
    text.push_str(&"x".repeat(bytes - 1 - text.len()));
    (text + "\n").into_bytes()
}

/// The body of a start with enough artifacts for an entry of this many bytes.
pub fn body_of_size(bytes: usize) -> String {
    let approve = &good()[9];
    let (mut header, event) = entry::read_body(approve).unwrap();
    let Event::Approve(revision) = event else { unreachable!() };
    header.text = None;
    let write = |artifacts: &[Artifact]| {
        body::write(&header, &Event::Start(Start { artifacts: artifacts.to_vec(), ..Start::of(revision) }))
    };
    let size = |name: &str| format!("artifact {name} {}\n", Digest::NONE).len();
    let least = entry::blob_size("twinseal/change.start/v1", write(&[]).len());
    let (mut artifacts, mut left) = (Vec::new(), bytes - least);
    // The last name fills the rest, within the limit on the length of a name.
    while left > size(&"x".repeat(128)) {
        artifacts.push(artifact(&format!("{:045}", artifacts.len()), ""));
        left -= size(artifacts.last().unwrap().name.as_str());
    }
    artifacts.push(artifact(&"x".repeat(left - size("")), ""));
    write(&artifacts)
}

/// Defects of the signature.
pub fn bad_signatures(good: &[Raw]) -> Vec<Bad> {
    let approve = &good[9];
    let (body, blob) = (body_of(approve), sig_of(approve));
    let namespace = body.lines().next().unwrap();
    let (carol, mallory) = (key("carol"), key("mallory"));
    let base64 = BASE64.encode(&blob);
    let with = |blob: &[u8]| with_sig(approve, &BASE64.encode(blob));
    let raw_signature = |blob: &[u8]| -> [u8; 64] { blob[blob.len() - 64..].try_into().unwrap() };
    let encoded = |signature: &[u8; 64]| with(&sshsig::encode(&point(&carol), namespace, signature));
    let edited = |at: usize, byte: u8| {
        let mut blob = blob.clone();
        blob[at] ^= byte;
        with(&blob)
    };
    let bad = |name, defect, raw| Bad { name, defect, raw };
    let mut malleated = raw_signature(&blob);
    let s = sum(malleated[32..].try_into().unwrap(), L);
    malleated[32..].copy_from_slice(&s);
    let weak = EIGHT_TORSION[0].compress().0;
    let weak_body = replaced(&body, line(&body, "key"), &Fingerprint::of(&weak).to_string());
    let forged = sshsig::encode(&weak, namespace, &[weak, [0; 32]].concat().try_into().unwrap());
    vec![
        bad("sig-empty", "SignatureForm", with_sig(approve, "")),
        bad("sig-not-base64", "SignatureForm", with_sig(approve, &base64.replacen('A', "!", 1))),
        bad("sig-base64-non-canonical", "SignatureForm", with_sig(approve, &last_bit_set(&base64))),
        bad("sig-base64-unpadded", "SignatureForm", with_sig(approve, &BASE64_NOPAD.encode(&blob))),
        bad("sig-base64-of-urls", "SignatureForm", {
            // Not every signature contains a character that differs between the two alphabets.
            let differs = |raw: &&Raw| BASE64.encode(&sig_of(raw)).contains(['+', '/']);
            let raw = good.iter().find(differs).unwrap();
            with_sig(raw, &BASE64URL.encode(&sig_of(raw)))
        }),
        bad(
            "sig-base64-on-two-lines",
            "SignatureForm",
            with_sig(approve, &format!("{}\n{}", &base64[..70], &base64[70..])),
        ),
        bad("sig-trailing-space", "SignatureForm", with_sig(approve, &format!("{base64} "))),
        bad("sig-two-spaces", "SignatureForm", with_sig(approve, &format!(" {base64}"))),
        bad("sig-without-sshsig", "SignatureForm", with(&raw_signature(&blob))),
        bad("sig-with-trailing-bytes", "SignatureForm", with(&[&blob[..], b"\0"].concat())),
        bad("sig-with-leading-bytes", "SignatureForm", with(&[b"\0", &blob[..]].concat())),
        bad("sig-cut-short", "SignatureForm", with(&blob[..blob.len() - 1])),
        bad("sig-version-2", "SignatureForm", edited(9, 1 ^ 2)),
        bad("sig-sha256-instead-of-sha512", "SignatureForm", with(&sha256_blob(&carol, namespace, body.as_bytes()))),
        bad("sig-with-reserved-bytes", "SignatureForm", with(&reserved_blob(&carol, namespace, body.as_bytes()))),
        bad("sig-wrong-namespace", "SignatureForm", with(&sign(&carol, "twinseal/change.reject/v1", body.as_bytes()))),
        bad(
            "sig-over-other-namespace",
            "SignatureFalse",
            encoded(&raw_signature(&sign(&carol, "file", body.as_bytes()))),
        ),
        bad("sig-over-other-body", "SignatureFalse", encoded(&raw_signature(&sign(&carol, namespace, b"other")))),
        bad("sig-over-the-bare-body", "SignatureFalse", encoded(&carol.sign(body.as_bytes()).to_bytes())),
        bad("sig-flipped-bit", "SignatureFalse", edited(blob.len() - 40, 1)),
        bad("sig-flipped-bit-of-s", "SignatureFalse", edited(blob.len() - 10, 1)),
        bad("sig-of-zeros", "SignatureFalse", encoded(&[0; 64])),
        bad("sig-s-plus-l", "SignatureFalse", encoded(&malleated)),
        bad(
            "sig-by-weak-key",
            "SignatureFalse",
            Raw { blob: joined(weak_body, &BASE64.encode(&forged)), ..approve.clone() },
        ),
        bad("sig-other-key", "SignatureKey", with(&sign(&mallory, namespace, body.as_bytes()))),
        bad(
            "sig-by-other-key-than-its-own",
            "SignatureFalse",
            encoded(&raw_signature(&sign(&mallory, namespace, body.as_bytes()))),
        ),
        bad("vouch-in-the-namespace-of-a-request", "Vouch { person", {
            let (added, namespace) = (body_of(&good[30]), request::NAMESPACE);
            let (asked, rest) = (added.split_once("\nfingerprint ").unwrap().1, added.as_str());
            let key = asked.find("\nproof ").unwrap();
            let asked = format!(
                "{namespace}\nregister {}\nperson carol\nfingerprint {}\n",
                line(rest, "register"),
                &asked[..key]
            );
            let vouch = BASE64.encode(&sign(&self::key("carol"), namespace, asked.as_bytes()));
            with_body(&good[30], replaced(&added, line(&added, "vouch"), &vouch))
        }),
        bad("key-of-nobody", "SignatureKey", {
            let other = replaced(&body, line(&body, "key"), &Fingerprint::of(&point(&mallory)).to_string());
            Raw { blob: signed("carol", other), ..approve.clone() }
        }),
        bad("key-padded", "line 9, key: Id", {
            let fingerprint = line(&body, "key");
            with_body(approve, replaced(&body, fingerprint, &format!("{fingerprint}=")))
        }),
    ]
}

/// Base64 with an unused bit set in the last character.
pub fn last_bit_set(base64: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = base64.trim_end_matches('=');
    assert!(digits.len() < base64.len(), "no bits to spare");
    let at = ALPHABET.find(&digits[digits.len() - 1..]).unwrap();
    format!("{}{}{}", &digits[..digits.len() - 1], &ALPHABET[at + 1..at + 2], &base64[digits.len()..])
}

pub fn strings(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u32).to_be_bytes()[..], part].concat()).collect()
}

/// A correctly signed SSHSIG with any namespace, reserved field and hash.
pub fn blob_of(key: &SigningKey, namespace: &str, reserved: &[u8], hash: &[u8], digest: &[u8]) -> Vec<u8> {
    let data = [b"SSHSIG", &strings(&[namespace.as_bytes(), reserved, hash, digest])[..]].concat();
    let signature = strings(&[b"ssh-ed25519", &key.sign(&data).to_bytes()]);
    let wire = twinseal::domain::wire(&point(key));
    [b"SSHSIG\0\0\0\x01", &strings(&[&wire, namespace.as_bytes(), reserved, hash, &signature])[..]].concat()
}

pub fn sha256_blob(key: &SigningKey, namespace: &str, message: &[u8]) -> Vec<u8> {
    blob_of(key, namespace, b"", b"sha256", &Sha256::digest(message))
}

pub fn reserved_blob(key: &SigningKey, namespace: &str, message: &[u8]) -> Vec<u8> {
    blob_of(key, namespace, b"later", b"sha512", &Sha512::digest(message))
}

pub fn bad() -> Vec<Bad> {
    let good = good();
    let parts =
        [bad_texts(&good), bad_data(&good), bad_executions(&good), bad_freezes(&good), bad_confirmations(&good)];
    let parts = parts.into_iter().chain([bad_statements(&good), bad_touches(&good), bad_services(&good)]);
    let parts = parts.chain([bad_reviews(&good), bad_conflicts(&good), bad_templates(&good)]);
    let all = [bad_bodies(&good), bad_wholes(&good), bad_signatures(&good)].into_iter().chain(parts);
    all.flatten().collect()
}
