//! Requests about payments, read field by field.

use billing_proto::v1;
use jiff::Timestamp;
use uuid::Uuid;

use super::super::books::RefundReport;
use super::super::create::{NewGift, NewPayment};
use super::super::dispute::{DisputeReport, Moved, Movement};
use super::super::event::{
    EVENT_ID_BYTES, GivenBackReport, PaymentOpening, PaymentReport, ProviderEvent, Report,
};
use super::super::rate::{Currency, Rate};
use super::super::refund::NewRefund;
use super::super::{MINOR_MAX, Purpose, RefundState, State};
use crate::field::{self, FieldError};
use crate::id::{AccountId, PaymentId};
use crate::ledger::{CommandHash, Opening};
use crate::rpc::{KEY_BYTES, TENANT_BYTES, no_page};
use crate::sponsorship::{self, GiftTerms, SubscriptionReport, SubscriptionState};

/// Of what a provider reports: one that there cannot be is a contradiction, which is stored. To refuse it
/// would bring it again and again.
const REPORTED_MAX: i64 = i64::MAX;
/// Of one dispute.
const MOVEMENTS_MAX: usize = 100;
const RAW_BYTES: usize = 1024 * 1024;
/// Names of one payment in one report, besides the first.
const FURTHER_REFERENCES: usize = 4;

pub fn new_payment(
    account: AccountId,
    name: Opening,
    called: Option<String>,
    request: v1::CreatePaymentRequest,
) -> Result<NewPayment, FieldError> {
    let purpose = purpose("purpose", request.purpose())?;
    let monthly = request
        .contribution
        .as_ref()
        .is_some_and(|terms| terms.monthly);
    let gift = gift_terms(purpose, request.contribution)?;
    let idempotency_key = field::identifier("idempotency_key", request.idempotency_key, KEY_BYTES)?;
    let provider = provider(request.provider)?;
    let provider_account = provider_account(request.provider_account)?;
    let amount_minor = field::number("amount_minor", request.amount_minor, 1, MINOR_MAX)?;
    let currency = currency(&request.currency)?;
    let content = field::optional_text("content", request.content, 128)?.unwrap_or_default();
    let mut hash = CommandHash::of("CreatePayment");
    hash.text(&provider)
        .number(amount_minor)
        .text(&request.currency)
        .number(i64::from(request.livemode))
        .text(&content);
    // A key that was used before there were others of these stands for the same still.
    if purpose != Purpose::TopUp || !provider_account.is_empty() {
        hash.text(purpose.name()).text(&provider_account);
    }
    if let Some(terms) = &gift {
        check_amount(amount_minor, currency)?;
        hash.number(i64::from(terms.is_anonymous))
            .text(terms.consented_to.as_deref().unwrap_or_default())
            .text(terms.message.as_deref().unwrap_or_default());
        // As above.
        if monthly {
            hash.text("monthly");
        }
    }
    Ok(NewPayment {
        account,
        name,
        provider,
        provider_account,
        purpose,
        livemode: request.livemode,
        idempotency_key,
        content_hash: hash.finish().0,
        amount_minor,
        currency,
        gift: gift.map(|terms| NewGift {
            terms,
            name: called,
            monthly,
        }),
    })
}

/// What is said of a contribution, and of nothing else.
fn gift_terms(
    purpose: Purpose,
    terms: Option<v1::ContributionTerms>,
) -> Result<Option<GiftTerms>, FieldError> {
    match (purpose, terms) {
        (Purpose::TopUp, None) => Ok(None),
        (Purpose::TopUp, Some(_)) => Err(FieldError::new(
            "contribution",
            "must not be given: the payment is none",
        )),
        (Purpose::Contribution, None) => Err(FieldError::new("contribution", "must be given")),
        (Purpose::Contribution, Some(terms)) => {
            sponsorship::grpc::parse_gift("contribution", terms).map(Some)
        }
    }
}

