//! What the core's 'no' means.

use billing_proto::v1::{
    CheckBalanceResponse, Decision, LimitPeriod, LimitStatus, PlaceHoldResponse,
};

use crate::settings::{Settings, Unpriced};
use crate::usd::Usd;

/// The seconds of the years 1 to 9999, which RFC 3339 can write.
const RFC_3339: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Why a call may not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Answered as the setting `unpriced` says.
    ToolNotPriced(Unpriced),
    AccountSuspended,
    InsufficientBalance {
        available: Usd,
        required: Usd,
        shortfall: Usd,
        /// Where the user can top up; None where nobody has said.
        topup_url: Option<String>,
    },
    LimitExceeded {
        period: Period,
        daily: Limit,
        monthly: Limit,
        /// When the limit that denied starts again (RFC 3339, UTC), and how many seconds that takes, at
        /// least 1.
        reset_at: String,
        retry_after_secs: i64,
    },
    /// The call costs more than a whole limit: no waiting helps.
    AboveLimit {
        required: Usd,
        daily: Limit,
        monthly: Limit,
    },
}

/// Of a limit: the account's local day or month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Month,
}

/// A limit, and how much of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// None: no limit.
    pub limit: Option<Usd>,
    /// Charged and held in the current period.
    pub spent: Usd,
}

