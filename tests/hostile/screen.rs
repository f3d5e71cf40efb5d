//! No input controls the terminal: every command is run with every hostile character in every place from which it could
//! reach the screen. The test compares its commands with the program's own, so a new one without a case here fails it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use clap::CommandFactory;
use twinseal::cli::Cli;
use twinseal::domain::{FreezeName, is_forbidden};
use twinseal::error::Exit;
use twinseal::lang::Lang;
use twinseal::output::table;

use super::day::{DAY, MAY_FAIL};
use super::quoted;
use crate::support::{CALENDAR, CHANGE, FREEZE, Output, PEOPLE, SERVICES, TEMPLATE, World, words};

/// Characters that can control a terminal or hide text: controls, line and paragraph separators, and what Unicode 16
/// calls `Default_Ignorable_Code_Point`, except the variation selectors.
const HOSTILE: [(char, char); 31] = [
    ('\0', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffc}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{13441}', '\u{13442}'),
    ('\u{16fe4}', '\u{16fe4}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

fn every() -> impl Iterator<Item = char> {
    HOSTILE.into_iter().flat_map(|(first, last)| first..=last)
}

/// The first and last character of every range, and a forged output line; short enough for a file name.
pub fn sample() -> String {
    let ends: BTreeSet<char> = HOSTILE.into_iter().flat_map(|(first, last)| [first, last]).collect();
    format!("x\n{FORGED}{}", String::from_iter(ends.into_iter().filter(|c| *c != '\0')))
}

const FORGED: &str = "FORGED";

/// The sample, then every hostile character. A message that truncates still shows the sample.
pub fn all() -> String {
    format!("{}\0{}", sample(), String::from_iter(every()))
}

#[test]
fn exactly_the_hostile_characters_are_forbidden() {
    let hostile = |c: char| HOSTILE.into_iter().any(|(first, last)| (first..=last).contains(&c));
    let other: Vec<char> = ('\0'..=char::MAX).filter(|c| hostile(*c) != is_forbidden(*c)).collect();
    assert!(other.is_empty(), "{other:?}");
}

/// The output mode of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Screen,
    Pipe,
    Json,
}

pub const MODES: [Mode; 3] = [Mode::Screen, Mode::Pipe, Mode::Json];

/// The escape sequences that twinseal and clap use for colours.
const COLOURS: [&str; 8] =
    ["\x1b[0m", "\x1b[1m", "\x1b[4m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[1m\x1b[4m"];

/// Runs a command and asserts that its output has no hostile character.
#[track_caller]
pub fn calm(world: &World, mode: Mode, person: &str, args: &[String]) -> Output {
    calm_typing(world, mode, person, args, None)
}

/// Like [`calm`], with these answers typed on a terminal.
#[track_caller]
fn calm_typing(world: &World, mode: Mode, person: &str, args: &[String], typed: Option<&[&str]>) -> Output {
    let json = (mode == Mode::Json).then(|| "--json".to_owned());
    let args: Vec<String> = json.into_iter().chain(args.iter().cloned()).collect();
    world.on_screen(mode == Mode::Screen);
    let output = world.run_words(person, &args, typed);
    let mut said = output.screen.clone();
    if mode == Mode::Screen {
        COLOURS.into_iter().for_each(|colour| said = said.replace(colour, ""));
    }
    if args.windows(2).any(|pair| pair == ["export", "csv"]) || args.iter().any(|it| it == "--csv") {
        said = said.replace("\r\n", "\n");
    }
    let steers = said.chars().find(|c| *c != '\n' && is_forbidden(*c));
    assert_eq!(steers, None, "{mode:?} {person}: {args:.200?}\n{said:.3000?}");
    let forged = said.lines().find(|line| line.starts_with(FORGED));
    assert_eq!(forged, None, "{mode:?} {person}: {args:.200?}\n{said:.3000}");
    output
}

/// Whether the output has the hostile text in escaped form.
pub fn came(output: &Output) -> bool {
    ["\\u{202e}", "\\u202e", "U+202E"].iter().any(|code| output.screen.contains(code))
}

// ---- Every command

/// A line of [`DAY`] with its placeholders filled in, split into words.
pub fn filled(world: &World, line: &str, name: &str) -> Vec<String> {
    let key = |person: &str| world.signer(person).public().fingerprint().to_string();
    let proposal = || world.newest_proposal().opened.to_string();
    let fill = |word: String| match word.as_str() {
        "{fingerprint}" => world.fingerprint(),
        "{revision}" => world.revision("CHG-1").filed.to_string(),
        "{closed}" => world.state().break_glass("BG-1".parse().unwrap()).unwrap().close().unwrap().leaf.to_string(),
        "{told}" => world.state().deviation("DEV-1".parse().unwrap()).unwrap().recorded().leaf.to_string(),
        "{statement}" => world.statement(&format!("{name}.approval")).to_string(),
        "{register}" => world.state().id().unwrap().to_string(),
        "{opened}" => proposal(),
        "{dave}" => key("dave"),
        "{carol}" => key("carol"),
        "{now}" => FreezeName::now(world.entries() - 1).to_string(),
        word => word.replace("NAME", name).replace("{leaf}", &"7".repeat(64)),
    };
    words(line).into_iter().map(fill).collect()
}

/// A register in a folder with a hostile name, in which every name that a user chooses is hostile.
pub fn before_the_day() -> World {
    let world = World::empty_called(&sample());
    prepare(&world, &sample(), CHANGE);
    world
}

/// Makes the keys, requests and files of [`DAY`]. `name` is the prefix of file names, and `change` is what is filed.
pub fn prepare(world: &World, name: &str, change: &str) {
    for (person, _) in PEOPLE {
        world.person(person);
        world.ok(person, &format!("person request {person} --register prod --out {person}.request"));
    }
    for person in ["frank", "deploy"] {
        fs::create_dir_all(world.path(&format!("people/{person}"))).unwrap();
    }
    let artifact = format!("{change}\n[[artifacts]]\nname = \"app.tar\"\nfile = {}\n", quoted(&format!("{name}.tar")));
    world.variable("audrey", "EDITOR", Some("true"));
    world.variable("erin", "EDITOR", Some("true"));
    let drafts = "people/erin/.local/state/twinseal/drafts";
    world.write(&format!("{drafts}/1.toml"), change);
    world.write(&format!("{drafts}/2.toml"), format!("title = {}\n", quoted(name)));
    world.write(&format!("{name}.tar"), "bytes");
    world.write(&format!("{name}.toml"), &artifact);
    world.write(&format!("{name}2.toml"), artifact.replace("160", "140"));
    world.write(&format!("{name}.csv"), "person,grant,from,until\ncarol,group dba,,\nerin,group dba,,\n");
    let row = format!("\"{name}\",2026-12-01T10:00:00Z,\"{name}\",\"{name}\"\n").replace('\0', "");
    world.write(&format!("{name}r.csv"), format!("ref,time,service,host\n{row}"));
    world.write(&format!("{name}r.toml"), "[columns]\nref = \"ref\"\ntime = \"time\"\nservice = \"service\"\n");
    let action = "[[action]]\ntext = \"Test.\"\nowner = \"carol\"\ndue = 2026-12-20T10:00:00Z\n";
    world.write(&format!("{name}d.toml"), "done = 2026-12-01T08:00:00Z\nby = [\"erin\"]\nwhat = \"Restarted.\"\n");
    world.write(&format!("{name}v.toml"), format!("happened = \"It.\"\nlearned = \"That.\"\n{action}"));
    world.write(&format!("{name}h.csv"), "person,left\nalice,\nbob,2026-11-30\n");
    world.write(&format!("{name}f.toml"), FREEZE);
    world.write(&format!("{name}c.toml"), CALENDAR);
    world.write(&format!("{name}s.toml"), SERVICES);
    world.write(&format!("{name}t.toml"), TEMPLATE);
    world.write(&format!("{name}p.toml"), "approvals = 3\napproval_days = 7\n");
    let confirmed = "[[require]]\nname = \"checked\"\nconfirm = true\n";
    let port = Box::leak(Box::new(crate::notify::server::Server::new())).port;
    crate::notify::secrets(world, "ops = \"the key of ops\"\n");
    world.write(&format!("{name}n.toml"), crate::notify::rules(port, "events = [\"approved\"]"));
    world.write(&format!("{name}q.toml"), format!("approvals = 2\napproval_days = 7\n{confirmed}"));
}

/// For each command, a person and the words that they run it with.
pub type Lines = BTreeMap<Vec<String>, (String, Vec<String>)>;

/// Runs [`DAY`] in one output mode. Returns the test folder and, for each command, its last successful words.
pub fn day(mode: Mode) -> (World, Lines) {
    let (world, all) = day_in(Lang::En, mode);
    let (commands, mut last) = (commands(), BTreeMap::new());
    for Ran { person, args, .. } in all {
        // The line without a command is the home page.
        if let Some((command, _)) = commands.iter().rfind(|(path, _)| args.starts_with(path)) {
            last.insert(command.clone(), (person.to_owned(), args));
        }
    }
    (world, last)
}

/// Gives the drafts of erin the time of the clock.
pub fn age_drafts(world: &World) {
    let now = UNIX_EPOCH + Duration::from_secs(world.now().unix().try_into().unwrap());
    let folder = world.path("people/erin/.local/state/twinseal/drafts");
    for path in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
        fs::File::options().append(true).open(path).unwrap().set_modified(now).unwrap();
    }
}

