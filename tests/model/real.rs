//! The register that is tested, and how what the model says is said to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};
use twinseal::domain::{
    self, ArtifactName, BreakGlassId, ChangeId, Denied, Digest, Event, Fingerprint, Finish, Header, Member, PersonId,
    ProposalId, ProposalRef, PublicKey, Refusal, RefusedAttempt, Register, RegisterId, RevisionRef, RunId, Start,
    Target, TextRef, Vouch, Window,
};
use twinseal::format::data;

use super::facts::{
    Action, Artifact, Asked, DAY, Entry, Facts, FreezeName, Grants, Key, Newcomer, Periods, Person, Place, Policy,
    Proposal, Requirement, Revision, Time, What,
};
use super::freezes::DUTY;
use super::packed::Packed;
use super::register_file::Paper;
use super::services::service;

/// Everybody there is, enrolled or not.
pub const PEOPLE: [&str; 10] =
    ["alice", "bob", "carol", "dave", "erin", "frank", "robot", "audrey", "grace", "deployer"];
/// How many keys there are.
pub const KEYS: usize = 24;

/// A key with what is computed from it.
pub struct Pair {
    pub secret: SigningKey,
    pub public: PublicKey,
    pub print: Fingerprint,
}

/// The keys of all histories.
pub fn pairs() -> &'static [Pair] {
    static PAIRS: OnceLock<Vec<Pair>> = OnceLock::new();
    let pair = |key: usize| {
        let secret = SigningKey::from_bytes(&[key as u8 + 1; 32]);
        let public = PublicKey::from_bytes(secret.verifying_key().to_bytes()).unwrap();
        Pair { secret, public, print: public.fingerprint() }
    };
    PAIRS.get_or_init(|| (0..KEYS).map(pair).collect())
}

/// Their ids.
pub fn id(person: Person) -> &'static PersonId {
    static IDS: OnceLock<Vec<PersonId>> = OnceLock::new();
    &IDS.get_or_init(|| PEOPLE.iter().map(|it| it.parse().unwrap()).collect())[person]
}

fn print(key: Key) -> Fingerprint {
    pairs()[key].print
}

pub fn time(seconds: Time) -> domain::Time {
    domain::Time::from_unix(seconds).unwrap()
}

/// A digest that nothing else has.
fn digest(of: &str, seed: u64, place: Place) -> Digest {
    let hash = |of: &str| Digest::new(Sha256::digest(format!("{of} {seed} {place}")).into());
    hash(of)
}

/// What a rule says, of a register that is whole in memory.
fn verdict(judged: Result<(), Denied>) -> Result<(), Refusal> {
    judged.map_err(|denied| match denied {
        Denied::Refused(refusal) => refusal,
        Denied::Unloaded(unloaded) => panic!("{unloaded}"),
    })
}

/// The register that is tested.
pub struct Real {
    seed: u64,
    pub id: RegisterId,
    pub register: Register,
    packed: Packed,
    /// The leaf hash of each entry.
    leaves: Vec<Digest>,
    /// The text of each entry that has one.
    texts: Vec<Option<Digest>>,
    /// The file that it is kept in, in some histories.
    pub paper: Option<Paper>,
}

impl Real {
    pub fn new(seed: u64, on_paper: bool) -> Self {
        let id = RegisterId::new("prod".parse().unwrap(), u128::from(seed).to_be_bytes());
        let (register, leaves, texts) = (Register::default(), Vec::new(), Vec::new());
        let packed = Packed::new();
        Self { seed, id, register, packed, leaves, texts, paper: on_paper.then(Paper::new) }
    }

    /// What the register says to an entry.
    pub fn judge(&self, entry: &Entry) -> Result<(), Refusal> {
        let event = self.event(&entry.what);
        verdict(self.register.judge(&self.header(entry, &event), &event))
    }

    /// What the register says where somebody else acts, or with another key.
    pub fn judge_as(&self, header: &mut Header, event: &Event, actor: Person, key: Key) -> Result<(), Refusal> {
        header.actor.clone_from(id(actor));
        header.key = print(key);
        verdict(self.register.judge(header, event))
    }

