//! The witnessed log: machines, conflicts of interest and wrong clocks. Entries that a rule refuses are made on the way,
//! each for the position that its `seq` names.

use std::collections::BTreeSet;

use twinseal::domain::{
    Action, Event, Facts, Field, Fingerprint, Finish, Grants, Member, Outcome, Period, Periods, Policy, PolicyParts,
    ProposalRef, PublicKey, RevisionRef, Role, Start, Text, Vouch,
};
use twinseal::format::{Raw, request};

use super::good_log::{
    Home, Log, account, all, asked, asking, few_facts, few_words, home, key, member, new, period, point, remark, sign,
};
use super::refused::{Refused, propose, refuse, roles};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The entries that `verify` must report, by hand.
pub const OUTLIERS: &str = "7 ahead\n32 behind\n33 ahead\n43 behind\n44 behind\n";

struct Story {
    log: Log,
    refused: Vec<Refused>,
}

/// The witnessed log and the entries that are refused in it.
pub fn witnessed() -> (Vec<Raw>, Vec<Refused>) {
    let mut story = Story { log: Log::default(), refused: Vec::new() };
    story.found();
    story.run_a_machine();
    story.change_operators();
    story.turn_clocks();
    story.suspend();
    (story.log.entries, story.refused)
}

fn operated(operators: &[&str]) -> Grants {
    Grants { operators: all(operators), ..Grants::of([Role::Engineer]) }
}

fn fingerprint(name: &str) -> Fingerprint {
    Fingerprint::of(&point(&key(name)))
}

fn robot(here: &Home, name: &str, grants: Grants) -> Member {
    let roles = grants.roles.keys().copied().collect();
    asking(here, name, asked(here).with(roles, grants.operators.clone()), grants)
}

fn words() -> Option<Text> {
    Some(Text::Description(Box::new(few_words())))
}

impl Story {
    fn refuse(&mut self, (name, rule): (&'static str, &'static str), key: &str, event: Event, words: Option<Text>) {
        self.refused.push(refuse(&self.log, (name, rule), key, event, words));
    }

    fn file(&mut self, key: &str, alter: impl FnOnce(&mut Facts)) -> RevisionRef {
        let mut facts = few_facts();
        alter(&mut facts);
        let change = self.log.state.next_change();
        let event = Event::File { change, facts: Box::new(facts), execution: Box::default() };
        RevisionRef { change, number: 1, filed: self.log.add(key, event, words()) }
    }

    fn note(&mut self, key: &str) {
        self.log.add(key, Event::Note("CHG-1".parse().unwrap()), remark(Field::Note, "Seen."));
    }

    /// Has people note something by a clock that is this many seconds ahead of the log's.
    fn notes(&mut self, clock: i64, people: &[&str]) {
        self.log.clock = clock;
        people.iter().for_each(|person| self.note(person));
    }

    fn approve(&mut self, people: &[&str], revision: RevisionRef) {
        people.iter().for_each(|person| _ = self.log.add(person, Event::Approve(revision), None));
    }

    fn conflict(&mut self, name: &'static str, person: &str, revision: RevisionRef) {
        self.refuse((name, "conflict-of-interest"), person, Event::Approve(revision), None);
    }

    /// Has alice open a proposal for new grants.
    fn open(&mut self, person: &str, grants: Grants) -> Event {
        let event = roles(&self.log, &[(person, grants)]);
        let proposal = self.log.state.governance().next_proposal();
        let opened = self.log.add("alice", event, None);
        Event::Second(ProposalRef { proposal, opened })
    }

    fn grant(&mut self, person: &str, grants: Grants) {
        let second = self.open(person, grants);
        self.log.add("bob", second, None);
    }

