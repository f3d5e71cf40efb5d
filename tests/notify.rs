//! Notices reach those whom the inbox names, once, and in order; no secret leaves its file.

mod delivery;
mod events;
mod language;
mod later;
mod mail;
mod safety;
pub mod server;
mod signed;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use twinseal::error::Exit;

use crate::support::{CHANGE, Output, World};
use server::{Request, Server};

/// The account that sends; it has no key and is nobody in the register.
const SENDER: &str = "nora";

/// A file of secrets for a server on this port.
pub fn secrets(world: &World, lines: &str) {
    world.write("secrets", lines);
    fs::set_permissions(world.path("secrets"), fs::Permissions::from_mode(0o600)).unwrap();
}

/// The sender's account, which knows the register.
fn sender(world: &World) {
    fs::create_dir_all(world.path(&format!("people/{SENDER}"))).unwrap();
    world.ok(SENDER, &format!("list --fingerprint {}", world.fingerprint()));
}

/// Rules with a webhook `ops` on this port, which gets everything that these lines of a rule choose.
pub fn rules(port: u16, rule: &str) -> String {
    format!(
        "secrets = \"secrets\"\n[targets.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/hook\"\n\
         key_secret = \"ops\"\ntimeout_seconds = 2\n[[rules]]\nto = [\"ops\"]\n{rule}\n"
    )
}

/// A webhook `ops` that gets everything which these lines of a rule choose. The first run was made.
fn hooked(world: &World, rule: &str) -> Server {
    let server = Server::new();
    secrets(world, "ops = \"the key of ops\"\n");
    world.write("notify.toml", rules(server.port, rule));
    sender(world);
    world.ok(SENDER, "notify run --config notify.toml");
    assert!(server.take().is_empty(), "the first run sends nothing");
    server
}

/// A rule for every event.
const ALL: &str = "events = [\"approval-needed\", \"second-needed\", \"action-needed\", \"deadline-near\", \
    \"window-near\", \"approved\", \"rejected\", \"started\", \"finished\", \"freeze\", \"break-glass\"]";

fn run(world: &World) -> Output {
    world.run(SENDER, "notify run --config notify.toml")
}

/// Runs once, which must succeed, and returns what was sent: event, subject and command of each message.
#[track_caller]
fn told(world: &World, server: &Server) -> Vec<String> {
    let output = run(world);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    let line = |it: &Request| {
        let said = it.json();
        let word = |name: &str| said[name].as_str().unwrap().to_owned();
        format!("{} {}: {}", word("event"), word("subject"), word("command"))
    };
    server.take().iter().map(line).collect()
}

/// What `notify status` says of a target.
fn status(world: &World, name: &str) -> Value {
    let said = world.ok(SENDER, "--json notify status --config notify.toml");
    let said: Value = serde_json::from_str(&said).unwrap();
    said["targets"].as_array().unwrap().iter().find(|it| it["target"] == name).unwrap().clone()
}

/// Files a change with this title.
fn file(world: &World, title: &str) {
    world.write("titled.toml", CHANGE.replace("Raise the pool", title));
    world.ok("erin", "file titled.toml");
}
