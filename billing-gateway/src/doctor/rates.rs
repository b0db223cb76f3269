//! Where exchange rates come from, and whether the core has one.

use std::time::Duration;

use billing_proto::v1::GetRateRequest;
use billing_telemetry::doctor::Finding;
use jiff::Timestamp;

use crate::core::CoreClient;
use crate::currency::UAH;
use crate::providers::Providers;
use crate::rates::settings::RateConfig;

const SUBJECT: &str = "rates";

/// As long as the core takes one, unless it is told otherwise.
const AGE_MAX: Duration = Duration::from_hours(48);

pub(super) async fn check(
    core: &CoreClient,
    rate: &RateConfig,
    providers: &Providers,
) -> Vec<Finding> {
    let is_needed = providers.iter().any(|provider| provider.currency() == UAH);
    let mut findings = vec![match crate::rates::fetched(&rate.source).await {
        Ok(Some((source, rate))) => Finding::ok(
            SUBJECT,
            format!("{source} says {} UAH for a dollar", rate.as_str()),
        ),
        Ok(None) if is_needed => Finding::warn(
            SUBJECT,
            "BILLING_RATE_SOURCE",
            "it is none: somebody else must record the rate each day",
            "set it to nbu, or to static: and a rate",
        ),
        Ok(None) => Finding::ok(
            SUBJECT,
            "none is fetched here, and no provider is paid in hryvnias",
        ),
        Err(wrong) => Finding::mend(
            SUBJECT,
            "the National Bank's rate",
            wrong,
            "let this machine reach NBU_URL; in two days no payment in hryvnias begins",
        ),
    }];
    if is_needed {
        findings.extend(known(core).await);
    }
    findings
}

/// By which the core credits. That it does not answer is said elsewhere.
async fn known(core: &CoreClient) -> Option<Finding> {
    let request = GetRateRequest {
        currency: UAH.code.to_owned(),
    };
    let core = core.unasked();
    let known = core.get_rate(request).await.ok()?.rate;
    let to_do = "see why no gateway records one: BILLING_RATE_SOURCE, its log";
    let Some(rate) = known else {
        let wrong = "it has none: no payment in hryvnias begins";
        return Some(Finding::mend(SUBJECT, "the core's rate", wrong, to_do));
    };
    let fetched_at = rate.fetched_at?;
    let fetched_at = Timestamp::new(fetched_at.seconds, fetched_at.nanos).ok()?;
    let age = Timestamp::now().duration_since(fetched_at);
    let looked_at = format!("the core's, {}, is {} h old", rate.rate, age.as_hours());
    if age.unsigned_abs() > AGE_MAX && age.is_positive() {
        let wrong = "it is too old: no payment in hryvnias begins";
        return Some(Finding::mend(SUBJECT, looked_at, wrong, to_do));
    }
    Some(Finding::ok(SUBJECT, looked_at))
}
