//! No circle of imports between the rooms of a crate: the top-level modules of its `src/`, and its root.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::imports::{Import, Room, imports_of};
use crate::config;

/// The crates that have rooms.
const CRATES: [&str; 3] = ["billing-core", "billing-gateway", "billing-sandbox"];

pub fn check() -> Result<()> {
    let mut told = String::new();
    for name in CRATES {
        let folder = config::repository().join(name);
        told +=
            &circles_of(&folder).with_context(|| format!("cannot read the imports of {name}"))?;
    }
    ensure!(told.is_empty(), "circles of imports\n{told}");
    Ok(())
}

/// Each circle of a crate: who is in it, and every line that makes it. Empty where there is none.
fn circles_of(folder: &Path) -> Result<String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut lines: BTreeMap<(Room, Room), BTreeSet<String>> = BTreeMap::new();
    for Import { from, to, at } in imports_of(&folder.join("src"))? {
        lines.entry((from, to)).or_default().insert(at);
    }
    let mut told = String::new();
    for circle in circles(&lines.keys().cloned().collect()) {
        let rooms: Vec<&str> = circle.iter().map(|room| &**room).collect();
        writeln!(told, "  {name}: {}", rooms.join(", "))?;
        for ((from, to), at) in &lines {
            if circle.contains(from) && circle.contains(to) {
                let at: Vec<&str> = at.iter().map(|at| &**at).collect();
                writeln!(told, "    {from} -> {to}: {}", at.join(", "))?;
            }
        }
    }
    Ok(told)
}

/// The sets of rooms of which each leads to every other.
fn circles(arrows: &BTreeSet<(Room, Room)>) -> BTreeSet<BTreeSet<Room>> {
    let reached: BTreeMap<&Room, BTreeSet<&Room>> = arrows
        .iter()
        .map(|(from, _)| (from, reached_from(from, arrows)))
        .collect();
    let leads = |from: &Room, to: &Room| reached.get(from).is_some_and(|rooms| rooms.contains(to));
    reached
        .keys()
        .map(|room| {
            reached
                .keys()
                .filter(|other| leads(room, other) && leads(other, room))
                .map(|other| (*other).clone())
                .collect::<BTreeSet<Room>>()
        })
        .filter(|circle| !circle.is_empty())
        .collect()
}

fn reached_from<'a>(room: &'a Room, arrows: &'a BTreeSet<(Room, Room)>) -> BTreeSet<&'a Room> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![room];
    while let Some(room) = ahead.pop() {
        for (_, to) in arrows.iter().filter(|(from, _)| from == room) {
            if reached.insert(to) {
                ahead.push(to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told(files: &[(&str, &str)]) -> String {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("example");
        for (name, text) in files {
            let path = folder.join("src").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        circles_of(&folder).unwrap()
    }

    #[test]
    fn a_circle_is_told_with_the_lines_that_make_it() {
        let told = told(&[
            ("lib.rs", "mod hold;\npub mod ledger;\nmod price;\n"),
            ("hold.rs", "use crate::ledger::Entry;\n"),
            (
                "ledger/mod.rs",
                "mod told;\nuse crate::{\n    price::{self, Price},\n};\n",
            ),
            ("ledger/told.rs", "\nfn tell() { crate::price::of(); }\n"),
            (
                "price.rs",
                "fn of() { tokio::select! { x = super::ledger::read() => x } }\n",
            ),
        ]);
        assert_eq!(
            told,
            "  example: ledger, price\n    \
             ledger -> price: ledger/mod.rs:3, ledger/told.rs:2\n    \
             price -> ledger: price.rs:1\n"
        );
    }

    #[test]
    fn the_crates_root_is_a_room_like_the_others() {
        let root = "mod hold;\nuse hold::Sweep;\npub struct Core { sweep: Sweep }\n";
        let told = told(&[("lib.rs", root), ("hold.rs", "use crate::Core;\n")]);
        assert_eq!(
            told,
            "  example: hold, the root\n    hold -> the root: hold.rs:1\n    the root -> hold: lib.rs:2\n"
        );
    }

    #[test]
    fn tests_comments_texts_and_the_own_room_make_no_circle() {
        let told = told(&[
            (
                "lib.rs",
                "mod hold;\nmod ledger;\n#[cfg(test)]\nmod proof;\n",
            ),
            (
                "hold/mod.rs",
                "mod sweep;\nuse crate::ledger::Entry;\nuse self::sweep::run;\n",
            ),
            (
                "hold/sweep.rs",
                "use super::Hold;\nuse crate::hold::State;\n",
            ),
            (
                "ledger.rs",
                "// use crate::hold::A;\nconst B: &str = \"crate::hold::B\";\n\
                 #[cfg(test)]\nmod tests { use crate::hold::C; }\npub(crate) fn d() {}\n",
            ),
            ("proof.rs", "use crate::hold::E;\n"),
        ]);
        assert_eq!(told, "");
    }
}
