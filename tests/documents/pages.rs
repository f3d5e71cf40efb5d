//! Runs every command in the README and in `docs/`.
//!
//! The pages in [`PAGES`] are run in this order, in one register. The first line of a block names the person who runs it
//! and their typed answers: `# carol (answers: yes, CHG-1)`; `Enter ×7` is seven answers without a word. An HTML comment before the block has earlier steps that the
//! page does not show: `<!-- carol (answers: yes, CHG-1); at TIME -->` lets carol approve CHG-1, then sets the clock.
//! Every command must exit with 0.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{CHANGE, World};
use twinseal::error::Exit;

/// The pages with commands of twinseal, in the order in which they are run.
const PAGES: [&str; 7] = [
    "docs/getting-started.md",
    "docs/administration.md",
    "docs/engineers.md",
    "docs/approvers.md",
    "docs/auditors.md",
    "docs/notices.md",
    "docs/troubleshooting.md",
];

/// Commands for the source tree. `.ci/run` runs the first two, developers run the others.
const TREE: [&str; 4] = [
    "sh examples/quickstart.sh",
    "cargo test",
    "cargo test --test all documents",
    "SNAPSHOTS=overwrite cargo test --test all documents",
];

/// The person who runs a block, and their typed answers.
struct Actor {
    person: String,
    typing: Vec<String>,
}

/// Performs the steps in the comment before a block.
fn perform(world: &World, comment: &str) {
    for step in comment.split("; ") {
        if let Some(time) = step.strip_prefix("at ") {
            world.at(time);
        } else {
            let Actor { person, typing } = actor(step);
            let typing: Vec<&str> = typing.iter().map(String::as_str).collect();
            let change = typing.last().unwrap();
            let output = world.run_typing(&person, &format!("approve {change}"), &typing);
            assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        }
    }
}

fn actor(named: &str) -> Actor {
    let (person, typing) = named.split_once(" (answers: ").unwrap_or((named, ""));
    let answers = typing.trim_end_matches(')').split(", ").filter(|it| !it.is_empty());
    let typing = answers.flat_map(|it| match it.strip_prefix("Enter") {
        Some(count) => vec![String::new(); count.strip_prefix(" ×").map_or(1, |it| it.parse().unwrap())],
        None => vec![it.to_owned()],
    });
    Actor { person: person.to_owned(), typing: typing.collect() }
}

/// The people and files that the pages presuppose.
fn prepared() -> World {
    let world = World::empty();
    fs::create_dir_all(world.path("people/alice")).unwrap();
    for person in ["bob", "erin", "carol", "dave", "ivy", "audrey"] {
        world.person(person);
    }
    for (person, role) in [("bob", "admin"), ("carol", "approver"), ("ivy", "approver")] {
        world.ok(person, &format!("join {person} --role {role} --register prod"));
    }
    // People do not share a home here, and no setting of theirs names a register before they join.
    for person in ["alice", "erin"] {
        world.variable(person, "LOGNAME", Some(person));
    }
    world.write("build/gateway.toml", "pool = 160\n");
    world.write("done.txt", "Restarted the gateway.\n");
    world.write("hr.csv", fs::read("examples/hr.csv").unwrap());
    world.write("deployments.csv", fs::read("examples/reconcile/gitlab.csv").unwrap());
    world.write("gitlab.toml", fs::read("examples/reconcile/gitlab.toml").unwrap());
    let artifact = "\n[[artifacts]]\nname = \"gateway.toml\"\nfile = \"build/gateway.toml\"\n";
    world.write("change.toml", format!("{CHANGE}{artifact}"));
    world
}

/// Performs the steps of other people that a command presupposes.
fn meanwhile(world: &World, command: &str) {
    if command.starts_with("twinseal person enrol") {
        let id = world.named();
        for person in ["dave", "audrey"] {
            world.ok(person, &format!("person request {person} --register {id} --out {person}.request"));
        }
    }
    if command.starts_with("twinseal person machine") {
        world.person("deploy");
        let id = world.named();
        world.ok("deploy", &format!("person request deploy --register {id} --out deploy.request"));
    }
    if command.starts_with("twinseal person request carol") {
        fs::copy(world.path("people/carol/key"), world.path("carol.key")).unwrap();
        world.ok("carol", "key new --no-passphrase new.key");
    }
    if command.starts_with("twinseal person rota") {
        let page = fs::read_to_string("docs/administration.md").unwrap();
        let rota = page.split("```csv\n").nth(1).unwrap().split("```").next().unwrap();
        world.write("december.csv", rota);
    }
    if command.starts_with("twinseal notify check") {
        let folder = "people/notices/.config/twinseal";
        world.write(&format!("{folder}/notify.toml"), fs::read("examples/notify.toml").unwrap());
        let secrets = format!("{folder}/notify.secrets");
        let url = "https://chat.example.com/hook";
        let lines = ["changes", "ops-url", "ops-key", "tickets-key", "mail-password"];
        world.write(&secrets, lines.map(|name| format!("{name} = \"{url}\"\n")).concat());
        fs::set_permissions(world.path(&secrets), fs::Permissions::from_mode(0o600)).unwrap();
    }
    if command == "twinseal review CHG-1 review.toml" {
        let page = fs::read_to_string("docs/engineers.md").unwrap();
        let review = page.split("```toml\n").find(|it| it.starts_with("happened")).unwrap();
        world.write("review.toml", review.split("```").next().unwrap());
    }
    if command.starts_with("twinseal policy check") {
        fs::copy("examples/policy.toml", world.path("policy.toml")).unwrap();
    }
    if command.starts_with("twinseal service import") {
        let list = "id,owner,team,tier,environment,depends_on\norder-gateway,erin,gateway,1,prod,orders-db\n\
            orders-db,erin,dba,1,prod,\n";
        world.write("services.csv", list);
    }
    if command.starts_with("twinseal template propose") {
        // The page before it has put services in force, in an environment.
        let template = fs::read_to_string("examples/restart-gateway.toml").unwrap();
        world.write("restart-gateway.toml", template);
    }
    if command.starts_with("twinseal calendar propose") {
        fs::copy("examples/market-cn.toml", world.path("market-cn.toml")).unwrap();
    }
    if command.starts_with("twinseal freeze propose") {
        fs::copy("examples/month-end.toml", world.path("month-end.toml")).unwrap();
    }
    if ["twinseal withdraw CHG-2", "twinseal inbox"].iter().any(|it| command.starts_with(it)) {
        world.ok("erin", "file change.toml --again");
    }
    if command.starts_with("twinseal revise CHG-1 change.toml") {
        let edited = fs::read_to_string(world.path("change.toml")).unwrap().replace("minutes = 5", "minutes = 6");
        world.write("change.toml", edited);
    }
}