    /// Records an entry that the register had nothing against.
    pub fn record(&mut self, entry: &Entry) {
        let event = self.event(&entry.what);
        let header = self.header(entry, &event);
        self.texts.push(header.text.as_ref().map(|text| text.digest));
        let leaf = match &mut self.paper {
            Some(paper) => paper.record(self.seed, entry, &header, &event),
            None => digest("leaf", self.seed, self.leaves.len()),
        };
        self.packed.take(&header, leaf, &event);
        self.register.apply(&header, leaf, &event).unwrap();
        self.leaves.push(leaf);
    }

    /// The header of an entry at the end of the log.
    pub fn header(&self, entry: &Entry, event: &Event) -> Header {
        let position = self.register.position(event.stream()).unwrap();
        Header {
            register: self.id.clone(),
            seq: position.seq,
            prev: position.prev,
            governance: position.governance,
            last: position.last,
            time: time(entry.time),
            actor: id(entry.actor).clone(),
            key: print(entry.key),
            touch: None,
            data: data::digest_of(event),
            text: self.text(entry),
        }
    }

    fn text(&self, entry: &Entry) -> Option<TextRef> {
        let place = self.leaves.len();
        match &self.paper {
            _ if entry.words.is_empty() => None,
            _ if let What::EnterGlass { again: Some(before), .. } = entry.what => {
                Some(TextRef { filled: entry.words.clone(), digest: self.text_of(before) })
            }
            None => Some(TextRef { filled: entry.words.clone(), digest: digest("text", self.seed, place) }),
            Some(_) => Some(super::register_file::write(self.seed, place, entry).1),
        }
    }

    /// The leaf hash of the entry at a place, or one that nothing has.
    pub fn leaf(&self, place: Place) -> Digest {
        self.leaves.get(place).copied().unwrap_or_else(|| digest("no leaf", self.seed, place))
    }

    /// The digest of the text of the entry at a place, or one that nothing has.
    pub fn text_of(&self, place: Place) -> Digest {
        self.texts.get(place).copied().flatten().unwrap_or_else(|| digest("no text", self.seed, place))
    }

    /// A revision as the register names it.
    pub fn revision(&self, of: Revision) -> RevisionRef {
        RevisionRef { change: change(of.change), number: of.number, filed: self.leaf(of.filed) }
    }

    fn proposal(&self, it: Proposal) -> ProposalRef {
        ProposalRef { proposal: number(it.number), opened: self.leaf(it.opened) }
    }

    /// What is done, as the register reads it.
    pub fn event(&self, what: &What) -> Event {
        let of = |it: &Revision| self.revision(*it);
        match what {
            What::Init { format, policy: first, members } => Event::Init {
                format: *format,
                after: None,
                policy: policy(first),
                members: members.iter().map(|it| self.member(it, true)).collect(),
            },
            What::Seal => Event::Seal,
            What::Propose { number: it, action } => {
                Event::Propose { proposal: number(*it), action: self.action(action) }
            }
            What::Second(it) => Event::Second(self.proposal(*it)),
            What::Decline(it) => Event::Decline(self.proposal(*it)),
            What::TakeBack(it) => Event::ProposalWithdraw(self.proposal(*it)),
            What::Revoke(key) => Event::KeyRevoke(print(*key)),
            What::Suspend(key) => Event::KeySuspend(print(*key)),
            What::FreezeNow { until, service } => {
                Event::FreezeNow { until: time(*until), services: service.map(self::service).into_iter().collect() }
            }
            What::FreezeEnd { name, since } => {
                Event::FreezeEnd(domain::FreezeRef { name: freeze_name(*name), since: self.leaf(*since) })
            }
            What::SuspendPerson(person) => Event::PersonSuspend(id(*person).clone()),
            What::File { change: it, facts: filed } => {
                let (facts, execution) = self.filed(filed);
                Event::File { change: change(*it), facts, execution }
            }
            What::Revise { of: it, facts: filed } => {
                let (facts, execution) = self.filed(filed);
                Event::Revise { replaces: of(it), facts, execution }
            }
            What::Withdraw(it) => Event::ChangeWithdraw(of(it)),
            What::Approve(it) => Event::Approve(of(it)),
            What::Reject(it) => Event::Reject(of(it)),
            What::Retract(it) => Event::Retract(of(it)),
            What::Start { of: it, target, run, artifacts } => Event::Start(Start {
                revision: of(it),
                target: target.map(host),
                run: run.map(pipeline),
                artifacts: deployed(artifacts),
            }),
            What::Finish { of: it, target, run, outcome } => Event::Finish(Finish {
                revision: of(it),
                target: target.map(host),
                run: run.map(pipeline),
                outcome: *outcome,
            }),
            What::Confirm { of: it, outcome } => {
                Event::Confirm(domain::Confirmation { revision: of(it), outcome: *outcome })
            }
            What::Review { of: it, .. } | What::ActionDone { of: it, .. } | What::Close(it) => {
                super::after_finish::event(what, of(it))
            }
            What::Note(it) => Event::Note(change(*it)),
            What::OpenGlass { number, affects } => {
                let (incident, services) = ("INC-1".parse().unwrap(), BTreeSet::new());
                let opening = domain::Opening { incident, services, affects: affects.map(change) };
                Event::BreakGlassOpen { id: glass(*number), opening }
            }
            What::EnterGlass { .. } => self.enter(what),
            What::CloseGlass(number) => Event::BreakGlassClose(glass(*number)),
            What::Ratify { number, closed } => {
                Event::BreakGlassRatify { id: glass(*number), closed: self.leaf(*closed) }
            }
            What::Refused { attempt, rule } => {
                let attempt = RefusedAttempt::of(&self.event(attempt)).expect("an attempt of those that are recorded");
                Event::Refused { attempt, rule: rule.parse().unwrap() }
            }
        }
    }

