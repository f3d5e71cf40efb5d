//! The worked example of `docs/format.md`: a minimal register.

use crate::support::World;

/// The draft of the worked example, written by alice.
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

/// The register of the worked example: alice creates it and files a change, bob seals and approves.
pub fn example() -> World {
    let world = World::empty();
    for (person, roles) in [("alice", "admin,engineer"), ("bob", "admin,approver"), ("carol", "approver")] {
        world.person(person);
        let request = format!("person request {person} --register prod --role {roles} --out {person}.request");
        world.ok(person, &request);
    }
    let members = "--member alice=alice.request:admin,engineer --member bob=bob.request:admin,approver \
                   --member carol=carol.request:approver";
    world.ok("alice", &format!("init --name prod --register prod.db {members}"));
    world.at("2026-12-01T09:04:10Z");
    world.ok("bob", &format!("seal --fingerprint {0} --digest {0}", world.fingerprint()));
    world.write("change.toml", DRAFT);
    world.write("pool.toml", "connections = 160\n");
    world.write("replay.txt", "160 connections: 0 of 48211 orders rejected\n");
    world.at("2026-12-01T09:20:31Z");
    world.ok("alice", "file change.toml");
    world.at("2026-12-01T09:30:05Z");
    world.approve("bob", "CHG-1");
    world
}
