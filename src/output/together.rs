//! Several revisions on one page. Each line stands once: below the words that all have it, or below the ids of those
//! that do. Every revision can be read back from the page.

use std::collections::BTreeSet;
use std::time::Instant;

use similar::DiffOp;

use super::diff::{differences, search_end};
use super::signed::{NAMES, headed, heading};
use super::{Block, Gutter, Page, Parts, Quoted, list, mark_width};
use crate::domain::TemplateName;
use crate::{tr, trf};

/// An entry, and the id under which it stands on the page.
pub struct Member {
    /// The id.
    pub name: String,
    /// Its exact lines.
    pub parts: Parts,
}

/// The members that have a line, by their places in the list.
type Whose = BTreeSet<usize>;

/// Lines that stand in the same section of their pages, each with those who have it.
type Lines = Vec<(Quoted, Whose)>;

/// Writes everything that the entries of revisions hold: titles, the fields that people chose, the content, and the
/// fields that every entry has.
pub fn revisions(page: &mut Page, members: &[Member]) {
    let names: Vec<&str> = members.iter().map(|it| it.name.as_str()).collect();
    let fields = |of: fn(&Parts) -> Vec<Quoted>| by_field(&members.iter().map(|it| of(&it.parts)).collect::<Vec<_>>());
    let mut blocks = blocks(members);
    let after_title = blocks.partition_point(|(it, _)| it.name == "title");
    blocks.insert(after_title, (Section { name: "fields", template: None }, fields(Parts::chosen_fields)));
    blocks.push((Section { name: "entries", template: None }, fields(Parts::other_fields)));
    for (it, lines) in blocks {
        page.block(&headed(heading(it.name), it.template.as_ref()));
        section(page, &names, &lines);
    }
}

/// Writes the fields and the text of entries that are about to be signed.
pub fn about_to_be_signed(page: &mut Page, members: &[Member]) {
    let names: Vec<&str> = members.iter().map(|it| it.name.as_str()).collect();
    let fields: Vec<Vec<Quoted>> = members.iter().map(|it| it.parts.settled_fields()).collect();
    section(page, &names, &by_field(&fields));
    for (_, lines) in blocks(members) {
        section(page, &names, &lines);
    }
}

/// What a section shows: one kind of content, which was signed with the entries, or which this template gives.
struct Section {
    name: &'static str,
    template: Option<TemplateName>,
}

/// The content of the members, block by block. What a template gives never stands among what was signed.
fn blocks(members: &[Member]) -> Vec<(Section, Lines)> {
    let end = search_end();
    let contents: Vec<Vec<Block>> = members.iter().map(|it| it.parts.content()).collect();
    let place = |it: &Block| (it.place, it.name, it.template.clone());
    let places: BTreeSet<_> = contents.iter().flatten().map(place).collect();
    let lines = |at: &(usize, &'static str, Option<TemplateName>)| {
        let of = |content: &Vec<Block>| {
            let found = content.iter().find(|block| place(block) == *at);
            found.map_or_else(Vec::new, |block| block.lines.clone())
        };
        merged(&contents.iter().map(of).collect::<Vec<_>>(), end)
    };
    let places = places.into_iter().map(|at| (lines(&at), at));
    places.map(|(lines, (_, name, template))| (Section { name, template }, lines)).collect()
}

/// One sequence in which the lines of every member stand in their order.
fn merged(members: &[Vec<Quoted>], end: Instant) -> Lines {
    let mut all: Lines = Vec::new();
    for (member, lines) in members.iter().enumerate() {
        let before: Vec<Quoted> = all.iter().map(|(line, _)| line.clone()).collect();
        let mut next: Lines = Vec::with_capacity(all.len() + lines.len());
        let mut old = all.into_iter();
        for op in differences(&before, lines, end) {
            let (kept, new) = (op.old_range().len(), op.new_range());
            let shared = matches!(op, DiffOp::Equal { .. });
            for (line, mut whose) in old.by_ref().take(kept) {
                if shared {
                    whose.insert(member);
                }
                next.push((line, whose));
            }
            if !shared {
                next.extend(lines.get(new).into_iter().flatten().map(|line| (line.clone(), Whose::from([member]))));
            }
        }
        all = next;
    }
    all
}

/// The fields of all members: those that all have, then those of fewer, the ones with the same members together. A field
/// with several values stays whole, so that their order can be read. Fields have one order in every entry.
fn by_field(members: &[Vec<Quoted>]) -> Lines {
    let mut groups: Vec<(Vec<&Quoted>, Whose)> = Vec::new();
    for (member, fields) in members.iter().enumerate() {
        for values in fields.chunk_by(|one, next| one.mark == next.mark) {
            let values: Vec<&Quoted> = values.iter().collect();
            match groups.iter_mut().find(|(it, _)| *it == values) {
                Some((_, whose)) => _ = whose.insert(member),
                None => groups.push((values, Whose::from([member]))),
            }
        }
    }
    // Those of all first; otherwise in the order of the list.
    groups.sort_by_key(|(_, whose)| (whose.len() < members.len(), whose.clone()));
    let lines =
        groups.into_iter().flat_map(|(values, whose)| values.into_iter().map(move |it| (it.clone(), whose.clone())));
    lines.collect()
}

/// Writes lines, each below those who have it.
fn section(page: &mut Page, names: &[&str], lines: &Lines) {
    let is_fields = lines.first().is_some_and(|(line, _)| line.gutter == Gutter::Field);
    let marks = if is_fields { NAMES } else { mark_width(lines.iter().map(|(line, _)| line)) };
    for same in lines.chunk_by(|(_, one), (_, next)| one == next) {
        let Some((_, whose)) = same.first() else { continue };
        page.text("", format_args!("{}{}", label(names, whose), tr!(":", "：")));
        for (line, _) in same {
            page.quote(line, marks);
        }
    }
}

/// `all 20`, `all but CHG-7`, or the ids.
fn label(names: &[&str], whose: &Whose) -> String {
    let (mut have, mut lack) = (Vec::new(), Vec::new());
    for (at, name) in names.iter().enumerate() {
        if whose.contains(&at) { have.push(*name) } else { lack.push(*name) }
    }
    match lack.as_slice() {
        [] => trf!("all {}", "全部 {} 个", names.len()),
        lack if lack.len() < have.len() && names.len() > 2 => trf!("all but {}", "除 {} 外全部", list(lack)),
        _ => list(have),
    }
}
