//! The copy of the workspace that has the bugs: the product's own sources know nothing of them.
//!
//! `billing-core/seeded/` has a patch for each source file that a bug is put into, and whole each file
//! that only the copy has. Of its own the copy has the core's sources, the manifest and the lock file;
//! all else are links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::patch;
use crate::{config, programs};

/// Texts by their paths below a folder.
type Texts = BTreeMap<String, String>;

const SOURCES: &str = "billing-core/src";
const SEEDED: &str = "billing-core/seeded";

/// A cargo that builds the copy, as the repository is now. What is foreign it shares with the ordinary
/// build; its programs are in a folder of their own, so that none is taken for the product's.
pub fn cargo() -> Result<Command> {
    let copy = Copy::of_repository();
    copy.renew()?;
    let mut command = programs::cargo();
    command
        .env("CARGO_BUILD_BUILD_DIR", config::target())
        .env("CARGO_TARGET_DIR", copy.root.join("target"))
        .current_dir(&copy.root);
    Ok(command)
}

/// Writes the patches anew, from the copy as somebody has edited it.
pub fn record() -> Result<()> {
    Copy::of_repository().record()
}

pub fn root() -> PathBuf {
    Copy::of_repository().root
}

struct Copy {
    repository: PathBuf,
    root: PathBuf,
}

/// The copy when it was made: what an edit is told by.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Made {
    sources: Texts,
    copied: Texts,
    /// Files that lack a hunk.
    lacking: BTreeSet<String>,
}

impl Copy {
    fn of_repository() -> Self {
        Self {
            repository: config::repository(),
            root: config::target().join("seeded"),
        }
    }

    fn renew(&self) -> Result<()> {
        let made = self.made()?;
        for (path, text) in texts(&self.root.join(SOURCES))? {
            ensure!(
                made.copied.get(&path) == Some(&text),
                "{} was edited: `cargo xtask seeded-bugs --record` keeps what was done, deleting the file \
                 gives it up",
                self.root.join(SOURCES).join(path).display()
            );
        }
        self.make()
    }

    fn make(&self) -> Result<()> {
        let mut seeded = texts(&self.repository.join(SEEDED))?;
        let mut made = Made {
            sources: texts(&self.repository.join(SOURCES))?,
            ..Made::default()
        };
        let mut refused = Vec::new();
        for (path, source) in &made.sources {
            let patch = seeded.remove(&format!("{path}.patch")).unwrap_or_default();
            let (text, left) = patch::apply(source, &patch);
            for (number, hunk) in left {
                made.lacking.insert(path.clone());
                let copy = self.root.join(SOURCES).join(path);
                refused.push(format!(
                    "{SEEDED}/{path}.patch: hunk {number} no longer fits; put it into {} by hand:\n{hunk}",
                    copy.display()
                ));
            }
            made.copied.insert(path.clone(), text);
        }
        for (path, text) in seeded {
            if let Some(source) = path.strip_suffix(".patch") {
                refused.push(format!("{SEEDED}/{path}: there is no {SOURCES}/{source}\n"));
            } else {
                made.copied.insert(path, text);
            }
        }
        put(&self.root.join(SOURCES), &made.copied)?;
        write(&self.root.join("made.json"), &serde_json::to_string(&made)?)?;
        self.surround()?;
        ensure!(
            refused.is_empty(),
            "{}then: cargo xtask seeded-bugs --record",
            refused.concat()
        );
        Ok(())
    }

    /// Puts around the core's sources what they are built with. By their version, cargo tells the copy's
    /// packages from the repository's, whose built parts lie in the same folder.
    fn surround(&self) -> Result<()> {
        const OWN: [&str; 7] = [
            "target",
            ".git",
            "Cargo.toml",
            "Cargo.lock",
            "billing-core",
            "billing-core/src",
            SEEDED,
        ];
        for folder in ["", "billing-core/"] {
            for entry in fs::read_dir(self.repository.join(folder))? {
                let to = entry?.path();
                let name = to.file_name().unwrap_or_default().to_string_lossy();
                let name = format!("{folder}{name}");
                let link = self.root.join(&name);
                if OWN.contains(&&*name) || fs::read_link(&link).is_ok_and(|old| old == to) {
                    continue;
                }
                // One that leads elsewhere, where there is one.
                let _ = fs::remove_file(&link);
                symlink(to, &link).with_context(|| format!("cannot link {}", link.display()))?;
            }
        }
        let manifest = fs::read_to_string(self.repository.join("Cargo.toml"))?;
        let (before, after) = manifest
            .split_once("\"\nedition")
            .context("the manifest has no version before its edition")?;
        let (_, version) = before
            .rsplit_once('"')
            .context("the manifest's version is no text")?;
        // Members that are published ask for each other by it.
        let asked = |of: &str| format!(", version = \"{of}\" }}");
        let after = after.replace(&asked(version), &asked(&format!("{version}-seeded")));
        let manifest = format!("{before}-seeded\"\nedition{after}");
        write(&self.root.join("Cargo.toml"), &manifest)?;
        let lock = fs::read_to_string(self.repository.join("Cargo.lock"))?;
        write(&self.root.join("Cargo.lock"), &lock)
    }

