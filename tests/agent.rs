//! Keys in an ssh-agent: OpenSSH's own agent, and hostile ones.

mod checkpoints;
mod hostile;
mod stock;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{World, stock_tool};

/// Whether `ssh-agent` and `ssh-add` are installed.
fn tools() -> bool {
    stock_tool("ssh-agent") && stock_tool("ssh-add")
}

/// Points a person to the agent at a socket, without a configured key.
fn know(world: &World, person: &str, socket: &str) {
    world.variable(person, "SSH_AUTH_SOCK", Some(socket));
    world.variable(person, "TWINSEAL_KEY", None);
}

/// Configures the public key file as a person's key.
fn name_public(world: &World, person: &str) {
    let file = world.path(&format!("people/{person}/key.pub")).display().to_string();
    world.variable(person, "TWINSEAL_KEY", Some(&file));
}

fn approval(world: &World) -> String {
    format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed)
}

/// A script that answers a question.
fn script(world: &World, name: &str, lines: &str) -> String {
    world.write(name, format!("#!/bin/sh\n{lines}\n"));
    fs::set_permissions(world.path(name), fs::Permissions::from_mode(0o700)).unwrap();
    world.path(name).display().to_string()
}