    fn found(&mut self) {
        let home = new("prod");
        let members = [
            ("alice", "admin"),
            ("bob", "admin"),
            ("carol", "approver"),
            ("dave", "approver"),
            ("erin", "engineer approver"),
            ("frank", "engineer approver"),
            ("grace", "admin approver"),
            ("henry", "approver"),
            ("ivy", "approver"),
        ];
        let member = |(name, roles): (&str, &str)| member(&home, name, &roles.split(' ').collect::<Vec<_>>());
        let policy = Policy::new(PolicyParts { separate: all(&["admin-approver"]), ..PolicyParts::default() }).unwrap();
        let init = Event::Init { format: 1, after: None, policy, members: members.map(member).to_vec() };
        self.log.add("alice", init, None);
        self.log.add("bob", Event::Seal, None);
    }

    /// A machine files, notes, starts and finishes a change. Everybody with a conflict of interest tries to approve.
    fn run_a_machine(&mut self) {
        let here = home(&self.log.entries);
        let approver = Grants { operators: all(&["dave"]), ..Grants::of([Role::Approver]) };
        let crowd = Grants { operators: (0..33).map(|n| format!("p{n}").parse().unwrap()).collect(), ..operated(&[]) };
        for (name, rule, grants) in [
            ("machine-that-approves", "machine-role", approver),
            ("machine-with-33-operators", "operator-limit", crowd),
        ] {
            let enrol = propose(&self.log, Action::Enrol(vec![robot(&here, "robot", grants)]));
            self.refuse((name, rule), "alice", enrol, None);
        }
        self.log.carry_out(Action::Enrol(vec![robot(&here, "deploy", operated(&["dave", "frank"]))]), None);
        let first = self.file("deploy", |facts| facts.implementers = all(&["deploy"]));
        self.note("deploy");
        self.conflict("operator-of-a-machine-that-filed", "dave", first);
        self.conflict("owner-approves", "erin", first);
        let admin = ("admin-approves-though-separate", "separate-duties");
        self.refuse(admin, "grace", Event::Approve(first), None);
        self.approve(&["carol"], first);
        self.log.clock = 900;
        self.approve(&["henry"], first);
        self.log.clock = 0;
        let start = |revision| Event::Start(Start::of(revision));
        self.refuse(("approval-from-the-future", "enough-approvals"), "deploy", start(first), None);
        self.approve(&["henry"], first);
        let second = self.file("erin", |facts| {
            facts.implementers = all(&["frank"]);
            facts.authors = all(&["carol", "deploy"]);
            facts.follows = all(&["CHG-1"]);
        });
        self.conflict("author-approves", "carol", second);
        self.conflict("implementer-approves", "frank", second);
        self.conflict("operator-of-a-machine-that-is-an-author", "dave", second);
        self.approve(&["henry", "ivy"], second);
        self.refuse(("start-before-the-followed-change", "follows-succeeded"), "frank", start(second), None);
        self.log.add("deploy", start(first), None);
        self.log.add("deploy", Event::Finish(Finish::of(first, Outcome::Succeeded)), None);
        self.log.add("frank", start(second), None);
    }

    /// Dave stops operating the machine and its key is rotated.
    fn change_operators(&mut self) {
        self.grant("deploy", operated(&["frank"]));
        let third = self.file("deploy", |_| ());
        self.conflict("former-operator-and-an-old-key", "dave", third);
        let here = home(&self.log.entries);
        let (person, asked) = ("deploy".parse().unwrap(), asked(&here));
        let public = PublicKey::from_bytes(point(&key("deploy's second"))).unwrap();
        let message = request::body(&here.register, &person, &asked, &public);
        let signed = |name: &str, namespace: &str| sign(&key(name), namespace, message.as_bytes());
        let proof = signed("deploy's second", request::NAMESPACE);
        let vouch = Some(Vouch { key: fingerprint("deploy"), proof: signed("deploy", request::VOUCH) });
        self.log.carry_out(Action::AddKey { person, asked, key: public, proof, vouch }, None);
        self.log.add("deploy's second", Event::KeyRevoke(fingerprint("deploy")), None);
        let written = self.file("erin", |facts| facts.authors = all(&["deploy"]));
        self.conflict("former-operator-of-an-author-whose-key-is-revoked", "dave", written);
        let filed = self.file("deploy's second", |_| ());
        self.approve(&["dave"], filed);
    }