    /// What was signed without the register. The signature is made only where entries go through a file.
    fn enter(&self, what: &What) -> Event {
        let What::EnterGlass { number, affects, signer: (signer, key, at), here, .. } = what else { unreachable!() };
        let (incident, services) = ("INC-1".parse().unwrap(), BTreeSet::new());
        let opening = domain::Opening { incident, services, affects: affects.map(change) };
        let fingerprint = if *here { self.leaf(0) } else { digest("fingerprint", self.seed, 0) };
        let mut word = domain::Word {
            fingerprint,
            time: time(*at),
            person: id(*signer).clone(),
            key: print(*key),
            proof: Vec::new(),
            salt: None,
        };
        if self.paper.is_some() {
            let words = [domain::Field::Reason].into();
            let entry = Entry { actor: 0, key: 0, time: 0, words, what: what.clone() };
            let text = super::register_file::write(self.seed, self.leaves.len(), &entry).1.digest;
            let message = twinseal::format::word::message(&word, &opening, text);
            word.proof = super::register_file::sign(*key, twinseal::format::word::NAMESPACE, message.as_bytes());
        }
        Event::BreakGlassEnter { id: glass(*number), opening, word: Box::new(word) }
    }

    fn member(&self, it: &Newcomer, founding: bool) -> Member {
        let asked = self.asked(it.asked, founding);
        let prove = |_: &Paper| super::register_file::prove(&self.id, &asked, it.person, it.key);
        let proof = self.paper.as_ref().map_or(Vec::new(), prove);
        Member { person: id(it.person).clone(), grants: grants(&it.grants), asked, key: pairs()[it.key].public, proof }
    }

    /// A request as the register reads it. One to found a register names no fingerprint.
    fn asked(&self, it: Asked, founding: bool) -> domain::Asked {
        let fingerprint = match (it.here, founding) {
            (true, true) => None,
            (true, false) => Some(self.leaf(0)),
            (false, _) => Some(digest("fingerprint", self.seed, 0)),
        };
        domain::Asked::new(fingerprint, time(it.expires - 30 * DAY), time(it.expires)).unwrap()
    }

    /// What a revision says, with the leaf hashes of the entries that it names.
    pub fn facts(&self, it: &Facts) -> domain::Facts {
        let excepted = it.excepted.iter().map(|(name, since)| (freeze_name(*name), self.leaf(*since)));
        let template = it.template.as_ref().map(|it| self.used(it));
        domain::Facts { excepted: excepted.collect(), template, ..facts(it) }
    }