/// A command of [`DAY`] that was run.
pub struct Ran {
    pub person: &'static str,
    pub args: Vec<String>,
    pub output: Output,
}

/// Runs [`DAY`] in one language and output mode. Returns the test folder and every command.
pub fn day_in(lang: Lang, mode: Mode) -> (World, Vec<Ran>) {
    let (world, mut all) = (before_the_day(), Vec::new());
    world.speak(lang);
    for &(person, line) in DAY {
        if line.starts_with("gate") {
            world.at("2026-12-01T10:00:00Z");
        }
        let args = filled(&world, line, &sample());
        age_drafts(&world);
        let output = calm(&world, mode, person, &args);
        let no_json = line.starts_with("export csv") || line.contains(" --csv") || line == "export allowed-signers";
        let refused = mode == Mode::Json && no_json;
        let well = (output.exit == Exit::Done) != refused || MAY_FAIL.contains(&line);
        assert!(well, "{person}: {line}\n{}", output.screen);
        all.push(Ran { person, args, output });
    }
    (world, all)
}

/// Every command of the program, with those of its options that take a value. The options of all commands are read in
/// one way, so a command that reads and one that records have them.
pub fn commands() -> BTreeMap<Vec<String>, Vec<String>> {
    fn walk(command: &clap::Command, path: &[String], found: &mut BTreeMap<Vec<String>, Vec<String>>) {
        let below: Vec<_> = command.get_subcommands().filter(|it| it.get_name() != "help").collect();
        // A noun can be a verb too: `calendar`.
        if below.is_empty() || !path.is_empty() && !command.is_subcommand_required_set() {
            let with_all = path.last().is_some_and(|it| ["list", "note"].contains(&it.as_str()));
            let valued = command.get_arguments().filter(|it| it.get_action().takes_values());
            let valued = valued.filter(|it| with_all || !it.is_global_set());
            found.insert(path.to_vec(), valued.filter_map(|it| it.get_long().map(str::to_owned)).collect());
        }
        below.into_iter().for_each(|it| walk(it, &[path, &[it.get_name().to_owned()]].concat(), found));
    }
    let (mut tree, mut found) = (Cli::command(), BTreeMap::new());
    tree.build();
    walk(&tree, &[], &mut found);
    found
}