    fn record(&self) -> Result<()> {
        let made = self.made()?;
        let mut recorded = Texts::new();
        for (path, text) in texts(&self.root.join(SOURCES))? {
            ensure!(
                !made.lacking.contains(&path) || made.copied.get(&path) != Some(&text),
                "{SOURCES}/{path} still lacks a hunk: put it in, or take it out of the patch"
            );
            match made.sources.get(&path) {
                None => drop(recorded.insert(path, text)),
                Some(source) if *source == text => {}
                // What was done to the source that was copied; the product may have gone on.
                Some(source) => {
                    let patch = patch::between(&path, source, &text);
                    recorded.insert(format!("{path}.patch"), patch);
                }
            }
        }
        ensure!(!recorded.is_empty(), "there is no copy, or no bug in it");
        put(&self.repository.join(SEEDED), &recorded)?;
        self.make()
    }

    fn made(&self) -> Result<Made> {
        match fs::read(self.root.join("made.json")) {
            Ok(made) => Ok(serde_json::from_slice(&made)?),
            Err(_) => Ok(Made::default()),
        }
    }
}

/// All files of a folder and its folders; none where it is not there.
fn texts(folder: &Path) -> Result<Texts> {
    let mut texts = Texts::new();
    if !folder.is_dir() {
        return Ok(texts);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            let below = self::texts(&path)?.into_iter();
            texts.extend(below.map(|(path, text)| (format!("{name}/{path}"), text)));
        } else {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            texts.insert(name.into_owned(), text);
        }
    }
    Ok(texts)
}

/// Makes the folder's texts these. Writes only what differs, so that only that is built again.
fn put(folder: &Path, wanted: &Texts) -> Result<()> {
    for path in texts(folder)?.into_keys() {
        if !wanted.contains_key(&path) {
            fs::remove_file(folder.join(path))?;
        }
    }
    let mut all = wanted.iter();
    all.try_for_each(|(path, text)| write(&folder.join(path), text))
}

fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::list::LIST;
    use super::*;

    /// A repository of one source file and its patch, where there is one.
    fn repository(folder: &Path, source: &str, seeded: Option<&str>) -> Copy {
        let repository = folder.join("repository");
        write(&repository.join("Cargo.toml"), "version = \"1\"\nedition").unwrap();
        write(&repository.join("Cargo.lock"), "version = 4\n").unwrap();
        write(&repository.join(SOURCES).join("cost.rs"), source).unwrap();
        if let Some(seeded) = seeded {
            let patch = patch::between("cost.rs", SOURCE, seeded);
            write(&repository.join(SEEDED).join("cost.rs.patch"), &patch).unwrap();
        }
        let root = folder.join("copy");
        Copy { repository, root }
    }

    const SOURCE: &str = "fn cost() {\n    round_up();\n}\n";
    const WRONG: &str = "fn cost() {\n    round_down();\n}\n";

    #[test]
    fn what_is_edited_in_the_copy_is_recorded_and_lost_by_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let copy = repository(folder.path(), SOURCE, Some(WRONG));
        copy.renew().unwrap();
        let edited = copy.root.join(SOURCES).join("cost.rs");
        assert_eq!(fs::read_to_string(&edited).unwrap(), WRONG);

        let text = WRONG.replace("down", "half");
        fs::write(&edited, &text).unwrap();
        let refused = copy.renew().unwrap_err().to_string();
        assert!(refused.contains("cost.rs was edited"), "{refused}");
        // Meanwhile the product goes on.
        let source = format!("//! Costs.\n\n{SOURCE}");
        write(&copy.repository.join(SOURCES).join("cost.rs"), &source).unwrap();
        copy.record().unwrap();
        copy.renew().unwrap();
        let kept = fs::read_to_string(&edited).unwrap();
        assert_eq!(kept, format!("//! Costs.\n\n{text}"));
    }

    #[test]
    fn a_patch_that_no_longer_fits_is_refused_by_file_and_hunk() {
        let folder = tempfile::tempdir().unwrap();
        let source = SOURCE.replace("round_up", "round_to_even");
        let copy = repository(folder.path(), &source, Some(WRONG));
        let refused = copy.renew().unwrap_err().to_string();
        for told in [
            "billing-core/seeded/cost.rs.patch: hunk 1",
            "+    round_down",
            "--record",
        ] {
            assert!(refused.contains(told), "{refused}");
        }
        let lost = copy.record().unwrap_err().to_string();
        assert!(lost.contains("cost.rs still lacks a hunk"), "{lost}");
        write(&copy.root.join(SOURCES).join("cost.rs"), WRONG).unwrap();
        copy.record().unwrap();
        copy.renew().unwrap();
    }

    #[test]
    fn every_patch_of_the_repository_fits_and_each_bug_is_where_the_list_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let copy = Copy {
            repository: config::repository(),
            root: folder.path().to_path_buf(),
        };
        copy.renew().unwrap();
        for bug in LIST {
            let text = fs::read_to_string(copy.root.join(SOURCES).join(bug.place)).unwrap();
            let call = format!("seeded::is(\"{}\")", bug.name);
            assert!(text.contains(&call), "{}", bug.name);
        }
    }
}
