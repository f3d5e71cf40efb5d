//! Entries as files: `vectors/good` holds a whole small log, an entry of every kind; `vectors/bad` holds entries
//! that are each wrong in one way, and are named for it. Everything else about a bad entry is right: where its body
//! was changed it was signed again. Below them, the known traps of Ed25519, computed.
//!
//! The files are made here from fixed keys. After a change of the format that is meant, write them anew and read the
//! difference: `TWINSEAL_WRITE_VECTORS=1 cargo test --test vectors reproducible`

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL};
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use sha2::{Digest as _, Sha256, Sha512};
use twinseal::domain::{
    Action, Artifact, BadKey, Description, Digest, Event, Facts, Field, Fingerprint, Grants, Head, Header, Member,
    Outcome, Policy, Predecessor, ProposalRef, PublicKey, RefusedAttempt, Register, RegisterId, Requirement,
    Restoration, RevisionRef, Step, Text, Time, Trial, Vouch, Window,
};
use twinseal::format::request::{self, RegisterRef};
use twinseal::format::{Defect, Keys, Raw, Unsigned, body, chain, entry, sshsig, text};

const REGISTER: &str = "prod#00112233445566778899aabbccddeeff";

// The good log

fn key(person: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(person).into())
}

fn point(key: &SigningKey) -> [u8; 32] {
    key.verifying_key().to_bytes()
}

fn sign(key: &SigningKey, namespace: &str, message: &[u8]) -> Vec<u8> {
    let signature = key.sign(&sshsig::signed_data(namespace, message));
    sshsig::encode(&point(key), namespace, &signature.to_bytes())
}

fn member(register: &RegisterRef, name: &str, roles: &[&str]) -> Member {
    let (person, key) = (name.parse().unwrap(), key(name));
    let public = PublicKey::from_bytes(point(&key)).unwrap();
    let proof = sign(&key, request::NAMESPACE, request::body(register, &person, &public).as_bytes());
    Member { person, grants: Grants::of(roles.iter().map(|role| role.parse().unwrap())), key: public, proof }
}