#[test]
fn no_file_or_folder_name_controls_the_terminal() {
    for mode in MODES {
        let (_, last) = day(mode);
        let forgotten: Vec<_> = commands().into_keys().filter(|command| !last.contains_key(command)).collect();
        assert!(forgotten.is_empty(), "the day is without {forgotten:?}");
    }
}

#[test]
fn no_argument_controls_the_terminal() {
    let (world, last) = day(Mode::Pipe);
    for (command, options) in commands() {
        let (person, args) = &last[&command];
        let mut lines: Vec<Vec<String>> = Vec::new();
        for at in command.len()..args.len() {
            let mut put = |word: String| {
                let mut line = args.clone();
                line[at] = word;
                lines.push(line);
            };
            let whole = args[at].replace(&sample(), "NAME");
            put(all());
            for (sign, part) in ['=', ':', ','].into_iter().filter_map(|sign| Some((sign, whole.split_once(sign)?))) {
                put(format!("{}{sign}{}", part.0, all()));
                put(format!("{}{sign}{}", all(), part.1));
            }
        }
        let given = |option: &&String| !args.contains(&format!("--{option}"));
        let more = options.iter().filter(given).map(|option| format!("--{option}={}", all()));
        lines.extend(more.chain([all(), format!("--{}", all())]).map(|word| [args.as_slice(), &[word]].concat()));
        let came =
            lines.iter().zip(MODES.iter().cycle()).filter(|(line, mode)| came(&calm(&world, **mode, person, line)));
        let shown = came.count();
        assert!(shown >= 2, "{command:?} shows {shown} of {}", lines.len());
    }
}

