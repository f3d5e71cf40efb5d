//! The page of several revisions has each line once, and every revision can be read back from it.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Section, marks, read, sections};
use super::round_trip::{LANGUAGES, WIDTHS, read_in, signed};
use super::texts::draft;
use crate::model::draw::Rng;
use crate::rules::enact;
use crate::support::{CHANGE, FREEZE, World};
use twinseal::error::Exit;

/// Approvals expire after a day.
const POLICY: &str = "approvals = 2\napproval_days = 1\n";

/// The order of the fields in every entry that files a revision, as docs/format.md has it.
const ORDER: [&str; 40] = [
    "twinseal/change.file/v1",
    "twinseal/change.revise/v1",
    "register",
    "seq",
    "prev",
    "governance",
    "last",
    "time",
    "actor",
    "key",
    "change",
    "revision",
    "kind",
    "risk",
    "owner",
    "author",
    "implementer",
    "service",
    "environment",
    "tag",
    "window",
    "outage-minutes",
    "rollback-minutes",
    "artifact",
    "evidence",
    "link",
    "follows",
    "conflicts",
    "freeze-exception",
    "plan-steps",
    "rollback-steps",
    "targets",
    "stop-after",
    "sensitive",
    "template",
    "value",
    "data",
    "filled",
    "text",
    "salt",
];

/// Whether the words above some lines name a change.
fn names(label: &str, change: &str, all: usize) -> bool {
    let listed = |list: &str| list.split([',', '、']).any(|it| it.trim() == change);
    if label == format!("全部{all}个") {
        return true;
    }
    if let Some(but) = label.strip_prefix("除").and_then(|it| it.strip_suffix("外全部")) {
        return !listed(but);
    }
    match label.strip_prefix("all") {
        Some(count) if count == format!(" {all}") => true,
        Some(but) => !listed(but.strip_prefix(" but ").unwrap_or_else(|| panic!("{label}"))),
        None => listed(label),
    }
}

/// The lines of each label of a section, without the program's own.
fn labelled(section: &Section) -> Vec<(String, Vec<String>)> {
    let (mut found, mut label) = (Vec::<(String, Vec<String>)>::new(), String::new());
    // The program marks sensitive steps; nobody signs that.
    let marks = ["sensitive: ", "敏感命令："];
    let is_mark = |line: &str| marks.iter().any(|it| line.trim_start().starts_with(it)) || line.starts_with(" …");
    for line in section.lines.iter().filter(|line| !is_mark(line)) {
        match line.strip_prefix("  ") {
            Some(words) => {
                label = format!("{label} {}", words.trim_start()).trim_start().to_owned();
                // Chinese is broken anywhere: its spaces say nothing.
                let whole = label.strip_suffix('：').map(|it| it.replace(' ', ""));
                if let Some(whole) = whole.or(label.strip_suffix(':').map(str::to_owned)) {
                    found.push((whole, Vec::new()));
                    label.clear();
                }
            }
            None => found.last_mut().unwrap().1.push(line.clone()),
        }
    }
    assert_eq!(label, "");
    found
}

/// The lines of fields in the order of an entry; a line that continues another one stays below it.
fn in_order(lines: Vec<String>) -> Vec<String> {
    let mut fields: Vec<Vec<String>> = Vec::new();
    for line in lines {
        match line.chars().nth(1) {
            Some('…') => fields.last_mut().unwrap().push(line),
            _ => fields.push(vec![line]),
        }
    }
    let place = |field: &Vec<String>| {
        let name = field[0][2..].split(' ').next().unwrap();
        ORDER.iter().position(|it| *it == name).unwrap_or_else(|| panic!("{name}"))
    };
    fields.sort_by_key(place);
    fields.into_iter().flatten().collect()
}

/// The sections that the page of one change would have.
fn of_one(all: &[Section], change: &str, count: usize) -> Vec<Section> {
    let mut own = Vec::new();
    for section in all {
        let content: Vec<String> = section.lines.iter().filter(|line| !line.starts_with("  ")).cloned().collect();
        let width = marks(&section.heading, &content);
        let lines = labelled(section).into_iter().filter(|(label, _)| names(label, change, count));
        let lines: Vec<String> = lines.flat_map(|(_, lines)| lines).collect();
        let (heading, lines) = match section.heading.as_str() {
            "title" => (change.to_owned(), lines),
            "fields" => ("fields".to_owned(), in_order(lines)),
            "entries" => ("entry of it".to_owned(), in_order(lines)),
            other => (format!("{other}\u{0}{width}"), lines),
        };
        if !lines.is_empty() {
            own.push(Section { heading, lines });
        }
    }
    own
}