fn all<C: FromIterator<T>, T: std::str::FromStr<Err: std::fmt::Debug>>(words: &[&str]) -> C {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

fn names(names: &[(&str, &str)]) -> Option<Text> {
    Some(Text::Names(names.iter().map(|(id, name)| (id.parse().unwrap(), name.parse().unwrap())).collect()))
}

fn remark(field: Field, words: &str) -> Option<Text> {
    Some(Text::Remark(field, words.parse().unwrap()))
}

fn artifact(name: &str, content: &str) -> Artifact {
    Artifact { name: name.parse().unwrap(), digest: text::digest(content.as_bytes()) }
}

fn window() -> Window {
    let time = |at: &str| at.parse::<Time>().unwrap();
    Window::new(time("2026-12-01T10:00:00Z"), time("2026-12-01T12:00:00Z"), "Asia/Tokyo".parse().unwrap()).unwrap()
}

/// A revision that says as little as it may.
fn few_facts() -> Facts {
    Facts {
        kind: "normal".parse().unwrap(),
        risk: "low".parse().unwrap(),
        owner: "erin".parse().unwrap(),
        implementers: all(&["erin"]),
        services: all(&["order-gateway"]),
        tags: all(&[]),
        window: window(),
        outage_minutes: 0,
        rollback_minutes: 0,
        artifacts: Vec::new(),
        evidence: Vec::new(),
        links: all(&[]),
    }
}

/// A revision in which nothing is left out.
fn full_facts() -> Facts {
    Facts {
        kind: "emergency".parse().unwrap(),
        risk: "high".parse().unwrap(),
        implementers: all(&["erin", "frank"]),
        services: all(&["order-gateway", "risk-engine"]),
        tags: all(&["capacity", "open"]),
        outage_minutes: 3,
        rollback_minutes: 15,
        artifacts: vec![artifact("pool.toml", "size = 160\n"), artifact("gateway-2.4.1.tar.gz", "gateway")],
        evidence: vec![(2, text::digest(b"rehearsal"))],
        links: all(&["incident INC-2214", "ticket OPS-7"]),
        ..few_facts()
    }
}

fn step(text: &str, command: Option<&str>) -> Step {
    Step { text: text.parse().unwrap(), command: command.map(|it| it.parse().unwrap()) }
}

fn few_words() -> Description {
    Description {
        title: Some("Raise the pool".parse().unwrap()),
        reason: Some("Orders were rejected at the open.".parse().unwrap()),
        impact: Some("None expected.".parse().unwrap()),
        plan: vec![step("Set the pool to 160.", None)],
        rollback: vec![step("Set it back to 80.", None)],
        ..Description::default()
    }
}

fn many_words() -> Description {
    let trial = |what: &str, evidence: Option<&str>| Trial {
        what: what.parse().unwrap(),
        result: "passed".parse().unwrap(),
        evidence: evidence.map(|it| it.parse().unwrap()),
    };
    Description {
        title: Some("Raise the pool, 接続プール, naïve 🚀".parse().unwrap()),
        reason: Some("Orders were rejected at the open.\n\n  08:00 first reject\n  08:03 last".parse().unwrap()),
        security: Some("None.".parse().unwrap()),
        plan: vec![step("Set the pool to 160.", Some("pool set 160\npool show")), step("Watch it.", None)],
        rollback: vec![step("Set it back to 80.", Some("pool set 80"))],
        abort_if: all(&["Rejects go above 1 %."]),
        tests: vec![trial("Load at 2x.", None), trial("Rehearsed the way back.", Some("rehearsal.txt"))],
        success: Some("No rejects until noon.".parse().unwrap()),
        ..few_words()
    }
}

/// A log that grows, every entry judged by every rule.
struct Log {
    state: Register,
    entries: Vec<Raw>,
}

impl Log {
    fn header(&self, person: &str, event: &Event) -> Header {
        let position = self.state.position(event.change());
        Header {
            register: REGISTER.parse().unwrap(),
            seq: position.seq,
            prev: position.prev,
            governance: position.governance,
            last: position.last,
            time: "2026-12-01T10:00:00Z".parse::<Time>().unwrap().plus(position.seq as i64),
            actor: person.parse().unwrap(),
            key: Fingerprint::of(&point(&key(person))),
            text: None,
        }
    }

    fn add(&mut self, person: &str, event: Event, words: Option<Text>) -> Digest {
        let mut header = self.header(person, &event);
        let salt = [0xa0 | header.seq as u8; 16];
        let (bytes, reference) = words.as_ref().map(|words| text::write(words, salt)).unzip();
        header.text = reference;
        self.state.judge(&header, &event).unwrap();
        let unsigned = Unsigned::new(&header, &event, bytes).unwrap();
        let signature = sign(&key(person), unsigned.namespace(), unsigned.body().as_bytes());
        let (raw, entry) = unsigned.seal(&signature).unwrap();
        self.state.apply(&entry.header, entry.leaf, &event);
        self.entries.push(raw);
        entry.leaf
    }

    fn propose(&mut self, name: &str, display: &str) -> ProposalRef {
        let proposal = self.state.governance().next_proposal();
        let whole: RegisterId = REGISTER.parse().unwrap();
        let action = Action::Enrol(vec![member(&RegisterRef::Existing(whole), name, &["engineer"])]);
        let opened = self.add("alice", Event::Propose { proposal, action }, names(&[(name, display)]));
        ProposalRef { proposal, opened }
    }

    /// A proposal of alice's, seconded by bob.
    fn carry(&mut self, action: Action, words: Option<Text>) {
        let proposal = self.state.governance().next_proposal();
        let opened = self.add("alice", Event::Propose { proposal, action }, words);
        self.add("bob", Event::Second(ProposalRef { proposal, opened }), None);
    }

    fn file(&mut self, facts: Facts, words: Description) -> RevisionRef {
        let change = self.state.next_change();
        let event = Event::File { change, facts: Box::new(facts) };
        let filed = self.add("erin", event, Some(Text::Description(Box::new(words))));
        RevisionRef { change, number: 1, filed }
    }
}

/// An entry of every kind, in one log.
fn good() -> Vec<Raw> {
    let mut log = Log { state: Register::default(), entries: Vec::new() };
    let founding = RegisterRef::New("prod".parse().unwrap());
    let members = vec![
        member(&founding, "alice", &["admin"]),
        member(&founding, "bob", &["admin"]),
        member(&founding, "erin", &["engineer", "approver"]),
        member(&founding, "carol", &["approver"]),
        member(&founding, "dave", &["approver"]),
        member(&founding, "audrey", &["auditor"]),
    ];
    let after = Some(Predecessor {
        register: "prod#ffeeddccbbaa99887766554433221100".parse().unwrap(),
        fingerprint: Digest::new([0xab; 32]),
        head: Head { seq: 812, leaf: Digest::new([0xcd; 32]) },
    });
    let init = Event::Init { format: 1, after, policy: Policy::built_in(), members };
    log.add("alice", init, names(&[("alice", "Alice Ng"), ("erin", "Erin 山田")]));
    log.add("bob", Event::Seal, None);
    let carried = log.propose("frank", "Frank Ó Briain");
    log.add("bob", Event::Second(carried), None);
    let declined = log.propose("grace", "Grace");
    log.add("bob", Event::Decline(declined), remark(Field::Reason, "She is with another desk."));
    let withdrawn = log.propose("heidi", "Heidi");
    log.add("alice", Event::ProposalWithdraw(withdrawn), None);
    let revision = log.file(full_facts(), many_words());
    log.add("carol", Event::Approve(revision), remark(Field::Note, "Read with the desk.\n\nWatch the first minute."));
    log.add("dave", Event::Approve(revision), None);
    let artifacts = full_facts().artifacts;
    log.add("frank", Event::Start { revision, artifacts }, None);
    log.add("erin", Event::Finish { revision, outcome: Outcome::RolledBack }, remark(Field::Note, "Rejects went up."));
    let revision = log.file(few_facts(), few_words());
    log.add("carol", Event::Reject(revision), remark(Field::Reason, "Not twice in a day."));
    // New kinds come last: the places of the entries before are the bases of bad ones.
    let revised = Event::Revise { replaces: revision, facts: Box::new(full_facts()) };
    let filed = log.add("erin", revised, Some(Text::Description(Box::new(many_words()))));
    let revision = RevisionRef { number: 2, filed, ..revision };
    log.add("carol", Event::Approve(revision), None);
    log.add("carol", Event::Retract(revision), remark(Field::Reason, "The test was of the old build."));
    log.add("audrey", Event::Note(revision.change), remark(Field::Note, "See the minutes of today."));
    log.add("erin", Event::ChangeWithdraw(revision), remark(Field::Reason, "Overtaken."));
    let key_of = |person: &str| Fingerprint::of(&point(&key(person)));
    log.add("bob", Event::KeySuspend(key_of("carol")), remark(Field::Reason, "Her laptop is missing."));
    let proposal = log.state.governance().next_proposal();
    let replaces = log.state.governance().keys()[&key_of("carol")].since;
    let lift = Event::Propose { proposal, action: Action::Lift { key: key_of("carol"), replaces } };
    let opened = log.add("alice", lift, remark(Field::Reason, "It was found."));
    log.add("bob", Event::Second(ProposalRef { proposal, opened }), None);
    log.add("dave", Event::KeyRevoke(key_of("dave")), None);
    govern(&mut log);
    log.entries
}

/// The kinds of entry that came last: other grants, keys, policies, redactions, refusals.
fn govern(log: &mut Log) {
    let since = |log: &Log, person: &str| log.state.governance().people()[&person.parse().unwrap()].since;
    let here = RegisterRef::Existing(REGISTER.parse().unwrap());
    let robot = Member {
        grants: Grants { operators: all(&["erin", "frank"]), ..Grants::of(["engineer".parse().unwrap()]) },
        ..member(&here, "deploy", &[])
    };
    log.carry(Action::Enrol(vec![robot]), None);
    let grants = Grants {
        roles: [("engineer".parse().unwrap(), None), ("approver".parse().unwrap(), Some(soon()))].into(),
        groups: [("dba".parse().unwrap(), None), ("risk".parse().unwrap(), Some(soon()))].into(),
        operators: all(&[]),
    };
    let roles = Action::Roles { person: "frank".parse().unwrap(), replaces: since(log, "frank"), grants };
    log.carry(roles, remark(Field::Reason, "Stands in for dave."));
    let retire = Action::Retire { person: "dave".parse().unwrap(), replaces: since(log, "dave") };
    log.carry(retire, None);
    let Member { person, key: public, .. } = member(&here, "carol", &[]);
    let second = PublicKey::from_bytes(point(&key("carol's second"))).unwrap();
    let asked = request::body(&here, &person, &second);
    let add = Action::AddKey {
        proof: sign(&key("carol's second"), request::NAMESPACE, asked.as_bytes()),
        vouch: Some(Vouch { key: public.fingerprint(), proof: sign(&key("carol"), request::VOUCH, asked.as_bytes()) }),
        person,
        key: second,
    };
    log.carry(add, remark(Field::Reason, "A new laptop."));
    let policy = policy();
    let set = Action::Policy { replaces: log.state.governance().policy_since(), policy };
    log.carry(set, remark(Field::Source, "# From the audit of 2026\napprovals = 2"));
    let note = entry::read_body(&log.entries[18]).unwrap().0.text.unwrap();
    log.carry(Action::Redact([(18, note.digest)].into()), remark(Field::Reason, "It names a customer."));
    let attempt = RefusedAttempt::Approve(log.state.change("CHG-2".parse().unwrap()).unwrap().current().id);
    log.add("carol", Event::Refused { attempt, rule: "withdrawn".parse().unwrap() }, None);
    let proposal = log.propose("ivan", "Ivan");
    log.add(
        "alice",
        Event::Refused { attempt: RefusedAttempt::Second(proposal), rule: "proposal-by-two".parse().unwrap() },
        None,
    );
    let head = |seq, leaf: u8| Head { seq, leaf: Digest::new([leaf; 32]) };
    let restored = Restoration { restored: head(12, 0x12), lost: head(40, 0x40) };
    log.carry(Action::Restored(restored), remark(Field::Reason, "The disk died."));
}

fn soon() -> Time {
    "2026-12-31T18:00:00Z".parse().unwrap()
}

fn policy() -> Policy {
    let critical = Requirement {
        name: "critical".parse().unwrap(),
        kinds: all(&["normal", "emergency"]),
        risks: all(&["high", "critical"]),
        approvals: Some(3),
        needed: all(&["tests", "incident"]),
    };
    let shown = Requirement {
        name: "shown".parse().unwrap(),
        kinds: all(&[]),
        risks: all(&[]),
        approvals: None,
        needed: all(&["evidence"]),
    };
    Policy::new(2, 7, all(&["requester-implementer", "admin-approver"]), vec![critical, shown]).unwrap()
}

/// `08-change.file`: the place and the kind of an entry.
fn name(raw: &Raw) -> String {
    format!("{:02}-{}", raw.seq, entry::read_body(raw).unwrap().1.kind())
}

// The bad entries

/// An entry with one defect: its name, how the defect shows (how [`short`] begins), and its bytes,
/// read as if they stood at the place `raw.seq`.
struct Bad {
    name: &'static str,
    defect: &'static str,
    raw: Raw,
}

/// Defects in the body: in a good entry, the first occurrence of one text replaced with another, and signed again.
const BODIES: &[(&str, usize, &str, &str, &str)] = &[
    ("seq-with-leading-zero", 8, "\nseq 8\n", "\nseq 08\n", "line 3, seq: Number"),
    ("seq-with-plus", 8, "\nseq 8\n", "\nseq +8\n", "line 3, seq: Number"),
    ("seq-negative", 8, "\nseq 8\n", "\nseq -8\n", "line 3, seq: Number"),
    ("seq-beyond-2-53", 8, "\nseq 8\n", "\nseq 9007199254740992\n", "line 3, seq: Number"),
    ("seq-of-another-place", 8, "\nseq 8\n", "\nseq 9\n", "Seq { found: 9, expected: 8 }"),
    ("two-spaces", 8, "\nseq 8\n", "\nseq  8\n", "line 3, seq: Number"),
    ("tab-for-space", 8, "\nseq 8\n", "\nseq\t8\n", r"character '\t'"),
    ("key-without-value", 8, "\nseq 8\n", "\nseq\n", "line 3, seq: Number"),
    ("key-in-capitals", 8, "\nseq 8\n", "\nSeq 8\n", "line 3 is not seq"),
    ("trailing-space", 8, "\nactor erin\n", "\nactor erin \n", "line 8, actor: Id"),
    ("trailing-space-after-number", 8, "\nseq 8\n", "\nseq 8 \n", "line 3, seq: Number"),
    ("trailing-space-after-kind", 8, "/v1\n", "/v1 \n", "Kind"),
    ("cr-at-line-end", 8, "\nseq 8\n", "\nseq 8\r\n", r"character '\r'"),
    ("nul-in-value", 8, "actor erin", "actor er\0in", r"character '\0'"),
    ("bidi-in-value", 8, "actor erin", "actor er\u{202e}in", r"character '\u{202e}'"),
    ("zero-width-in-value", 8, "actor erin", "actor er\u{200b}in", r"character '\u{200b}'"),
    ("byte-order-mark", 8, "twinseal/", "\u{feff}twinseal/", r"character '\u{feff}'"),
    ("homoglyph-in-value", 8, "actor erin", "actor \u{435}rin", "line 8, actor: Id"),
    ("actor-in-capitals", 8, "actor erin", "actor Erin", "line 8, actor: Id"),
    ("unknown-kind", 8, "change.file/v1", "change.delete/v1", "Kind"),
    ("unknown-version", 8, "change.file/v1", "change.file/v2", "Kind"),
    ("kind-of-another-program", 8, "twinseal/", "twinsea1/", "Kind"),
    ("kind-that-its-fields-are-not", 8, "change.file/v1", "change.approve/v1", "line 11 is not revision"),
    ("newer-format", 0, "\nformat 1\n", "\nformat 2\n", "Newer { format: 2 }"),
    ("register-without-random-bits", 8, "prod#00112233445566778899aabbccddeeff", "prod", "line 2, register: Id"),
    ("uppercase-hex", 8, "8899aabb", "8899AABB", "line 2, register: Id"),
    ("time-with-offset", 8, "10:00:08Z", "10:00:08+00:00", "line 7, time: Time"),
    ("time-with-fraction", 8, "10:00:08Z", "10:00:08.0Z", "line 7, time: Time"),
    ("time-with-leap-second", 8, "10:00:08Z", "10:00:60Z", "line 7, time: Time"),
    ("time-in-small-letters", 8, "T10:00:08Z", "t10:00:08z", "line 7, time: Time"),
    ("time-before-1970", 8, "time 2026-12", "time 1969-12", "line 7, time: Time"),
    ("time-on-no-day", 8, "time 2026-12-01", "time 2026-02-30", "line 7, time: Time"),
    ("change-with-leading-zero", 8, "CHG-1", "CHG-01", "line 10, change: Id"),
    ("change-zero", 8, "CHG-1", "CHG-0", "line 10, change: Id"),
    ("fields-out-of-order", 8, "\nkind emergency\nrisk high\n", "\nrisk high\nkind emergency\n", "line 11 is not kind"),
    ("field-missing", 8, "\nrisk high\n", "\n", "line 12 is not risk"),
    ("duplicate-line", 8, "\nrisk high\n", "\nrisk high\nrisk high\n", "line 13 is not owner"),
    ("surplus-line", 1, "\nkey ", "\nnote hello\nkey ", "line 8 is not key"),
    ("unknown-word", 8, "\nrisk high\n", "\nrisk extreme\n", "line 12, risk: Word"),
    (
        "unsorted-implementers",
        8,
        "implementer erin\nimplementer frank",
        "implementer frank\nimplementer erin",
        "NotCanonical",
    ),
    (
        "unsorted-services",
        8,
        "service order-gateway\nservice risk-engine",
        "service risk-engine\nservice order-gateway",
        "NotCanonical",
    ),
    ("duplicate-service", 8, "service risk-engine", "service order-gateway", "NotCanonical"),
    (
        "unsorted-links",
        8,
        "link incident INC-2214\nlink ticket OPS-7",
        "link ticket OPS-7\nlink incident INC-2214",
        "NotCanonical",
    ),
    ("unsorted-roles", 0, "role engineer\nrole approver", "role approver\nrole engineer", "NotCanonical"),
    ("duplicate-role", 0, "role engineer\nrole approver", "role engineer\nrole engineer", "NotCanonical"),
    ("role-empty", 0, "role engineer\n", "role\n", "line 22, role: Word"),
    ("role-until-nothing", 26, "role engineer\n", "role engineer \n", "line 12, role: Time"),
    ("role-until-a-day", 26, "2026-12-31T18:00:00Z", "2026-12-31", "line 13, role: Time"),
    ("unsorted-groups", 26, "group dba\n", "group zzz\n", "NotCanonical"),
    ("unsorted-operators", 24, "operator erin\noperator frank", "operator frank\noperator erin", "NotCanonical"),
    ("after-without-head", 0, " 812 ", " ", "line 10, after: Number"),
    ("vouch-of-another-key", 30, "\nvouch-key SHA256:", "\nvouch-key SHA256:AAAA", "line 13, vouch-key: Id"),
    ("vouch-missing", 30, "\nvouch ", "\nvouched ", "line 14 is not vouch"),
    (
        "separate-out-of-order",
        32,
        "requester-implementer admin-approver",
        "admin-approver requester-implementer",
        "NotCanonical",
    ),
    (
        "requirement-of-one-approval",
        32,
        "need-approvals 3",
        "need-approvals 1",
        "line 17, need-approvals: PolicyApprovals { found: 1 }",
    ),
    ("requirement-named-twice", 32, "require shown", "require critical", "line 20, require: RequirementTwice"),
    ("requirement-of-nothing", 32, "\nneed evidence", "", "line 19, require: RequirementEmpty"),
    ("redact-without-digest", 34, "redact 18 ", "redact 18", "line 10, redact: Number"),
    ("refusal-without-rule", 36, "\nrule withdrawn", "", "line 13 is not rule"),
    ("refusal-by-no-rule", 36, "rule withdrawn", "rule whatever", "line 13, rule: Rule"),
    ("refusal-of-another-verb", 36, "verb approve", "verb second", "NotCanonical"),
    ("refused-proposal-with-another-verb", 38, "verb second", "verb approve", "NotCanonical"),
    ("window-ends-before-it-starts", 8, "T12:00:00Z Asia", "T09:00:00Z Asia", "line 20, window: WindowOrder"),
    ("window-without-zone", 8, " Asia/Tokyo", "", "line 20, window: Id"),
    ("minutes-with-leading-zero", 8, "outage-minutes 3", "outage-minutes 03", "line 21, outage-minutes: Number"),
    ("artifact-without-digest", 13, "\nfilled", "\nartifact pool.toml\nfilled", "line 19, artifact: Digest"),
    ("evidence-number-zero", 8, "evidence 2 ", "evidence 0 ", "TextFields"),
    ("evidence-of-another-test", 8, "evidence 2 ", "evidence 1 ", "TextFields"),
    ("filled-out-of-order", 8, "filled title reason", "filled reason title", "NotCanonical"),
    ("filled-twice", 8, "filled title", "filled title title", "NotCanonical"),
    ("filled-unknown", 8, "filled title", "filled colour title", "line 28, filled: Word"),
    ("filled-nothing", 9, "filled note", "filled", "line 12, filled: Word"),
    ("filled-missing", 9, "filled note\n", "", "Surplus { line: 12 }"),
    ("text-fields-wrong", 9, "filled note", "filled reason", "TextFields"),
    ("approvals-one", 0, "\napprovals 2\n", "\napprovals 1\n", "line 11, approvals: PolicyApprovals { found: 1 }"),
    ("approvals-zero", 0, "\napprovals 2\n", "\napprovals 0\n", "line 11, approvals: PolicyApprovals { found: 0 }"),
    ("approvals-missing", 0, "\napprovals 2\n", "\n", "line 11 is not approvals"),
    (
        "approvals-never-expire",
        0,
        "approval-days 14",
        "approval-days 0",
        "line 12, approval-days: PolicyExpiry { found: 0 }",
    ),
    ("proposal-zero", 3, "\nproposal 1 ", "\nproposal 0 ", "line 9, proposal: Id"),
    ("revision-with-leading-zero", 9, "\nrevision 1 ", "\nrevision 01 ", "line 11, revision: Number"),
    ("outcome-unknown", 12, "outcome rolled-back", "outcome abandoned", "line 12, outcome: Word"),
    ("proof-of-other-person", 0, "member bob", "member zed", r#"Proof { person: PersonId("zed") }"#),
    ("proof-not-base64", 0, "proof ", "proof ?", "SignatureForm"),
];

/// Defects in the text part: as in the body, with digest and signature made right again.
const TEXTS: &[(&str, usize, &str, &str, &str)] = &[
    ("text-salt-uppercase", 9, "a9a9", "A9a9", "text: line 1, salt: Digest"),
    ("text-salt-short", 9, "a9a9", "a9", "text: line 1, salt: Digest"),
    ("text-salt-missing", 9, "salt ", "sa1t ", "text: line 1 is not salt"),
    ("text-trailing-space", 9, "desk.\n", "desk. \n", "text: line 2, note: Untrimmed"),
    ("text-trailing-ideographic-space", 9, "desk.\n", "desk.\u{3000}\n", "text: line 2, note: Untrimmed"),
    ("text-space-on-empty-line", 9, "note\n", "note \n", "text: NotCanonical"),
    ("text-begins-with-empty-line", 9, "note Read", "note\nnote Read", "text: line 2, note: Untrimmed"),
    ("text-cr", 9, "desk.\n", "desk.\r\n", r"text: character '\r'"),
    ("text-bidi", 9, "the desk", "the \u{2067}desk", r"text: character '\u{2067}'"),
    ("text-escape-sequence", 9, "the desk", "the \u{1b}[2Kdesk", r"text: character '\u{1b}'"),
    ("text-no-final-newline", 9, "minute.\n", "minute.", "text: Unended"),
    ("text-surplus-line", 9, "minute.\n", "minute.\nreason None.\n", "text: Surplus { line: 5 }"),
    ("text-of-another-kind", 9, "\nnote Read", "\nreason Read", "text: line 2 is not note"),
    ("text-field-removed", 8, "\nsecurity None.", "", "TextFields"),
    (
        "text-out-of-order",
        8,
        "\nimpact None expected.\nsecurity None.",
        "\nsecurity None.\nimpact None expected.",
        "text: Surplus",
    ),
    ("text-step-number-skipped", 8, "\nplan 2 ", "\nplan 3 ", "text: Surplus"),
    ("text-test-without-result", 8, "\ntest-result 1 passed", "", "text: line 17 is not test-result"),
    ("text-title-of-two-lines", 8, "\nreason Orders", "\ntitle Again\nreason Orders", "text: line 2, title: Lines"),
    ("text-names-a-stranger", 2, "name frank", "name mallory", "TextFields"),
    (
        "text-names-out-of-order",
        0,
        "name alice Alice Ng\nname erin Erin 山田",
        "name erin Erin 山田\nname alice Alice Ng",
        "text: NotCanonical",
    ),
];

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in\n{text}");
    text.replacen(from, to, 1)
}

/// The body of an entry.
fn body_of(raw: &Raw) -> String {
    let text = str::from_utf8(&raw.blob).unwrap();
    text[..text.find("\n\n").unwrap() + 1].to_owned()
}

fn line<'a>(body: &'a str, key: &str) -> &'a str {
    body.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).unwrap()
}

