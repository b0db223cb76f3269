//! `GetBalance`, `GetAccount`, what an account is set to, grants and adjustments.

use billing_proto::v1::{self, ErrorReason};
use tonic::{Request, Response, Status};

use crate::Core;
use crate::admin_change::{Deed, Said};
use crate::auth::Role;
use crate::contact::grpc::{parse_contact, parse_locale};
use crate::contact::{ContactChange, Preferences, find_preferences, upsert_contact};
use crate::field::{self, FieldError};
use crate::id::AccountId;
use crate::ledger::grpc::{
    account as shown, balance, entry_id, limits, parse_account, parse_opening, standing_at,
};
use crate::ledger::{
    Action, Answer, ChangeSettings, Command, CommandHash, EntryKind, Keyed, Note, Opening, Post,
    Setting, SettingsChange, is_zone,
};
use crate::money::Micros;
use crate::rpc::{Call, KEY_BYTES, call_of, timestamp};
use crate::status::with_reason;

pub async fn get_balance(
    core: &Core,
    request: Request<v1::GetBalanceRequest>,
) -> Result<Response<v1::GetBalanceResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (id, name) = parse_account(&call, request.account)?;
    let mut snapshot = core
        .reader
        .read(id, &name.tenant_id, None, call.deadline)
        .await?;
    let now = standing_at(&mut snapshot.account, snapshot.now);
    let account = snapshot.account;
    let payments_off = core.catalogue.reading().switches.payments_off.clone();
    Ok(Response::new(v1::GetBalanceResponse {
        balance: Some(balance(now.balance)),
        limits: limits(&now.limits),
        billing_enabled: account.billing_enabled,
        suspended: account.suspended,
        total_spent_micros: account.total_spent.get(),
        request_count: account.request_count,
        last_request_at: account.last_request_at.map(timestamp),
        time_zone: account.time_zone.to_string(),
        low_balance_threshold_micros: account.low_balance_threshold.map(Micros::get),
        low_balance: account.is_low(),
        payments_off: payments_off.is_some(),
        payments_off_reason: payments_off.unwrap_or_default(),
    }))
}

pub async fn get_account(
    core: &Core,
    request: Request<v1::GetAccountRequest>,
) -> Result<Response<v1::GetAccountResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (id, name) = parse_account(&call, request.account)?;
    let mut snapshot = core
        .reader
        .read(id, &name.tenant_id, None, call.deadline)
        .await?;
    let now = standing_at(&mut snapshot.account, snapshot.now);
    let preferences = call.query(find_preferences(&core.pool, id)).await?;
    let account = shown(id, name, &snapshot.account, &now, snapshot.exists);
    let payments_off = core.catalogue.reading().switches.payments_off.clone();
    Ok(Response::new(v1::GetAccountResponse {
        account: Some(with_preferences(account, preferences)),
        payments_off: payments_off.is_some(),
        payments_off_reason: payments_off.unwrap_or_default(),
    }))
}

fn with_preferences(account: v1::Account, preferences: Preferences) -> v1::Account {
    v1::Account {
        has_email: preferences.has_email,
        preferences: Some(v1::Preferences {
            locale: preferences.locale,
            mail_payments: preferences.mail_payments,
            mail_low_balance: preferences.mail_low_balance,
            mail_payment_failures: preferences.mail_payment_failures,
        }),
        ..account
    }
}

async fn change(
    core: &Core,
    call: &Call,
    account: Option<v1::AccountRef>,
    change: SettingsChange,
    by: Option<(Deed, Said)>,
) -> Result<v1::Account, Status> {
    let (id, name) = parse_account(call, account)?;
    let command = Command {
        account: id,
        action: Action::ChangeSettings(ChangeSettings {
            opening: name.clone(),
            change,
            by,
        }),
    };
    let answer = core.batcher.submit(command, call.deadline).await?;
    let account = answer
        .account
        .as_deref()
        .ok_or_else(|| Status::internal("settings answered without an account"))?;
    Ok(shown(id, name, account, &answer, true))
}

