//! What holds of the files in `migrations/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::config;
use billing_stage::hex::hex;

/// As `sha256sum` writes it: a digest, two spaces, a file's name.
const LIST: &str = "checksums.sha256";

/// Landed files are as they landed, and each is in the form in which it can be applied.
pub fn check() -> Result<()> {
    check_folder(&config::repository().join("migrations"))
}

fn check_folder(folder: &Path) -> Result<()> {
    let list = fs::read_to_string(folder.join(LIST))
        .with_context(|| format!("cannot read migrations/{LIST}"))?;
    let mut landed: BTreeMap<&str, &str> = list
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, file)| (file, digest))
        .collect();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let digest = hex(&Sha256::digest(&text));
        match landed.remove(&*name) {
            Some(landed) if landed == digest => {}
            Some(_) => wrong.push(format!(
                "{name} changed after it landed; what it lacks belongs into a migration of its own"
            )),
            None => wrong.push(format!(
                "{name} is not in {LIST}; where it is to land: (cd migrations && sha256sum {name} >>{LIST})"
            )),
        }
        if text.starts_with("-- no-transaction") && !is_one_statement(&text) {
            wrong.push(format!(
                "{name} is without a transaction and has not one statement: the server would put several into one"
            ));
        }
    }
    wrong.extend(landed.into_keys().map(|name| format!("{name} is gone")));
    ensure!(wrong.is_empty(), "migrations: {}", wrong.join("\n  "));
    Ok(())
}

/// A block of code counts as one.
fn is_one_statement(text: &str) -> bool {
    let statements: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect();
    let outside_of_blocks: String = statements.split("$$").step_by(2).collect();
    outside_of_blocks
        .trim_end()
        .strip_suffix(';')
        .is_some_and(|statement| !statement.contains(';'))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{LIST, check, check_folder, is_one_statement};

    #[test]
    fn landed_migrations_are_as_they_landed() {
        check().unwrap();
    }

    #[test]
    fn a_migration_that_changed_is_new_or_is_gone_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        write(LIST, &format!("{abc}  0001_a.up.sql\n"));
        write("0001_a.up.sql", "abc");
        check_folder(folder.path()).unwrap();
        let refused = || check_folder(folder.path()).unwrap_err().to_string();
        write("0001_a.up.sql", "abd");
        assert!(refused().contains("0001_a.up.sql changed"));
        fs::remove_file(folder.path().join("0001_a.up.sql")).unwrap();
        assert!(refused().contains("0001_a.up.sql is gone"));
        write("0002_b.up.sql", "abc");
        assert!(refused().contains("0002_b.up.sql is not in"));
    }

    #[test]
    fn without_a_transaction_there_is_one_statement() {
        assert!(is_one_statement(
            "-- no-transaction\n-- why; how\ncreate index concurrently a\non b (c);\n"
        ));
        assert!(is_one_statement(
            "-- no-transaction\ndo $$ begin a; b; end $$;\n"
        ));
        assert!(!is_one_statement("-- no-transaction\na;\nb;\n"));
    }
}