fn joined(body: impl AsRef<[u8]>, signature: &str) -> Vec<u8> {
    [body.as_ref(), b"\nsig ", signature.as_bytes(), b"\n"].concat()
}

/// A body, signed by the key of its actor in the namespace of its first line, whatever they are.
fn signed(person: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let namespace = body.as_ref().split(|b| *b == b'\n').next().unwrap();
    let namespace = String::from_utf8_lossy(namespace);
    let blob = sign(&key(person), &namespace, body.as_ref());
    joined(body, &BASE64.encode(&blob))
}

/// The entry with another body, signed again by its actor.
fn with_body(raw: &Raw, body: impl AsRef<[u8]>) -> Raw {
    Raw { blob: signed(line(&body_of(raw), "actor"), body), ..raw.clone() }
}

/// The entry with another text part, its digest put right and signed again.
fn with_text(raw: &Raw, text: &[u8]) -> Raw {
    let body = body_of(raw);
    let body = replaced(&body, line(&body, "text"), &text::digest(text).to_string());
    Raw { text: Some(text.to_vec()), ..with_body(raw, body) }
}

/// The entry with another signature line.
fn with_sig(raw: &Raw, signature: &str) -> Raw {
    Raw { blob: joined(body_of(raw), signature), ..raw.clone() }
}

