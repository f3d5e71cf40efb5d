//! A register with every kind of entry and every field.

use crate::support::{CALENDAR, CHANGE, FREEZE, SERVICES, TEMPLATE, World};
use twinseal::error::Exit;

/// A register with every kind of entry and every field.
pub fn full_life() -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome failed --note 'The pool did not grow.'");
    world.ok("erin", "finish CHG-1 --outcome rolled-back");
    let id = world.named();
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
    world.ok("frank", &format!("file change.toml --again --fingerprint {}", world.fingerprint()));
    world.ok("carol", "reject CHG-2 --reason 'Say first what it is for.'");
    world.ok("frank", "file change.toml --again");
    world.ok("frank", "revise CHG-2 change.toml --again");
    world.approve("carol", "CHG-2");
    world.ok("carol", "retract CHG-2 --reason 'I had read another file.'");
    world.ok("audrey", "note CHG-2 'Read in the audit.'");
    world.ok("frank", "withdraw CHG-2 --reason 'It came to nothing.'");
    let carol = world.signer("carol").public().fingerprint();
    world.ok("alice", &format!("key suspend {carol} --reason 'Her laptop is missing.'"));
    world.ok("alice", &format!("key lift {carol} --reason 'It was found.'"));
    second(&world, "4");
    world.write("done.txt", "Restarted gw-01.");
    world.ok("frank", "breakglass open --incident INC-1 --service order-gateway --reason 'Orders are rejected.'");
    world.ok("frank", "breakglass open --incident INC-2 --reason 'The disk is full.' --as frank --offline acted.word");
    world.ok("carol", "breakglass enter acted.word");
    world.ok("frank", "breakglass close BG-1 done.txt");
    let digest = world.raw(world.entries() - 1).leaf();
    world.ok("dave", &format!("breakglass ratify BG-1 --digest {digest} --note 'Read.'"));
    confirm(&world);
    world.ok("carol", &format!("key revoke {carol}"));
    govern(&world, &id);
    world
}

/// A change with a sensitive command, whose outcome bob confirms and dave reviews.
fn confirm(world: &World) {
    let confirmed = "[[require]]\nname = 'checked'\nsensitive = ['drop table']\nconfirm = true\n";
    world.write("confirm.toml", format!("approvals = 2\napproval_days = 14\n{confirmed}"));
    world.ok("alice", "policy propose confirm.toml");
    second(world, "5");
    let command = "step = \"Set the pool to 160.\"\ncommand = \"psql -c 'DROP TABLE pool_old'\"";
    world.write("drop.toml", CHANGE.replace("step = \"Set the pool to 160.\"", command));
    world.ok("erin", "file drop.toml --again");
    world.approve("dave", "CHG-4");
    world.ok("erin", "approve CHG-4 --detached carol.approval --for carol");
    world.ok("carol", &format!("approve --sign carol.approval --digest {}", world.statement("carol.approval")));
    world.ok("erin", "approve --submit carol.approval");
    world.ok("erin", "start CHG-4");
    world.ok("erin", "finish CHG-4 --outcome succeeded");
    world.ok("bob", "confirm CHG-4 --note 'The table is gone.'");
    let action = "[[action]]\ntext = 'Name the table.'\nowner = 'erin'\ndue = 2026-12-09T10:00:00Z\n";
    world.write("review.toml", format!("happened = 'It is gone.'\nlearned = 'Nobody knew it.'\n{action}"));
    world.ok("dave", "review CHG-4 review.toml");
    world.ok("erin", "close CHG-4 --note 'Nothing is left.'");
    world.ok("erin", "action done CHG-4/1 --note Named.");
    let by = "by = ['erin', 'external acme']\nservices = ['order-gateway']\nincident = 'INC-9'\n";
    world.write("told.toml", format!("done = 2026-12-01T08:00:00Z\n{by}what = 'Restarted.'\n"));
    world.ok("frank", "deviation record told.toml");
    let digest = world.raw(world.entries() - 1).leaf();
    world.ok("dave", &format!("deviation review DEV-1 --digest {digest} --note Read."));
}

