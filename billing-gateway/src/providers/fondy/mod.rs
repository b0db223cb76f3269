//! Fondy, and whoever speaks its protocol: orders that are paid on its own page.
//!
//! An order is called what we call the payment. A callback carries neither time nor nonce, so that it
//! could come again for ever: before money moves, Fondy is asked whether it is so.

mod claim;
mod client;
mod doctor;
mod events;
mod message;
mod settings;
mod signature;
mod statuses;
#[cfg(test)]
mod tests;

pub(super) use settings::{Config, Settings};

use async_trait::async_trait;
use axum::http::HeaderMap;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{Payment, PaymentPurpose};
use billing_telemetry::doctor::Finding;
use jiff::Timestamp;
use reqwest::Url;
use secrecy::SecretString;

use self::claim::Claim;
use self::client::{Call, Client, DUPLICATE_ORDER, UNKNOWN_ORDER};
use self::events::{Merchant, unconfirmed};
use self::message::{Fields, Received};
use self::settings::Back;
use self::statuses::Statuses;
use super::self_test::{SELF_TEST, SelfTest};
use super::{
    BrowserMembers, Event, HostedPages, Opened, Order, Provider, ProviderError, RefundOrder,
    Refunds, WebhookRefusal,
};
use crate::config_check::guarded_url;
use crate::currency::{Currency, UAH};
use crate::payment_id::is_payment_id;

/// 10 hryvnias.
const LEAST_MINOR: i64 = 1_000;

/// How long an order may be paid, and be declined and paid after all.
const LIFETIME_SECS: &str = "86400";

const PROTOCOL: &str = "fondy";

const PAYMENT_URL: &str = "paymentUrl";
const ORDER_ID: &str = "orderId";

pub(super) const BROWSER_MEMBERS: &[(&str, &str)] = &[
    (PAYMENT_URL, "Fondy: the page where it is paid."),
    (ORDER_ID, "Fondy: what Fondy calls the payment."),
];

const CHECKOUT: Call = Call {
    name: "create_payment",
    path: &["checkout", "url"],
};
const STATUS: Call = Call {
    name: "retrieve_payment",
    path: &["status", "order_id"],
};
const REVERSE: Call = Call {
    name: "create_refund",
    path: &["reverse", "order_id"],
};

#[derive(Debug)]
pub(super) struct Fondy {
    name: &'static str,
    client: Client,
    merchant: Merchant,
    secret_key: SecretString,
    callback_url: Url,
    back: Option<Back>,
    statuses: Statuses,
}

pub(super) fn open(config: &Config) -> Result<Fondy, reqwest::Error> {
    Ok(Fondy {
        name: config.name,
        client: Client::new(config)?,
        merchant: Merchant {
            id: config.merchant_id,
            livemode: config.livemode(),
        },
        secret_key: config.secret_key.clone(),
        callback_url: config.callback_url.clone(),
        back: config.back.clone(),
        statuses: Statuses::new(),
    })
}