pub async fn update_settings(
    core: &Core,
    request: Request<v1::UpdateSettingsRequest>,
) -> Result<Response<v1::UpdateSettingsResponse>, Status> {
    let (call, request) = call_of(request)?;
    let settings = SettingsChange {
        daily_limit: parse_setting("daily_limit", request.daily_limit)?,
        monthly_limit: parse_setting("monthly_limit", request.monthly_limit)?,
        low_balance_threshold: parse_setting(
            "low_balance_threshold",
            request.low_balance_threshold,
        )?,
        time_zone: request.time_zone.map(parse_time_zone).transpose()?,
        ..SettingsChange::default()
    };
    let contact = ContactChange {
        locale: request.locale.map(parse_locale).transpose()?,
        mail_payments: request.mail_payments,
        mail_low_balance: request.mail_low_balance,
        mail_payment_failures: request.mail_payment_failures,
        ..parse_contact(request.contact)
    };
    let by = parse_author(&call, request.actor, request.reason)?;
    let (id, name) = parse_opening(&call, request.account.clone())?;
    let account = change(core, &call, request.account, settings, by).await?;
    let remembered = async {
        if !contact.is_empty() {
            upsert_contact(&core.pool, id, &name, &contact).await?;
        }
        find_preferences(&core.pool, id).await
    };
    let preferences = call.change(remembered).await?;
    Ok(Response::new(v1::UpdateSettingsResponse {
        account: Some(with_preferences(account, preferences)),
    }))
}

/// An administrator who changes somebody else's settings says so; nobody else may say that they are one.
fn parse_author(
    call: &Call,
    actor: String,
    reason: String,
) -> Result<Option<(Deed, Said)>, Status> {
    let said = Said::parse(actor, reason)?;
    if said.actor.is_none() {
        if said.reason.is_some() {
            return Err(FieldError::new("actor", "must be given with a reason").into());
        }
        return Ok(None);
    }
    if call.caller.role != Role::Admin {
        return Err(with_reason(
            ErrorReason::RoleNotAllowed,
            "only an administrator's token may name an actor",
            [],
        ));
    }
    Ok(Some((Deed::Settings, said)))
}

fn parse_setting(field: &str, setting: Option<v1::AmountSetting>) -> Result<Setting, FieldError> {
    let Some(setting) = setting else {
        return Ok(Setting::Unchanged);
    };
    match setting.amount_micros {
        None => Ok(Setting::Cleared),
        Some(micros) => field::amount(&format!("{field}.amount_micros"), micros).map(Setting::Set),
    }
}

fn parse_time_zone(zone: String) -> Result<String, FieldError> {
    let zone = field::text("time_zone", zone, 64)?;
    if is_zone(&zone) {
        Ok(zone)
    } else {
        Err(FieldError::new(
            "time_zone",
            "must be an IANA name, such as Europe/Kyiv",
        ))
    }
}

pub async fn suspend_account(
    core: &Core,
    request: Request<v1::SuspendAccountRequest>,
) -> Result<Response<v1::SuspendAccountResponse>, Status> {
    let (call, request) = call_of(request)?;
    let suspension = SettingsChange {
        suspended: Some(true),
        ..SettingsChange::default()
    };
    let by = (Deed::Suspend, Said::parse(request.actor, request.reason)?);
    let account = change(core, &call, request.account, suspension, Some(by)).await?;
    Ok(Response::new(v1::SuspendAccountResponse {
        account: Some(account),
    }))
}

