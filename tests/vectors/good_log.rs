//! The good log: an entry of every kind, made from fixed keys.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use twinseal::domain::{
    Action, Argument, Artifact, Asked, Automation, BreakGlassLimits, Command, Conditions, Description, Digest,
    Emergency, Event, Execution, Facts, Field, Fingerprint, Finish, Grants, Head, Header, LostEntries, Member,
    NewGrants, Opening, Outcome, Period, Periods, Policy, PolicyParts, Predecessor, ProposalRef, Prose, PublicKey,
    RefusedAttempt, Register, Requirement, RevisionRef, Role, Start, Step, Text, Time, Trial, Vouch, Window, Word,
};
use twinseal::format::request::{self, RegisterRef};
use twinseal::format::{Raw, Unsigned, data, entry, sshsig, text, word};

pub const REGISTER: &str = "prod#00112233445566778899aabbccddeeff";

pub fn key(person: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(person).into())
}

pub fn point(key: &SigningKey) -> [u8; 32] {
    key.verifying_key().to_bytes()
}

pub fn sign(key: &SigningKey, namespace: &str, message: &[u8]) -> Vec<u8> {
    let signature = key.sign(&sshsig::signed_data(namespace, message));
    sshsig::encode(&point(key), namespace, &signature.to_bytes())
}

/// The register that a request names, with its fingerprint if it exists.
pub struct Home {
    pub register: RegisterRef,
    pub fingerprint: Option<Digest>,
}

pub fn new(name: &str) -> Home {
    Home { register: RegisterRef::New(name.parse().unwrap()), fingerprint: None }
}

pub fn home(entries: &[Raw]) -> Home {
    Home { register: RegisterRef::Existing(REGISTER.parse().unwrap()), fingerprint: Some(entries[0].leaf()) }
}

pub fn asked(home: &Home) -> Asked {
    let time = |at: &str| at.parse::<Time>().unwrap();
    Asked::new(home.fingerprint, time("2026-12-01T08:30:00Z"), time("2026-12-31T08:30:00Z")).unwrap()
}

pub fn member(home: &Home, name: &str, roles: &[&str]) -> Member {
    let roles: BTreeSet<Role> = all(roles);
    asking(home, name, asked(home).with(roles.clone(), all(&[])), Grants::of(roles))
}

/// A member with any request and any grants.
pub fn asking(home: &Home, name: &str, asked: Asked, grants: Grants) -> Member {
    let (person, key) = (name.parse().unwrap(), key(name));
    let public = PublicKey::from_bytes(point(&key)).unwrap();
    let proof = sign(&key, request::NAMESPACE, request::body(&home.register, &person, &asked, &public).as_bytes());
    Member { person, grants, asked, key: public, proof }
}

