//! Scenarios from a folder, refused where they could not fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Call, Expect, FaultKind, Pattern, Requests, Scenario, Step};
use crate::json;

/// A scenario and the name of its file, without `.json`.
#[derive(Clone, Debug)]
pub struct Named {
    pub file: String,
    pub scenario: Scenario,
}

/// All of a folder, by the names of their files.
pub fn all(folder: &Path) -> Result<Vec<Named>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    paths.sort();
    let loaded = paths.into_iter().map(|path| {
        let shown = path.display().to_string();
        load(path).with_context(|| shown)
    });
    let scenarios: Vec<_> = loaded.collect::<Result<_>>()?;
    let mut names = BTreeSet::new();
    for Named { file, scenario } in &scenarios {
        ensure!(
            names.insert(scenario.name.clone()),
            "{file}: its name is taken"
        );
    }
    Ok(scenarios)
}

fn load(path: PathBuf) -> Result<Named> {
    let file = path
        .file_stem()
        .context("no name")?
        .to_string_lossy()
        .into_owned();
    let scenario = parse(&fs::read_to_string(path)?)?;
    Ok(Named { file, scenario })
}

fn parse(text: &str) -> Result<Scenario> {
    let scenario: Scenario = serde_json::from_str(text)?;
    ensure!(scenario.name.len() > 10, "its name is no sentence");
    ensure!(
        scenario.steps.iter().any(expects),
        "it expects nothing, so that it cannot fail"
    );
    let mut waiting = BTreeSet::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        check(step, &mut waiting).with_context(|| format!("step {}", index + 1))?;
    }
    ensure!(waiting.is_empty(), "never joined: {waiting:?}");
    Ok(scenario)
}

fn expects(step: &Step) -> bool {
    match step {
        Step::Fault(_)
        | Step::ClearFaults(_)
        | Step::Core(_)
        | Step::ReleaseHold(_)
        | Step::UseKey(_) => false,
        Step::Call(call) => call.expect.is_some(),
        _ => true,
    }
}