    fn action(&self, it: &Action) -> domain::Action {
        use domain::Action as Domain;
        match it {
            Action::Enrol(members) => Domain::Enrol(members.iter().map(|it| self.member(it, false)).collect()),
            Action::Roles(changes) => {
                let one = |(person, (replaces, it, keys)): (&Person, &(Place, Grants, BTreeSet<Key>))| {
                    let mut new = domain::NewGrants::new(self.leaf(*replaces), grants(it));
                    new.revokes = keys.iter().map(|key| print(*key)).collect();
                    (id(*person).clone(), new)
                };
                Domain::Roles(changes.iter().map(one).collect())
            }
            Action::Retire { person, replaces } => {
                Domain::Retire { person: id(*person).clone(), replaces: self.leaf(*replaces) }
            }
            Action::AddKey { person, asked, key, vouch } => {
                let (paper, asked) = (self.paper.as_ref(), self.asked(*asked, false));
                let prove = || super::register_file::prove(&self.id, &asked, *person, *key);
                let word = |by: &Key| {
                    let vouch = || super::register_file::vouch(&self.id, &asked, (*person, *key), *by);
                    Vouch { key: print(*by), proof: paper.map_or(Vec::new(), |_| vouch()) }
                };
                Domain::AddKey {
                    person: id(*person).clone(),
                    asked: asked.clone(),
                    key: pairs()[*key].public,
                    proof: paper.map_or(Vec::new(), |_| prove()),
                    vouch: vouch.as_ref().map(word),
                }
            }
            Action::Lift { key, replaces } => Domain::Lift { key: print(*key), replaces: self.leaf(*replaces) },
            Action::Policy { replaces, policy: it } => {
                Domain::Policy { replaces: self.leaf(*replaces), policy: policy(it) }
            }
            Action::Redact(texts) => {
                let named = |(place, text): (&Place, &Place)| (*place as u64, self.text_of(*text));
                Domain::Redact(texts.iter().map(named).collect())
            }
            Action::Freeze { name, replaces, freeze: it } => Domain::SetFreeze(Box::new(domain::SetFreeze {
                name: freeze_name(*name),
                replaces: replaces.map(|it| self.leaf(it)),
                terms: self.terms(it),
            })),
            Action::Calendar { name, replaces, schedule } => {
                Domain::SetCalendar(self.set_calendar(*name, *replaces, schedule))
            }
            Action::Template { .. } | Action::EndTemplate { .. } => self.template_action(it).unwrap(),
            Action::Services { replaces, put, dropped, false_root } => {
                Domain::SetServices(Box::new(self.set_services(*replaces, (put, dropped), *false_root)))
            }
            Action::Thaw { name, replaces, again } => Domain::LiftFreeze(domain::LiftFreeze {
                name: freeze_name(*name),
                replaces: self.leaf(*replaces),
                again: *again,
            }),
            Action::Restored { from, lost, branch } => {
                // Leaf hashes are not looked at by any rule: the accounts that remember them do.
                let restored = domain::Head { seq: *from as u64, leaf: self.leaf(*from) };
                let mut leaves = vec![Digest::new([*branch as u8; 32]); lost - from - 1];
                leaves.push(Digest::new([3; 32]));
                Domain::Restored(domain::LostEntries::after(restored, leaves).unwrap())
            }
        }
    }
}

pub fn change(number: usize) -> ChangeId {
    ChangeId::after(number as u64 - 1)
}

pub fn glass(number: usize) -> BreakGlassId {
    BreakGlassId::after(number as u64 - 1)
}

fn number(proposal: usize) -> ProposalId {
    ProposalId::after(proposal as u64 - 1)
}

fn grants(it: &Grants) -> domain::Grants {
    let period = |(from, until): &(Option<Time>, Option<Time>)| domain::Period::new(from.map(time), until.map(time));
    let periods = |it: &Periods| domain::Periods::new(it.iter().map(|it| period(it).unwrap()).collect()).unwrap();
    domain::Grants {
        roles: it.roles.iter().map(|(role, it)| (*role, periods(it))).collect(),
        groups: it.groups.iter().map(|(group, it)| (self::group(*group), periods(it))).collect(),
        operators: it.operators.iter().map(|it| id(*it).clone()).collect(),
    }
}

pub fn group(number: usize) -> domain::Group {
    if number == DUTY { domain::Group::duty() } else { format!("group-{number}").parse().unwrap() }
}

fn requirement_name(n: usize) -> domain::RequirementName {
    format!("requirement-{n}").parse().unwrap()
}

pub fn tag(it: usize) -> domain::Tag {
    format!("tag-{it}").parse().unwrap()
}

pub fn production() -> domain::Environment {
    "prod".parse().unwrap()
}

pub fn environment(number: usize) -> domain::Environment {
    if number == 0 { production() } else { "uat".parse().unwrap() }
}

/// The name of a freeze. One that was opened alone is named for the number of its entry.
fn freeze_name(it: FreezeName) -> domain::FreezeName {
    match it {
        FreezeName::Named(number) => format!("freeze-{number}").parse().unwrap(),
        FreezeName::Now(place) => domain::FreezeName::now(place as u64),
    }
}

