//! What every command shows on a terminal of 40, 80 and 200 columns, and in a pipe: `tests/screens/*.txt`, and in
//! Chinese `tests/screens/zh/*.txt`.
//!
//! The day of `tests/hostile/day.rs` has every command, and a story adds the pages that need more: questions,
//! refusals, and a register with changes in every state. Titles and names have Chinese letters and emoji, and some ids
//! are long. `SNAPSHOTS=overwrite cargo test --test all screens` rewrites the files; read every line of the difference.
//!
//! Each screen is also checked by rules, so that a bad one is found without being read: no line is wider than the
//! terminal, no word and no digest is broken, in a pipe a row is one line, and no screen in Chinese has English of the
//! program.

mod chinese;
mod layout;
pub mod story;

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use snapbox::{Assert, Data, data::DataFormat};

use twinseal::error::Exit;
use twinseal::lang::Lang;

use crate::hostile::day::{DAY, MAY_FAIL};
use crate::hostile::screen::{age_drafts, commands, filled, prepare};
use crate::support::{Output, World};

/// The widths of the terminal; `None` is a pipe.
const WIDTHS: [Option<u16>; 4] = [Some(40), Some(80), Some(200), None];

/// Commands whose output is for another program, or a file: it is the same at every width, and not kept.
const DATA: [&str; 12] = [
    "audit-exceptions-csv",
    "calendar-venue",
    "complete",
    "config-path",
    "draft",
    "export-allowed-signers",
    "export-csv",
    "export-jsonl",
    "key-show",
    "log-raw",
    "policy-draft",
    "register-grant-sql",
];

/// Commands whose output depends on this host: checked by the rules, and not kept.
const HOST: [&str; 1] = ["doctor"];

/// For each screen its command line, and what it prints at each of [`WIDTHS`].
type Screens = BTreeMap<String, (String, Vec<String>)>;

/// A register in a folder whose path has the same length everywhere.
fn world() -> World {
    World::empty_in(tempfile::Builder::new().prefix("screens-").rand_bytes(6).tempdir_in("/tmp").unwrap())
}

/// The output with a fixed folder.
fn shown(world: &World, output: &Output) -> String {
    let folder = world.path("").display().to_string();
    output.screen.replace(folder.trim_end_matches('/'), "/tmp/screens-folder")
}

/// A change with a title in Chinese, an emoji, and words that no narrow terminal can hold on one line.
const CHANGE: &str = r#"
title = "订单网关 🚀：连接池由 80 提至 160，两个机房的全部节点逐台重启 (order-gateway-shanghai-pudong)"
kind = "normal"
risk = "high"
owner = "erin"
services = ["order-gateway"]
environments = ["production"]
reason = """
开盘时 1,127 笔委托因无空闲连接被拒。
At the open, 1,127 orders were rejected because no connection was free. The pool was sized for the load of 2024."""

[window]
start = "2026-12-01T10:00:00Z"
end = "2026-12-01T12:00:00Z"

[impact]
text = "Clients of a restarted node reconnect once 🙂. 每台约 30 秒。"
outage_minutes = 0

[[plan]]
step = "Set the pool of each node to 160, one node at a time, and wait until its clients have reconnected."
command = "for h in gw-01 gw-02; do ssh $h.trading.example 'sudo gatewayctl pool --set 160 && gatewayctl wait --clients'; done"

[[plan]]
step = "核对每台节点的连接数与日志。"

[rollback]
minutes = 5
abort_if = ["Rejects rise above 0.1 % for a minute."]

[[rollback.steps]]
step = "Set it back to 80, one node at a time."
"#;

/// Every command of the day, at each width: the last screen of each.
fn day(lang: Lang) -> Screens {
    let (commands, mut screens) = (commands(), Screens::new());
    for width in WIDTHS {
        let world = world();
        world.speak(lang);
        prepare(&world, "pool", CHANGE);
        let mut last = BTreeMap::new();
        for &(person, line) in DAY {
            if line.starts_with("gate") {
                world.at("2026-12-01T10:00:00Z");
            }
            let args = filled(&world, line, "pool");
            age_drafts(&world);
            world.columns(width);
            let output = world.run_words(person, &args, None);
            world.columns(None);
            let well = output.exit == Exit::Done || MAY_FAIL.contains(&line);
            assert!(well, "{width:?} {person}: {line}\n{}", output.screen);
            let command = commands.keys().rfind(|path| args.starts_with(path)).map(|path| path.join("-"));
            let raw = [" --raw", " --csv"].iter().find(|it| line.contains(**it)).map_or("", |it| &it[2..]);
            let name = command.filter(|it| !it.is_empty()).unwrap_or_else(|| "home".to_owned());
            last.insert(format!("{name}{raw}"), (format!("{person}$ twinseal {line}"), shown(&world, &output)));
        }
        for (name, (line, screen)) in last {
            screens.entry(name).or_insert_with(|| (line, Vec::new())).1.push(screen);
        }
    }
    screens
}

/// The pages of the story, at each width.
fn pages_of_the_story(lang: Lang) -> Screens {
    let mut screens = Screens::new();
    for width in WIDTHS {
        let world = story::morning();
        world.speak(lang);
        for shot in story::SHOTS {
            let screen = shown(&world, &story::show(&world, shot, width));
            let line = format!("{}$ twinseal {}", shot.person, shot.line);
            screens.entry(shot.name.to_owned()).or_insert_with(|| (line, Vec::new())).1.push(screen);
        }
    }
    screens
}