/// An `sh` block of a page.
struct Block {
    /// Steps that the page does not show.
    before: Option<String>,
    /// The person who runs it, as its first line says.
    actor: Option<String>,
    commands: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(page).unwrap();
    let (mut blocks, mut before, mut lines) = (Vec::new(), None, text.lines());
    while let Some(line) = lines.next() {
        if let Some(steps) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            before = Some(steps.to_owned());
        }
        if line == "```sh" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let block = block.join("\n").replace("\\\n   ", "");
            let actor = block.lines().find_map(|line| line.strip_prefix("# ")).map(str::to_owned);
            let commands = block.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
            blocks.push(Block { before: before.take(), actor, commands });
        }
    }
    blocks
}

/// The README, the changelog, and every page below `docs`.
fn documents() -> Vec<String> {
    let mut found = ["README.md", "README.zh-CN.md", "CHANGELOG.md"].map(str::to_owned).to_vec();
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn run(world: &World, page: &str, block: &Block) {
    block.before.iter().for_each(|steps| perform(world, steps));
    let named = block.actor.as_ref().unwrap_or_else(|| panic!("{page}: nobody is named who runs {:?}", block.commands));
    let Actor { person, typing } = actor(named);
    let mut typing: Vec<&str> = typing.iter().map(String::as_str).collect();
    for line in &block.commands {
        meanwhile(world, line);
        let (command, _) = line.split_once(" > ").unwrap_or((line, ""));
        let Some(arguments) = command.strip_prefix("twinseal ") else { panic!("{page}: nobody runs {command}") };
        let key = world.path("people/carol/key").exists().then(|| world.signer("carol").public().fingerprint());
        let arguments = arguments.replace("SHA256:...", &key.map(|it| it.to_string()).unwrap_or_default());
        let output = world.run_typing(&person, &arguments, &typing);
        assert_eq!(output.exit, Exit::Done, "{page}: {person}: {command}\n{}", output.screen);
        // The answers belong to the first command only.
        typing.retain(|word| !output.screen.lines().any(|line| line.ends_with(&format!(": {word}"))));
    }
}

#[test]
fn every_command_of_the_pages_for_users_works() {
    let world = prepared();
    for page in PAGES {
        blocks(page).iter().for_each(|block| run(&world, page, block));
    }
}

#[test]
fn every_command_in_a_document_is_run_by_a_test() {
    for page in documents().iter().filter(|page| !PAGES.contains(&page.as_str())) {
        for block in blocks(page) {
            let commands = block.commands;
            assert!(commands.iter().all(|line| TREE.contains(&line.as_str())), "{page}: nobody runs {commands:?}");
        }
    }
    let documents = documents();
    assert!(PAGES.iter().all(|page| documents.iter().any(|it| it == page) && !blocks(page).is_empty()));
}

#[test]
fn no_link_between_documents_leads_nowhere() {
    for page in documents() {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            if file.contains("://") || file.contains(char::is_whitespace) {
                continue;
            }
            let folder = Path::new(&page).parent().unwrap();
            let path = if file.is_empty() { PathBuf::from(&page) } else { folder.join(file) };
            assert!(path.exists(), "{page} links to {target}");
            if !anchor.is_empty() {
                let linked = fs::read_to_string(&path).unwrap();
                let headings = linked.lines().filter(|line| line.starts_with('#'));
                assert!(headings.map(slug).any(|it| it == anchor), "{page} links to {target}");
            }
        }
    }
}

/// The anchor of a heading, as GitHub makes it.
fn slug(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn the_readme_fits_into_250_lines() {
    let lines = fs::read_to_string("README.md").unwrap().lines().count();
    assert!(lines <= 250, "{lines}");
}

#[test]
fn the_readme_documents_every_exit_code() {
    let readme = fs::read_to_string("README.md").unwrap();
    for exit in [Exit::Done, Exit::Refused, Exit::Invalid, Exit::Broken, Exit::Environment] {
        assert!(readme.contains(&format!("\n| {} | ", exit as u8)), "{exit:?}");
    }
}

#[test]
fn no_path_in_the_architecture_page_is_out_of_date() {
    for page in ["docs/architecture.md", "docs/contributing.md"] {
        let text = fs::read_to_string(page).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let roots = ["src/", "tests/", "docs/", "examples/", "benches/", "fuzz/", ".ci/"];
        for path in quoted.filter(|it| roots.iter().any(|root| it.starts_with(root)) && !it.contains(['*', ' '])) {
            assert!(path.contains("NOUN") || Path::new(path).exists(), "{page} names {path}");
        }
    }
}