pub fn calendar_name(number: usize) -> domain::CalendarName {
    format!("calendar-{number}").parse().unwrap()
}

fn policy(it: &Policy) -> domain::Policy {
    let requirement = |(n, it): (usize, &Requirement)| domain::Requirement {
        name: requirement_name(n),
        when: domain::Conditions {
            kinds: it.kinds.clone(),
            risks: it.risks.clone(),
            tags: it.tags.iter().map(|it| tag(*it)).collect(),
            services: it.service.then(|| "service-0".parse().unwrap()).into_iter().collect(),
            environments: it.elsewhere.then(|| environment(1)).into_iter().collect(),
            tiers: it.tier.map(|it| domain::Tier::new(it).unwrap()).into_iter().collect(),
            targets: it.targets,
            freezes: it.frozen.then(|| "any".parse().unwrap()).into_iter().collect(),
            sensitive: it.sensitive.then(|| "drop table".parse().unwrap()).into_iter().collect(),
        },
        approvals: it.approvals,
        from: it.from.iter().map(|(group, count)| (self::group(*group), *count)).collect(),
        needed: it.needed.clone(),
        lead_minutes: it.lead_minutes,
        longest_minutes: it.longest_minutes,
        independent: it.independent,
        keys: None,
        exception: it.exception.map(group),
        confirm: it.confirm,
    };
    let requirements = it.requirements.iter().enumerate().map(requirement).collect();
    let groups = it.break_glass.1.iter().map(|it| group(*it)).collect();
    domain::Policy::new(domain::PolicyParts {
        approvals: it.approvals,
        approval_days: it.days,
        separate: it.separate.clone(),
        teams: it.teams.iter().map(|it| group(*it)).collect(),
        emergency: domain::Emergency { waives: it.waives.clone(), review_days: it.review_days },
        review_days: it.other_review_days,
        break_glass: domain::BreakGlassLimits::new(it.break_glass.0, groups).unwrap(),
        requirements,
        ..domain::PolicyParts::default()
    })
    .unwrap()
}

pub fn host(target: usize) -> Target {
    format!("host-{target}").parse().unwrap()
}

fn pipeline(run: u8) -> RunId {
    format!("run-{run}").parse().unwrap()
}

fn deployed(artifacts: &[Artifact]) -> Vec<domain::Artifact> {
    let name = |name: u8| format!("artifact-{name}").parse::<ArtifactName>().unwrap();
    let one = |it: &Artifact| domain::Artifact { name: name(it.0), digest: Digest::new([it.1; 32]) };
    artifacts.iter().map(one).collect()
}

fn facts(it: &Facts) -> domain::Facts {
    let (start, end) = (time(it.window.0), time(it.window.1));
    let link = |kind: &domain::LinkKind| domain::Link { kind: *kind, reference: "REF-1".parse().unwrap() };
    domain::Facts {
        kind: it.kind,
        risk: it.risk,
        owner: id(it.owner).clone(),
        authors: it.authors.iter().map(|it| domain::Author::Person(id(*it).clone())).collect(),
        environments: it.production.then(production).into_iter().collect(),
        implementers: it.implementers.iter().map(|it| id(*it).clone()).collect(),
        services: it.services.iter().map(|it| service(*it)).collect(),
        tags: it.tags.iter().map(|it| tag(*it)).collect(),
        window: Window::new(start, end, "UTC".parse().unwrap()).unwrap(),
        outage_minutes: 0,
        rollback_minutes: (it.rollback / 60) as u64,
        artifacts: deployed(&it.artifacts),
        evidence: it.evidence.then(|| (1, Digest::new([9; 32]))).into_iter().collect(),
        links: it.links.iter().map(link).collect(),
        follows: it.follows.iter().map(|it| change(*it)).collect(),
        conflicts: None,
        excepted: BTreeMap::new(),
        // The texts of histories in a file have one step each.
        plan_steps: 1,
        rollback_steps: 1,
        targets: it.targets.len() as u64,
        template: None,
        stop_after: it.stop_after,
        exceptions: it.exceptions.iter().map(|it| requirement_name(*it)).collect(),
        sensitive: it.dangerous.1.then(|| "drop table".parse().unwrap()).into_iter().collect(),
    }
}