    /// A grant that ended, a proposal that is ahead, and one that lapsed.
    fn turn_clocks(&mut self) {
        let until = period("", "2026-12-01T10:30:00Z");
        let admin = Grants {
            roles: [(Role::Admin, until), (Role::Approver, Periods::permanent())].into(),
            ..Grants::default()
        };
        self.grant("grace", admin);
        let mut grants = Grants::of([Role::Approver]);
        grants.groups = [("dba".parse().unwrap(), Period::new(None, None).unwrap().into())].into();
        let event = roles(&self.log, &[("ivy", grants.clone())]);
        let proposal = self.log.state.governance().next_proposal();
        let opened = self.log.add("grace", event, None);
        self.notes(HOUR, &["carol", "dave", "henry", "ivy", "erin"]);
        self.log.clock = 0;
        let suspend = Event::KeySuspend(fingerprint("carol"));
        self.refuse(("grant-that-ended", "role"), "grace", suspend, None);
        let second = Event::Second(ProposalRef { proposal, opened });
        self.refuse(("proposal-by-a-grant-that-ended", "proposer-admin"), "bob", second, None);
        self.note("grace");
        self.log.clock = HOUR + DAY;
        let ahead = self.open("ivy", grants.clone());
        self.notes(HOUR, &["bob", "carol", "dave"]);
        self.refuse(("proposal-that-is-ahead", "proposal-ahead"), "bob", ahead.clone(), None);
        self.log.clock = HOUR + DAY;
        self.refuse(("proposal-that-is-ahead-by-a-clock-as-wrong", "proposal-ahead"), "bob", ahead, None);
        self.log.clock = HOUR;
        let lapsed = self.open("ivy", grants);
        self.notes(8 * DAY, &["carol", "dave", "henry", "ivy", "erin"]);
        self.log.clock = HOUR;
        self.refuse(("proposal-that-lapsed-by-the-witnesses", "proposal-lapse"), "bob", lapsed, None);
        // Dave is behind the others who acted last, although most people have not reached their time.
        ["deploy's second", "dave"].iter().for_each(|person| self.note(person));
        self.log.clock = 8 * DAY;
    }

    /// Suspended people, an admin without a live key, and a machine without an operator.
    fn suspend(&mut self) {
        let carol = Event::PersonSuspend("carol".parse().unwrap());
        self.log.add("bob", carol.clone(), None);
        self.refuse(("suspended-twice", "suspend-has-effect"), "bob", carol, None);
        let note = Event::Note("CHG-1".parse().unwrap());
        self.refuse(("suspended-person-acts", "key-live"), "carol", note.clone(), remark(Field::Note, "Here."));
        self.grant("henry", Grants::of([Role::Admin]));
        self.log.add("alice", Event::KeySuspend(fingerprint("henry")), None);
        let demote = roles(&self.log, &[("bob", Grants::of([Role::Engineer]))]);
        self.refuse(("second-admin-whose-keys-are-suspended", "two-admins"), "alice", demote, None);
        let since = self.log.state.governance().person(&"frank".parse().unwrap()).unwrap().unwrap().since;
        self.log.carry_out(Action::Retire { person: "frank".parse().unwrap(), replaces: since }, None);
        let beep = remark(Field::Note, "Beep.");
        self.refuse(("machine-whose-operators-have-retired", "operator-active"), "deploy's second", note, beep);
    }
}

/// Who answers for an entry of the witnessed log, and so does not witness its time; written down by hand.
pub fn answer_for(key: Fingerprint, actor: &str) -> BTreeSet<&str> {
    match account(actor) {
        "deploy" if key == fingerprint("deploy") => ["deploy", "dave", "frank"].into(),
        "deploy" => ["deploy", "frank"].into(),
        person => [person].into(),
    }
}
