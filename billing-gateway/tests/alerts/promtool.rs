//! What was scraped, as series of a test of `promtool`, which says whether the alert fires.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use billing_stage::process::find_program;
use tokio::process::Command;

use crate::documents;
use crate::scrape::{Kind, Scrape};

/// For as long as the services do well, in minutes: longer than most rules look back.
const WELL: usize = 70;
/// For as long as the cause goes on: longer than rules look back and wait, together.
const ILL: usize = 100;

/// How what was caused goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goes {
    /// As often each minute as it was caused here.
    On,
    /// It happened once.
    Once,
}

/// A cause: what the services said before and after it.
pub struct Trial {
    pub alert: &'static str,
    pub ill: (Scrape, Scrape),
    pub goes: Goes,
}

/// Each alert fires after its cause and not before, and while the services do well none does.
pub async fn run(healthy: &(Scrape, Scrape), trials: &[Trial]) {
    if find_program("promtool").is_none() {
        eprintln!("SKIPPED: whether alerts fire: there is no promtool (Debian: prometheus)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let well = Trial {
        alert: "none",
        ill: healthy.clone(),
        goes: Goes::On,
    };
    let all = documents::rules();
    let mut promtool = Command::new("promtool");
    promtool.args(["test", "rules"]);
    promtool.arg(write_test(folder.path(), &all, healthy, &well));
    for trial in trials {
        // Alone: 33 rules for each of 33 causes would take a minute.
        let rule = documents::rule(trial.alert);
        promtool.arg(write_test(folder.path(), &rule, healthy, trial));
    }
    let output = promtool.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Whether all that rules and boards ask is `PromQL`, as rules that record it.
pub async fn check(expressions: &[String]) {
    if find_program("promtool").is_none() {
        eprintln!("SKIPPED: whether boards are PromQL: there is no promtool (Debian: prometheus)");
        return;
    }
    let mut text = "groups:\n- name: boards\n  rules:\n".to_owned();
    for (n, expression) in expressions.iter().enumerate() {
        let expression = expression.replace("$__rate_interval", "5m");
        writeln!(
            text,
            "  - record: asked:{n}\n    expr: >-\n      {expression}"
        )
        .unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let mut promtool = Command::new("promtool");
    let output = promtool.args(["check", "rules"]).arg(file.path()).output();
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// A file of rules, and one with a test of them, whose path is the answer.
fn write_test(folder: &Path, rules: &str, healthy: &(Scrape, Scrape), trial: &Trial) -> PathBuf {
    let Trial { alert, goes, .. } = trial;
    fs::write(folder.join(format!("{alert}.rules.yaml")), rules).unwrap();
    let mut text = format!(
        "rule_files: [{alert}.rules.yaml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n"
    );
    for (series, values) in series_of(rules, healthy, trial) {
        writeln!(text, "  - series: '{series}'\n    values: '{values}'").unwrap();
    }
    let none = r#"count(ALERTS{alertstate="firing"}) or vector(0)"#;
    let this = format!(r#"clamp_max(count(ALERTS{{alertname="{alert}",alertstate="firing"}}), 1)"#);
    let at = WELL + if *goes == Goes::On { ILL - 5 } else { 3 };
    let expected = match *alert {
        "none" => [(none, WELL / 2, 0), (none, at, 0)],
        _ => [(none, WELL - 1, 0), (this.as_str(), at, 1)],
    };
    text.push_str("  promql_expr_test:\n");
    for (expression, minute, value) in expected {
        writeln!(
            text,
            "  - expr: '{expression}'\n    eval_time: {minute}m\n    exp_samples: [{{labels: '{{}}', value: {value}}}]"
        )
        .unwrap();
    }
    let path = folder.join(format!("{alert}.test.yaml"));
    fs::write(&path, text).unwrap();
    path
}

/// The series that the rules read.
fn series_of(rules: &str, healthy: &(Scrape, Scrape), trial: &Trial) -> Vec<(String, String)> {
    let mut names: Vec<&String> = healthy.1.0.keys().chain(trial.ill.1.0.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| rules.contains(name.split('{').next().unwrap_or(name)))
        .map(|name| (name.clone(), values(name, healthy, trial)))
        .collect()
}

/// As it was while they did well; then as it was after the cause.
fn values(name: &str, healthy: &(Scrape, Scrape), trial: &Trial) -> String {
    let value = |scrape: &Scrape| scrape.0.get(name).map(|(_, value)| *value);
    let kind = healthy.1.0.get(name).or(trial.ill.1.0.get(name));
    let is_counter = kind.is_some_and(|(kind, _)| *kind == Kind::Counter);
    let step = |of: &(Scrape, Scrape)| {
        let from = value(&of.0).unwrap_or_default();
        value(&of.1).map_or(0.0, |to| (to - from).max(0.0))
    };
    let Some(well) = value(&healthy.1) else {
        // It began with the cause, to which what was before it does not belong.
        let begins = value(&trial.ill.1).unwrap_or_default();
        let step = if is_counter && trial.goes == Goes::On {
            step(&trial.ill)
        } else {
            0.0
        };
        return format!("_x{WELL} {begins}+{step}x{ILL}");
    };
    let each = if is_counter { step(healthy) } else { 0.0 };
    let before = format!("{well}+{each}x{}", WELL - 1);
    let Some(ill) = value(&trial.ill.1) else {
        return match value(&trial.ill.0) {
            Some(_) => format!("{before} stale"),
            // Its service has no part in this.
            None => format!("{well}+{each}x{}", WELL + ILL),
        };
    };
    if !is_counter {
        return format!("{before} {ill}+0x{ILL}");
    }
    let moved = step(&trial.ill);
    let mut reached = well + moved;
    for _ in 1..WELL {
        reached += each;
    }
    let step = if trial.goes == Goes::On { moved } else { 0.0 };
    format!("{before} {reached}+{step}x{ILL}")
}
