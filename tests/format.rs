//! `docs/format.md` against the program: its worked example is a real register, its commands print what it shows, it
//! names everything that there is, and stock tools alone can check every entry.
//!
//! `TWINSEAL_UPDATE_DOCS=1 cargo test --test format` writes the blocks of the document anew.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::{Display, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::support::{CHANGE, World};
use twinseal::domain::{
    ChangeKind, Duty, EventKind, Field, LinkKind, Needed, Outcome, Refusal, Risk, Role, Verb, is_forbidden,
};
use twinseal::error::Exit;
use twinseal::format::{Raw, request};

/// Two tests hold blocks of the one document, and may rewrite them.
static DOCUMENT: Mutex<()> = Mutex::new(());

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/format.md")
}

/// Holds blocks of the document against what they must be; blocks for which `fresh` knows nothing stay as they are.
#[track_caller]
fn hold_blocks(mut fresh: impl FnMut(&str, &str) -> Option<String>) {
    let _held = DOCUMENT.lock().unwrap_or_else(PoisonError::into_inner);
    let old = fs::read_to_string(document()).unwrap();
    let (mut new, mut lines, mut blocks) = (String::new(), old.lines(), 0);
    while let Some(line) = lines.next() {
        new.extend([line, "\n"]);
        let Some(info) = line.strip_prefix("```") else { continue };
        let content: String = lines.by_ref().take_while(|it| *it != "```").flat_map(|it| [it, "\n"]).collect();
        let known = fresh(info, &content);
        blocks += usize::from(known.is_some());
        new.extend([known.as_deref().unwrap_or(&content), "```\n"]);
    }
    assert!(blocks > 0, "no block to hold in docs/format.md");
    if std::env::var("TWINSEAL_UPDATE_DOCS").is_ok_and(|it| it == "1") {
        fs::write(document(), new).unwrap();
    } else if let Some((at, (old, new))) = (1..).zip(old.lines().zip(new.lines())).find(|(_, (old, new))| old != new) {
        panic!("docs/format.md:{at} shows\n{old}\nand it is\n{new}\nTWINSEAL_UPDATE_DOCS=1 rewrites it");
    } else {
        assert_eq!(old, new, "docs/format.md ends too early or too late");
    }
}

/// Whether these tools are here. Where they are not, the test is skipped and says so; in CI that is a failure.
#[track_caller]
fn stock_tools(tools: &[&str]) -> bool {
    let there = |tool: &str| Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    let missing: Vec<&&str> = tools.iter().filter(|tool| !there(tool).is_ok_and(|it| it.status.success())).collect();
    if missing.is_empty() {
        return true;
    }
    let ci = std::env::var("CI").is_ok_and(|it| it == "true");
    assert!(!ci, "CI lacks {missing:?}");
    eprintln!("skipped: {missing:?} not found");
    false
}