fn check_amount(amount_minor: i64, currency: Currency) -> Result<(), FieldError> {
    if currency != Currency::Usd {
        return Err(FieldError::new(
            "currency",
            "must be USD for a contribution",
        ));
    }
    let (least, most) = (sponsorship::LEAST_MINOR, sponsorship::MOST_MINOR);
    field::number("amount_minor", amount_minor, least, most).map(drop)
}

fn purpose(field: &str, purpose: v1::PaymentPurpose) -> Result<Purpose, FieldError> {
    match purpose {
        v1::PaymentPurpose::Unspecified => Err(FieldError::new(
            field,
            "must be a purpose that the contract names",
        )),
        v1::PaymentPurpose::TopUp => Ok(Purpose::TopUp),
        v1::PaymentPurpose::Contribution => Ok(Purpose::Contribution),
    }
}

fn provider_account(name: String) -> Result<String, FieldError> {
    field::optional_text("provider_account", name, 255).map(Option::unwrap_or_default)
}

pub fn currency(code: &str) -> Result<Currency, FieldError> {
    Currency::named(code).ok_or_else(|| FieldError::new("currency", "must be USD or UAH"))
}

/// A currency that has a rate.
pub fn foreign(code: &str) -> Result<Currency, FieldError> {
    Currency::named(code)
        .filter(|currency| *currency != Currency::Usd)
        .ok_or_else(|| FieldError::new("currency", "must be UAH"))
}

/// A rate to be recorded, as it came.
pub fn rate(text: String) -> Result<String, FieldError> {
    let text = field::text("rate", text, 16)?;
    if Rate::parse(&text).is_some_and(Rate::is_plausible) {
        Ok(text)
    } else {
        let problem =
            "must be a decimal between 1 and 1000, with at most 8 digits behind the point";
        Err(FieldError::new("rate", problem))
    }
}

/// A provider's name as the schema has it.
pub fn provider(name: String) -> Result<String, FieldError> {
    let name = field::text("provider", name, 32)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(plain) {
        Ok(name)
    } else {
        let problem = "must be lower-case letters, digits and underscores, a letter first";
        Err(FieldError::new("provider", problem))
    }
}

pub fn payment_id(text: String) -> Result<PaymentId, FieldError> {
    let text = field::text("payment_id", text, 80)?;
    text.parse()
        .map_err(|_| FieldError::new("payment_id", "must be a payment's id"))
}

pub fn refund_id(text: &str) -> Result<Uuid, FieldError> {
    Uuid::try_parse(text).map_err(|_| FieldError::new("refund_id", "must be a UUID"))
}

/// How a request names a payment.
pub enum PaymentName {
    Ours(PaymentId),
    /// The provider, and its name for the payment.
    Theirs(String, String),
}

pub fn payment_name(
    name: Option<v1::get_payment_request::Name>,
) -> Result<PaymentName, FieldError> {
    match name {
        None => Err(FieldError::new("name", "must be given")),
        // What is no id of ours names nothing, and is answered like one.
        Some(v1::get_payment_request::Name::PaymentId(id)) => payment_id(id).map(PaymentName::Ours),
        Some(v1::get_payment_request::Name::Reference(reference)) => Ok(PaymentName::Theirs(
            provider(reference.provider)?,
            field::text("reference.reference", reference.reference, 255)?,
        )),
    }
}

pub fn new_refund(request: v1::StartRefundRequest) -> Result<NewRefund, FieldError> {
    let tenant_id = field::text("tenant_id", request.tenant_id, TENANT_BYTES)?;
    let payment = payment_id(request.payment_id)?;
    let idempotency_key = field::identifier("idempotency_key", request.idempotency_key, KEY_BYTES)?;
    let amount_minor = request
        .amount_minor
        .map(|minor| field::number("amount_minor", minor, 1, MINOR_MAX))
        .transpose()?;
    let reason = field::text("reason", request.reason, 500)?;
    let actor = field::text("actor", request.actor, 255)?;
    let hash = CommandHash::of("StartRefund")
        .optional_number(amount_minor)
        .text(&reason)
        .text(&actor)
        .finish();
    Ok(NewRefund {
        tenant_id,
        payment,
        idempotency_key,
        content_hash: hash.0,
        amount_minor,
        reason,
        actor,
    })
}