pub async fn resume_account(
    core: &Core,
    request: Request<v1::ResumeAccountRequest>,
) -> Result<Response<v1::ResumeAccountResponse>, Status> {
    let (call, request) = call_of(request)?;
    let resumption = SettingsChange {
        suspended: Some(false),
        ..SettingsChange::default()
    };
    let by = (Deed::Resume, Said::parse(request.actor, request.reason)?);
    let account = change(core, &call, request.account, resumption, Some(by)).await?;
    Ok(Response::new(v1::ResumeAccountResponse {
        account: Some(account),
    }))
}

pub async fn set_billing_enabled(
    core: &Core,
    request: Request<v1::SetBillingEnabledRequest>,
) -> Result<Response<v1::SetBillingEnabledResponse>, Status> {
    let (call, request) = call_of(request)?;
    let switch = SettingsChange {
        billing_enabled: Some(request.billing_enabled),
        ..SettingsChange::default()
    };
    let by = (
        Deed::BillingEnabled,
        Said::parse(request.actor, request.reason)?,
    );
    let account = change(core, &call, request.account, switch, Some(by)).await?;
    Ok(Response::new(v1::SetBillingEnabledResponse {
        account: Some(account),
    }))
}

pub async fn grant_credit(
    core: &Core,
    request: Request<v1::GrantCreditRequest>,
) -> Result<Response<v1::GrantCreditResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (id, name) = parse_opening(&call, request.account)?;
    let posting = Posting {
        key: request.idempotency_key,
        kind: EntryKind::Grant,
        amount: field::positive_amount("amount_micros", request.amount_micros)?,
        reason: request.reason,
        actor: request.actor,
    };
    let answer = post(core, &call, id, name, posting).await?;
    Ok(Response::new(v1::GrantCreditResponse {
        entry_id: entry_id(id, answer.entry),
        balance: Some(balance(answer.balance)),
        replayed: answer.replayed,
        settled_before_micros: settled_before(&answer),
        settled_after_micros: answer.balance.settled.get(),
    }))
}

pub async fn adjust_balance(
    core: &Core,
    request: Request<v1::AdjustBalanceRequest>,
) -> Result<Response<v1::AdjustBalanceResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (id, name) = parse_account(&call, request.account)?;
    let posting = Posting {
        key: request.idempotency_key,
        kind: EntryKind::Adjustment,
        amount: field::signed_amount("amount_micros", request.amount_micros)?,
        reason: request.reason,
        actor: request.actor,
    };
    let answer = post(core, &call, id, name, posting).await?;
    Ok(Response::new(v1::AdjustBalanceResponse {
        entry_id: entry_id(id, answer.entry),
        balance: Some(balance(answer.balance)),
        replayed: answer.replayed,
        settled_before_micros: settled_before(&answer),
        settled_after_micros: answer.balance.settled.get(),
    }))
}

/// The answer, a stored one too, is of right after its own entry, whatever else its batch booked.
fn settled_before(answer: &Answer) -> i64 {
    let before = answer.balance.settled.minus(answer.moved);
    before.unwrap_or_default().get()
}

/// A grant or an adjustment: both say why and by whom.
struct Posting {
    key: String,
    kind: EntryKind,
    amount: Micros,
    reason: String,
    actor: String,
}

async fn post(
    core: &Core,
    call: &Call,
    id: AccountId,
    name: Opening,
    posting: Posting,
) -> Result<Answer, Status> {
    let key = field::identifier("idempotency_key", posting.key, KEY_BYTES)?;
    let note = Note {
        reason: Some(field::text("reason", posting.reason, 500)?),
        actor: Some(field::text("actor", posting.actor, 255)?),
        ..Note::default()
    };
    let hash = CommandHash::of(posting.kind.name())
        .number(posting.amount.get())
        .note(Some(&note))
        .finish();
    let command = Command {
        account: id,
        action: Action::Post(Post {
            opening: name,
            keyed: Keyed::by_caller(&key, hash),
            kind: posting.kind,
            amount: posting.amount,
            counterparty: None,
            note: Some(note),
        }),
    };
    Ok(core.batcher.submit(command, call.deadline).await?)
}
