//! Payments begin here, before their provider is told, and get the names that it has for them.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use super::rate::{Currency, Rate};
use super::{Payment, PaymentError, Purpose, State, commit, count, counted, queries};
use crate::database::clock;
use crate::id::{AccountId, PaymentId};
use crate::ledger::Opening;
use crate::money::Micros;
use crate::price::Reading;
use crate::sponsorship::{self, GiftTerms};

/// Contributions of one person that may be neither paid nor ended: whoever changes their mind ends those before,
/// so that more are somebody who plays with pages of the provider's.
const OPEN_CONTRIBUTIONS: usize = 5;

/// A payment that somebody wants to make.
#[derive(Clone, Debug)]
pub struct NewPayment {
    pub account: AccountId,
    pub name: Opening,
    pub provider: String,
    /// Which of the provider's accounts it is made for; empty: the platform's own.
    pub provider_account: String,
    pub purpose: Purpose,
    pub livemode: bool,
    pub idempotency_key: String,
    /// SHA-256 of what the key stands for.
    pub content_hash: [u8; 32],
    pub amount_minor: i64,
    pub currency: Currency,
    /// Of a contribution alone.
    pub gift: Option<NewGift>,
}

/// What a contribution brings along.
#[derive(Clone, Debug)]
pub struct NewGift {
    pub terms: GiftTerms,
    /// How its giver is called by their own token.
    pub name: Option<String>,
    /// It is the first of a subscription.
    pub monthly: bool,
}

/// What is fixed when a payment begins.
#[derive(Clone, Debug)]
pub struct Terms {
    /// USD for one unit of the payment's currency, a decimal.
    pub rate: String,
    pub credit: Micros,
}

/// What a new payment must keep to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub breaker: Breaker,
    /// How old a rate may be that it begins with.
    pub rate_age_max: Duration,
}

/// When a tenant's new payments are stopped: thousands of stolen cards are tried on whoever lets them.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// Declined attempts within the window from which on it may stop. 0: it never does.
    pub declines: i64,
    pub window: Duration,
}

impl Breaker {
    /// Declined attempts alone do not stop a tenant whose payments mostly succeed.
    const fn trips(self, declined: i64, paid: i64) -> bool {
        self.declines > 0 && declined >= self.declines && declined >= paid.saturating_mul(2)
    }
}

/// A payment, and whether it had been created before.
pub struct Created {
    pub payment: Payment,
    pub replayed: bool,
    /// What the provider calls the account.
    pub customer: Option<String>,
    /// Where it is paid, where its provider told that once.
    pub page_url: Option<String>,
    /// Of a contribution: others of the same person that are open at their provider.
    pub open_before: Vec<Payment>,
}

/// What the provider calls a payment and its account, and says of them once.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub reference: Option<String>,
    /// The first one stays, unless it is the lost one.
    pub customer: Option<String>,
    pub lost_customer: Option<String>,
    /// The first one stays.
    pub page_url: Option<String>,
}

/// Records a payment. Same key and content: the same payment, also where no other one would begin now.
pub async fn create(
    pool: &PgPool,
    new: &NewPayment,
    reading: &Reading,
    limits: &Limits,
) -> Result<Created, PaymentError> {
    // Customers are kept of the platform's own account alone.
    let customer = match new.provider_account.as_str() {
        "" => queries::find_customer(pool, new.account, &new.provider, new.livemode).await?,
        _ => None,
    };
    if let Some(payment) = find_same(pool, new).await? {
        return replayed(pool, payment, customer).await;
    }
    if let Some(reason) = &reading.switches()?.payments_off {
        return Err(PaymentError::SwitchedOff(reason.clone()));
    }
    if queries::is_suspended(pool, new.account).await? {
        return Err(PaymentError::Suspended);
    }
    let Limits {
        breaker,
        rate_age_max,
    } = *limits;
    let now = clock(pool).await?;
    let since = now.saturating_sub(breaker.window).unwrap_or(Timestamp::MIN);
    let (declined, paid) = queries::recent_outcomes(pool, &new.name.tenant_id, since).await?;
    if breaker.trips(declined, paid) {
        count("billing_payments_paused_total", &new.provider, 1);
        tracing::warn!(
            tenant = new.name.tenant_id,
            declined,
            paid,
            "new payments of the tenant are paused: too many are declined"
        );
        return Err(PaymentError::Paused);
    }
    let id = PaymentId {
        account: new.account,
        number: Uuid::now_v7(),
    };
    let (minor, currency) = (new.amount_minor, new.currency);
    let terms = terms(pool, new.purpose, minor, currency, rate_age_max).await?;
    let inserted = match &new.gift {
        None => insert(pool, id, new, &terms, now).await?,
        Some(gift) => insert_gift(pool, id, new, gift, &terms, now).await?,
    };
    let payment = match inserted {
        Inserted::New(open_before) => {
            counted::begin(&new.provider);
            count("billing_payments_created_total", &new.provider, 1);
            let payment = queries::find_payment(pool, id).await?;
            return Ok(Created {
                payment: payment.ok_or(PaymentError::NotFound)?,
                replayed: false,
                customer,
                page_url: None,
                open_before,
            });
        }
        Inserted::Open(payment) => *payment,
        // Somebody was faster with the same key.
        Inserted::KeyTaken => find_same(pool, new).await?.ok_or(PaymentError::NotFound)?,
    };
    replayed(pool, payment, customer).await
}