pub fn event(request: v1::ApplyProviderEventRequest) -> Result<ProviderEvent, FieldError> {
    if request.raw.len() > RAW_BYTES {
        let problem = format!("must have at most {RAW_BYTES} bytes");
        return Err(FieldError::new("raw", problem));
    }
    let event_type = field::optional_text("event_type", request.event_type, 128)?;
    let is_of_ours = !request.payment_id.is_empty();
    let payment = field::optional_text("payment_id", request.payment_id, 255)?;
    let of_account = field::optional_text("account_id", request.account_id, 255)?;
    let reference = field::optional_text("provider_reference", request.provider_reference, 255)?;
    let further_references = further_references(request.further_references)?;
    let opens = request.opens.map(opening).transpose()?;
    if opens.is_some() && (reference.is_none() || is_of_ours) {
        let problem = "must stand beside provider_reference, and not beside payment_id";
        return Err(FieldError::new("opens", problem));
    }
    Ok(ProviderEvent {
        provider: provider(request.provider)?,
        event_id: field::text("event_id", request.event_id, EVENT_ID_BYTES)?,
        event_type: event_type.unwrap_or_default(),
        livemode: request.livemode,
        provider_account: provider_account(request.provider_account)?,
        occurred_at: field::timestamp("occurred_at", request.occurred_at)?
            .ok_or_else(|| FieldError::new("occurred_at", "must be given"))?,
        raw: request.raw,
        reference,
        further_references,
        // Somebody else's payment may bear another kind of id: that is none of ours.
        payment: payment.and_then(|text| text.parse().ok()),
        account: of_account,
        report: report(request.report)?,
        opens,
    })
}

fn further_references(given: Vec<String>) -> Result<Vec<String>, FieldError> {
    const NAME: &str = "further_references";
    if given.len() > FURTHER_REFERENCES {
        let problem = format!("must have at most {FURTHER_REFERENCES} members");
        return Err(FieldError::new(NAME, problem));
    }
    let each = given.into_iter().map(|name| field::text(NAME, name, 255));
    each.collect()
}

/// The first payment of the subscription that a payment is opened for.
pub fn renewed(opens: &v1::PaymentOpening) -> Result<Option<PaymentId>, FieldError> {
    const NAME: &str = "opens.subscription_id";
    let Some(text) = field::optional_text(NAME, opens.subscription_id.clone(), 80)? else {
        return Ok(None);
    };
    let id = text.parse();
    id.map(Some)
        .map_err(|_| FieldError::new(NAME, "must be a payment's id"))
}

fn opening(opens: v1::PaymentOpening) -> Result<PaymentOpening, FieldError> {
    let purpose = purpose("opens.purpose", opens.purpose())?;
    let begun_at = field::timestamp("opens.begun_at", opens.begun_at)?;
    let first = renewed(&opens)?;
    let account = opens
        .account
        .ok_or_else(|| FieldError::new("opens.account", "must be given"))?;
    let name = Opening {
        tenant_id: field::identifier("opens.account.tenant_id", account.tenant_id, TENANT_BYTES)?,
        user_id: field::identifier("opens.account.user_id", account.user_id, 255)?,
    };
    let account = AccountId::of(&name.tenant_id, &name.user_id);
    if first.is_some_and(|first| first.account != account || purpose != Purpose::Contribution) {
        let problem = "must be the payment of a contribution of opens.account";
        return Err(FieldError::new("opens.subscription_id", problem));
    }
    Ok(PaymentOpening {
        account,
        name,
        subscription: first.map(|first| first.number),
        purpose,
        amount_minor: field::number("opens.amount_minor", opens.amount_minor, 1, REPORTED_MAX)?,
        currency: Currency::named(&opens.currency)
            .ok_or_else(|| FieldError::new("opens.currency", "must be USD or UAH"))?,
        begun_at: begun_at.ok_or_else(|| FieldError::new("opens.begun_at", "must be given"))?,
    })
}