#[test]
fn no_hostile_character_in_a_file_name_controls_the_terminal() {
    let world = World::empty();
    world.variable("erin", "TWINSEAL_REGISTER", None);
    let every: Vec<char> = every().filter(|c| *c != '\0').collect();
    for (n, part) in every.chunks(50).enumerate() {
        let name = String::from_iter(part);
        world.write(&format!("{name}.toml"), CHANGE);
        let checked = calm(&world, MODES[n % 3], "erin", &["check".to_owned(), format!("{name}.toml")]);
        assert_eq!(checked.exit, Exit::Done, "{}", checked.screen);
        for line in [["key", "new", "--no-passphrase"].as_slice(), &["key", "show"]] {
            let args: Vec<String> = line.iter().map(|word| (*word).to_owned()).chain([name.clone()]).collect();
            let output = calm(&world, MODES[n % 3], "erin", &args);
            assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        }
    }
}

#[test]
fn no_question_shows_a_hostile_character() {
    for mode in MODES {
        let world = before_the_day();
        let ask = |person: &str, line: &str, typed: &[&str], question: &str| {
            let output = calm_typing(&world, mode, person, &filled(&world, line, &sample()), Some(typed));
            assert!(output.screen.contains(question), "{line}\n{}", output.screen);
            assert_eq!(output.exit, Exit::Done, "{line}\n{}", output.screen);
        };
        ask("frank", "key new NAME.key", &["secret", "secret"], "New passphrase");
        let request = "person request frank --key NAME.key --register prod --out NAME.request";
        ask("frank", request, &["secret"], "x\\u{a}FORGED");
        ask("alice", DAY[0].1, &["prod"], "Type prod to sign entry 0");
        ask("bob", "seal", &["yes", "prod"], "Is it the same?");
        ask("erin", "file NAME.toml", &["yes"], "Is it the same?");
        ask("carol", "approve CHG-1", &["yes", "CHG-1"], "Type CHG-1 to approve");
    }
}

#[test]
fn no_cell_of_a_table_controls_the_terminal() {
    let hostile = ["\u{1b}[2J", "\u{202e}", "\r", "\n", "\u{7}", "\u{9b}31m", "\u{200b}", "\u{e0001}", "\t"];
    for width in [None, Some(80), Some(200)] {
        let rows = || hostile.iter().map(|it| [format!("a{it}b"), (*it).to_owned(), format!("c{it}")]).collect();
        let printed = table(["ONE", "TWO", "THREE"], rows(), width);
        assert!(!printed.lines().any(|line| line.contains(is_forbidden)), "{width:?}\n{printed:?}");
        assert_eq!(printed.lines().count(), hostile.len() + 1, "{width:?}\n{printed}");
    }
}