/// What came of writing a payment down.
enum Inserted {
    /// It is new. These of the same person were open before.
    New(Vec<Payment>),
    KeyTaken,
    /// The same is open already, under another key.
    Open(Box<Payment>),
}

async fn insert(
    pool: &PgPool,
    id: PaymentId,
    new: &NewPayment,
    terms: &Terms,
    now: Timestamp,
) -> Result<Inserted, PaymentError> {
    let inserted = queries::insert_payment(pool, id, new, terms, now).await;
    if inserted.map_err(PaymentError::at_statement)? {
        Ok(Inserted::New(Vec::new()))
    } else {
        Ok(Inserted::KeyTaken)
    }
}

/// Behind the lock of who gives it: of two tabs, the second finds what the first began.
async fn insert_gift(
    pool: &PgPool,
    id: PaymentId,
    new: &NewPayment,
    gift: &NewGift,
    terms: &Terms,
    now: Timestamp,
) -> Result<Inserted, PaymentError> {
    let mut transaction = pool.begin().await?;
    sponsorship::open(
        &mut transaction,
        new.account,
        &new.name,
        gift.name.as_deref(),
    )
    .await?;
    if gift.monthly {
        refuse_second(&mut transaction, id).await?;
    }
    let mut open = queries::find_open_contributions(&mut transaction, new.account).await?;
    let begun = open.len();
    // Whose money is on its way is done with: whoever begins another one wants to give more.
    open.retain(|payment| !payment.processing);
    let mut same = None;
    for (place, payment) in open.iter().enumerate() {
        // Its giver may have changed its name's being shown since.
        if payment.content_hash == new.content_hash
            && sponsorship::stands_as(&mut transaction, payment.id, &new.name, &gift.terms).await?
        {
            same = Some(place);
            break;
        }
    }
    if let Some(place) = same {
        return Ok(Inserted::Open(Box::new(open.swap_remove(place))));
    }
    if begun >= OPEN_CONTRIBUTIONS {
        return Err(PaymentError::TooManyOpen {
            most: OPEN_CONTRIBUTIONS,
        });
    }
    if !queries::insert_payment(&mut *transaction, id, new, terms, now).await? {
        return Ok(Inserted::KeyTaken);
    }
    sponsorship::record(&mut transaction, id, &new.name, &gift.terms, now).await?;
    commit(transaction).await?;
    Ok(Inserted::New(open))
}

/// A person supports a tenant by one subscription at a time.
async fn refuse_second(conn: &mut PgConnection, first: PaymentId) -> Result<(), PaymentError> {
    match sponsorship::live_subscription(conn, first.account).await? {
        Some(live) if live != first => Err(PaymentError::SubscriptionExists {
            ulid: sponsorship::ulid_of(live),
        }),
        _ => Ok(()),
    }
}

async fn replayed(
    pool: &PgPool,
    payment: Payment,
    customer: Option<String>,
) -> Result<Created, PaymentError> {
    // The page of an earlier one may have been paid on meanwhile.
    if payment.subscription.is_some() && !payment.state.is_final() {
        refuse_second(&mut *pool.acquire().await?, payment.id).await?;
    }
    Ok(Created {
        page_url: queries::find_page_url(pool, payment.id).await?,
        open_before: others_open(pool, &payment).await?,
        payment,
        replayed: true,
        customer,
    })
}