fn check(step: &Step, waiting: &mut BTreeSet<String>) -> Result<()> {
    match step {
        Step::Fault(fault) => {
            let delays = fault.kind == FaultKind::Delay;
            ensure!(fault.times > 0, "a fault of no request");
            ensure!(delays == (fault.delay_ms > 0), "delay_ms belongs to delay");
            Ok(())
        }
        Step::Call(call) => check_call(call, waiting),
        Step::Join(name) => {
            ensure!(waiting.remove(name), "there is no call {name} to join");
            Ok(())
        }
        Step::AwaitCalls(calls) | Step::ExpectCalls(calls) => check_calls(calls),
        Step::AwaitBooks(books) => {
            let mut charges = books.charges.iter().flatten();
            ensure!(charges.all(|micros| *micros > 0), "charges are more than 0");
            ensure!(
                books.settled_micros.is_some()
                    || books.held_micros.is_some()
                    || books.charges.is_some(),
                "it expects nothing"
            );
            Ok(())
        }
        Step::AwaitState(state) => {
            ensure!(
                state.backlog.is_some() || state.calls.is_some(),
                "it expects nothing"
            );
            Ok(())
        }
        Step::ExpectLog(log) => {
            ensure!(!log.contains.is_empty(), "it expects nothing");
            ensure!(
                !log.contains.iter().any(String::is_empty),
                "a text is empty"
            );
            Ok(())
        }
        Step::RefusedStart(refused) => {
            ensure!(!refused.stderr_has.is_empty(), "it expects nothing");
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_call(call: &Call, waiting: &mut BTreeSet<String>) -> Result<()> {
    ensure!(call.times > 0, "no call");
    match (&call.expect, call.abandon_when) {
        (Some(expect), None) => check_expect(expect)?,
        (None, Some(_)) => ensure!(
            call.background.is_none() && call.times == 1,
            "a call that is abandoned is made once, and not in the background"
        ),
        _ => anyhow::bail!("either an answer is expected, or the call is abandoned"),
    }
    if let Some(name) = &call.background {
        ensure!(call.times == 1, "one call in the background for a name");
        ensure!(waiting.insert(name.clone()), "two calls are named {name}");
    }
    Ok(())
}

fn check_expect(expect: &Expect) -> Result<()> {
    ensure!(
        expect.body.is_none() || expect.body_has.is_none(),
        "either the whole body or a part of it"
    );
    let status = [&expect.status].into_iter();
    let body = expect.body.iter().chain(&expect.body_has);
    status
        .chain(body)
        .chain(expect.headers.values())
        .try_for_each(json::check)
}

fn check_calls(calls: &Requests) -> Result<()> {
    ensure!(
        calls.all || !calls.calls.is_empty() || !calls.not.is_empty() || calls.every.is_some(),
        "it expects nothing"
    );
    for pattern in calls.calls.iter().chain(&calls.not).chain(&calls.every) {
        check_pattern(pattern)?;
    }
    ensure!(
        calls.calls.iter().all(|pattern| pattern.rpc.is_some()),
        "each of `calls` has an rpc"
    );
    let counts = |pattern: &Pattern| pattern.times.is_some() || pattern.at_least.is_some();
    ensure!(
        !calls.not.iter().chain(&calls.every).any(counts),
        "only `calls` are counted"
    );
    ensure!(
        !calls.all || calls.calls.iter().all(|pattern| pattern.at_least.is_none()),
        "with `all`, each of `calls` says exactly how many"
    );
    Ok(())
}

fn check_pattern(pattern: &Pattern) -> Result<()> {
    ensure!(pattern.times != Some(0), "`not` says that there is none");
    let values = [
        &pattern.cost,
        &pattern.ttl_ms,
        &pattern.grpc_timeout_ms,
        &pattern.trace_id,
    ];
    values.into_iter().flatten().try_for_each(json::check)
}

#[cfg(test)]
mod tests {
    use super::{all, parse};
    use crate::options::own_scenarios;

    fn with_steps(steps: &str) -> String {
        format!(r#"{{"name": "a sentence of some length", "steps": [{steps}]}}"#)
    }

    const CALL: &str =
        r#"{"call": {"tool": "search", "body": {"query": "law"}, "expect": {"status": 200}}}"#;

    #[test]
    fn every_scenario_of_the_suite_can_be_read() {
        let scenarios = all(&own_scenarios()).unwrap();
        assert!(scenarios.len() > 40, "{}", scenarios.len());
    }

    #[test]
    fn a_misspelt_expectation_is_an_error() {
        assert!(parse(&with_steps(CALL)).is_ok());
        for (right, wrong) in [
            ("expect", "expects"),
            ("status", "statuss"),
            ("query", "querry"),
            ("tool", "tools"),
            ("call", "calls"),
        ] {
            let text = CALL.replace(&format!("\"{right}\""), &format!("\"{wrong}\""));
            assert_ne!(text, CALL);
            assert!(parse(&with_steps(&text)).is_err(), "{text}");
        }
        for step in [
            r#"{"await_books": {"setled_micros": 1}}"#,
            r#"{"expect_calls": {"not": [{"rpc": "Charge", "same_kye": "a"}]}}"#,
            r#"{"expect_calls": {"calls": [{"rpc": "PlaceHolds"}]}}"#,
            r#"{"expect_log": {"contains": ["x"], "tmes": 1}}"#,
            r#"{"close": {"within_ms": 1}}"#,
            r#"{"core": "kil"}"#,
        ] {
            assert!(parse(&with_steps(step)).is_err(), "{step}");
        }
    }

    #[test]
    fn a_scenario_that_cannot_fail_is_an_error() {
        for steps in [
            r#"{"core": "kill"}"#,
            r#"{"expect_calls": {}}"#,
            r#"{"await_books": {}}"#,
            r#"{"await_state": {}}"#,
            r#"{"expect_log": {"contains": []}}"#,
            r#"{"call": {"tool": "search", "body": {"query": "law"}}}"#,
            r#"{"call": {"tool": "search", "body": {"query": "law"}, "background": "a", "expect": {"status": 200}}}"#,
            r#"{"join": "a"}"#,
        ] {
            assert!(parse(&with_steps(steps)).is_err(), "{steps}");
        }
    }
}