fn report(report: Option<v1::apply_provider_event_request::Report>) -> Result<Report, FieldError> {
    use v1::apply_provider_event_request::Report as Sent;
    Ok(match report {
        None => Report::None,
        Some(Sent::Unreadable(why)) => Report::Unreadable(field::text("unreadable", why, 500)?),
        Some(Sent::Payment(report)) => Report::Payment(payment_report(report)?),
        Some(Sent::Refund(report)) => Report::Refund(refund_report(report)?),
        Some(Sent::Dispute(report)) => Report::Dispute(dispute_report(report)?),
        Some(Sent::Unconfirmed(why)) => Report::Unconfirmed(field::text("unconfirmed", why, 500)?),
        Some(Sent::GivenBack(report)) => Report::GivenBack(given_back_report(report)?),
        Some(Sent::Subscription(report)) => Report::Subscription(subscription_report(report)?),
    })
}

const fn state(state: v1::PaymentState) -> Option<State> {
    match state {
        v1::PaymentState::Unspecified => None,
        v1::PaymentState::Created => Some(State::Created),
        v1::PaymentState::Pending => Some(State::Pending),
        v1::PaymentState::RequiresAction => Some(State::RequiresAction),
        v1::PaymentState::Succeeded => Some(State::Succeeded),
        v1::PaymentState::Failed => Some(State::Failed),
        v1::PaymentState::Canceled => Some(State::Canceled),
        v1::PaymentState::Expired => Some(State::Expired),
    }
}

/// None: payments in every state.
pub fn state_filter(given: i32) -> Result<Option<State>, FieldError> {
    v1::PaymentState::try_from(given)
        .map(state)
        .map_err(|_| FieldError::new("state", "must be a state that the contract names"))
}

/// The payment behind which a page begins.
pub fn payment_token(token: String) -> Result<Option<PaymentId>, FieldError> {
    field::optional_text("page_token", token, 80)?
        .map(|token| token.parse().map_err(|_| no_page()))
        .transpose()
}

fn payment_report(report: v1::PaymentReport) -> Result<PaymentReport, FieldError> {
    let state =
        state(report.state()).ok_or_else(|| FieldError::new("payment.state", "must be given"))?;
    Ok(PaymentReport {
        state,
        amount_minor: field::number("payment.amount_minor", report.amount_minor, 0, REPORTED_MAX)?,
        ordered_minor: report
            .ordered_minor
            .map(|minor| field::number("payment.ordered_minor", minor, 0, REPORTED_MAX))
            .transpose()?,
        currency: field::text("payment.currency", report.currency, 16)?,
        decline_code: field::optional_text("payment.decline_code", report.decline_code, 64)?,
        processing: report.processing,
    })
}

fn refund_report(report: v1::RefundReport) -> Result<RefundReport, FieldError> {
    let state = match report.state() {
        v1::RefundState::Unspecified | v1::RefundState::Requested => {
            let problem = "must be what the provider says";
            return Err(FieldError::new("refund.state", problem));
        }
        v1::RefundState::Pending => RefundState::Pending,
        v1::RefundState::Succeeded => RefundState::Succeeded,
        v1::RefundState::Failed => RefundState::Failed,
        v1::RefundState::Canceled => RefundState::Canceled,
    };
    Ok(RefundReport {
        reference: field::text("refund.provider_reference", report.provider_reference, 255)?,
        refund_id: Uuid::try_parse(&report.refund_id).ok(),
        amount_minor: field::number("refund.amount_minor", report.amount_minor, 1, REPORTED_MAX)?,
        currency: field::text("refund.currency", report.currency, 16)?,
        state,
    })
}

