//! Every command of the README is run, in its order.
//!
//! A comment before a block says who runs it, what they type when asked, and what happened before:
//! `<!-- as carol, typing: yes, CHG-1; at TIME; as erin -->` lets carol approve CHG-1 first, then sets the clock.

use std::fs;

use crate::support::{CHANGE, World};
use twinseal::error::Exit;

/// Who runs a block, and what they type.
struct Actor {
    person: String,
    typing: Vec<String>,
}

/// Reads the comment before a block; what it says to happen first happens.
fn stage(world: &World, comment: &str) -> Actor {
    let parts: Vec<&str> = comment.split("; ").collect();
    let (last, before) = parts.split_last().unwrap();
    for part in before {
        if let Some(time) = part.strip_prefix("at ") {
            world.at(time);
        } else {
            let Actor { person, typing } = actor(part);
            let typing: Vec<&str> = typing.iter().map(String::as_str).collect();
            let change = typing.last().unwrap();
            let output = world.run_typing(&person, &format!("approve {change}"), &typing);
            assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        }
    }
    actor(last)
}

fn actor(part: &str) -> Actor {
    let part = part.strip_prefix("as ").unwrap();
    let (person, typing) = part.split_once(", typing: ").unwrap_or((part, ""));
    let typing = typing.split(", ").filter(|it| !it.is_empty()).map(str::to_owned).collect();
    Actor { person: person.to_owned(), typing }
}

/// The people and files that the README takes for granted.
fn prepared() -> World {
    let world = World::empty();
    fs::create_dir_all(world.path("people/alice")).unwrap();
    for person in ["bob", "erin", "carol", "dave", "audrey"] {
        world.person(person);
    }
    for person in ["bob", "erin", "carol"] {
        world.ok(person, &format!("person request {person} --register prod --out {person}.request"));
    }
    world.write("build/gateway.toml", "pool = 160\n");
    let artifact = "\n[[artifacts]]\nname = \"gateway.toml\"\nfile = \"build/gateway.toml\"\n";
    world.write("change.toml", format!("{CHANGE}{artifact}"));
    world
}

/// What the README leaves to other people, by the words of the command that needs it.
fn meanwhile(world: &World, command: &str) {
    if command.starts_with("twinseal person enrol") {
        let id = world.state().id().unwrap().to_string();
        for person in ["dave", "audrey"] {
            world.ok(person, &format!("person request {person} --register {id} --out {person}.request"));
        }
    }
    if command.starts_with("twinseal person machine") {
        world.person("deploy");
        let id = world.state().id().unwrap().to_string();
        world.ok("deploy", &format!("person request deploy --register {id} --out deploy.request"));
    }
    if command.starts_with("twinseal person request carol") {
        fs::copy(world.path("people/carol/key"), world.path("carol.key")).unwrap();
        world.ok("carol", "key new --no-passphrase new.key");
    }
    if command.starts_with("twinseal policy check") {
        fs::copy("examples/policy.toml", world.path("policy.toml")).unwrap();
    }
    if ["twinseal withdraw CHG-2", "twinseal inbox"].iter().any(|it| command.starts_with(it)) {
        world.ok("erin", "file change.toml");
    }
}

#[test]
fn every_command_of_the_readme_works() {
    let readme = fs::read_to_string("README.md").unwrap();
    let world = prepared();
    let mut lines = readme.lines();
    let mut comment = None;
    let mut run = 0;
    while let Some(line) = lines.next() {
        if let Some(said) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            comment = Some(said);
        }
        if line != "```sh" {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let block = block.join("\n").replace("\\\n   ", "");
        let Some(comment) = comment.take() else {
            assert!(block == "sh examples/quickstart.sh" || block == "cargo test", "nobody runs {block}");
            continue;
        };
        let Actor { person, typing } = stage(&world, comment);
        let mut typing = typing.iter().map(String::as_str).collect::<Vec<_>>();
        for command in block.lines() {
            meanwhile(&world, command);
            let (command, _) = command.split_once(" > ").unwrap_or((command, ""));
            let mut arguments = command.strip_prefix("twinseal ").unwrap().to_owned();
            if arguments.contains("SHA256:...") {
                arguments = arguments.replace("SHA256:...", &world.signer("carol").public().fingerprint().to_string());
            }
            // Whoever has a terminal types what is left to type when they are asked.
            let output = world.run_typing(&person, &arguments, &typing);
            assert_eq!(output.exit, Exit::Done, "{person}: {command}\n{}", output.screen);
            typing.retain(|word| !output.screen.lines().any(|line| line.ends_with(&format!(": {word}"))));
            run += 1;
        }
    }
    assert!(run >= 25, "only {run} commands were found");
}

#[test]
fn the_readme_documents_every_exit_code() {
    let readme = fs::read_to_string("README.md").unwrap();
    for exit in [Exit::Done, Exit::Refused, Exit::Invalid, Exit::Broken, Exit::Environment] {
        assert!(readme.contains(&format!("\n| {} | ", exit as u8)), "{exit:?}");
    }
}
