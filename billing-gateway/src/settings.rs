//! `/api/billing/settings`: the user's own limits, warning threshold, time zone, language and mail.

use axum::Json;
use billing_proto::v1::{
    Account, AmountSetting, GetAccountRequest, LimitPeriod, UpdateSettingsRequest,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::balance::limit;
use crate::core::{Core, FieldNames};
use crate::json_object::{AmountMember, JsonObject};
use crate::problem::{ApiError, Problem};
use crate::usd::Usd;

const FIELDS: FieldNames<'static> = &[
    ("daily_limit", "daily_limit_usd"),
    ("monthly_limit", "monthly_limit_usd"),
    ("low_balance_threshold", "low_balance_threshold_usd"),
    ("time_zone", "time_zone"),
];

/// Kinds of mail, each with the name that later clients have for it.
const PAYMENTS: [&str; 2] = ["mail_payments", "notify_payment_success"];
const LOW_BALANCE: [&str; 2] = ["mail_low_balance", "notify_low_balance"];
const PAYMENT_FAILURES: [&str; 2] = ["mail_payment_failures", "notify_payment_failure"];
/// Every kind of mail at once.
const ALL_MAIL: &str = "email_notifications";

/// Whatever a request may set besides mail.
const OTHERS: &[&str] = &[
    "daily_limit_usd",
    "monthly_limit_usd",
    "low_balance_threshold_usd",
    "time_zone",
    "locale",
    ALL_MAIL,
];

/// What to change. Absent: unchanged.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct SettingsRequest {
    /// Null: no limit. 0: nothing may be spent.
    #[schema(required = false)]
    daily_limit_usd: Option<Usd>,
    /// Null: no limit. 0: nothing may be spent.
    #[schema(required = false)]
    monthly_limit_usd: Option<Usd>,
    /// The user is warned when the balance falls below this, and when it is gone. Null: never.
    #[schema(required = false)]
    low_balance_threshold_usd: Option<Usd>,
    /// IANA name of the zone whose days and months the limits follow.
    #[schema(required = false, nullable = false, example = "Europe/Kyiv")]
    time_zone: Option<String>,
    /// The language of mail: `en` or `uk`.
    #[schema(required = false, nullable = false, example = "uk")]
    locale: Option<String>,
    /// Mail about money that came in by payments, or went back. Also called `notify_payment_success`.
    #[schema(required = false, nullable = false)]
    mail_payments: Option<bool>,
    /// Mail when the balance falls below the threshold, or is gone. Also called `notify_low_balance`.
    #[schema(required = false, nullable = false)]
    mail_low_balance: Option<bool>,
    /// Mail about payments that failed. Also called `notify_payment_failure`.
    #[schema(required = false, nullable = false)]
    mail_payment_failures: Option<bool>,
    /// All three kinds of mail. False stands above each of them, true does not.
    #[schema(required = false, nullable = false)]
    email_notifications: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdatedSettings {
    /// Always true: what is not a success is a problem body.
    success: bool,
    message: &'static str,
    settings: Settings,
    /// Members of the request that are no settings: nothing was done about them.
    ignored: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    settings: Settings,
}

/// The settings as they now are.
#[derive(Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as clients know them"
)]
struct Settings {
    /// Null: no limit.
    #[schema(required = true)]
    daily_limit_usd: Option<Usd>,
    /// Null: no limit.
    #[schema(required = true)]
    monthly_limit_usd: Option<Usd>,
    /// Null: never warned.
    #[schema(required = true)]
    low_balance_threshold_usd: Option<Usd>,
    time_zone: String,
    /// The language of mail: `en` or `uk`.
    locale: String,
    mail_payments: bool,
    mail_low_balance: bool,
    mail_payment_failures: bool,
    /// Whether an address is known that mail can be sent to.
    has_email: bool,
}