/// Runs a script in a folder, and returns whether it succeeded and what it printed, complaints included.
fn sh(folder: &Path, script: &str) -> (bool, String) {
    let mut command = Command::new("sh");
    let output = command.args(["-c", &format!("exec 2>&1\n{script}")]).env("LC_ALL", "C").current_dir(folder).output();
    let output = output.unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// The draft of the worked example, as alice writes it.
const DRAFT: &str = r#"
title = "Raise the connection pool of the order gateway"
kind = "normal"
risk = "medium"
owner = "alice"
services = ["order-gateway"]
tags = ["capacity"]
reason = """
At the open the pool of 80 ran dry, and orders were rejected for four seconds.

The vendor allows 200.
"""
success = "No rejected order in the first ten minutes after the open."

[window]
start = "2026-12-05T12:00:00Z"
end = "2026-12-05T14:00:00Z"
zone = "Asia/Shanghai"

[impact]
text = "Two minutes without the order gateway, outside trading hours."
outage_minutes = 2

[[plan]]
step = "Put the new configuration in place."
command = "install -m 0644 pool.toml /etc/gateway/pool.toml"

[[plan]]
step = "Restart the gateway."

[rollback]
minutes = 5
abort_if = ["The gateway does not come up within 60 seconds."]

[[rollback.steps]]
step = "Put the old configuration back and restart."

[[tests]]
what = "Replay of a busy open against the test gateway."
result = "No order rejected at 160 connections."
evidence = "replay.txt"

[[artifacts]]
name = "pool.toml"
file = "pool.toml"

[links]
incident = ["INC-2214"]
"#;

/// The register of the worked example: alice founds and files, bob seals and approves.
fn example() -> World {
    let world = World::empty();
    for person in ["alice", "bob"] {
        world.person(person);
        world.ok(person, &format!("person request {person} --register prod --out {person}.request"));
    }
    let members = "--member alice=alice.request:admin,engineer --member bob=bob.request:admin,approver";
    world.ok("alice", &format!("init --name prod --register prod.db {members}"));
    world.at("2026-12-01T09:04:10Z");
    world.ok("bob", &format!("seal --fingerprint {}", world.fingerprint()));
    world.write("change.toml", DRAFT);
    world.write("pool.toml", "connections = 160\n");
    world.write("replay.txt", "160 connections: 0 of 48211 orders rejected\n");
    world.at("2026-12-01T09:20:31Z");
    world.ok("alice", "file change.toml");
    world.at("2026-12-01T09:30:05Z");
    world.approve("bob", "CHG-1");
    world
}

/// Everything in a blob before its blank line.
fn body(raw: &Raw) -> String {
    let blob = String::from_utf8(raw.blob.clone()).unwrap();
    blob.split_once("\n\n").unwrap().0.to_owned() + "\n"
}

/// The forbidden code points, a range a line.
fn forbidden() -> String {
    let (mut lines, mut code) = (String::new(), 0);
    let is = |code: u32| char::from_u32(code).is_some_and(is_forbidden);
    while code <= u32::from(char::MAX) {
        let first = code;
        while is(code) {
            code += 1;
        }
        match code - first {
            0 => code += 1,
            1 => writeln!(lines, "U+{first:04X}").unwrap(),
            _ => writeln!(lines, "U+{first:04X} to U+{:04X}", code - 1).unwrap(),
        }
    }
    lines
}

#[test]
fn what_the_document_prints_is_what_the_register_holds() {
    let world = example();
    let pin = format!("people/bob/.local/state/twinseal/{}/pin", world.fingerprint());
    hold_blocks(|info, _| match info.split(' ').collect::<Vec<_>>()[..] {
        ["text", "entry", seq] => Some(String::from_utf8(world.raw(seq.parse().unwrap()).blob).unwrap()),
        ["text", "body", seq] => Some(body(&world.raw(seq.parse().unwrap()))),
        ["text", "text", seq] => Some(String::from_utf8(world.raw(seq.parse().unwrap()).text.unwrap()).unwrap()),
        ["text", "request", person] => fs::read_to_string(world.path(&format!("{person}.request"))).ok(),
        ["text", "pin"] => Some(fs::read_to_string(world.path(&pin)).unwrap()),
        ["text", "forbidden"] => Some(forbidden()),
        _ => None,
    });
}

/// Runs the commands of a block, lines with `$ ` and `> `, and returns it with what they really print.
fn transcript(folder: &Path, content: &str) -> String {
    let (mut out, mut lines) = (String::new(), content.lines().peekable());
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else { continue };
        let mut script = first.to_owned();
        writeln!(out, "{line}").unwrap();
        while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
            writeln!(out, "{more}").unwrap();
            script.extend(["\n", &more[2..]]);
        }
        let (done, printed) = sh(folder, &script);
        assert!(done, "{script}\n{printed}");
        out.push_str(&printed);
        assert!(printed.is_empty() || printed.ends_with('\n'), "{script} does not end its last line");
    }
    out
}

#[test]
fn the_commands_in_the_document_print_what_it_shows() {
    if !stock_tools(&["sqlite3", "sha256sum", "ssh-keygen", "sed", "base64", "od"]) {
        return;
    }
    let world = example();
    // A reader has the file, and nothing else.
    world.write("reader/prod.db", fs::read(world.path("prod.db")).unwrap());
    assert!(!world.path("prod.db-wal").exists(), "the file alone is not the whole register");
    hold_blocks(|info, content| (info == "console").then(|| transcript(&world.path("reader"), content)));
}

