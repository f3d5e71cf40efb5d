//! Completion in bash, zsh and fish, by the scripts that `setup-shell` installs, and the manual pages.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{World, stock_tool};
use twinseal::error::Exit;

/// What a shell answers to a program of its own, run as carol, with the script at `$1`.
fn answer(world: &World, shell: &str, program: &str) -> Vec<String> {
    let script = world.path(&format!("{shell}.script"));
    fs::write(&script, world.ok("carol", &format!("setup-shell {shell} --print"))).unwrap();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_twinseal")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let home = world.path("people/carol");
    let mut command = Command::new(shell);
    command.args(["-c", program]).arg("sh").arg(&script);
    if shell == "fish" {
        command = Command::new(shell);
        command.args(["-N", "-c", program]).arg(&script);
    }
    command.env_clear().env("PATH", path).env("HOME", &home).env("LANG", "C.UTF-8").current_dir(world.path(""));
    let out = command.output().unwrap();
    assert!(out.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn bash(world: &World, words: &str) -> Vec<String> {
    let program = format!(
        "source \"$1\"; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _twinseal
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    answer(world, "bash", &program)
}

/// A register that carol knows, with one change.
fn world() -> World {
    let world = World::filed();
    world.ok("carol", "list");
    world
}

#[test]
fn bash_completes_commands_options_and_what_the_register_holds() {
    if !stock_tool("bash") {
        return;
    }
    let world = world();
    assert_eq!(bash(&world, "twinseal sh"), ["show"]);
    assert_eq!(bash(&world, "twinseal show CH"), ["CHG-1"]);
    assert_eq!(bash(&world, "twinseal list --owner er"), ["erin"]);
    assert_eq!(bash(&world, "twinseal list --service ord"), ["order-gateway"]);
    assert!(bash(&world, "twinseal list --st").contains(&"--status".to_owned()));
    assert!(!bash(&world, "twinseal comp").contains(&"complete".to_owned()), "it is for scripts");
}

#[test]
fn zsh_and_fish_show_titles_beside_ids() {
    if !stock_tool("zsh") || !stock_tool("fish") {
        return;
    }
    let world = world();
    let program = "compdef() {}; _describe() { print -rl -- ${(P)2} }; source \"$1\"
                   words=(twinseal show CH); CURRENT=3; _twinseal";
    assert_eq!(answer(&world, "zsh", program), ["CHG-1:Raise the pool"]);
    let program = "source $argv[1]; complete -C 'twinseal show CH'";
    assert_eq!(answer(&world, "fish", program), ["CHG-1\tRaise the pool"]);
}

#[test]
fn completion_asks_nobody_and_says_nothing_without_a_known_register() {
    let world = World::filed();
    world.person("frank");
    let output = world.run_typing("frank", "complete bash 2 -- twinseal show CH", &[]);
    assert_eq!((output.exit, output.screen.as_str()), (Exit::Done, ""), "{:?}", output.unanswered);
    let pin = state(&world, "erin").join("pin");
    fs::write(&pin, "no pin").unwrap();
    let output = world.run("erin", "complete fish 2 -- twinseal show CH");
    assert_eq!((output.exit, output.screen.as_str()), (Exit::Done, ""));
}

/// Where a person's account keeps the pin and the cache of the register.
fn state(world: &World, person: &str) -> PathBuf {
    world.path(&format!("people/{person}/.local/state/twinseal/{}", world.fingerprint()))
}

/// Every file and folder below a folder, with its content and when it changed.
fn contents(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, i64, i64)> {
    let mut found = BTreeMap::new();
    for path in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
        let of = fs::symlink_metadata(&path).unwrap();
        if of.is_dir() {
            found.extend(contents(&path));
        }
        let content = if of.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        found.insert(path, (content, of.mtime(), of.mtime_nsec()));
    }
    found
}

#[test]
fn completion_changes_no_file_and_takes_no_notice_from_the_next_command() {
    let world = world();
    let complete = "complete bash 2 -- twinseal show CH";
    let home = world.path("people/carol");
    let unread = || {
        let before = contents(&home);
        let output = world.run("carol", complete);
        let after = contents(&home);
        let changed: Vec<_> =
            before.keys().chain(after.keys()).filter(|it| before.get(*it) != after.get(*it)).collect();
        assert!(changed.is_empty(), "completion changed {changed:?}");
        output.screen
    };
    assert_eq!(unread(), "CHG-1\n");
    // What is recorded later is not verified by completion.
    world.ok("erin", "file change.toml --again");
    assert_eq!(unread(), "CHG-1\n");
    world.ok("carol", "list");
    assert_eq!(unread(), "CHG-2\nCHG-1\n");
    let state = state(&world, "carol");
    // Without files beside the cache, as after a redaction, it is read too.
    rusqlite::Connection::open(state.join("verified.sqlite")).unwrap().execute("DELETE FROM names", []).unwrap();
    assert!(!state.join("verified.sqlite-wal").exists());
    assert_eq!(unread(), "CHG-2\nCHG-1\n");
    // A cache without the pinned entry offers nothing.
    let pin = fs::read_to_string(state.join("pin")).unwrap();
    let head = pin.lines().nth(1).unwrap();
    let other = format!("{}{}", &head[..head.len() - 1], if head.ends_with('0') { '1' } else { '0' });
    fs::write(state.join("pin"), pin.replace(head, &other)).unwrap();
    assert_eq!(unread(), "");
    fs::remove_file(state.join("pin")).unwrap();
    assert_eq!(unread(), "");
    fs::remove_dir_all(&state).unwrap();
    assert_eq!(unread(), "");
    let said = world.run("carol", "list").screen;
    assert!(said.contains("its pin and verified cache are gone"), "{said}");
}

#[test]
fn no_title_controls_the_terminal_while_it_is_completed() {
    if !stock_tool("bash") || !stock_tool("fish") {
        return;
    }
    let world = World::filed();
    world.write("odd.toml", crate::support::CHANGE.replace("Raise the pool", "a: b`touch x` $(touch x) é"));
    world.ok("erin", "file odd.toml");
    world.ok("carol", "list");
    let program = "source $argv[1]; complete -C 'twinseal show CHG-2'";
    let shown = answer(&world, "fish", program);
    assert!(shown[0].starts_with("CHG-2\ta: b`touch x` $(touch x)"), "{shown:?}");
    assert_eq!(bash(&world, "twinseal show CHG-2"), ["CHG-2"]);
    assert!(!world.path("x").exists());
}

#[test]
fn help_knows_commands_and_topics() {
    let world = World::empty();
    world.person("frank");
    for (topic, part) in [
        ("exit-codes", "3    broken or unexpected register"),
        ("format", "leaf hash"),
        ("keys", "~/.ssh/id_ed25519"),
        ("policy", "policy explain"),
        ("terminal", "CLICOLOR_FORCE"),
        ("times", "sat 20:00"),
        ("approve", "Usage: twinseal approve"),
        ("person grant", "Usage: twinseal person grant"),
        ("", "Carry them out:"),
    ] {
        assert!(world.ok("frank", &format!("help {topic}")).contains(part), "{topic}");
    }
    world.fails("frank", "help tmes", Exit::Invalid, "no command or topic \"tmes\"; did you mean times?");
    world.fails("frank", "help person grnt", Exit::Invalid, "did you mean grant?");
}

#[test]
fn the_script_and_the_manual_pages_are_installed() {
    let world = world();
    world.variable("carol", "SHELL", Some("/usr/bin/fish"));
    let said = world.run("carol", "setup-shell");
    assert_eq!(said.exit, Exit::Done, "{}", said.screen);
    let home = world.path("people/carol");
    assert!(
        fs::read_to_string(home.join(".config/fish/completions/twinseal.fish"))
            .unwrap()
            .contains("complete -c twinseal")
    );
    let manual = fs::read_to_string(home.join(".local/share/man/man1/twinseal-approve.1")).unwrap();
    assert!(manual.contains("Approve the current revision of changes"), "{manual}");
    // A synopsis as in the help; the page of the program has the global options, with their texts.
    let usage = "\\fBtwinseal approve\\fR [OPTIONS] [CHANGE]...\n";
    assert!(manual.contains(usage) && !manual.contains("no\\-input"), "{manual}");
    assert!(manual.contains(".SH EXAMPLES\n  twinseal approve") && !manual.contains("EXTRA"), "{manual}");
    let manual = fs::read_to_string(home.join(".local/share/man/man1/twinseal.1")).unwrap();
    assert!(manual.contains("Ask nothing, as if there were no terminal"), "{manual}");
    let variable = format!("`set -x MANPATH {} $MANPATH ''`", home.join(".local/share/man").display());
    assert!(said.err.contains(&variable), "{}", said.screen);
    world.ok("carol", "--lang zh-CN setup-shell");
    assert_eq!(fs::read_to_string(home.join(".local/share/man/man1/twinseal.1")).unwrap(), manual);
    world.ok("carol", "setup-shell bash");
    world.ok("carol", "setup-shell zsh");
    world.variable("carol", "SHELL", None);
    world.fails("carol", "setup-shell", Exit::Invalid, "which shell?");
    world.fails("carol", "setup-shell csh", Exit::Invalid, "SHELL: \"csh\" is none of");
}

#[test]
fn nothing_is_installed_through_a_link_or_in_the_home_of_another_account() {
    let world = world();
    let share = world.path("people/carol/.local/share");
    for place in ["bash-completion/completions/twinseal", "man/man1/twinseal-approve.1"] {
        let (place, target) = (share.join(place), world.path("target"));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&target, "Mine.").unwrap();
        let _ = fs::remove_file(&place);
        symlink(&target, &place).unwrap();
        world.ok("carol", "setup-shell bash");
        assert_eq!(fs::read_to_string(&target).unwrap(), "Mine.");
        let placed = fs::symlink_metadata(&place).unwrap();
        assert!(placed.is_file() && placed.mode() & 0o777 == 0o644, "{:o}", placed.mode());
    }
    fs::remove_dir_all(&share).unwrap();
    if [".local", "."].iter().any(|it| chown(world.path("people/carol").join(it), Some(54_321), None).is_err()) {
        return; // Only root can give a directory away.
    }
    world.fails("carol", "setup-shell bash", Exit::Environment, "belongs to uid 54321");
    assert!(!share.exists());
}

/// The words that completion offers for the last of these.
fn offered(world: &World, line: &str) -> Vec<String> {
    let place = line.split(' ').count() - 1;
    let words = line.split(' ').map(|it| if it.is_empty() { "''" } else { it }).collect::<Vec<_>>().join(" ");
    world.ok("carol", &format!("complete bash {place} -- {words}")).lines().map(str::to_owned).collect()
}

#[test]
fn completion_knows_topics_statuses_targets_drafts_freezes_templates_and_proposals() {
    let world = World::founded();
    world.write("change.toml", format!("targets = [\"gw-01\", \"gw-02\"]\n{}", crate::support::CHANGE));
    world.ok("erin", "file change.toml");
    world.write("freeze.toml", crate::support::FREEZE);
    world.ok("alice", "freeze propose freeze.toml");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    world.write("template.toml", crate::support::TEMPLATE);
    world.ok("alice", "template propose template.toml");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 2 --digest {opened}"));
    world.ok("alice", "person grant carol --group dba");
    world.ok("erin", "breakglass open --incident INC-1 --reason Now.");
    world.write("people/carol/.local/state/twinseal/drafts/7.toml", crate::support::CHANGE);
    world.ok("carol", "list");
    for (line, words) in [
        ("twinseal help tim", &["times"][..]),
        ("twinseal help appr", &["approve"]),
        ("twinseal list --status ope", &["open"]),
        ("twinseal list --status roll", &["rolled-back"]),
        ("twinseal list --risk cri", &["critical"]),
        ("twinseal start CHG-1 --target gw", &["gw-01", "gw-02"]),
        ("twinseal finish chg-1 --target gw", &["gw-01", "gw-02"]),
        ("twinseal start CHG-9 --target gw", &[]),
        ("twinseal drafts resume ", &["7"]),
        ("twinseal freeze show mon", &["month-end"]),
        ("twinseal freeze end mon", &["month-end"]),
        ("twinseal template show res", &["restart-gateway"]),
        ("twinseal template end res", &["restart-gateway"]),
        ("twinseal draft --template res", &["restart-gateway"]),
        ("twinseal proposal show ", &["3"]),
        ("twinseal proposal second ", &["3"]),
        ("twinseal breakglass show B", &["BG-1"]),
        ("twinseal show B", &["BG-1"]),
        ("twinseal slots --service ord", &["order-gateway"]),
        ("twinseal registers forget p", &["prod"]),
        ("twinseal --zone Asia/Shang", &["Asia/Shanghai"]),
    ] {
        let offered: Vec<String> = offered(&world, line).into_iter().filter(|it| !it.starts_with('-')).collect();
        assert_eq!(offered, words, "{line}");
    }
}