/// The user's settings
#[utoipa::path(
    get,
    path = "/api/billing/settings",
    operation_id = "getSettings",
    tag = "billing",
    security(("bearer" = [])),
    responses(
        (status = 200, body = SettingsResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(core: Core, caller: Caller) -> Result<Json<SettingsResponse>, ApiError> {
    let request = GetAccountRequest {
        account: Some(caller.account()),
    };
    let answer = core
        .get_account(request)
        .await
        .map_err(|error| error.into_api(&[]))?;
    Ok(Json(SettingsResponse {
        success: true,
        settings: settings(answer.account)?,
    }))
}

/// Changes the user's settings
#[utoipa::path(
    put,
    path = "/api/billing/settings",
    operation_id = "updateSettings",
    tag = "billing",
    security(("bearer" = [])),
    request_body = SettingsRequest,
    responses(
        (status = 200, body = UpdatedSettings),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update(
    core: Core,
    caller: Caller,
    body: JsonObject,
) -> Result<Json<UpdatedSettings>, ApiError> {
    let known = [OTHERS, &PAYMENTS, &LOW_BALANCE, &PAYMENT_FAILURES].concat();
    let ignored = body.others_than(&known);
    if let Some(unknown) = ignored.first()
        && ignored.len() == body.len()
    {
        return Err(ApiError::invalid(unknown.clone(), "is not a setting"));
    }
    let mail = MailWishes::of(&body)?;
    let request = UpdateSettingsRequest {
        account: Some(caller.account()),
        daily_limit: setting(body.amount("daily_limit_usd")?),
        monthly_limit: setting(body.amount("monthly_limit_usd")?),
        low_balance_threshold: setting(body.amount("low_balance_threshold_usd")?),
        time_zone: body.text("time_zone")?,
        locale: body.text("locale")?,
        mail_payments: mail.payments,
        mail_low_balance: mail.low_balance,
        mail_payment_failures: mail.payment_failures,
        contact: caller.contact(),
        ..UpdateSettingsRequest::default()
    };
    let answer = core
        .update_settings(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    Ok(Json(UpdatedSettings {
        success: true,
        message: "Settings updated",
        settings: settings(answer.account)?,
        ignored,
    }))
}

/// Which mail is wanted; none: as before.
struct MailWishes {
    payments: Option<bool>,
    low_balance: Option<bool>,
    payment_failures: Option<bool>,
}

impl MailWishes {
    /// Who turns all mail off means it, whatever the single switches beside it say; who turns it on and says
    /// more of a single one, means that.
    fn of(body: &JsonObject) -> Result<Self, ApiError> {
        let all = body.boolean(ALL_MAIL)?;
        let wish = |[name, alias]: [&'static str; 2]| {
            let single = match (body.boolean(name)?, body.boolean(alias)?) {
                (Some(_), Some(_)) => {
                    let twice = format!("is given twice: it is {name}");
                    return Err(ApiError::invalid(alias, twice));
                }
                (single, None) | (None, single) => single,
            };
            Ok(match all {
                Some(false) => all,
                Some(true) | None => single.or(all),
            })
        };
        Ok(Self {
            payments: wish(PAYMENTS)?,
            low_balance: wish(LOW_BALANCE)?,
            payment_failures: wish(PAYMENT_FAILURES)?,
        })
    }
}

pub(crate) fn setting(member: AmountMember) -> Option<AmountSetting> {
    let amount_micros = match member {
        AmountMember::Absent => return None,
        AmountMember::Null => None,
        AmountMember::Amount(amount) => Some(amount.micros()),
    };
    Some(AmountSetting { amount_micros })
}

fn settings(account: Option<Account>) -> Result<Settings, ApiError> {
    let account = account.ok_or_else(|| ApiError::fault("the core's answer has no account"))?;
    let preferences = account
        .preferences
        .ok_or_else(|| ApiError::fault("the core's answer has no preferences"))?;
    let limit_of = |period| {
        let limit_micros = limit(&account.limits, period)?.limit_micros;
        Ok::<_, ApiError>(limit_micros.map(Usd::from_micros))
    };
    Ok(Settings {
        daily_limit_usd: limit_of(LimitPeriod::Day)?,
        monthly_limit_usd: limit_of(LimitPeriod::Month)?,
        low_balance_threshold_usd: account.low_balance_threshold_micros.map(Usd::from_micros),
        time_zone: account.time_zone,
        locale: preferences.locale,
        mail_payments: preferences.mail_payments,
        mail_low_balance: preferences.mail_low_balance,
        mail_payment_failures: preferences.mail_payment_failures,
        has_email: account.has_email,
    })
}
