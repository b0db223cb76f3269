//! The table in docs/reliability.md, made from the list.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::list::LIST;
use crate::config;

const BEGIN: &str = "<!-- seeded bugs: written by `cargo xtask seeded-bugs` -->\n";
const END: &str = "<!-- seeded bugs: end -->\n";

fn path() -> PathBuf {
    config::repository().join("docs/reliability.md")
}

fn read() -> Result<String> {
    fs::read_to_string(path()).with_context(|| format!("cannot read {}", path().display()))
}

/// Puts the table into the page. To be called when each bug of it was just caught.
pub fn write() -> Result<()> {
    let old = read()?;
    let new = with_table(&old)?;
    if old != new {
        fs::write(path(), new).with_context(|| format!("cannot write {}", path().display()))?;
        eprintln!("seeded-bugs: the table in docs/reliability.md is new; commit it");
    }
    Ok(())
}

/// Fails where the page's table is not that of the list.
pub fn check() -> Result<()> {
    let page = read()?;
    ensure!(
        with_table(&page)? == page,
        "the table in docs/reliability.md is out of date: run `cargo xtask seeded-bugs`"
    );
    Ok(())
}

/// The page with the list's table between its marks.
fn with_table(page: &str) -> Result<String> {
    let marks = "docs/reliability.md has lost the marks around its table";
    let (before, rest) = page.split_once(BEGIN).context(marks)?;
    let (_, after) = rest.split_once(END).context(marks)?;
    Ok(format!("{before}{BEGIN}\n{}\n{END}{after}", table()))
}

fn table() -> String {
    let mut table = String::from(
        "| bug | what is wrong | where | caught by | which then says | what else stands against it |\n|---|---|---|---|---|---|\n",
    );
    for bug in LIST {
        let _ = writeln!(
            table,
            "| `{}` | {} | `{}` | `{}` | `{}` | {} |",
            bug.name, bug.wrong, bug.place, bug.test, bug.says, bug.besides
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::list::LIST;
    use super::{BEGIN, END, check, with_table};

    #[test]
    fn the_page_shows_the_list_as_it_is() {
        check().unwrap();
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("before\n{BEGIN}of old\n{END}after\n");
        let new = with_table(&page).unwrap();
        assert!(new.starts_with("before\n") && new.ends_with("after\n"));
        assert!(!new.contains("of old") && new.contains("| `no-row-lock` |"));
        assert_eq!(with_table(&new).unwrap(), new);
        assert!(with_table("no marks").is_err());
    }

    #[test]
    fn every_bug_is_listed_once() {
        let names: BTreeSet<_> = LIST.iter().map(|bug| bug.name).collect();
        assert_eq!(names.len(), LIST.len());
    }
}