fn subscription_report(report: v1::SubscriptionReport) -> Result<SubscriptionReport, FieldError> {
    const AMOUNT: &str = "subscription.amount_minor";
    let state = match report.state() {
        v1::SubscriptionState::Unspecified => {
            return Err(FieldError::new("subscription.state", "must be given"));
        }
        v1::SubscriptionState::Incomplete => None,
        v1::SubscriptionState::Active => Some(SubscriptionState::Active),
        v1::SubscriptionState::PastDue => Some(SubscriptionState::PastDue),
        v1::SubscriptionState::Cancelled => Some(SubscriptionState::Cancelled),
    };
    let as_of = field::timestamp("subscription.as_of", report.as_of)?;
    let least = i64::from(state != Some(SubscriptionState::Cancelled));
    Ok(SubscriptionReport {
        reference: field::text(
            "subscription.provider_reference",
            report.provider_reference,
            255,
        )?,
        state,
        amount_minor: field::number(AMOUNT, report.amount_minor, least, MINOR_MAX)?,
        currency: currency(&report.currency)?.code().to_owned(),
        period_end: field::timestamp("subscription.period_end", report.period_end)?,
        cancel_at: field::timestamp("subscription.cancel_at", report.cancel_at)?,
        as_of: as_of.ok_or_else(|| FieldError::new("subscription.as_of", "must be given"))?,
    })
}

fn given_back_report(report: v1::GivenBackReport) -> Result<GivenBackReport, FieldError> {
    Ok(GivenBackReport {
        total_minor: field::number(
            "given_back.total_minor",
            report.total_minor,
            0,
            REPORTED_MAX,
        )?,
        currency: field::text("given_back.currency", report.currency, 16)?,
    })
}

fn dispute_report(report: v1::DisputeReport) -> Result<DisputeReport, FieldError> {
    use v1::dispute_report::Movement as Sent;
    let movement = match report.movement() {
        Sent::Unspecified => return Err(FieldError::new("dispute.movement", "must be given")),
        Sent::None => None,
        Sent::FundsWithdrawn => Some(Movement::Withdrawn),
        Sent::FundsReinstated => Some(Movement::Reinstated),
    };
    let status = field::optional_text("dispute.status", report.status, 64)?;
    if report.moved.len() > MOVEMENTS_MAX {
        let problem = format!("must be at most {MOVEMENTS_MAX}");
        return Err(FieldError::new("dispute.moved", problem));
    }
    let moved: Result<Vec<Moved>, FieldError> = report.moved.into_iter().map(moved).collect();
    Ok(DisputeReport {
        reference: field::text("dispute.provider_reference", report.provider_reference, 255)?,
        movement,
        amount_minor: field::number("dispute.amount_minor", report.amount_minor, 0, REPORTED_MAX)?,
        currency: field::text("dispute.currency", report.currency, 16)?,
        status: status.unwrap_or_default(),
        moved: moved?,
    })
}

fn moved(moved: v1::DisputeMovement) -> Result<Moved, FieldError> {
    use v1::dispute_report::Movement as Sent;
    let movement = match moved.movement() {
        Sent::Unspecified | Sent::None => {
            let problem = "must be withdrawn or reinstated";
            return Err(FieldError::new("dispute.moved.movement", problem));
        }
        Sent::FundsWithdrawn => Movement::Withdrawn,
        Sent::FundsReinstated => Movement::Reinstated,
    };
    let occurred_at = field::timestamp("dispute.moved.occurred_at", moved.occurred_at)?;
    Ok(Moved {
        is_named: true,
        name: field::text(
            "dispute.moved.provider_reference",
            moved.provider_reference,
            255,
        )?,
        movement,
        amount_minor: field::number(
            "dispute.moved.amount_minor",
            moved.amount_minor,
            1,
            REPORTED_MAX,
        )?,
        occurred_at: occurred_at
            .ok_or_else(|| FieldError::new("dispute.moved.occurred_at", "must be given"))?,
    })
}

/// Where a page of stored events ends: when the last one was received, and its id.
pub fn event_token(token: &str) -> Result<(Timestamp, String), FieldError> {
    let problem = || FieldError::new("page_token", "must be a next_page_token");
    let (micros, event_id) = token.split_once(':').ok_or_else(problem)?;
    let micros = micros.parse().map_err(|_| problem())?;
    let at = Timestamp::from_microsecond(micros).map_err(|_| problem())?;
    Ok((at, event_id.to_owned()))
}