/// The binary blob in an entry's signature line.
fn sig_of(raw: &Raw) -> Vec<u8> {
    let text = str::from_utf8(&raw.blob).unwrap();
    BASE64.decode(text.trim_end().rsplit_once(' ').unwrap().1.as_bytes()).unwrap()
}

fn bad_bodies(good: &[Raw]) -> Vec<Bad> {
    let edit = |(name, at, from, to, defect): &(&'static str, usize, &str, &str, &'static str)| {
        let raw = with_body(&good[*at], replaced(&body_of(&good[*at]), from, to));
        Bad { name, defect, raw }
    };
    BODIES.iter().map(edit).collect()
}

fn bad_texts(good: &[Raw]) -> Vec<Bad> {
    let edit = |(name, at, from, to, defect): &(&'static str, usize, &str, &str, &'static str)| {
        let text = String::from_utf8(good[*at].text.clone().unwrap()).unwrap();
        Bad { name, defect, raw: with_text(&good[*at], replaced(&text, from, to).as_bytes()) }
    };
    TEXTS.iter().map(edit).collect()
}

/// Defects of the blob as a whole, of links, keys and sizes.
fn bad_wholes(good: &[Raw]) -> Vec<Bad> {
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
    let other_member = self::member(&RegisterRef::New("test".parse().unwrap()), "alice", &["admin"]).proof;
    let bad = |name, defect, raw| Bad { name, defect, raw };
    vec![
        bad("empty", "NoSignature", whole("")),
        bad("crlf", "NoSignature", whole(&blob.replace('\n', "\r\n"))),
        bad("no-final-newline", "NoSignature", whole(blob.trim_end())),
        bad("no-blank-line", "NoSignature", whole(&blob.replace("\n\n", "\n"))),
        bad("two-blank-lines", "NoSignature", whole(&blob.replace("\n\n", "\n\n\n"))),
        bad("blank-line-in-body", "NoSignature", with_body(approve, body.replace("\nseq", "\n\nseq"))),
        bad("byte-after-the-end", "SignatureForm", whole(&format!("{blob}\n"))),
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
        bad("public-key-not-a-point", "line 15, public-key: Key(NotAPoint)", member(no_point())),
        bad("public-key-of-small-order", "line 15, public-key: Key(Weak)", member(EIGHT_TORSION[1].compress().0)),
        bad("public-key-not-canonical", "line 15, public-key: Key(NotCanonical)", member(plus(P, 1))),
        bad(
            "public-key-with-torsion",
            "line 15, public-key: Key(Torsion)",
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
            with_text(approve, &text_of(entry::MAX_PART + 1)),
        ),
        bad(
            "body-over-64-kib",
            "TooLarge { bytes: 65537, most: 65536 }",
            with_body(approve, body_of_size(entry::MAX_PART + 1)),
        ),
    ]
}