/// Bob seconds a proposal by alice.
#[track_caller]
pub fn second(world: &World, proposal: &str) {
    let output = world.run_typing("bob", &format!("proposal second {proposal}"), &[proposal]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
}

/// A policy with every field.
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

/// Records every kind of governance entry, and refused attempts.
fn govern(world: &World, id: &str) {
    world.person("robot");
    world.ok("robot", &format!("person request robot --register {id} --out robot.request"));
    world.ok("alice", "person machine robot=robot.request --operator frank --operator erin --role engineer");
    second(world, "6");
    let until = "--until 2026-12-31T18:00:00Z";
    world.ok("alice", &format!("person grant frank approver --group dba --group risk {until} --reason 'For dave.'"));
    second(world, "7");
    world.ok("alice", "person retire dave --reason 'He left.'");
    second(world, "8");
    world.ok("erin", "key new --no-passphrase people/erin/second");
    let request = format!("person request erin --name 'Erin Sand' --register {id} --key people/erin/second");
    world.ok("erin", &format!("{request} --vouch people/erin/key --out second.request"));
    world.ok("alice", "person add-key second.request --reason 'A new laptop.'");
    second(world, "9");
    world.ok("erin", "key new --no-passphrase people/erin/third");
    let third = "--key people/erin/third --out third.request";
    world.ok("erin", &format!("person request erin --register {id} {third}"));
    world.ok("alice", "person add-key third.request");
    second(world, "10");
    world.write("policy.toml", POLICY);
    world.ok("alice", "policy propose policy.toml");
    second(world, "11");
    world.ok("alice", &format!("proposal redact {} --reason 'It names a customer.'", seq_of(world, "change.note")));
    let digest = world.raw(world.entries() - 1).leaf();
    let alone = format!("proposal second 12 --digest {digest}");
    world.fails("alice", &alone, Exit::Refused, "another admin must second it");
    second(world, "12");
    let lost = ["5", "6"].map(|seq| format!("--lost {seq}:{}", seq.repeat(64))).join(" ");
    world.ok("alice", &format!("proposal restored {lost} --reason 'The disk died.'"));
    let rota = "person,grant,from,until\n\
                frank,group duty,2026-12-07T09:00Z,2026-12-14T09:00Z\nerin,group duty,,2026-12-07T09:00Z\n\
                frank,group duty,2026-12-21T09:00Z,\n";
    world.write("rota.csv", rota);
    world.ok("alice", "person rota rota.csv --reason 'On duty in December.'");
    second(world, "14");
    world.ok("alice", "checkpoint --record");
    world.ok(
        "audrey",
        "audit sample --seed 'dice 4 1 6' --from 2026-12-01T00:00:00Z --to 2027-01-01T00:00:00Z --record",
    );
    world.write("map.toml", "extractor = 'psql'\nquery = 'select * from deployments'\n[columns]\ntime = 'at'\n");
    world.write("list.csv", "at\n2026-12-01T10:00:00Z\n");
    world.ok("audrey", "audit reconcile list.csv --map map.toml --record");
    freeze(world);
    world.ok("bob", "person suspend carol --reason 'Nobody can reach her.'");
    let withdrawn = format!("approve CHG-2 --revision {}", world.revision("CHG-2").filed);
    world.fails("frank", &withdrawn, Exit::Refused, "cannot approve CHG-2");
    world.fails("erin", "start CHG-1 --artifact pool=change.toml", Exit::Refused, "is already started");
}

/// Sets a freeze and proposes to end it; opens one at once, and ends it.
fn freeze(world: &World) {
    let more = "scope = { service = 'ledger', tag = 'open', environment = 'prod', risk = 'high', kind = 'normal' }\n\
                except = { kind = 'standard', tag = 'text-only' }\n";
    let known = FREEZE.replace("\"complete\"", "\"2027-01-31T00:00:00Z\"");
    world.write("freeze.toml", known.replace("reason =", &format!("{more}reason =")));
    world.ok("alice", "freeze propose freeze.toml");
    second(world, "15");
    world.ok("alice", "freeze lift month-end --reason Closed. --allow-again");
    world.write("calendar.toml", CALENDAR);
    world.ok("alice", "calendar propose calendar.toml");
    second(world, "17");
    world.write("market.toml", "name = 'market-hours'\nexception_group = 'duty'\ncalendar = 'market-cn'\n");
    world.ok("alice", "freeze propose market.toml");
    second(world, "18");
    // dave has left.
    world.write("services.toml", SERVICES.replace("dave", "erin"));
    world.ok("alice", "service import services.toml");
    world.write("template.toml", TEMPLATE);
    world.ok("alice", "template propose template.toml");
    second(world, &world.state().governance().proposals().to_string());
    world.ok("alice", "template end restart-gateway --reason 'The gateway is gone.'");
    let opened = world.ok("alice", "freeze now --service ledger --reason 'Figures are wrong.'");
    world.ok("alice", &format!("freeze end {}", opened.split(' ').nth(1).unwrap()));
}

/// The sequence number of the first entry of a kind.
pub fn seq_of(world: &World, kind: &str) -> u64 {
    let first = format!("twinseal/{kind}/v1\n");
    (0..world.entries()).find(|seq| world.raw(*seq).blob.starts_with(first.as_bytes())).unwrap()
}