/// The file that keeps a screen.
fn page(line: &str, screens: &[String]) -> String {
    let mut page = format!("{line}\n");
    for (n, (width, screen)) in WIDTHS.iter().zip(screens).enumerate() {
        let width = width.map_or("pipe".to_owned(), |width| format!("{width} columns"));
        page += &format!("\n==== {width}\n");
        match screens[..n].last() {
            Some(before) if before == screen => page += "as above\n",
            _ => page += screen,
        }
    }
    page
}

fn check(screens: &Screens) {
    let mut faults = Vec::new();
    for (name, (line, pages)) in screens {
        if DATA.contains(&name.as_str()) {
            assert!(pages.iter().all(|page| page == &pages[0]), "{name} depends on the width");
            continue;
        }
        let wide = format!("{}\n{}", pages[2], pages[3]);
        for (width, page) in WIDTHS.iter().zip(pages).filter_map(|(width, page)| Some(((*width)?, page))) {
            let page: String = page.lines().filter(|line| !story::is_answered(line)).collect::<Vec<_>>().join("\n");
            let mut found = layout::wide_lines(&page, width.into());
            if !HOST.contains(&name.as_str()) {
                found.extend(layout::broken_words(&page, width.into(), &wide));
            }
            faults.extend(found.into_iter().map(|it| format!("{name}, {width} columns: {it}    ({line})")));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

fn keep(screens: &Screens, folder: &str) {
    for (name, (line, pages)) in screens {
        if HOST.contains(&name.as_str()) || DATA.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{folder}/{name}.txt");
        if !fs::exists(&path).unwrap() && std::env::var("SNAPSHOTS").as_deref() == Ok("overwrite") {
            fs::write(&path, "").unwrap();
        }
        let kept = Data::read_from(path.as_ref(), Some(DataFormat::Text)).raw();
        Assert::new().action_env("SNAPSHOTS").eq(page(line, pages), kept);
    }
}

/// The folder of the screens in a language.
fn folder(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "tests/screens",
        Lang::Zh => "tests/screens/zh",
    }
}

fn every_command(lang: Lang) {
    let screens = day(lang);
    let forgotten: Vec<_> =
        commands().into_keys().map(|path| path.join("-")).filter(|it| !screens.contains_key(it)).collect();
    assert!(forgotten.is_empty(), "no screen of {forgotten:?}");
    check(&screens);
    keep(&screens, folder(lang));
    let drawn = |name: &str| screens.contains_key(name) || story::SHOTS.iter().any(|shot| shot.name == name);
    for path in fs::read_dir(folder(lang)).unwrap().map(|item| item.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(path.extension().is_none_or(|it| it != "txt") || drawn(name), "nothing draws {}", path.display());
    }
    if lang == Lang::Zh {
        chinese::check(&screens);
    }
}

fn every_page(lang: Lang) {
    let screens = pages_of_the_story(lang);
    check(&screens);
    keep(&screens, folder(lang));
    if lang == Lang::Zh {
        chinese::check(&screens);
    }
}

#[test]
fn every_command_fits_40_80_and_200_columns_and_a_pipe() {
    every_command(Lang::En);
}

#[test]
fn every_command_fits_in_chinese_too_and_has_no_english_left() {
    every_command(Lang::Zh);
}

#[test]
fn every_page_of_a_busy_morning_fits_40_80_and_200_columns_and_a_pipe() {
    every_page(Lang::En);
}

#[test]
fn every_page_of_a_busy_morning_fits_in_chinese_too_and_has_no_english_left() {
    every_page(Lang::Zh);
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let (plain, coloured) = (story::morning(), story::morning());
    coloured.on_screen(true);
    for shot in story::SHOTS {
        let without = story::show(&plain, shot, Some(80)).screen;
        let with = story::show(&coloured, shot, None).screen;
        let stripped: String = with.split("\x1b[").enumerate().map(uncoloured).collect();
        assert_eq!(stripped, without, "{}", shot.name);
    }
}

/// A part of a screen after the code of its colour.
fn uncoloured((n, part): (usize, &str)) -> &str {
    if n == 0 { part } else { part.split_once('m').unwrap().1 }
}

/// Commands that print a table, each row on a line of its own in a pipe.
const TABLES: [&str; 7] =
    ["list", "log", "person list", "proposal list", "breakglass list", "freeze list", "registers list"];

/// The rows of a table in JSON: the values of its only list, or one line each.
fn rows(json: &str) -> usize {
    let Ok(document) = serde_json::from_str::<Value>(json) else { return json.lines().count() };
    let lists = || document.as_object().unwrap().iter().filter(|(name, _)| *name != "notices");
    document.as_array().or_else(|| lists().find_map(|(_, it)| it.as_array())).unwrap().len()
}

#[test]
fn a_row_of_a_table_is_one_line_in_a_pipe() {
    let world = story::morning();
    for line in TABLES {
        let (rows, printed) = (rows(&world.ok("carol", &format!("--json {line}"))), world.ok("carol", line));
        assert!(rows > 0, "{line}");
        let header = usize::from(line != "log");
        assert_eq!(printed.lines().count(), rows + header, "{line}\n{printed}");
    }
}