#[async_trait]
impl Provider for Fondy {
    fn name(&self) -> &'static str {
        self.name
    }

    fn protocol(&self) -> &'static str {
        PROTOCOL
    }

    fn livemode(&self) -> bool {
        self.merchant.livemode
    }

    fn currency(&self) -> Currency {
        UAH
    }

    fn least_minor(&self) -> i64 {
        LEAST_MINOR
    }

    fn is_reference(&self, text: &str) -> bool {
        is_payment_id(text)
    }

    fn hosted_pages(&self, _purpose: PaymentPurpose) -> Option<&dyn HostedPages> {
        Some(self)
    }

    fn refunds(&self) -> &dyn Refunds {
        self
    }

    fn known(&self, reference: &str, page_url: Option<&str>) -> BrowserMembers {
        [
            (PAYMENT_URL, page_url.unwrap_or_default()),
            (ORDER_ID, reference),
        ]
        .map(|(name, text)| (name, text.to_owned()))
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .collect()
    }

    async fn retrieve(&self, reference: &str) -> Result<Vec<Event>, ProviderError> {
        let fields = self.status(reference).await?;
        Ok(self.merchant.of_status(&fields))
    }

    fn read_webhook(
        &self,
        _headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Event, WebhookRefusal> {
        let fields = Received::read(body)?.verified(&self.secret_key)?;
        let mut event = self.merchant.of_callback(&fields, body, now);
        if doctor::is_self_test(&fields, now)? {
            SELF_TEST.clone_into(&mut event.r#type);
        }
        Ok(event)
    }

    fn self_tests(&self, nonce: &str, now: Timestamp) -> Vec<SelfTest> {
        self.own_webhooks(nonce, now)
    }

    async fn look(&self, _webhooks: &[String]) -> Vec<Finding> {
        vec![self.looked_at().await]
    }

    fn read_event(&self, body: &[u8], received_at: Timestamp) -> Event {
        self.merchant.read(body, received_at)
    }

    async fn confirm(&self, event: Event) -> Result<Vec<Event>, ProviderError> {
        let Some(claim) = Claim::of(&event) else {
            return Ok(vec![event]);
        };
        let fields = match self.status(&event.reference).await {
            Ok(fields) => fields,
            Err(ProviderError::Refused { code, .. }) if code == UNKNOWN_ORDER => {
                return Ok(vec![unconfirmed(
                    event,
                    "its order is not known".to_owned(),
                )]);
            }
            Err(error) => return Err(error),
        };
        let mut said = self.merchant.of_status(&fields);
        if !claim.is_confirmed_by(&said) {
            let texts = ["order_status", "amount", "currency", "reversal_amount"];
            let texts = texts.map(|name| fields.text(name)).join(" ");
            return Ok(vec![unconfirmed(event, format!("asked, it says {texts}"))]);
        }
        if let Claim::Paid { .. } = claim {
            return Ok(vec![event]);
        }
        // What was given back was paid before, and its callback may still be on its way.
        said.truncate(1);
        said.push(event);
        Ok(said)
    }
}

/// An order that nobody pays expires by itself; where it is paid is told once, to whoever makes it.
#[async_trait]
impl HostedPages for Fondy {
    async fn create(&self, order: &Order<'_>, _customer: &str) -> Result<Opened, ProviderError> {
        let payment = order.payment;
        let order_id = payment.payment_id.as_str();
        let mut fields = vec![
            ("order_id", order_id.to_owned()),
            ("order_desc", order.page.product.to_owned()),
            ("amount", payment.amount_minor.to_string()),
            ("currency", payment.currency.clone()),
            ("lifetime", LIFETIME_SECS.to_owned()),
            ("server_callback_url", self.callback_url.to_string()),
        ];
        let back = match order.page.back {
            Some(pages) => Some(pages.paid(order_id)),
            None => self.back.as_ref().map(|back| back.of(order_id)),
        };
        fields.extend(back.map(|url| ("response_url", url.into())));
        if let Some(email) = order.receipt_email {
            fields.push(("sender_email", email.to_owned()));
        }
        let answer = self.client.send(CHECKOUT, fields.into_iter().collect());
        let answer = answer.await.map_err(|error| match error {
            // Where its page is was in an answer that was lost, or went to another request.
            ProviderError::Refused { code, .. } if code == DUPLICATE_ORDER => ProviderError::Begun,
            error => error,
        })?;
        let url = guarded_url(answer.text("checkout_url"))
            .ok_or_else(|| ProviderError::Away("its answer has no page".into()))?;
        Ok(Opened {
            reference: order_id.to_owned(),
            browser: self.known(order_id, Some(url.as_str())),
            page_url: Some(url.into()),
        })
    }

    async fn find(
        &self,
        payment: &Payment,
        _customer: &str,
    ) -> Result<Option<Opened>, ProviderError> {
        let order_id = payment.payment_id.as_str();
        match self.status(order_id).await {
            Ok(_) => Ok(Some(Opened {
                reference: order_id.to_owned(),
                browser: self.known(order_id, None),
                page_url: None,
            })),
            Err(ProviderError::Refused { code, .. }) if code == UNKNOWN_ORDER => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// It cannot be asked for.
    async fn expire(&self, reference: &str) -> Result<Vec<Event>, ProviderError> {
        self.retrieve(reference).await
    }
}

/// What a bank takes back is a reversal too: Fondy has no disputes.
#[async_trait]
impl Refunds for Fondy {
    async fn refund(&self, order: &RefundOrder<'_>) -> Result<Event, ProviderError> {
        let asked = Fields::from_iter([
            ("order_id", order.reference.to_owned()),
            ("amount", order.amount_minor.to_string()),
            ("currency", UAH.code.to_owned()),
            ("reverse_id", order.refund_id.to_owned()),
        ]);
        let comment = [("comment", "refund")];
        let request = asked.iter().chain(comment).collect();
        let answer = self.client.ask(REVERSE, request).await?;
        // Fondy's documents spell it in two ways.
        let status = ["reverse_status", "revers_status"].map(|name| answer.text(name));
        let status = status.into_iter().find(|text| !text.is_empty());
        let status =
            status.ok_or_else(|| ProviderError::Away("its answer has no status".into()))?;
        if status == "declined" {
            let code = answer.text("response_code").to_owned();
            return Err(ProviderError::Refused {
                detail: format!("reversal declined, code {code}"),
                code,
            });
        }
        let said = asked.iter().chain([("reverse_status", status)]).collect();
        Ok(self.merchant.of_refund(&said))
    }

    /// Fondy tells the sum of all reversals, and no single ones.
    async fn list_refunds(&self, reference: &str) -> Result<Vec<Event>, ProviderError> {
        let fields = self.status(reference).await?;
        let is_sum = |event: &Event| matches!(event.report, Some(Report::GivenBack(_)));
        let events = self.merchant.of_status(&fields).into_iter();
        Ok(events.filter(is_sum).collect())
    }
}

impl Fondy {
    /// As it stands now, or a moment ago and after this was asked.
    async fn status(&self, order_id: &str) -> Result<Fields, ProviderError> {
        let ask = async || {
            let request = Fields::from_iter([("order_id", order_id)]);
            let answer = self.client.ask(STATUS, request).await?;
            let is_it = answer.text("order_id") == order_id && self.merchant.is_of(&answer);
            is_it
                .then_some(answer)
                .ok_or_else(|| ProviderError::Away("its answer is about another order".into()))
        };
        self.statuses.of(order_id, ask).await
    }
}