/// Whoever began a contribution may have failed to end these: so whoever goes on with it is told of them too.
async fn others_open(pool: &PgPool, payment: &Payment) -> Result<Vec<Payment>, PaymentError> {
    if payment.purpose != Purpose::Contribution || payment.state.is_final() || payment.processing {
        return Ok(Vec::new());
    }
    let mut conn = pool.acquire().await?;
    let mut open = queries::find_open_contributions(&mut conn, payment.id.account).await?;
    open.retain(|other| other.id != payment.id && !other.processing);
    Ok(open)
}

/// What a payment of so much is credited with: by the newest rate, where one is needed.
pub(super) async fn terms(
    executor: impl PgExecutor<'_>,
    purpose: Purpose,
    amount_minor: i64,
    currency: Currency,
    age_max: Duration,
) -> Result<Terms, PaymentError> {
    let (rate, text) = match currency {
        Currency::Usd => (Rate::ONE, "1".to_owned()),
        Currency::Uah => {
            let newest = queries::newest_rate(executor, currency)
                .await?
                .filter(|newest| !newest.is_too_old(age_max))
                .ok_or(PaymentError::RateTooOld(currency.code()))?;
            let rate = Rate::parse(&newest.rate).ok_or(PaymentError::Row("exchange_rate.rate"))?;
            (rate, rate.inverse())
        }
    };
    let credit = rate
        .worth(amount_minor)
        .and_then(|worth| purpose.credit(worth))
        .ok_or(PaymentError::AmountOutOfRange)?;
    Ok(Terms { rate: text, credit })
}

async fn find_same(pool: &PgPool, new: &NewPayment) -> Result<Option<Payment>, PaymentError> {
    let Some(id) = queries::find_by_key(pool, new.account, &new.idempotency_key).await? else {
        return Ok(None);
    };
    let payment = queries::find_payment(pool, id)
        .await?
        .ok_or(PaymentError::NotFound)?;
    if payment.content_hash == new.content_hash {
        Ok(Some(payment))
    } else {
        Err(PaymentError::KeyReused)
    }
}

/// Notes what the provider calls a payment, and the account; answers with the account's customer.
pub async fn attach(
    pool: &PgPool,
    id: PaymentId,
    names: &Names,
) -> Result<(Payment, Option<String>), PaymentError> {
    let mut transaction = pool.begin().await?;
    let mut payment = queries::lock_payment(&mut transaction, id)
        .await?
        .ok_or(PaymentError::NotFound)?;
    if let Some(reference) = &names.reference {
        if !queries::insert_reference(&mut transaction, &payment, reference).await? {
            return Err(PaymentError::ReferenceTaken);
        }
        // The name that paid stays the one that is shown.
        if payment.state != State::Succeeded {
            payment.reference = Some(reference.to_owned());
        }
        let now = clock(&mut *transaction).await?;
        if payment.state == State::Created {
            payment.state = State::Pending;
        }
        queries::write_payment(&mut transaction, &payment, now).await?;
    }
    let is_own_account = payment.provider_account.is_empty();
    let keeps_customer = is_own_account && !payment.is_erased;
    if let Some(customer) = names.customer.as_deref().filter(|_| keeps_customer) {
        let lost = names.lost_customer.as_deref();
        queries::insert_customer(&mut transaction, &payment, customer, lost).await?;
    }
    if let Some(page_url) = &names.page_url {
        queries::write_page_url(&mut transaction, id, page_url).await?;
    }
    let (account, provider, livemode) = (id.account, &payment.provider, payment.livemode);
    let mut customer =
        queries::find_customer(&mut *transaction, account, provider, livemode).await?;
    customer.take_if(|_| !is_own_account);
    commit(transaction).await?;
    Ok((payment, customer))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Breaker;

    #[test]
    fn a_tenant_is_stopped_by_many_declines_that_outweigh_what_is_paid() {
        let breaker = Breaker {
            declines: 30,
            window: Duration::from_mins(10),
        };
        assert!(!breaker.trips(29, 0));
        assert!(breaker.trips(30, 0));
        assert!(breaker.trips(30, 15));
        assert!(!breaker.trips(30, 16));
        let never = Breaker {
            declines: 0,
            ..breaker
        };
        assert!(!never.trips(1_000_000, 0));
    }
}
