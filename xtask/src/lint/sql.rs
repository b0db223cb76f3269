//! Statements stand in the `queries` of their slice, where they are found.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::config;

const MACROS: [&str; 3] = ["query!(", "query_as!(", "query_scalar!("];

/// Rooms without a `queries.rs`, and why.
const EXEMPT: [(&str, &str); 2] = [
    (
        "database",
        "what is asked of any server belongs to the connection",
    ),
    (
        "migrate",
        "what is asked of a schema that may be older than every query",
    ),
];

pub fn check() -> Result<()> {
    let found = astray(&config::repository().join("billing-core/src"))?;
    ensure!(found.is_empty(), "statements outside of queries: {found:?}");
    Ok(())
}

/// The files of a crate that have statements and are no `queries`.
fn astray(src: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![src.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default();
            if name == "queries" || name == "tests" || is_exempt(path.strip_prefix(src)?) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if has_statement(&fs::read_to_string(&path)?) {
                found.push(path.strip_prefix(src)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_exempt(path: &Path) -> bool {
    EXEMPT
        .iter()
        .any(|(room, _)| path.with_extension("").starts_with(room))
}

fn has_statement(text: &str) -> bool {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut code = code.map(|line| MACROS.iter().any(|name| line.contains(name)));
    code.any(|has| has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_stands_in_the_queries_of_its_slice_or_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let src = folder.path();
        for (path, text) in [
            ("hold/queries.rs", "sqlx::query!(\"select 1\")"),
            ("ledger/queries/read.rs", "query_as!(Row, \"select 1\")"),
            ("ledger/tests/locks.rs", "query!(\"select 1\")"),
            ("database.rs", "query_scalar!(\"select 1\")"),
            ("database/connect.rs", "query_scalar!(\"select 1\")"),
            ("hold/mod.rs", "/// As query!( does.\nfn a() {}"),
            (
                "hold/sweep.rs",
                "fn a() {\n    sqlx::query_scalar!(\"select 1\")\n}",
            ),
            ("price.rs", "query!(\"select 1\")"),
        ] {
            let path = src.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let told = astray(src).unwrap();
        assert_eq!(told, ["hold/sweep.rs", "price.rs"].map(PathBuf::from));
    }
}
