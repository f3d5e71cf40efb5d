//! A FIDO key in the good log, in bad entries, and in refused ones.

use data_encoding::BASE64;
use twinseal::domain::{
    Action, ChangeId, Conditions, Event, Execution, Facts, Grants, Header, KeyNeed, Member, Policy, PolicyParts,
    PublicKey, Requirement, Role, Touch,
};
use twinseal::format::{Raw, Unsigned, request, sshsig};

use super::bad_entries::{Bad, body_of, line, replaced, sig_of, with_body, with_sig};
use super::good_log::{Home, Log, all, asked, few_facts, few_words, home, key, names, point, sign};
use super::refused::Attempt;

/// What the token says in the good log: touched, and the PIN was checked.
const VERIFIED: Touch = Touch { flags: 5, counter: 41 };

fn public(application: &str) -> PublicKey {
    PublicKey::fido(point(&key("yan")), application.as_bytes()).unwrap()
}

/// The signature of yan's token over a message, which says `said` and signed `signed`.
fn touched(public: PublicKey, (namespace, message): (&str, &[u8]), signed: Touch, said: Touch) -> Vec<u8> {
    use ed25519_dalek::Signer as _;
    let application = public.application().unwrap();
    let data = sshsig::fido_data(application.as_bytes(), signed, &sshsig::signed_data(namespace, message));
    sshsig::encode_by(&public.wire(), namespace, &key("yan").sign(&data).to_bytes(), Some(said))
}

/// Yan with this key, as an approver.
fn member(home: &Home, name: &str, public: PublicKey) -> Member {
    let (person, asked) = (name.parse().unwrap(), asked(home).with(all(&["approver"]), all(&[])));
    let message = request::body(&home.register, &person, &asked, &public);
    let proof = touched(public, (request::NAMESPACE, message.as_bytes()), VERIFIED, VERIFIED);
    Member { person, grants: Grants::of([Role::Approver]), asked, key: public, proof }
}

/// The policy with a requirement that asks for a PIN.
pub fn with_tokens(policy: &Policy) -> Policy {
    let tokens = Requirement {
        when: Conditions { tags: all(&["token"]), ..Conditions::default() },
        keys: Some(KeyNeed::Pin),
        ..Requirement::named("tokens".parse().unwrap())
    };
    let parts = policy.parts().clone();
    let requirements = [parts.requirements.clone(), vec![tokens]].concat();
    Policy::new(PolicyParts { requirements, ..parts }).unwrap()
}

/// Yan is enrolled and approves a change for which the policy asks for a PIN.
pub fn approve(log: &mut Log) {
    let here = home(&log.entries);
    log.carry_out(Action::Enrol(vec![member(&here, "yan", public("ssh:desk"))]), names(&[("yan", "Yan")]));
    let governance = log.state.governance();
    let (replaces, policy) = (governance.policy_since(), with_tokens(governance.policy().unwrap()));
    log.carry_out(Action::Policy { replaces, policy }, None);
    let facts = Facts { tags: all(&["token"]), ..few_facts() };
    let revision = log.file(facts, few_words(), Execution::default());
    let event = Event::Approve(revision);
    let header = log.header_of("yan", &event, None).0;
    let header = Header { key: public("ssh:desk").fingerprint(), ..header };
    let unsigned = Unsigned::new(&header, &event, None).unwrap();
    let signed = (unsigned.namespace(), unsigned.body().as_bytes());
    let signature = touched(public("ssh:desk"), signed, VERIFIED, VERIFIED);
    log.append(unsigned, &signature);
}

fn approval(good: &[Raw]) -> &Raw {
    good.iter().find(|raw| raw.blob.windows(10).any(|it| it == b"actor yan\n")).unwrap()
}