/// A whole note of so many bytes.
fn text_of(bytes: usize) -> Vec<u8> {
    let mut text = format!("salt {}\nnote ", "ab".repeat(16));
    text.push_str(&"x".repeat(bytes - 1 - text.len()));
    (text + "\n").into_bytes()
}

/// The body of a start that reads so many artifacts that it takes so many bytes.
fn body_of_size(bytes: usize) -> String {
    let approve = &good()[9];
    let (mut header, event) = entry::read_body(approve).unwrap();
    let Event::Approve(revision) = event else { unreachable!() };
    header.text = None;
    let write =
        |artifacts: &[Artifact]| body::write(&header, &Event::Start { revision, artifacts: artifacts.to_vec() });
    let size = |name: &str| format!("artifact {name} {}\n", Digest::NONE).len();
    let (mut artifacts, mut left) = (Vec::new(), bytes - write(&[]).len());
    // The last name takes what is left, and must not be longer than a name may be.
    while left > size(&"x".repeat(128)) {
        artifacts.push(artifact(&format!("{:045}", artifacts.len()), ""));
        left -= size(artifacts.last().unwrap().name.as_str());
    }
    artifacts.push(artifact(&"x".repeat(left - size("")), ""));
    write(&artifacts)
}

/// Defects of the signature.
fn bad_signatures(good: &[Raw]) -> Vec<Bad> {
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
            // Not every signature has one of the characters that the two alphabets write differently.
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

/// Base64 whose last character has a bit set that stands for nothing.
fn last_bit_set(base64: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = base64.trim_end_matches('=');
    assert!(digits.len() < base64.len(), "no bits to spare");
    let at = ALPHABET.find(&digits[digits.len() - 1..]).unwrap();
    format!("{}{}{}", &digits[..digits.len() - 1], &ALPHABET[at + 1..at + 2], &base64[digits.len()..])
}

fn strings(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u32).to_be_bytes()[..], part].concat()).collect()
}

