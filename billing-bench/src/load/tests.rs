//! The generator before the real core.

use std::collections::BTreeMap;
use std::time::Duration;

use billing_stage::{Stage, Tokens, core_beside};
use tokio::time::sleep;

use super::{Accounts, Outcome, Plan, Target, Work, closed, open, seed};
use crate::books::Books;

const ACCOUNTS: u64 = 20;
const BRIEF: Duration = Duration::from_millis(500);

async fn prepare() -> (Stage, Tokens, Books) {
    let (stage, tokens) = Stage::set(core_beside().unwrap(), 1).await.unwrap();
    seed(&stage.urls.owner, ACCOUNTS).await.unwrap();
    let books = Books::open(&stage.superuser_url()).await.unwrap();
    (stage, tokens, books)
}

async fn target(stage: &Stage, token: &str) -> Target {
    Target::connect(&[stage.cores[0].grpc], token, 8)
        .await
        .unwrap()
}

fn plan(work: Work) -> Plan {
    Plan::new(work, Accounts::Uniform(ACCOUNTS))
}

fn no_errors() -> BTreeMap<String, u64> {
    BTreeMap::new()
}

#[tokio::test]
async fn what_is_counted_as_answered_is_in_the_books() {
    let (stage, tokens, mut books) = prepare().await;
    let target = target(&stage, &tokens.tools).await;
    for work in [Work::Charge, Work::HoldCapture] {
        let outcome = closed(&target, &plan(work), 16, BRIEF).await.unwrap();
        assert_eq!(outcome.errors, no_errors());
        assert!(outcome.answered > 0, "{outcome:?}");
        let faults = books.check().await.unwrap().faults(outcome.answered);
        assert_eq!(faults, [""; 0], "{work:?}");
    }
    stage.audit().await.unwrap();
}

#[tokio::test]
async fn a_clock_sends_as_many_as_its_rate_says() {
    let (stage, tokens, mut books) = prepare().await;
    let target = target(&stage, &tokens.tools).await;
    let plan = plan(Work::Charge);
    let outcome = open(&target, &plan, 200.0, BRIEF).await.unwrap();
    assert_eq!((outcome.answered, outcome.errors), (100, no_errors()));
    assert_eq!(outcome.latency.len(), 100);
    assert_eq!(books.check().await.unwrap().charges, 100);
}

#[tokio::test]
async fn a_refusal_is_counted_by_its_code_and_reason() {
    let (stage, _, _) = prepare().await;
    let target = target(&stage, "nobody's token").await;
    // Fewer than the calls after which a core ends a stranger's connection.
    let outcome = open(&target, &plan(Work::Check), 100.0, BRIEF)
        .await
        .unwrap();
    let label = String::from("Unauthenticated SERVICE_TOKEN_REQUIRED");
    assert_eq!(outcome.errors, BTreeMap::from([(label, 50)]));
    assert_eq!(outcome.answered, 0);
}

#[tokio::test]
async fn a_core_that_dies_is_unavailable_and_no_call_hangs() {
    let (mut stage, tokens, _) = prepare().await;
    let target = target(&stage, &tokens.tools).await;
    let dies = async {
        sleep(BRIEF).await;
        stage.cores[0].kill().await.unwrap();
    };
    let plan = plan(Work::Charge);
    let (outcome, ()) = tokio::join!(closed(&target, &plan, 16, 2 * BRIEF), dies);
    let Outcome {
        answered,
        errors,
        elapsed,
        ..
    } = outcome.unwrap();
    assert!(
        answered > 0 && elapsed < 6 * BRIEF,
        "{answered} in {elapsed:?}"
    );
    let labels: Vec<_> = errors.keys().collect();
    assert_eq!(labels, ["Unavailable"]);
}
