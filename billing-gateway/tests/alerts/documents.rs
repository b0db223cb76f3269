//! What the repository says: rules, boards, runbook.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap().to_path_buf()
}

fn text(path: &str) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn rules() -> String {
    text("helm/billing/files/alerts.yaml")
}

/// A file of rules with one of them.
pub fn rule(alert: &str) -> String {
    let rules = rules();
    let (_, from) = rules.split_once(&format!("- alert: {alert}\n")).unwrap();
    let body = from.split("\n\n").next().unwrap();
    format!("groups:\n  - name: one\n    rules:\n      - alert: {alert}\n{body}\n")
}

pub fn operations() -> String {
    text("docs/operations.md")
}

/// What stands behind `key` in a text's lines.
fn values(text: &str, key: &str) -> BTreeSet<String> {
    let values = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(key));
    values.map(|value| value.trim().to_owned()).collect()
}

pub fn alerts() -> BTreeSet<String> {
    values(&rules(), "- alert: ")
}

pub fn anchors() -> BTreeSet<String> {
    values(&rules(), "runbook: ")
}

pub fn chapters() -> BTreeSet<String> {
    values(&text("docs/runbook.md"), "## ")
        .into_iter()
        .filter(|title| title.starts_with("Billing"))
        .collect()
}

/// The alerts whose causes are out of proportion here: `promtool` shows them series that were made up. Those
/// that are expected, that is, not those that must not fire.
pub fn synthetic() -> BTreeSet<String> {
    let tests = text("billing-gateway/tests/alerts/synthetic.yaml");
    let lines: Vec<&str> = tests.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter_map(|pair| match pair {
        [name, "exp_alerts:"] => name.strip_prefix("alertname: "),
        _ => None,
    });
    pairs.map(str::to_owned).collect()
}

/// The `PromQL` of every rule and of every board's panel.
pub fn expressions() -> Vec<String> {
    let mut expressions = Vec::new();
    let mut rest = rules();
    while let Some((_, from)) = rest.split_once(" expr:") {
        let end = ["\n        for:", "\n        labels:"]
            .iter()
            .filter_map(|key| from.find(key))
            .min();
        let (expression, after) = from.split_at(end.unwrap());
        expressions.push(expression.trim().trim_start_matches(">-").to_owned());
        rest = after.to_owned();
    }
    let boards = repository().join("helm/billing/files/dashboards");
    for board in fs::read_dir(boards).unwrap() {
        let board = fs::read_to_string(board.unwrap().path()).unwrap();
        of_board(&serde_json::from_str(&board).unwrap(), &mut expressions);
    }
    assert!(expressions.len() > 40, "{expressions:?}");
    expressions
}

fn of_board(value: &Value, expressions: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name == "expr") {
                    Some(expression) => expressions.push(expression.to_owned()),
                    None => of_board(member, expressions),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| of_board(item, expressions)),
        _ => {}
    }
}