/// An SSHSIG with everything as it may be by its own specification.
fn blob_of(key: &SigningKey, namespace: &str, reserved: &[u8], hash: &[u8], digest: &[u8]) -> Vec<u8> {
    let data = [b"SSHSIG", &strings(&[namespace.as_bytes(), reserved, hash, digest])[..]].concat();
    let signature = strings(&[b"ssh-ed25519", &key.sign(&data).to_bytes()]);
    let wire = twinseal::domain::wire(&point(key));
    [b"SSHSIG\0\0\0\x01", &strings(&[&wire, namespace.as_bytes(), reserved, hash, &signature])[..]].concat()
}

fn sha256_blob(key: &SigningKey, namespace: &str, message: &[u8]) -> Vec<u8> {
    blob_of(key, namespace, b"", b"sha256", &Sha256::digest(message))
}

fn reserved_blob(key: &SigningKey, namespace: &str, message: &[u8]) -> Vec<u8> {
    blob_of(key, namespace, b"later", b"sha512", &Sha512::digest(message))
}

fn bad() -> Vec<Bad> {
    let good = good();
    [bad_bodies(&good), bad_texts(&good), bad_wholes(&good), bad_signatures(&good)].into_iter().flatten().collect()
}

// The files

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn file(name: &str) -> Option<Vec<u8>> {
    fs::read(folder(name)).ok()
}

/// Every vector file by its name, as it must be.
fn expected_files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut add = |name: String, raw: &Raw| {
        files.insert(format!("{name}.entry"), raw.blob.clone());
        files.extend(raw.text.clone().map(|text| (format!("{name}.text"), text)));
    };
    good().iter().for_each(|raw| add(format!("good/{}", name(raw)), raw));
    let bad = bad();
    bad.iter().for_each(|bad| add(format!("bad/{}", bad.name), &bad.raw));
    let leaf = |raw: &Raw| (format!("good/{}.leaf", name(raw)), format!("{}\n", raw.leaf()).into_bytes());
    files.extend(good().iter().map(leaf));
    assert_eq!(
        files.keys().filter(|it| it.starts_with("bad/") && it.ends_with("y")).count(),
        bad.len(),
        "a name twice"
    );
    files
}

fn files_on_disk() -> Vec<String> {
    let list = |of: &str| -> Vec<String> {
        let files = fs::read_dir(folder(of)).into_iter().flatten();
        files.map(|it| format!("{of}/{}", it.unwrap().file_name().display())).collect()
    };
    let mut names = [list("good"), list("bad")].concat();
    names.sort();
    names
}

#[test]
fn vectors_are_reproducible() {
    let expected = expected_files();
    if std::env::var("TWINSEAL_WRITE_VECTORS").is_ok_and(|it| it == "1") {
        for of in ["good", "bad"] {
            let _ = fs::remove_dir_all(folder(of));
            fs::create_dir_all(folder(of)).unwrap();
        }
        expected.iter().for_each(|(name, bytes)| fs::write(folder(name), bytes).unwrap());
    }
    assert_eq!(files_on_disk(), expected.keys().cloned().collect::<Vec<_>>(), "the files and the table differ");
    for (name, bytes) in &expected {
        assert!(file(name).as_ref() == Some(bytes), "{name} is not what is made today");
    }
}

/// The good files, by nothing but their names and bytes.
fn good_on_disk() -> Vec<(String, Raw)> {
    let entries = files_on_disk().into_iter().filter_map(|it| it.strip_suffix(".entry").map(str::to_owned));
    let read = |name: String| {
        let seq = name.strip_prefix("good/")?.split_once('-')?.0.parse().ok()?;
        let blob = file(&format!("{name}.entry"))?;
        Some((name.clone(), Raw { seq, blob, text: file(&format!("{name}.text")) }))
    };
    entries.filter_map(read).collect()
}

#[test]
fn good_entries_open_and_have_the_leaf_hash_beside_them() {
    let good = good_on_disk();
    let kinds: std::collections::BTreeSet<&str> =
        good.iter().map(|(name, _)| name.split_once('-').unwrap().1).collect();
    let all = twinseal::domain::EventKind::WORDS.iter().copied().collect();
    assert_eq!(kinds, all, "a kind of entry has no vector");
    for (name, raw) in good {
        let entry = entry::open(&raw).unwrap_or_else(|defect| panic!("{name}: {defect}"));
        let leaf = String::from_utf8(file(&format!("{name}.leaf")).unwrap()).unwrap();
        assert_eq!(format!("{}\n", entry.leaf), leaf, "{name}");
        // Not by our own code: SHA-256 of a zero byte and the file.
        let digest: [u8; 32] = Sha256::digest([b"\0", &raw.blob[..]].concat()).into();
        assert_eq!(entry.leaf, Digest::new(digest), "{name}");
        assert_eq!(body::write(&entry.header, &entry.event), body_of(&raw), "{name}");
    }
}