/// The rules of `Defect`, read from its source: the first word in quotes behind each arrow.
fn defect_rules() -> Vec<&'static str> {
    let source = include_str!("../src/format/defect.rs");
    let list = source.split_once("\ndefects! {").unwrap().1;
    list.split("=>").skip(1).map(|rest| rest.trim_start().split('"').nth(1).unwrap()).collect()
}

#[test]
fn the_document_names_everything_that_there_is() {
    fn words<T: Display>(all: &[T]) -> Vec<String> {
        all.iter().map(T::to_string).collect()
    }
    let document = fs::read_to_string(document()).unwrap();
    let mut named = [words(EventKind::ALL), words(Field::ALL), words(Role::ALL), words(ChangeKind::ALL)].concat();
    named.extend([words(Risk::ALL), words(Outcome::ALL), words(LinkKind::ALL)].concat());
    named.extend([words(Duty::ALL), words(Needed::ALL), words(Verb::ALL)].concat());
    named.extend([words(Refusal::RULES), words(&defect_rules()), tables()].concat());
    named.retain(|word| !document.contains(&format!("`{word}`")));
    assert!(named.is_empty(), "docs/format.md does not mention {named:?}");
}

/// The derived tables.
fn tables() -> Vec<String> {
    let schema = include_str!("../schema.sql").split_once("-- [the tables]").unwrap().1;
    let schema = schema.split_once("-- [the memory]").unwrap().0;
    schema.split("CREATE TABLE ").skip(1).map(|rest| rest.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn the_document_names_every_line_that_there_is() {
    let document = fs::read_to_string(document()).unwrap();
    let world = full_life();
    let mut keys = BTreeSet::new();
    for raw in (0..world.entries()).map(|seq| world.raw(seq)) {
        let text = String::from_utf8(raw.text.clone().unwrap_or_default()).unwrap();
        let body = body(&raw);
        keys.extend(body.lines().skip(1).chain(text.lines()).map(|line| line.split(' ').next().unwrap().to_owned()));
    }
    // A founding in another register's place would be a world of its own.
    keys.insert("after".to_owned());
    keys.retain(|key| !["", " N"].iter().any(|more| document.contains(&format!("`{key}{more}`"))));
    assert!(keys.is_empty(), "docs/format.md does not mention the lines {keys:?}");
}

#[test]
fn the_document_lists_each_rule_once_and_no_other() {
    let document = fs::read_to_string(document()).unwrap();
    let table = document.split_once("\n## Rules\n").unwrap().1.split("\n## ").next().unwrap();
    let mut listed: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    // Not rules about entries: what `verify` says about the file, and what it only notices.
    listed.retain(|rule| !FILE_RULES.contains(rule));
    let mut rules: Vec<&str> = Refusal::RULES.iter().copied().chain(defect_rules()).collect();
    listed.sort_unstable();
    rules.sort_unstable();
    rules.dedup();
    assert_eq!(listed, rules);
}

/// The rules about the file and about memory, as the store names them.
const FILE_RULES: [&str; 10] =
    ["file", "fingerprint", "schema", "integrity", "tables", "redacted", "truncated", "replaced", "append", "clock"];

/// Everything that can be recorded, in one register.
fn full_life() -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome failed --note 'The pool did not grow.'");
    world.ok("erin", "finish CHG-1 --outcome rolled-back");
    let id = world.state().id().unwrap().to_string();
    for person in ["frank", "grace", "heidi"] {
        world.person(person);
        world.ok(person, &format!("person request {person} --name 'Some Body' --register {id} --out {person}.request"));
        world.ok("alice", &format!("person enrol {person}={person}.request:engineer"));
    }
    let shown = world.ok("bob", "proposal show 1");
    let digest = shown.lines().find_map(|line| line.trim().strip_prefix("digest")).unwrap().trim();
    world.ok("bob", &format!("proposal second 1 --digest {digest}"));
    world.ok("bob", "proposal decline 2 --reason 'Not before January.'");
    world.ok("alice", "proposal withdraw 3");
    world.write("change.toml", CHANGE.replace("erin", "frank"));
    world.ok("frank", &format!("file change.toml --fingerprint {}", world.fingerprint()));
    world.ok("carol", "reject CHG-2 --reason 'Say first what it is for.'");
    world.ok("frank", "file change.toml");
    world.ok("frank", "revise CHG-2 change.toml");
    world.approve("carol", "CHG-2");
    world.ok("carol", "retract CHG-2 --reason 'I had read another file.'");
    world.ok("audrey", "note CHG-2 'Read in the audit.'");
    world.ok("frank", "withdraw CHG-2 --reason 'It came to nothing.'");
    let carol = world.signer("carol").public().fingerprint();
    world.ok("alice", &format!("key suspend {carol} --reason 'Her laptop is missing.'"));
    world.ok("alice", &format!("key lift {carol} --reason 'It was found.'"));
    second(&world, "4");
    world.ok("carol", &format!("key revoke {carol}"));
    govern(&world, &id);
    world
}

/// Bob carries a proposal of alice's.
#[track_caller]
fn second(world: &World, proposal: &str) {
    let output = world.run_typing("bob", &format!("proposal second {proposal}"), &[proposal]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
}

/// A policy that has every line.
const POLICY: &str = r#"
# From the audit of 2026.
approvals = 2
approval_days = 7
separate = ["requester-implementer", "owner-implementer", "admin-approver"]

[[require]]
name = "critical"
when = { kind = ["normal", "emergency"], risk = ["high", "critical"] }
approvals = 3
fields = ["tests", "incident"]
"#;

/// People, keys, policies and texts come and go, and some are refused.
fn govern(world: &World, id: &str) {
    world.person("robot");
    world.ok("robot", &format!("person request robot --register {id} --out robot.request"));
    world.ok("alice", "person machine robot=robot.request --operator frank --operator erin --role engineer");
    second(world, "5");
    let until = "--until 2026-12-31T18:00:00Z";
    world.ok("alice", &format!("person grant frank approver --group dba --group risk {until} --reason 'For dave.'"));
    second(world, "6");
    world.ok("alice", "person retire dave --reason 'He left.'");
    second(world, "7");
    world.ok("erin", "key new --no-passphrase people/erin/second");
    let request = format!("person request erin --name 'Erin Sand' --register {id} --key people/erin/second");
    world.ok("erin", &format!("{request} --vouch people/erin/key --out second.request"));
    world.ok("alice", "person add-key second.request --reason 'A new laptop.'");
    second(world, "8");
    world.ok("erin", "key new --no-passphrase people/erin/third");
    let third = "--key people/erin/third --out third.request";
    world.ok("erin", &format!("person request erin --register {id} {third}"));
    world.ok("alice", "person add-key third.request");
    second(world, "9");
    world.write("policy.toml", POLICY);
    world.ok("alice", "policy propose policy.toml");
    second(world, "10");
    world.ok("alice", &format!("proposal redact {} --reason 'It names a customer.'", seq_of(world, "change.note")));
    let digest = world.raw(world.entries() - 1).leaf();
    let alone = format!("proposal second 11 --digest {digest}");
    world.fails("alice", &alone, Exit::Refused, "cannot decide it alone");
    second(world, "11");
    let lost = format!("900:{}", "7".repeat(64));
    world.ok("alice", &format!("proposal restored --restored 1 --lost {lost} --reason 'The disk died.'"));
    let withdrawn = format!("approve CHG-2 --revision {}", world.revision("CHG-2").filed);
    world.fails("frank", &withdrawn, Exit::Refused, "cannot approve CHG-2");
    world.fails("erin", "start CHG-1 --artifact pool=change.toml", Exit::Refused, "was started already");
}

/// The first entry of a kind.
fn seq_of(world: &World, kind: &str) -> u64 {
    let first = format!("twinseal/{kind}/v1\n");
    (0..world.entries()).find(|seq| world.raw(*seq).blob.starts_with(first.as_bytes())).unwrap()
}

/// What stock tools find out about an entry that was written to a folder as `entry` and, if it has one, `text`.
const CHECK: &str = r"
sed '/^$/,$d' entry > body
{ echo '-----BEGIN SSH SIGNATURE-----'; sed -n 's/^sig //p' entry; echo '-----END SSH SIGNATURE-----'; } > sig
{ printf '\000'; cat entry; } | sha256sum | cut -c 1-64
[ ! -e text ] || sha256sum < text | cut -c 1-64
ssh-keygen -Y verify -f signers -n $(sed -n 1p body) -I $(sed -n 's/^actor //p' body) -s sig < body
";

/// A log as a reader without twinseal follows it.
#[derive(Default)]
struct Reader {
    leaf: Option<String>,
    governance: Option<String>,
    last: HashMap<String, String>,
    signers: String,
    kinds: Vec<String>,
    /// What each proposal would redact, `SEQ DIGEST`, by the leaf hash of the entry that opened it.
    redact: HashMap<String, Vec<String>>,
    /// Texts that are missing, likewise, until the proposal comes that redacted them.
    missing: HashSet<String>,
    /// Those for which it came.
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
        let (verified, printed) = sh(folder, CHECK);
        assert!(verified, "{body}{printed}");
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
        let change = value("change").map(str::to_owned);
        let last = change.as_ref().map(|change| of(&self.last.get(change).cloned()));
        assert_eq!(value("last"), last.as_deref(), "{body}");
        match change {
            Some(change) => _ = self.last.insert(change, leaf.clone()),
            None => self.governance = Some(leaf.clone()),
        }
        self.leaf = Some(leaf);
        self.kinds.push(body.lines().next().unwrap().to_owned());
    }

    /// A missing text is explained by a proposal that redacted it and was carried.
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

/// The keys that an entry enrols, as `ssh-keygen` wants them. (Should its proposal not be carried, they sign nothing.)
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

    // The tools say no as well: to another body, and to another namespace.
    let newest = world.raw(world.entries() - 1).blob;
    for (lie, told) in [("", true), ("sed -i 's/^seq /seq 1/' entry", false), ("sed -i 1s/refused/start/ entry", false)]
    {
        fs::write(folder.join("entry"), &newest).unwrap();
        let (verified, printed) = sh(&folder, &format!("{lie}{CHECK}"));
        assert_eq!(verified, told, "{lie}\n{printed}");
    }
}

#[test]
fn stock_tools_alone_tell_a_lost_text_from_an_redacted_one() {
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

/// Whether `ssh-keygen` says that a person signed a request, as an entry tells of it, and with which key.
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
    let (verified, printed) = sh(folder, &verify);
    verified.then(|| printed.trim().rsplit(' ').next().unwrap().to_owned())
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
        // Entry 0 answers requests for the register's name, later ones those for its whole id.
        let id = body.lines().nth(1).unwrap();
        let register = if body.starts_with("twinseal/register.init/") { id.split('#').next().unwrap() } else { id };
        let (mut person, mut key, mut request, mut voucher) = ("", "", String::new(), "");
        for (name, value) in body.lines().filter_map(|line| line.split_once(' ')) {
            let signed = |signers: &str, namespace| has_signed(&folder, signers, person, namespace, &request, value);
            match name {
                "member" | "person" => person = value,
                "public-key" => {
                    key = value;
                    request = format!("{}\n{register}\nperson {person}\npublic-key {key}\n", request::NAMESPACE);
                }
                "proof" => {
                    let itself = format!("{person} {key}\n");
                    assert!(signed(&itself, request::NAMESPACE).is_some(), "{person}");
                    assert!(signed(&itself, request::VOUCH).is_none(), "{person}");
                    proofs += 1;
                }
                "vouch-key" => voucher = value,
                "vouch" => {
                    // By a key that they had before, and as nothing but a vouch.
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
