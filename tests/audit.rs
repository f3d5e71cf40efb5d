//! `audit`: lists for auditors, each from verified entries.

mod access;
mod compromise;
mod exceptions;
mod population;
mod reconcile;
mod sample;

use serde_json::Value;

use crate::support::{CHANGE, World};

/// The answer of a command in JSON.
#[track_caller]
pub fn read(world: &World, command: &str) -> Value {
    serde_json::from_str(&world.ok("audrey", &format!("--json {command}"))).unwrap()
}

/// The strings under a key of each item of a list.
pub fn each<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().map(|it| it[key].as_str().unwrap()).collect()
}

/// Files, approves, starts and finishes a change like [`CHANGE`], edited, as erin; its window must be open.
pub fn carry_out(world: &World, id: &str, edit: impl Fn(&str) -> String) {
    world.write("another.toml", edit(CHANGE));
    world.ok("erin", "file another.toml --again");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, id));
    world.ok("erin", &format!("start {id}"));
    world.ok("erin", &format!("finish {id} --outcome succeeded"));
}

/// The day of [`CHANGE`], as a period.
pub const DAY: &str = "--from 2026-12-01T00:00:00Z --to 2026-12-02T00:00:00Z";