/// Entries with one defect each.
pub fn bad_touches(good: &[Raw]) -> Vec<Bad> {
    let raw = approval(good);
    let body = body_of(raw);
    let message = ("twinseal/change.approve/v1", body.as_bytes());
    let bad = |name, defect, blob: Vec<u8>| Bad { name, defect, raw: with_sig(raw, &BASE64.encode(&blob)) };
    let says =
        |flags, counter| touched(public("ssh:desk"), message, Touch { flags, counter }, Touch { flags, counter });
    let changed = |said| touched(public("ssh:desk"), message, VERIFIED, said);
    let (untouched, sig) = (Touch { flags: 4, ..VERIFIED }, sig_of(raw));
    let cut = |by: usize| {
        let (mut blob, inner) = (sig.clone(), sig.len() - 103 - 4);
        blob.truncate(sig.len() - by);
        blob[inner..inner + 4].copy_from_slice(&(103 - by as u32).to_be_bytes());
        blob
    };
    let other = touched(public("ssh:desk"), message, VERIFIED, VERIFIED)[sig.len() - 69..sig.len() - 5].try_into();
    let (other, wire) = (other.unwrap(), public("ssh:home").wire());
    let plain_wire = twinseal::domain::wire(&point(&key("yan")));
    vec![
        bad("fido-token-not-touched", "Untouched", says(4, 41)),
        bad("fido-no-flags", "Untouched", says(0, 0)),
        bad("fido-touch-claimed", "SignatureFalse", touched(public("ssh:desk"), message, untouched, VERIFIED)),
        bad("fido-flags-changed", "SignatureFalse", changed(Touch { flags: 1, ..VERIFIED })),
        bad("fido-counter-changed", "SignatureFalse", changed(Touch { counter: 42, ..VERIFIED })),
        bad("fido-application-changed", "SignatureFalse", sshsig::encode_by(&wire, message.0, &other, Some(VERIFIED))),
        bad("fido-other-application", "SignatureKey", touched(public("ssh:home"), message, VERIFIED, VERIFIED)),
        bad("fido-without-flags", "SignatureForm", cut(5)),
        bad("fido-short-counter", "SignatureForm", cut(1)),
        bad("fido-byte-after-the-counter", "SignatureForm", [&sig[..], &[0]].concat()),
        bad("fido-signature-of-a-plain-key", "SignatureKey", sign(&key("yan"), message.0, message.1)),
        bad(
            "fido-flags-of-a-plain-key",
            "SignatureForm",
            sshsig::encode_by(&plain_wire, message.0, &other, Some(VERIFIED)),
        ),
        bad(
            "fido-key-without-flags",
            "SignatureForm",
            sshsig::encode_by(&public("ssh:desk").wire(), message.0, &other, None),
        ),
    ]
    .into_iter()
    .chain(bad_applications(good))
    .collect()
}

/// Enrolments of keys whose application is not one.
fn bad_applications(good: &[Raw]) -> impl Iterator<Item = Bad> {
    let raw = good.iter().find(|raw| body_of(raw).contains(" sk-ssh-ed25519@openssh.com ")).unwrap().clone();
    let good_wire = public("ssh:desk").wire();
    let with = move |name, defect, wire: &[u8]| {
        let body = body_of(&raw);
        let line = line(&body, "public-key").to_owned();
        let bad = format!("sk-ssh-ed25519@openssh.com {}", BASE64.encode(wire));
        Bad { name, defect, raw: with_body(&raw, replaced(&body, &line, &bad)) }
    };
    let application = |name: &[u8]| [&good_wire[..66], &(name.len() as u32).to_be_bytes(), name].concat();
    vec![
        with(
            "fido-application-of-the-web",
            "line 16, public-key: Key(Application)",
            &application(b"https://a.example"),
        ),
        with("fido-application-empty", "line 16, public-key: Key(Application)", &application(b"")),
        with(
            "fido-application-too-long",
            "line 16, public-key: Key(Application)",
            &application(&[b"ssh:".as_slice(), &[b'x'; 29]].concat()),
        ),
        with("fido-application-with-a-space", "line 16, public-key: Key(Application)", &application(b"ssh: desk")),
        with("fido-key-with-more", "line 16, public-key: Key(Form)", &[&good_wire[..], &[0]].concat()),
        with("fido-key-without-application", "line 16, public-key: Key(Form)", &good_wire[..66]),
    ]
    .into_iter()
}

/// Entries that a rule refuses at the end of the good log.
pub fn refused_keys(log: &Log) -> Vec<Attempt> {
    let mut changes = (0..log.state.filed()).map(|count| log.state.change(ChangeId::after(count)).unwrap());
    let revision = changes.find(|it| it.current().facts.tags == all(&["token"])).unwrap().current().id;
    let here = home(&log.entries);
    let proposal = log.state.governance().next_proposal();
    let enrol = |name: &str, public| {
        let action = Action::Enrol(vec![member(&here, name, public)]);
        (Event::Propose { proposal, action }, names(&[(name, "Zoe")]))
    };
    let (again, words) = enrol("zoe", public("ssh:home"));
    vec![
        ("approval-with-a-plain-key", "approver-key", "uma", Event::Approve(revision), None),
        ("fido-key-for-another-application", "key-once", "alice", again, words),
    ]
}