/// The sections that show revisions: neither what stands before them nor what is about to be signed.
fn shown(page: &str) -> Vec<Section> {
    let at = |page: &str, words: [&str; 2]| {
        let found = words.iter().find_map(|it| Some((page.find(it)?, it.len())));
        found.unwrap_or_else(|| panic!("{words:?}\n{page}"))
    };
    let (begin, _) = at(page, ["\n\nsigned lines\n", "\n\n已签名的行\n"]);
    let page = &page[begin..];
    let (title, length) = at(page, ["\n\ntitle\n", "\n\n标题\n"]);
    let page = &page[title + length..];
    let (end, _) = at(page, ["\n\nabout to sign: an approval of each\n", "\n\n即将签名：逐一批准\n"]);
    sections(&format!("title\n{}", &page[..end]))
}

/// Files drafts, and reads each revision back from the page of all of them.
fn are_read_back(drafts: &[String]) {
    let world = World::founded();
    enact(&world, &format!("{POLICY}[[require]]\nname = 'careful'\nsensitive = ['a', 'e']\napprovals = 2\n"));
    world.write("evidence.txt", "it worked");
    let mut filed = Vec::new();
    for (n, draft) in (1..).zip(drafts) {
        world.write("change.toml", draft);
        world.ok("erin", "file change.toml --again");
        // Some of them are revised.
        if n % 5 == 0 {
            world.ok("erin", &format!("revise CHG-{n} change.toml --again"));
        }
        filed.push((format!("CHG-{n}"), signed(&world.raw(world.entries() - 1))));
    }
    world.write("all.txt", filed.iter().map(|(change, _)| format!("{change}\n")).collect::<String>());
    for (columns, language) in WIDTHS.into_iter().flat_map(|width| LANGUAGES.map(|it| (width, it))) {
        read_in(&world, language);
        world.columns(columns);
        let output = world.run_typing("carol", "approve --all-of all.txt", &[""]);
        world.columns(None);
        assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
        let sensitive = if language.is_none() { " sensitive: " } else { " 敏感命令：" };
        assert!(output.err.contains(sensitive), "{}", output.err);
        let page = shown(&output.err);
        for (change, entry) in &filed {
            assert_eq!(read(&of_one(&page, change, filed.len())), *entry, "{change} {columns:?}\n{}", output.err);
        }
    }
}

#[test]
fn every_hostile_revision_is_read_from_the_page_of_all_byte_for_byte() {
    let drafts: Vec<String> = (100..124).map(|seed| draft(&mut Rng::new(seed))).collect();
    assert!(drafts.len() >= 20);
    are_read_back(&drafts);
}

/// A patch of the same kind on each host, which differs in a few lines.
fn patches() -> Vec<String> {
    let host = |n: u32| {
        let draft = CHANGE.replace("pool\"", &format!("pool of gw-{n:02}\""));
        let draft = draft
            .replace("to 160.\"", "to 160.\"\ncommand = \"pool set\"")
            .replace("risk =", &format!("targets = [\"gw-{n:02}\"]\nrisk ="));
        let more = if n.is_multiple_of(7) { "\n[[plan]]\nstep = \"all 20:\"\n[rollback]" } else { "\n[rollback]" };
        let draft = draft.replacen("\n[rollback]", more, 1);
        if n.is_multiple_of(4) { draft.replace("160", "144") } else { draft }
    };
    (1..=20).map(host).collect()
}

#[test]
fn every_similar_revision_is_read_from_the_page_of_all_byte_for_byte() {
    are_read_back(&patches());
    // Whatever the texts are, the words of the program cannot be imitated.
    let labels = ["CHG-1:", "  CHG-1, CHG-2:", "all 20:", "  all but CHG-1:", "entries", "title"];
    let hostile = |n: usize| {
        let step = format!("x\\n{}\\n\\n{}\"\ncommand = \"{}", labels[n % 6], labels[(n + 1) % 6], labels[n % 5]);
        CHANGE.replace("Set the pool to 160.", &step)
    };
    are_read_back(&(0..20).map(hostile).collect::<Vec<_>>());
}

