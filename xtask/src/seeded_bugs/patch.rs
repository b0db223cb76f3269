//! Unified diffs, hunk by hunk: one that does not fit keeps no other from being applied.

use diffy::{DiffOptions, Patch};

/// A hunk that does not fit, by its number.
pub type Left = (usize, String);

/// The text with what the patch puts in, however its lines have moved.
pub fn apply(text: &str, patch: &str) -> (String, Vec<Left>) {
    let mut text = text.to_owned();
    let mut left = Vec::new();
    let patch = patch.strip_suffix('\n').unwrap_or(patch);
    for (number, hunk) in patch.split("\n@@ ").enumerate().skip(1) {
        let hunk = format!("@@ {hunk}\n");
        let alone = format!("--- a\n+++ b\n{hunk}");
        let applied = Patch::from_str(&alone)
            .ok()
            .and_then(|patch| diffy::apply(&text, &patch).ok());
        match applied {
            Some(applied) => text = applied,
            None => left.push((number, hunk)),
        }
    }
    (text, left)
}

/// What makes the one text the other.
pub fn between(path: &str, source: &str, text: &str) -> String {
    DiffOptions::new()
        .set_original_filename(format!("a/{path}"))
        .set_modified_filename(format!("b/{path}"))
        .create_patch(source, text)
        .to_string()
}