#[test]
fn good_entries_are_one_log_that_breaks_no_rule() {
    let mut state = Register::default();
    for (name, raw) in good_on_disk() {
        let entry = entry::open(&raw).unwrap();
        let position = state.position(entry.event.change());
        chain::check_position(state.id(), &position, &entry.header).unwrap_or_else(|defect| panic!("{name}: {defect}"));
        state.judge(&entry.header, &entry.event).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        state.apply(&entry.header, entry.leaf, &entry.event);
    }
}

/// A defect in few words: what `{:?}` prints, but for the commonest ones.
fn short(defect: &Defect) -> String {
    match defect {
        Defect::Value { line, key, invalid } => format!("line {line}, {key}: {invalid:?}"),
        Defect::Expected { line, key } => format!("line {line} is not {key}"),
        Defect::Character { found } => format!("character {found:?}"),
        Defect::TextGrammar { inner } => format!("text: {}", short(inner)),
        other => format!("{other:?}"),
    }
}

#[test]
fn bad_entries_are_refused_for_their_one_defect() {
    for Bad { name, defect, raw } in bad() {
        let blob = file(&format!("bad/{name}.entry")).unwrap_or_else(|| panic!("{name} has no file"));
        let raw = Raw { seq: raw.seq, blob, text: file(&format!("bad/{name}.text")) };
        let found = match entry::open(&raw) {
            Ok(_) => panic!("{name} was accepted"),
            Err(found) => short(&found),
        };
        let rest = found.strip_prefix(defect).unwrap_or_else(|| panic!("{name}: {found}, not {defect}"));
        assert!(!rest.starts_with(char::is_alphanumeric), "{name}: {found}, not {defect}");
    }
}

#[test]
fn a_body_and_a_text_of_exactly_64_kib_are_accepted() {
    let approve = &good()[9];
    let text = with_text(approve, &text_of(entry::MAX_PART));
    assert_eq!(entry::open(&text).map(|_| ()), Ok(()));
    let body = body_of_size(entry::MAX_PART);
    assert_eq!(body.len(), entry::MAX_PART);
    let body = Raw { text: None, ..with_body(approve, body) };
    assert_eq!(entry::open(&body).map(|_| ()), Ok(()));
}

// The traps of Ed25519

/// 2^255 - 19, the prime of the field, little end first.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    p
};

/// The order of the prime-order group: 2^252 + 27742317777372353535851937790883648493 (RFC 8032, section 5.1).
const L: [u8; 32] = {
    let (low, mut l) = (27_742_317_777_372_353_535_851_937_790_883_648_493_u128.to_le_bytes(), [0; 32]);
    let mut at = 0;
    while at < 16 {
        l[at] = low[at];
        at += 1;
    }
    l[31] = 0x10;
    l
};

fn sum(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    std::array::from_fn(|at| {
        carry += u16::from(a[at]) + u16::from(b[at]);
        let byte = carry as u8;
        carry >>= 8;
        byte
    })
}

fn plus(a: [u8; 32], n: u8) -> [u8; 32] {
    let mut b = [0; 32];
    b[0] = n;
    sum(a, b)
}

fn with_sign_bit(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] ^= 0x80;
    bytes
}

