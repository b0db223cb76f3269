//! The core: whether it serves us, as whom, what it knows, and what time it is there.

use billing_proto::v1::operator_service_client::OperatorServiceClient;
use billing_proto::v1::{
    GetRateRequest, GetSponsorshipRequest, ListAccountsRequest, ListSwitchesRequest,
};
use billing_telemetry::doctor::{Finding, clock_reading, judge_clock, within};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::contract;
use crate::auth::settings::TenantSource;
use crate::causes::causes;
use crate::config::Config;
use crate::core::{AdminClient, CoreClient, CoreError};
use crate::currency::UAH;
use crate::problem::Outage;

const SUBJECT: &str = "core";

pub(super) async fn check(core: &CoreClient, config: &Config) -> Vec<Finding> {
    let url = &config.core.url;
    let mut findings = within(SUBJECT, url, serves(core, url)).await;
    if findings
        .iter()
        .any(|finding| finding.verdict.level() == "mend")
    {
        return findings;
    }
    let of_token = within("token", "BILLING_CORE_TOKEN", token(core, config)).await;
    let is_taken = of_token
        .iter()
        .all(|finding| finding.verdict.level() != "mend");
    findings.extend(of_token);
    if is_taken {
        let second = admin_token(core, config);
        findings.extend(within("token", "BILLING_CORE_ADMIN_TOKEN", second).await);
        findings.extend(within("contract", url, contract::check(core)).await);
    }
    findings
}

async fn serves(core: &CoreClient, url: &str) -> Vec<Finding> {
    let before = Timestamp::now();
    let request = core.request(HealthCheckRequest::default());
    let answer = HealthClient::new(core.channel()).check(request).await;
    let after = Timestamp::now();
    let answer = match answer {
        Ok(answer) => answer,
        Err(status) => {
            let to_do = "see that it runs, and that BILLING_CORE_URL and BILLING_CORE_CA are right";
            return vec![Finding::mend(SUBJECT, url, causes(&status), to_do)];
        }
    };
    let date = answer.metadata().get("date");
    let date = date.and_then(|date| date.to_str().ok()).and_then(http_date);
    let mut findings = Vec::new();
    if answer.get_ref().status() == ServingStatus::Serving {
        findings.push(Finding::ok(SUBJECT, format!("{url} serves")));
    } else {
        let to_do = "see what its log says: the database, its role, the schema's version";
        findings.push(Finding::mend(SUBJECT, url, "it is not ready", to_do));
    }
    if let Some(theirs) = date {
        let reading = clock_reading(before, theirs, after, SignedDuration::from_secs(1));
        findings.push(judge_clock("the core's clock", reading));
    }
    findings
}

/// `Sat, 28 Nov 2026 11:44:03 GMT`.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// Whether the core knows it, as a gateway's and no more, and for the tenant of everybody.
async fn token(core: &CoreClient, config: &Config) -> Vec<Finding> {
    const TOKEN: &str = "token";
    let calls = core.unasked();
    let request = GetRateRequest {
        currency: UAH.code.to_owned(),
    };
    if let Err(error) = calls.get_rate(request).await {
        let wrong = match &error {
            CoreError::Away(Outage::CoreToken(status)) => status.message().to_owned(),
            other => causes(other),
        };
        let to_do =
            "make one by `billing-core token --role gateway`, and give its line to the core";
        return vec![Finding::mend(TOKEN, "BILLING_CORE_TOKEN", wrong, to_do)];
    }
    if let TenantSource::Fixed(tenant) = &config.jwt.tenant {
        let request = GetSponsorshipRequest {
            tenant_id: tenant.clone(),
        };
        // As if there were no such tenant; else one that nobody has set is answered too.
        if let Err(CoreError::NotFound) = calls.get_sponsorship(request).await {
            return vec![Finding::mend(
                TOKEN,
                "BILLING_CORE_TOKEN",
                format!("it is not for the tenant `{tenant}` of BILLING_DEFAULT_TENANT"),
                "make one with `--tenants` that names it",
            )];
        }
    }
    let mut operator = OperatorServiceClient::new(core.channel());
    let listed = operator
        .list_switches(core.request(ListSwitchesRequest {}))
        .await;
    if listed.is_ok() {
        return vec![Finding::warn(
            TOKEN,
            "BILLING_CORE_TOKEN",
            "it is an administrator's: whoever takes over the gateway may book anything",
            "make one by `billing-core token --role gateway`",
        )];
    }
    vec![Finding::ok(TOKEN, "the core takes it as a gateway's")]
}

/// Whether the core knows the second token, as an administrator's and for the tenant of everybody.
async fn admin_token(core: &CoreClient, config: &Config) -> Vec<Finding> {
    const TOKEN: &str = "token";
    const NAME: &str = "BILLING_CORE_ADMIN_TOKEN";
    let mend = |wrong: String| {
        let to_do = "make one by `billing-core token --role admin`, and give its line to the core";
        vec![Finding::mend(TOKEN, NAME, wrong, to_do)]
    };
    let calls = match AdminClient::new(core, &config.core) {
        Ok(client) => client.unasked(),
        Err(error) => return mend(causes(&error)),
    };
    let why_nobody = config.no_administrators();
    let Some(calls) = calls else {
        return vec![Finding::ok(TOKEN, why_nobody.unwrap_or_default())];
    };
    let mut findings = match calls.list_switches(ListSwitchesRequest {}).await {
        Ok(_) => vec![Finding::ok(
            TOKEN,
            format!("the core takes {NAME} as an administrator's, of every tenant"),
        )],
        Err(error) if error.wants_all_tenants() => {
            let of_some = "as an administrator's, of some tenants: switches are not theirs";
            vec![Finding::ok(
                TOKEN,
                format!("the core takes {NAME} {of_some}"),
            )]
        }
        Err(CoreError::Away(Outage::CoreToken(status))) => {
            return mend(status.message().to_owned());
        }
        Err(error) => return mend(causes(&error)),
    };
    if let TenantSource::Fixed(tenant) = &config.jwt.tenant {
        let request = ListAccountsRequest {
            tenant_id: tenant.clone(),
            page_size: 1,
            ..ListAccountsRequest::default()
        };
        if let Err(CoreError::NotFound) = calls.list_accounts(request).await {
            return mend(format!(
                "it is not for the tenant `{tenant}` of BILLING_DEFAULT_TENANT"
            ));
        }
    }
    findings.extend(why_nobody.map(|why| {
        let to_do = "set JWT_ADMIN_CLAIM and JWT_ADMIN_VALUE, or take the token away";
        Finding::warn(TOKEN, NAME, why, to_do)
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn the_date_of_http_is_read() {
        let date = http_date("Sat, 28 Nov 2026 11:44:03 GMT").unwrap();
        assert_eq!(date.to_string(), "2026-11-28T11:44:03Z");
        assert_eq!(http_date("soon"), None);
    }
}