/// An answer that is not understood, for example from a newer core. It is then taken as 'no'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the core's answer lacks {0}")]
pub(crate) struct Unclear(pub(crate) &'static str);

/// Reads a decision: allowed, or denied and why.
pub(crate) fn read(
    answer: &CheckBalanceResponse,
    settings: &Settings,
) -> Result<Result<(), Denial>, Unclear> {
    let denial = match answer.decision() {
        Decision::Allowed => return Ok(Ok(())),
        Decision::Unspecified => return Err(Unclear("a decision")),
        Decision::ToolNotPriced => Denial::ToolNotPriced(settings.unpriced),
        Decision::AccountSuspended => Denial::AccountSuspended,
        Decision::InsufficientBalance => {
            insufficient_balance(answer, settings.topup_url.as_deref())?
        }
        Decision::DailyLimitExceeded => limit_exceeded(Period::Day, answer)?,
        Decision::MonthlyLimitExceeded => limit_exceeded(Period::Month, answer)?,
    };
    Ok(Err(denial))
}

/// The decision within the answer to `PlaceHold`, which has the same fields as a check's.
pub(crate) fn decision_of(placed: PlaceHoldResponse) -> CheckBalanceResponse {
    CheckBalanceResponse {
        decision: placed.decision,
        enforced: placed.enforced,
        required_micros: placed.required_micros,
        balance: placed.balance,
        shortfall_micros: placed.shortfall_micros,
        limits: placed.limits,
        billing_enabled: placed.billing_enabled,
        price_version: placed.price_version,
        topup_url: placed.topup_url,
        retry_after: placed.retry_after,
        above_limit: placed.above_limit,
    }
}

fn insufficient_balance(
    answer: &CheckBalanceResponse,
    topup_url: Option<&str>,
) -> Result<Denial, Unclear> {
    let balance = answer.balance.as_ref().ok_or(Unclear("a balance"))?;
    let of_tenant = Some(answer.topup_url.as_str()).filter(|url| !url.is_empty());
    Ok(Denial::InsufficientBalance {
        available: Usd(balance.available_micros),
        required: Usd(answer.required_micros),
        shortfall: Usd(answer.shortfall_micros),
        topup_url: of_tenant.or(topup_url).map(str::to_owned),
    })
}

fn limit_exceeded(period: Period, answer: &CheckBalanceResponse) -> Result<Denial, Unclear> {
    let daily = status(LimitPeriod::Day, answer)?;
    let monthly = status(LimitPeriod::Month, answer)?;
    if answer.above_limit {
        return Ok(Denial::AboveLimit {
            required: Usd(answer.required_micros),
            daily: limit(daily),
            monthly: limit(monthly),
        });
    }
    let denied_by = match period {
        Period::Day => daily,
        Period::Month => monthly,
    };
    let reset_at = denied_by
        .resets_at
        .filter(|time| RFC_3339.contains(&time.seconds))
        .ok_or(Unclear("the time of a reset"))?;
    let wait = answer.retry_after.ok_or(Unclear("the time to wait"))?;
    // Up to the next whole second: a caller that came back earlier would be denied again.
    let retry_after_secs = wait
        .seconds
        .saturating_add(i64::from(wait.nanos > 0))
        .max(1);
    Ok(Denial::LimitExceeded {
        period,
        daily: limit(daily),
        monthly: limit(monthly),
        reset_at: reset_at.to_string(),
        retry_after_secs,
    })
}

fn status(period: LimitPeriod, answer: &CheckBalanceResponse) -> Result<&LimitStatus, Unclear> {
    let mut limits = answer.limits.iter();
    limits
        .find(|limit| limit.period() == period)
        .ok_or(Unclear("a limit"))
}

fn limit(status: &LimitStatus) -> Limit {
    Limit {
        limit: status.limit_micros.map(Usd),
        spent: Usd(status.used_micros),
    }
}

#[cfg(test)]
mod tests {
    use billing_proto::v1::{Balance, CheckBalanceResponse, Decision, LimitPeriod, LimitStatus};

    use super::{Denial, Limit, Period, Unclear, Usd};
    use crate::settings::Settings;

    fn answer(decision: Decision) -> CheckBalanceResponse {
        let limit = |period: LimitPeriod, limit_micros, seconds| LimitStatus {
            period: period.into(),
            limit_micros,
            used_micros: 9_750_000,
            remaining_micros: limit_micros.map(|limit: i64| limit - 9_750_000),
            resets_at: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        };
        CheckBalanceResponse {
            decision: decision.into(),
            enforced: true,
            required_micros: 500_000,
            balance: Some(Balance {
                available_micros: 250_000,
                ..Balance::default()
            }),
            shortfall_micros: 250_000,
            limits: vec![
                limit(LimitPeriod::Day, Some(10_000_000), 1_795_305_600),
                limit(LimitPeriod::Month, None, 1_796_083_200),
            ],
            billing_enabled: true,
            price_version: Some(1),
            topup_url: String::new(),
            retry_after: Some(prost_types::Duration {
                seconds: 59,
                nanos: 1,
            }),
            above_limit: false,
        }
    }

    fn read(answer: &CheckBalanceResponse) -> Result<Result<(), Denial>, Unclear> {
        let settings = Settings::new("http://core.test", "token", "tenant").unwrap();
        super::read(answer, &settings.topup_url("https://ours.test"))
    }

    #[test]
    fn a_cost_above_a_whole_limit_has_no_time_to_come_back() {
        let mut answer = answer(Decision::DailyLimitExceeded);
        answer.retry_after = None;
        answer.above_limit = true;
        let Ok(Err(Denial::AboveLimit { required, .. })) = read(&answer) else {
            panic!("the cost is above the limit");
        };
        assert_eq!(required, Usd(500_000));
        answer.above_limit = false;
        assert_eq!(read(&answer), Err(Unclear("the time to wait")));
    }

    #[test]
    fn a_limit_says_when_to_come_back_and_never_too_early() {
        let denial = read(&answer(Decision::DailyLimitExceeded));
        let spent = Usd(9_750_000);
        assert_eq!(
            denial,
            Ok(Err(Denial::LimitExceeded {
                period: Period::Day,
                daily: Limit {
                    limit: Some(Usd(10_000_000)),
                    spent
                },
                monthly: Limit { limit: None, spent },
                reset_at: "2026-11-22T00:00:00Z".to_owned(),
                retry_after_secs: 60,
            }))
        );
        let Ok(Err(Denial::LimitExceeded { reset_at, .. })) =
            read(&answer(Decision::MonthlyLimitExceeded))
        else {
            panic!("the monthly limit is exceeded");
        };
        assert_eq!(reset_at, "2026-12-01T00:00:00Z");
    }

    #[test]
    fn the_address_to_top_up_at_is_the_tenants_or_else_our_own() {
        let mut answer = answer(Decision::InsufficientBalance);
        let topup_url = |answer: &_| match read(answer) {
            Ok(Err(Denial::InsufficientBalance { topup_url, .. })) => topup_url.unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(topup_url(&answer), "https://ours.test");
        answer.topup_url = "https://tenant.test".to_owned();
        assert_eq!(topup_url(&answer), "https://tenant.test");
    }

    #[test]
    fn a_decision_that_is_not_known_is_not_taken_for_a_yes() {
        assert_eq!(read(&answer(Decision::Allowed)), Ok(Ok(())));
        let mut newer = answer(Decision::Allowed);
        newer.decision = 99;
        assert_eq!(read(&newer), Err(Unclear("a decision")));
    }
}