pub fn all<C: FromIterator<T>, T: std::str::FromStr<Err: std::fmt::Debug>>(words: &[&str]) -> C {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

pub fn names(names: &[(&str, &str)]) -> Option<Text> {
    Some(Text::Names(names.iter().map(|(id, name)| (id.parse().unwrap(), name.parse().unwrap())).collect()))
}

pub fn remark(field: Field, words: &str) -> Option<Text> {
    Some(Text::Remark(field, words.parse().unwrap()))
}

pub fn artifact(name: &str, content: &str) -> Artifact {
    Artifact { name: name.parse().unwrap(), digest: text::digest(content.as_bytes()) }
}

pub fn window() -> Window {
    let time = |at: &str| at.parse::<Time>().unwrap();
    Window::new(time("2026-12-01T10:00:00Z"), time("2026-12-01T12:00:00Z"), "Asia/Tokyo".parse().unwrap()).unwrap()
}

pub fn few_facts() -> Facts {
    Facts {
        kind: "normal".parse().unwrap(),
        risk: "low".parse().unwrap(),
        owner: "erin".parse().unwrap(),
        authors: all(&[]),
        implementers: all(&["erin"]),
        services: all(&["order-gateway"]),
        environments: all(&[]),
        tags: all(&[]),
        window: window(),
        outage_minutes: 0,
        rollback_minutes: 0,
        artifacts: Vec::new(),
        evidence: BTreeMap::new(),
        links: all(&[]),
        follows: all(&[]),
        conflicts: None,
        excepted: BTreeMap::new(),
        plan_steps: 1,
        rollback_steps: 1,
        targets: 0,
        template: None,
        stop_after: None,
        exceptions: all(&[]),
        sensitive: all(&[]),
    }
}

pub fn full_facts() -> Facts {
    Facts {
        kind: "emergency".parse().unwrap(),
        risk: "high".parse().unwrap(),
        authors: all(&["erin", "frank", "external vendor-jane"]),
        implementers: all(&["erin", "frank"]),
        services: all(&["order-gateway", "risk-engine"]),
        environments: all(&["prod", "uat"]),
        tags: all(&["capacity", "open"]),
        outage_minutes: 3,
        rollback_minutes: 15,
        artifacts: vec![artifact("pool.toml", "size = 160\n"), artifact("gateway-2.4.1.tar.gz", "gateway")],
        evidence: [(2, text::digest(b"rehearsal"))].into(),
        links: all(&["incident INC-2214", "ticket OPS-7", "oa OA-2026-113"]),
        plan_steps: 2,
        targets: 3,
        stop_after: Some(1),
        ..few_facts()
    }
}

pub fn argument(text: &str) -> Argument {
    text.parse().unwrap()
}

/// A data part with every line: an empty argument, one with spaces at its ends, and a script with an empty line.
pub fn full_execution() -> Execution {
    let args = ["/usr/bin/pool", "set", "", " 160 "].map(argument).to_vec();
    let shell: Prose = "cd /etc/gateway\n\n  pool show".parse().unwrap();
    let (command, account) = (Command::Args(args.try_into().unwrap()), Some(argument("gateway")));
    let set = Automation { command, cwd: Some(argument("/etc/gateway")), account };
    let show = Automation { command: Command::Shell(shell.try_into().unwrap()), cwd: None, account: None };
    let back = vec![argument("pool"), argument("set"), argument("80")];
    let back =
        Automation { command: Command::Args(back.try_into().unwrap()), cwd: None, account: Some(argument("gateway")) };
    Execution {
        conflicts: [].into(),
        targets: ["gw-02", "gw-01", "gw-10.example:8443"].map(|it| it.parse().unwrap()).to_vec(),
        plan: [(1, set), (2, show)].into(),
        rollback: [(1, back)].into(),
    }
}

pub fn step(text: &str, command: Option<&str>) -> Step {
    Step { text: text.parse().unwrap(), command: command.map(|it| it.parse().unwrap()) }
}

pub fn few_words() -> Description {
    Description {
        title: Some("Raise the pool".parse().unwrap()),
        reason: Some("Orders were rejected at the open.".parse().unwrap()),
        impact: Some("None expected.".parse().unwrap()),
        plan: vec![step("Set the pool to 160.", None)],
        rollback: vec![step("Set it back to 80.", None)],
        ..Description::default()
    }
}

pub fn many_words() -> Description {
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

/// A growing log. Every entry is checked against every rule.
#[derive(Default)]
pub struct Log {
    pub state: Register,
    pub entries: Vec<Raw>,
    /// The number of seconds by which the clock of who acts is ahead of the log's own.
    pub clock: i64,
}

/// The account that signs with a key: `deploy` for the key named `deploy's second`.
pub fn account(key: &str) -> &str {
    key.split_once('\'').map_or(key, |(account, _)| account)
}

impl Log {
    fn header(&self, person: &str, event: &Event) -> Header {
        let position = self.state.position(event.stream()).unwrap();
        Header {
            register: REGISTER.parse().unwrap(),
            seq: position.seq,
            prev: position.prev,
            governance: position.governance,
            last: position.last,
            time: "2026-12-01T10:00:00Z".parse::<Time>().unwrap().plus(position.seq as i64 + self.clock),
            actor: account(person).parse().unwrap(),
            key: Fingerprint::of(&point(&key(person))),
            touch: None,
            data: data::digest_of(event),
            text: None,
        }
    }

    /// The header of a person's next entry, with the bytes of its text.
    pub fn header_of(&self, person: &str, event: &Event, words: Option<&Text>) -> (Header, Option<Vec<u8>>) {
        let header = self.header(person, event);
        let salt = [0xa0 | header.seq as u8; 16];
        let (bytes, reference) = words.map(|words| text::write(words, salt)).unzip();
        (Header { text: reference, ..header }, bytes)
    }

    pub fn add(&mut self, person: &str, event: Event, words: Option<Text>) -> Digest {
        let event = self.state.listing(event).unwrap();
        let (header, bytes) = self.header_of(person, &event, words.as_ref());
        self.state.judge_text(&event, words.as_ref()).unwrap();
        let unsigned = Unsigned::new(&header, &event, bytes).unwrap();
        let signature = sign(&key(person), unsigned.namespace(), unsigned.body().as_bytes());
        self.append(unsigned, &signature)
    }

    /// Appends an entry that every rule allows.
    pub fn append(&mut self, unsigned: Unsigned, signature: &[u8]) -> Digest {
        let (raw, entry) = unsigned.seal(signature).unwrap();
        self.state.judge(&entry.header, &entry.event).unwrap();
        self.state.apply(&entry.header, entry.leaf, &entry.event).unwrap();
        self.entries.push(raw);
        entry.leaf
    }

    fn propose(&mut self, name: &str, display: &str) -> ProposalRef {
        let proposal = self.state.governance().next_proposal();
        let action = Action::Enrol(vec![member(&home(&self.entries), name, &["engineer"])]);
        let opened = self.add("alice", Event::Propose { proposal, action }, names(&[(name, display)]));
        ProposalRef { proposal, opened }
    }

    /// Has alice propose an action and bob second it.
    pub fn carry_out(&mut self, action: Action, words: Option<Text>) {
        let proposal = self.state.governance().next_proposal();
        let opened = self.add("alice", Event::Propose { proposal, action }, words);
        self.add("bob", Event::Second(ProposalRef { proposal, opened }), None);
    }

    pub fn file(&mut self, facts: Facts, words: Description, execution: Execution) -> RevisionRef {
        let change = self.state.next_change();
        let (facts, execution, words) =
            (Box::new(facts), Box::new(execution), Some(Text::Description(Box::new(words))));
        let filed = self.add("erin", Event::File { change, facts, execution }, words);
        RevisionRef { change, number: 1, filed }
    }
}

/// One log with an entry of every kind.
pub fn good() -> Vec<Raw> {
    let mut log = Log::default();
    let founding = new("prod");
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
    let seconded = log.propose("frank", "Frank Ó Briain");
    log.add("bob", Event::Second(seconded), None);
    let declined = log.propose("grace", "Grace");
    log.add("bob", Event::Decline(declined), remark(Field::Reason, "She is with another desk."));
    let withdrawn = log.propose("heidi", "Heidi");
    log.add("alice", Event::ProposalWithdraw(withdrawn), None);
    let revision = log.file(full_facts(), many_words(), full_execution());
    log.add("carol", Event::Approve(revision), remark(Field::Note, "Read with the desk.\n\nWatch the first minute."));
    log.add("dave", Event::Approve(revision), None);
    let artifacts = full_facts().artifacts;
    let (target, run) = (full_execution().targets.first().cloned(), Some("4711".parse().unwrap()));
    let start = Start { target: target.clone(), run: run.clone(), artifacts, ..Start::of(revision) };
    log.add("frank", Event::Start(start), None);
    let finish = Finish { target, run, ..Finish::of(revision, Outcome::RolledBack) };
    log.add("erin", Event::Finish(finish), remark(Field::Note, "Rejects went up."));
    let revision = log.file(few_facts(), few_words(), Execution::default());
    log.add("carol", Event::Reject(revision), remark(Field::Reason, "Not twice in a day."));
    // Append new kinds at the end: the bad entries refer to the earlier ones by sequence number.
    let facts = Facts { follows: all(&["CHG-1"]), targets: 0, stop_after: None, ..full_facts() };
    let execution = Box::new(Execution { targets: Vec::new(), ..full_execution() });
    let revised = Event::Revise { replaces: revision, facts: Box::new(facts), execution };
    let filed = log.add("erin", revised, Some(Text::Description(Box::new(many_words()))));
    let revision = RevisionRef { number: 2, filed, ..revision };
    log.add("carol", Event::Approve(revision), None);
    log.add("carol", Event::Retract(revision), remark(Field::Reason, "The test was of the old build."));
    log.add("audrey", Event::Note(revision.change), remark(Field::Note, "See the minutes of today."));
    log.add("erin", Event::ChangeWithdraw(revision), remark(Field::Reason, "Overtaken."));
    let key_of = |person: &str| Fingerprint::of(&point(&key(person)));
    log.add("bob", Event::KeySuspend(key_of("carol")), remark(Field::Reason, "Her laptop is missing."));
    let replaces = log.state.governance().key(key_of("carol")).unwrap().unwrap().since;
    log.carry_out(Action::Lift { key: key_of("carol"), replaces }, remark(Field::Reason, "It was found."));
    log.add("dave", Event::KeyRevoke(key_of("dave")), None);
    govern(&mut log);
    super::checkpoint::checkpoint(&mut log);
    super::services::services(&mut log);
    super::fido::approve(&mut log);
    super::conflicts::conflicts(&mut log);
    super::review::review(&mut log);
    super::templates::templates(log)
}

pub fn govern(log: &mut Log) {
    let since =
        |log: &Log, person: &str| log.state.governance().person(&person.parse().unwrap()).unwrap().unwrap().since;
    let here = home(&log.entries);
    let operated = Grants { operators: all(&["erin", "frank"]), ..Grants::of([Role::Engineer]) };
    let robot = asking(&here, "deploy", asked(&here).with(all(&["engineer"]), all(&["erin", "frank"])), operated);
    log.carry_out(Action::Enrol(vec![robot]), None);
    let grants = Grants {
        roles: [(Role::Engineer, Periods::permanent()), (Role::Approver, period("", SOON))].into(),
        groups: [("dba".parse().unwrap(), Periods::permanent()), ("risk".parse().unwrap(), period("", SOON))].into(),
        operators: all(&[]),
    };
    let new = NewGrants::new(since(log, "frank"), grants);
    let roles = Action::Roles([("frank".parse().unwrap(), new)].into());
    log.carry_out(roles, remark(Field::Reason, "Stands in for dave."));
    let retire = Action::Retire { person: "dave".parse().unwrap(), replaces: since(log, "dave") };
    log.carry_out(retire, None);
    let Member { person, key: public, .. } = member(&here, "carol", &[]);
    let second = PublicKey::from_bytes(point(&key("carol's second"))).unwrap();
    let asked = asked(&here);
    let message = request::body(&here.register, &person, &asked, &second);
    let vouched = sign(&key("carol"), request::VOUCH, message.as_bytes());
    let add = Action::AddKey {
        proof: sign(&key("carol's second"), request::NAMESPACE, message.as_bytes()),
        vouch: Some(Vouch { key: public.fingerprint(), proof: vouched }),
        person,
        asked,
        key: second,
    };
    log.carry_out(add, remark(Field::Reason, "A new laptop."));
    let policy = policy();
    let set = Action::Policy { replaces: log.state.governance().policy_since(), policy };
    log.carry_out(set, remark(Field::Source, "# From the audit of 2026\napprovals = 2"));
    let note = entry::read_body(&log.entries[18]).unwrap().0.text.unwrap();
    log.carry_out(Action::Redact([(18, note.digest)].into()), remark(Field::Reason, "It names a customer."));
    let attempt = RefusedAttempt::Approve(log.state.change("CHG-2".parse().unwrap()).unwrap().current().id);
    log.add("carol", Event::Refused { attempt, rule: "withdrawn".parse().unwrap() }, None);
    let proposal = log.propose("ivan", "Ivan");
    log.add(
        "alice",
        Event::Refused { attempt: RefusedAttempt::Second(proposal), rule: "proposal-by-two".parse().unwrap() },
        None,
    );
    let head = |seq, leaf: u8| Head { seq, leaf: Digest::new([leaf; 32]) };
    let leaves = (0..3).map(|n| Digest::new([0x40 + n; 32])).collect();
    let lost = LostEntries::after(head(12, 0x12), leaves).unwrap();
    log.carry_out(Action::Restored(lost), remark(Field::Reason, "The disk died."));
    suspend(log);
}

/// A rota of two people, and a suspended person who comes back.
pub fn suspend(log: &mut Log) {
    let since =
        |log: &Log, person: &str| log.state.governance().person(&person.parse().unwrap()).unwrap().unwrap().since;
    let on_duty = |roles: &[Role], weeks: &[(&str, &str)]| Grants {
        groups: [("duty".parse().unwrap(), periods(weeks))].into(),
        ..Grants::of(roles.iter().copied())
    };
    let odd = [("2026-12-07T09:00:00Z", "2026-12-14T09:00:00Z"), ("2026-12-21T09:00:00Z", "2026-12-28T09:00:00Z")];
    let carol = NewGrants::new(since(log, "carol"), on_duty(&[Role::Approver], &odd));
    let even = [("", "2026-12-07T09:00:00Z"), ("2026-12-28T09:00:00Z", "")];
    let erin = NewGrants::new(since(log, "erin"), on_duty(&[Role::Engineer, Role::Approver], &even));
    let rota = [("carol".parse().unwrap(), carol), ("erin".parse().unwrap(), erin)].into();
    log.carry_out(Action::Roles(rota), remark(Field::Reason, "On duty in December."));
    log.add("bob", Event::PersonSuspend("carol".parse().unwrap()), remark(Field::Reason, "Nobody can reach her."));
    let back = NewGrants::new(since(log, "carol"), Grants::of([Role::Approver]));
    log.carry_out(Action::Roles([("carol".parse().unwrap(), back)].into()), None);
    // An operator leaves, and the key of the machine is revoked with it.
    let left = Grants { operators: all(&["erin"]), ..Grants::of([Role::Engineer]) };
    let mut left = NewGrants::new(since(log, "deploy"), left);
    left.revokes = [PublicKey::from_bytes(point(&key("deploy"))).unwrap().fingerprint()].into();
    log.carry_out(Action::Roles([("deploy".parse().unwrap(), left)].into()), remark(Field::Reason, "frank left."));
    let retire = Action::Retire { person: "audrey".parse().unwrap(), replaces: since(log, "audrey") };
    log.carry_out(retire, None);
    let replaces = log.state.governance().policy_since();
    log.carry_out(Action::Policy { replaces, policy: reordered() }, None);
    break_glass(log);
    super::freezes::freeze(log);
    super::confirmation::confirm(log);
    super::detached::submit(log);
}

/// A break-glass that is closed and ratified by one person.
pub fn break_glass(log: &mut Log) {
    let id = log.state.next_break_glass();
    let services = all(&["order-gateway", "risk-engine"]);
    let opening = Opening { incident: "INC-2214".parse().unwrap(), services, affects: Some("CHG-7".parse().unwrap()) };
    log.add("erin", Event::BreakGlassOpen { id, opening }, remark(Field::Reason, "Orders are rejected."));
    enter(log);
    let closed = log.add("erin", Event::BreakGlassClose(id), remark(Field::Note, "Restarted gw-01."));
    log.add("frank", Event::BreakGlassRatify { id, closed }, remark(Field::Note, "Read with erin."));
}

/// What erin signed without the register, entered by frank. It is for every service, and no change.
fn enter(log: &mut Log) {
    let opening = Opening { incident: "INC-2215".parse().unwrap(), services: all(&[]), affects: None };
    let word = Word {
        fingerprint: log.entries[0].leaf(),
        time: "2026-12-01T09:30:00Z".parse().unwrap(),
        person: "erin".parse().unwrap(),
        key: Fingerprint::of(&point(&key("erin"))),
        proof: Vec::new(),
        salt: None,
    };
    let (id, words) = (log.state.next_break_glass(), remark(Field::Reason, "The disk is full."));
    let event = |word: Word| Event::BreakGlassEnter { id, opening: opening.clone(), word: Box::new(word) };
    let text = log.header_of("frank", &event(word.clone()), words.as_ref()).0.text.unwrap().digest;
    let message = word::message(&word, &opening, text);
    let proof = sign(&key("erin"), word::NAMESPACE, message.as_bytes());
    log.add("frank", event(Word { proof, ..word }), words);
}

/// [`policy`] with its requirements in another order, which is another policy.
pub fn reordered() -> Policy {
    let first = policy();
    let requirements = first.requirements().iter().rev().cloned().collect();
    Policy::new(PolicyParts { requirements, ..first.parts().clone() }).unwrap()
}

pub const SOON: &str = "2026-12-31T18:00:00Z";

pub fn period(from: &str, until: &str) -> Periods {
    periods(&[(from, until)])
}

pub fn periods(list: &[(&str, &str)]) -> Periods {
    let bound = |time: &str| if time.is_empty() { None } else { Some(time.parse().unwrap()) };
    let period = |(from, until): &(&str, &str)| Period::new(bound(from), bound(until)).unwrap();
    Periods::new(list.iter().map(period).collect()).unwrap()
}

pub fn policy() -> Policy {
    let critical = Requirement {
        when: Conditions {
            kinds: all(&["normal", "emergency"]),
            risks: all(&["high", "critical"]),
            tags: all(&["db", "schema"]),
            services: all(&["order-gateway", "risk"]),
            tiers: all(&["1", "2"]),
            environments: all(&["dr", "prod"]),
            targets: Some(10),
            freezes: all(&["any", "month-end"]),
            sensitive: all(&["drop table", "truncate"]),
        },
        approvals: Some(3),
        from: [("dba".parse().unwrap(), 1), ("finance".parse().unwrap(), 2)].into(),
        needed: all(&["tests", "incident"]),
        lead_minutes: Some(2880),
        longest_minutes: Some(480),
        independent: true,
        confirm: true,
        exception: Some("cab".parse().unwrap()),
        ..Requirement::named("critical".parse().unwrap())
    };
    let shown = Requirement { needed: all(&["evidence"]), ..Requirement::named("shown".parse().unwrap()) };
    Policy::new(PolicyParts {
        approvals: 2,
        approval_days: 7,
        separate: all(&["requester-implementer", "admin-approver"]),
        teams: all(&["it", "trading"]),
        emergency: Emergency { waives: all(&["lead-time", "tests"]), review_days: 3 },
        break_glass: BreakGlassLimits::new(60, all(&["dba", "duty"])).unwrap(),
        checkpoint_hours: 4,
        review_days: Policy::REVIEW_DAYS,
        requirements: vec![critical, shown],
    })
    .unwrap()
}