fn decompress(bytes: [u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(bytes).decompress()
}

/// Bytes that encode no point.
fn no_point() -> [u8; 32] {
    (2..).map(|y| plus([0; 32], y)).find(|bytes| decompress(*bytes).is_none()).unwrap()
}

/// Every second spelling of a point of small order: y >= p, or the sign bit on x = 0.
fn other_spellings_of_small_order() -> Vec<[u8; 32]> {
    let reduced = EIGHT_TORSION.iter().map(|point| point.compress().0);
    let beyond = (0..19).map(|n| plus(P, n));
    let candidates = reduced.chain(beyond).flat_map(|bytes| [bytes, with_sign_bit(bytes)]);
    let mut spellings: Vec<[u8; 32]> = candidates
        .filter(|bytes| decompress(*bytes).is_some_and(|it| it.is_small_order() && it.compress().0 != *bytes))
        .collect();
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

#[test]
fn constants_are_what_they_are_said_to_be() {
    assert_eq!(plus((-Scalar::ONE).to_bytes(), 1), L);
    // y = p is a second spelling of y = 0, a point of order four.
    assert_eq!(decompress(P).unwrap(), decompress([0; 32]).unwrap());
    assert!(EIGHT_TORSION.iter().all(|point| point.mul_by_cofactor().is_identity()));
}

#[test]
fn keys_of_small_order_are_not_enrolled() {
    for point in EIGHT_TORSION {
        assert_eq!(PublicKey::from_bytes(point.compress().0), Err(BadKey::Weak));
    }
}

#[test]
fn second_spellings_of_a_point_are_not_enrolled() {
    let spellings = other_spellings_of_small_order();
    // p and p + 1, each with both signs; 1 and p - 1 with the sign bit on x = 0.
    assert_eq!(spellings.len(), 6);
    for bytes in spellings {
        assert!(VerifyingKey::from_bytes(&bytes).is_ok(), "the library alone would take it");
        assert_eq!(PublicKey::from_bytes(bytes), Err(BadKey::NotCanonical));
    }
    for bytes in (0..19).flat_map(|n| [plus(P, n), with_sign_bit(plus(P, n))]) {
        let expected = decompress(bytes).map_or(BadKey::NotAPoint, |_| BadKey::NotCanonical);
        assert_eq!(PublicKey::from_bytes(bytes), Err(expected));
    }
}

#[test]
fn keys_with_torsion_are_not_enrolled() {
    let honest = decompress(point(&key("alice"))).unwrap();
    assert!(PublicKey::from_bytes(honest.compress().0).is_ok());
    for torsion in &EIGHT_TORSION[1..] {
        let bytes = (honest + torsion).compress().0;
        assert!(!VerifyingKey::from_bytes(&bytes).unwrap().is_weak(), "a check for weak keys alone would take it");
        assert_eq!(PublicKey::from_bytes(bytes), Err(BadKey::Torsion));
    }
}

#[test]
fn bytes_that_are_no_point_are_not_enrolled() {
    assert_eq!(PublicKey::from_bytes(no_point()), Err(BadKey::NotAPoint));
}

const NAMESPACE: &str = "twinseal/vectors/v1";

/// A key, a signature and a message that somebody made to fit.
struct Forged {
    key: [u8; 32],
    signature: [u8; 64],
    message: Vec<u8>,
}

/// A point and how it is written.
#[derive(Clone, Copy)]
struct Written {
    scalar: Scalar,
    torsion: EdwardsPoint,
    bytes: [u8; 32],
}

fn written(scalar: u64, torsion: EdwardsPoint) -> Written {
    let scalar = Scalar::from(scalar);
    Written { scalar, torsion, bytes: (scalar * B + torsion).compress().0 }
}

fn challenge(r: [u8; 32], a: [u8; 32], message: &[u8]) -> Scalar {
    let data = sshsig::signed_data(NAMESPACE, message);
    let hash = Sha512::new().chain_update(r).chain_update(a).chain_update(data).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// A signature that satisfies the equation but for torsion, over the first message with which the torsion cancels
/// out too (`exact`), or does not.
fn forge(a: Written, r: Written, exact: bool) -> Forged {
    let messages = (0..10_000).map(|n: u32| n.to_string().into_bytes());
    let fits =
        |message: &Vec<u8>| (r.torsion + challenge(r.bytes, a.bytes, message) * a.torsion).is_identity() == exact;
    let message = messages.into_iter().find(fits).unwrap();
    let s = r.scalar + challenge(r.bytes, a.bytes, &message) * a.scalar;
    Forged { key: a.bytes, signature: [r.bytes, s.to_bytes()].concat().try_into().unwrap(), message }
}

/// The most tolerant reader: any spelling, any S, and torsion does not count.
fn laxly(it: &Forged) -> bool {
    let (r, s): ([u8; 32], [u8; 32]) = (it.signature[..32].try_into().unwrap(), it.signature[32..].try_into().unwrap());
    let (Some(a), Some(point)) = (decompress(it.key), decompress(r)) else { return false };
    let k = challenge(r, it.key, &it.message);
    (Scalar::from_bytes_mod_order(s) * B - point - k * a).mul_by_cofactor().is_identity()
}

/// Plain `verify`, as most programs call it.
fn plainly(it: &Forged) -> bool {
    let data = sshsig::signed_data(NAMESPACE, &it.message);
    let key = VerifyingKey::from_bytes(&it.key);
    key.is_ok_and(|key| key.verify(&data, &Signature::from_bytes(&it.signature)).is_ok())
}

/// The way in which entries are opened.
fn by_us(it: &Forged) -> bool {
    let blob = sshsig::encode(&it.key, NAMESPACE, &it.signature);
    let verdict = sshsig::verify(NAMESPACE, &it.message, &blob);
    // Twice: the second time, the key is decoded already.
    let keys = Keys::default();
    for _ in 0..2 {
        assert_eq!(sshsig::verify_with(&keys, NAMESPACE, &it.message, &blob), verdict);
    }
    assert!(verdict.is_err() || verdict == Ok(it.key));
    verdict.is_ok()
}

fn enrolled(it: &Forged) -> bool {
    PublicKey::from_bytes(it.key).is_ok()
}

/// Asserts who accepts: a lax reader, plain `verify`, ours; and whether the key could have been enrolled.
#[track_caller]
fn accepted(it: &Forged, lax: bool, plain: bool, ours: bool, key: bool) {
    assert_eq!((laxly(it), plainly(it), by_us(it), enrolled(it)), (lax, plain, ours, key));
    assert!(!(ours && key) || (lax && plain), "we accept what nobody else does");
}

fn identity() -> EdwardsPoint {
    EdwardsPoint::identity()
}

#[test]
fn an_honest_signature_is_accepted_by_everybody() {
    accepted(&forge(written(7, identity()), written(9, identity()), true), true, true, true, true);
}

#[test]
fn a_key_of_small_order_signs_nothing() {
    for torsion in EIGHT_TORSION {
        for r in [written(0, identity()), written(9, identity())] {
            accepted(&forge(written(0, torsion), r, true), true, true, false, false);
        }
    }
}

#[test]
fn a_key_in_a_second_spelling_signs_nothing() {
    for bytes in other_spellings_of_small_order() {
        let a = Written { scalar: Scalar::ZERO, torsion: decompress(bytes).unwrap(), bytes };
        accepted(&forge(a, written(9, identity()), true), true, true, false, false);
    }
}

#[test]
fn an_r_of_small_order_signs_nothing() {
    accepted(&forge(written(7, identity()), written(0, identity()), true), true, true, false, true);
    for torsion in &EIGHT_TORSION[1..] {
        accepted(&forge(written(7, identity()), written(0, *torsion), false), true, false, false, true);
        accepted(&forge(written(7, *torsion), written(0, -torsion), true), true, true, false, false);
    }
}

#[test]
fn an_r_in_a_second_spelling_signs_nothing() {
    for bytes in other_spellings_of_small_order() {
        let torsion = decompress(bytes).unwrap();
        let r = Written { scalar: Scalar::ZERO, torsion, bytes };
        accepted(&forge(written(7, identity()), r, torsion.is_identity()), true, false, false, true);
    }
}

#[test]
fn an_r_with_torsion_signs_nothing() {
    for torsion in &EIGHT_TORSION[1..] {
        accepted(&forge(written(7, identity()), written(9, *torsion), false), true, false, false, true);
    }
}

/// The strict check does not look for torsion in the key: it is enrolment that keeps such keys, and with them
/// signatures that readers judge differently, out.
#[test]
fn a_key_with_torsion_is_stopped_at_enrolment_and_only_there() {
    for torsion in &EIGHT_TORSION[1..] {
        let a = written(7, *torsion);
        accepted(&forge(a, written(9, identity()), true), true, true, true, false);
        accepted(&forge(a, written(9, identity()), false), true, false, false, false);
        accepted(&forge(a, written(9, -torsion), true), true, true, true, false);
    }
}

#[test]
fn s_is_smaller_than_the_order() {
    let honest = forge(written(7, identity()), written(9, identity()), true);
    let mut s: [u8; 32] = honest.signature[32..].try_into().unwrap();
    for _ in 0..15 {
        s = sum(s, L);
        let signature = [&honest.signature[..32], &s].concat().try_into().unwrap();
        accepted(&Forged { signature, message: honest.message.clone(), ..honest }, true, false, false, true);
    }
    // S = L stands for zero.
    let zero = written(0, identity());
    let signature = [zero.bytes, L].concat().try_into().unwrap();
    accepted(&Forged { key: zero.bytes, signature, message: b"any".to_vec() }, true, false, false, false);
}