#[test]
fn a_line_that_all_have_stands_once() {
    let world = World::founded();
    for draft in patches() {
        world.write("change.toml", draft);
        world.ok("erin", "file change.toml --again");
    }
    let list: Vec<String> = (1..=20).map(|n| format!("CHG-{n}")).collect();
    let page = world.run_typing("carol", &format!("approve --all-of {}", list.join(",")), &[""]).err;
    for once in [
        "| Orders were rejected at the open.",
        "| 1. Set the pool to 160.",
        "| 1. Set it back to 80.",
        "= risk       high",
    ] {
        assert_eq!(page.matches(&format!("\n{once}\n")).count(), 1, "{once}\n{page}");
    }
    let mut seen = BTreeMap::new();
    for section in shown(&page).iter().filter(|it| it.heading != "entries") {
        for (label, lines) in labelled(section) {
            let whose: BTreeSet<&String> = list.iter().filter(|it| names(&label, it, 20)).collect();
            for line in lines.iter().filter(|line| !line.trim_end().ends_with('|')) {
                for change in &whose {
                    let first = seen.insert((section.heading.clone(), (*change).clone(), line.clone()), ());
                    assert!(first.is_none(), "{change} has {line} twice");
                }
            }
        }
    }
    let (_, signed) = page.split_once("\n\nsigned lines\n").unwrap();
    // 20 pages have more than 1200 lines. Each change lists those before it, which is a line of its own.
    assert!(signed.lines().count() < 400 + 20 * 19 / 2, "{} lines\n{page}", signed.lines().count());
}

/// The lines of a page without their spaces, up to what is about to be signed.
fn lines_above_question(page: &str) -> Vec<String> {
    let (page, _) = page.split_once("\n\nabout to sign: ").unwrap_or_else(|| panic!("{page}"));
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    page.lines().map(line).filter(|line| !line.is_empty()).collect()
}

/// Three changes: one is revised after carol approved it, one has a note, and one an approval of hers that expired. All have a sensitive command and meet a freeze.
fn changes_with_a_past() -> World {
    let world = World::founded();
    enact(&world, &format!("{POLICY}[[require]]\nname = 'careful'\nsensitive = ['drop table']\napprovals = 2\n"));
    world.write("freeze.toml", FREEZE.replace("2026-12-01T", "2026-12-04T"));
    world.ok("alice", "freeze propose freeze.toml");
    let freeze = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second {} --digest {freeze}", world.state().governance().proposals()));
    let draft = CHANGE.replace("2026-12-01T", "2026-12-04T");
    let draft = draft.replace("to 160.\"", "to 160.\"\ncommand = \"drop table pool\"");
    for n in 1..=3 {
        world.write("change.toml", draft.replace("pool\"\nkind", &format!("pool of gw-{n}\"\nkind")));
        world.ok("erin", "file change.toml --again");
    }
    world.approve("carol", "CHG-1");
    world.write("change.toml", draft.replace("160", "170"));
    world.ok("erin", "revise CHG-1 change.toml --again");
    world.ok("dave", "note CHG-2 STOP");
    world.approve("carol", "CHG-3");
    world.at("2026-12-03T11:00:00Z");
    world
}

#[test]
fn nothing_that_the_page_of_one_change_shows_is_left_out() {
    let world = changes_with_a_past();
    let all = world.run_typing("carol", "approve --all-of CHG-1,CHG-2,CHG-3", &[""]).err;
    let shown: BTreeSet<String> = lines_above_question(&all).into_iter().collect();
    // The combined lines have other headings.
    let is_heading = |line: &str| ["entry ", "rollback (", "targets ("].iter().any(|it| line.starts_with(it));
    for change in ["CHG-1", "CHG-2", "CHG-3"] {
        let page = world.run_typing("carol", &format!("approve {change}"), &[""]).err;
        for line in lines_above_question(&page).iter().filter(|line| !is_heading(line)) {
            assert!(shown.contains(line), "{change}: {line}\n{all}");
        }
        for line in page.lines().filter(|line| line.contains("approving again renews it")) {
            assert!(all.contains(&format!("{change}: {}", line.trim())), "{line}\n{all}");
        }
    }
    for said in [
        "\n| STOP\n",
        "\nchanges since revision 1, which you approved\n",
        "\n-| 1. Set the pool to 160.\n+| 1. Set the pool to 170.\n",
        "sensitive: \"drop table\"",
        "\nfreeze        ",
        "\nrequirements\n",
        "last moment to start",
        "carol approved revision 1 (not counted: revised since)",
        "CHG-3: Your earlier approval does not count (expired ",
    ] {
        assert!(all.contains(said), "{said}\n{all}");
    }
}
