//! The alert rules and boards of `helm/billing/files`, on what real services export: each alert fires where
//! its cause is real, and its metrics exist.
//!
//! Needs a `billing-core` that is built beside it, and Prometheus's `promtool`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up must fail where it stands"
)]
#![expect(
    clippy::float_arithmetic,
    clippy::float_cmp,
    reason = "metrics are floats, and those of money are whole"
)]

mod causes;
mod documents;
mod money;
mod promtool;
mod scrape;
mod services;

use std::collections::BTreeSet;

use promtool::Trial;
use scrape::Scrape;

/// What is caused here, and everything that the services have exported meanwhile.
#[derive(Default)]
struct Caused {
    trials: Vec<Trial>,
    exported: Scrape,
}

impl Caused {
    fn push(&mut self, trial: Trial) {
        self.exported.extend(&trial.ill.1);
        self.trials.push(trial);
    }
}

#[tokio::test]
async fn each_alert_fires_where_its_cause_is_real_and_reads_what_the_services_export() {
    let mut caused = Caused::default();
    let healthy = causes::all(&mut caused).await;
    // There is one only where a control group has a limit.
    let limit = Scrape::of("billing-core", "process_memory_limit_bytes 1");
    caused.exported.extend(&limit);
    // There are some only where there is a broker.
    let refused = "billing_events_published_total{outcome=\"unroutable\"} 1";
    caused.exported.extend(&Scrape::of("billing-core", refused));
    let expressions = documents::expressions();
    promtool::check(&expressions).await;
    for expression in &expressions {
        caused.exported.must_have(expression);
    }
    let undocumented = caused.exported.families();
    let undocumented: Vec<&str> = undocumented
        .into_iter()
        .filter(|family| !documents::operations().contains(&format!("`{family}")))
        .collect();
    assert_eq!(undocumented, [""; 0], "not in docs/operations.md");
    let proved = caused.trials.iter().map(|trial| trial.alert.to_owned());
    let proved: BTreeSet<String> = proved.chain(documents::synthetic()).collect();
    assert_eq!(proved, documents::alerts(), "alerts with a test; alerts");
    promtool::run(&healthy, &caused.trials).await;
}

#[test]
fn each_alert_has_its_chapter_in_the_runbook_and_names_it() {
    let chapters = documents::chapters();
    let alerts = documents::alerts();
    assert_eq!(chapters, alerts, "chapters of the runbook; alerts");
    let anchors: BTreeSet<String> = alerts
        .iter()
        .map(|alert| format!("docs/runbook.md#{}", alert.to_lowercase()))
        .collect();
    assert_eq!(documents::anchors(), anchors);
}
