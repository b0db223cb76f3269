//! What `doctor` asks Stripe, and a webhook as Stripe would send it.

use axum::http::{HeaderMap, HeaderValue, header};
use billing_telemetry::doctor::{Finding, clock_reading, judge_clock};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;
use stripe_client_core::VERSION;

use super::client::Looked;
use super::pages::Pages;
use super::{Stripe, webhook};
use crate::providers::self_test::{SELF_TEST, SelfTest, Signer};

const SUBJECT: &str = "stripe";

/// What is read of each, and what the key must be allowed for that.
const READ: [(&str, &str); 7] = [
    ("payment_intents", "PaymentIntents (write)"),
    ("checkout/sessions", "Checkout Sessions (write)"),
    ("customers", "Customers (write)"),
    ("refunds", "Refunds (write)"),
    ("disputes", "Disputes (read)"),
    // Where something is given.
    ("subscriptions", "Subscriptions (write)"),
    ("invoices", "Invoices (read)"),
];

/// Without them money is missed until somebody asks.
const NEEDED_EVENTS: [&str; 8] = [
    "payment_intent.succeeded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
];
/// Of pages.
const NEEDED_OF_PAGES: [&str; 2] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
];
/// Of what is given monthly. Nothing else tells soon that a month was paid, or was not.
const NEEDED_OF_GIFTS: [&str; 4] = [
    "invoice.paid",
    "invoice.payment_failed",
    "customer.subscription.updated",
    "customer.subscription.deleted",
];
/// Without them a payment stands as it stood until it is asked about.
const WANTED_EVENTS: [&str; 3] = [
    "payment_intent.processing",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
];
const WANTED_OF_PAGES: [&str; 2] = [
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
];

/// What is paid on Stripe's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnPages {
    Nothing,
    TopUps,
    /// And perhaps top-ups.
    Gifts,
}

impl OnPages {
    fn of(pages: &Pages) -> Self {
        match (pages.is_used(), pages.contributions.is_some()) {
            (_, true) => Self::Gifts,
            (true, false) => Self::TopUps,
            (false, false) => Self::Nothing,
        }
    }

    fn needed(self) -> Vec<&'static str> {
        let all: [&[&str]; 3] = match self {
            Self::Nothing => [&NEEDED_EVENTS, &[], &[]],
            Self::TopUps => [&NEEDED_EVENTS, &NEEDED_OF_PAGES, &[]],
            Self::Gifts => [&NEEDED_EVENTS, &NEEDED_OF_PAGES, &NEEDED_OF_GIFTS],
        };
        all.concat()
    }

    fn wanted(self) -> Vec<&'static str> {
        let all: [&[&str]; 2] = match self {
            Self::Nothing => [&WANTED_EVENTS, &[]],
            Self::TopUps | Self::Gifts => [&WANTED_EVENTS, &WANTED_OF_PAGES],
        };
        all.concat()
    }
}

impl Stripe {
    pub(super) async fn looked_at(&self, webhooks: &[String]) -> Vec<Finding> {
        let mode = if self.livemode { "live" } else { "test" };
        let read = |number: usize| async move {
            let (path, permission) = READ.get(number).copied().unwrap_or_default();
            (permission, self.client.look(path, "limit=1").await)
        };
        let of_gifts = async {
            if OnPages::of(&self.pages) == OnPages::Gifts {
                let (subscriptions, invoices) = tokio::join!(read(5), read(6));
                vec![subscriptions, invoices]
            } else {
                Vec::new()
            }
        };
        let before = Timestamp::now();
        let (intents, sessions, customers, refunds, disputes, of_gifts, endpoints) = tokio::join!(
            read(0),
            read(1),
            read(2),
            read(3),
            read(4),
            of_gifts,
            self.client.look("webhook_endpoints", "limit=100"),
        );
        let after = Timestamp::now();
        let mut answers = vec![intents, sessions, customers, refunds, disputes];
        answers.extend(of_gifts);
        let mut findings = Vec::new();
        if let Some((_, Ok(looked))) = answers.first() {
            findings.extend(clock(before, looked, after));
        }
        let (of_key, works) = key(mode, &answers);
        findings.push(of_key);
        if works {
            findings.extend(self.endpoints(mode, &endpoints, webhooks));
        }
        findings
    }

    fn endpoints(
        &self,
        mode: &str,
        looked: &Result<Looked, String>,
        webhooks: &[String],
    ) -> Vec<Finding> {
        let list = match looked {
            Ok(looked) if looked.status == 200 && is_of_stripe(looked) => &looked.body,
            _ => {
                return vec![Finding::warn(
                    SUBJECT,
                    "webhook endpoints",
                    "the key may not read them, so whether Stripe sends to us was not looked at",
                    "let it read Webhook Endpoints, or look at Stripe's dashboard: address, events, status",
                )];
            }
        };
        if webhooks.is_empty() {
            return vec![Finding::warn(
                SUBJECT,
                "webhook endpoints",
                "without BACKEND_URL nobody knows which one is ours",
                "set BACKEND_URL to where this gateway is reached from outside",
            )];
        }
        judge_endpoints(list, mode, webhooks, OnPages::of(&self.pages))
    }

    /// One by each secret, and a forged one.
    pub(super) fn own_webhooks(&self, nonce: &str, now: Timestamp) -> Vec<SelfTest> {
        let body = body(nonce, now, self.livemode);
        let forger = SecretString::from(format!("whsec_forged_{nonce}"));
        let ours = self.webhook_secrets.iter().enumerate();
        let ours = ours.map(|(number, secret)| (Signer::Ours(number.saturating_add(1)), secret));
        ours.chain([(Signer::Forger, &forger)])
            .filter_map(|(signed_by, secret)| {
                let signature = webhook::header(secret, now, body.as_bytes())?;
                let mut headers = HeaderMap::new();
                let json = HeaderValue::from_static("application/json; charset=utf-8");
                headers.insert(header::CONTENT_TYPE, json);
                headers.insert(webhook::SIGNATURE, HeaderValue::try_from(signature).ok()?);
                Some(SelfTest {
                    headers,
                    body: body.clone().into_bytes(),
                    signed_by,
                })
            })
            .collect()
    }
}

/// Spaced, escaped and written as nobody would write it who reads JSON and writes it again.
fn body(nonce: &str, now: Timestamp, livemode: bool) -> String {
    format!(
        "{{\n  \"id\": \"evt_self_test_{nonce}\",\n  \"object\": \"event\",\n  \"type\": \"{SELF_TEST}\",\n  \
         \"created\": {},\n  \"livemode\": {livemode},\n  \"data\": {{\"object\":  {{\"note\": \
         \"\u{413} \\u0413 a\\/b\", \"number\": 1.0E2, \"nothing\": {{ }}}}}}\n}}",
        now.as_second()
    )
}

/// The Date of an answer tells whole seconds.
fn clock(before: Timestamp, looked: &Looked, after: Timestamp) -> Option<Finding> {
    let theirs = looked.date?;
    let second = SignedDuration::from_secs(1);
    let reading = clock_reading(before, theirs, after, second);
    Some(judge_clock("Stripe's clock", reading))
}

/// As Stripe answers: with a list, or with an error of its own. What is in front of it may answer else
/// where it is away.
fn is_of_stripe(looked: &Looked) -> bool {
    let body = &looked.body;
    match looked.status {
        200 => body["object"] == "list" && body["data"].is_array(),
        429 | 500.. => true,
        _ => body["error"].is_object(),
    }
}

/// With whether it works at all.
fn key(mode: &str, answers: &[(&str, Result<Looked, String>)]) -> (Finding, bool) {
    let looked_at = format!("the key of the {mode} mode");
    let mut lacking = Vec::new();
    for (permission, looked) in answers {
        let (wrong, to_do) = match looked {
            Ok(looked) if !is_of_stripe(looked) => (
                "what answers at STRIPE_API_URL is not Stripe".to_owned(),
                "unset STRIPE_API_URL, or see which proxy answers in the place of Stripe",
            ),
            Ok(looked) => match looked.status {
                200 => continue,
                403 => {
                    lacking.push(*permission);
                    continue;
                }
                401 => (
                    "Stripe does not know it".to_owned(),
                    "set STRIPE_SECRET_KEY to one that was not revoked",
                ),
                status => (
                    format!("Stripe answered {status}"),
                    "see https://status.stripe.com, and run this again",
                ),
            },
            Err(error) => (error.clone(), "let this machine reach STRIPE_API_URL"),
        };
        return (Finding::mend(SUBJECT, looked_at, wrong, to_do), false);
    }
    if lacking.is_empty() {
        let looked_at = format!("{looked_at} reads all that is needed; to write was not tried");
        return (Finding::ok(SUBJECT, looked_at), true);
    }
    let wrong = format!("it is not allowed: {}", lacking.join(", "));
    let to_do = "allow that in Stripe's dashboard, under API keys";
    (Finding::mend(SUBJECT, looked_at, wrong, to_do), true)
}

/// Of the endpoints that Stripe has, those at our `webhooks`.
fn judge_endpoints(list: &Value, mode: &str, webhooks: &[String], pages: OnPages) -> Vec<Finding> {
    let all = list["data"].as_array().map_or(&[][..], Vec::as_slice);
    let ours: Vec<&Value> = all
        .iter()
        .filter(|endpoint| {
            let url = endpoint["url"].as_str().unwrap_or_default();
            webhooks.iter().any(|ours| ours == url)
        })
        .collect();
    let shown = webhooks.first().map_or("", String::as_str);
    let enabled = |endpoint: &&&Value| endpoint["status"] == "enabled";
    if ours.is_empty() {
        let wrong = format!("Stripe's {mode} mode has no webhook endpoint for it");
        let to_do = "add one in Stripe's dashboard, and set STRIPE_WEBHOOK_SECRET to its secret";
        return vec![Finding::mend(SUBJECT, shown, wrong, to_do)];
    }
    let enabled: Vec<&Value> = ours.iter().filter(enabled).copied().collect();
    if enabled.is_empty() {
        let wrong = "its webhook endpoint is disabled: nothing is sent";
        let to_do = "enable it in Stripe's dashboard, then `billing-gateway reconcile --since` what was missed";
        return vec![Finding::mend(SUBJECT, shown, wrong, to_do)];
    }
    let mut findings = vec![events(&enabled, shown, pages)];
    if enabled.len() > 1 {
        findings.push(Finding::warn(
            SUBJECT,
            shown,
            "several endpoints send to it: each event comes as often, and is booked once",
            "keep one, unless one replaces the other",
        ));
    }
    findings
}

fn events(enabled: &[&Value], shown: &str, pages: OnPages) -> Finding {
    let sends = |event: &&&str| {
        enabled.iter().any(|endpoint| {
            let events = endpoint["enabled_events"].as_array();
            events.is_some_and(|events| events.iter().any(|sent| sent == "*" || sent == **event))
        })
    };
    let missing = |events: &[&'static str]| {
        let missing = events.iter().filter(|event| !sends(event));
        missing.copied().collect::<Vec<&str>>().join(", ")
    };
    let (needed, wanted) = (missing(&pages.needed()), missing(&pages.wanted()));
    let to_do = match pages {
        OnPages::Gifts => {
            "let the endpoint send payment_intent.*, checkout.session.*, customer.subscription.*, invoice.*, \
             refund.*, charge.dispute.*"
        }
        OnPages::Nothing | OnPages::TopUps => {
            "let the endpoint send payment_intent.*, checkout.session.*, refund.*, charge.dispute.*"
        }
    };
    if !needed.is_empty() {
        return Finding::mend(
            SUBJECT,
            shown,
            format!("Stripe does not send {needed}"),
            to_do,
        );
    }
    if !wanted.is_empty() {
        return Finding::warn(
            SUBJECT,
            shown,
            format!("Stripe does not send {wanted}"),
            to_do,
        );
    }
    let versions: Vec<&str> = enabled
        .iter()
        .map(|endpoint| endpoint["api_version"].as_str().unwrap_or("the account's"))
        .collect();
    let looked_at = format!(
        "Stripe sends all that is needed to {shown}, in version {} (ours is {})",
        versions.join(", "),
        VERSION.as_str()
    );
    Finding::ok(SUBJECT, looked_at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OURS: &str = "https://pay.example.com/webhooks/stripe";

    fn judged(url: &str, status: &str, events: &[&str], pages: OnPages) -> Finding {
        let list = json!({"data": [{"url": "https://other.example.com", "status": "enabled",
                "enabled_events": ["*"]},
            {"url": url, "status": status, "enabled_events": events, "api_version": null}]});
        judge_endpoints(&list, "test", &[OURS.to_owned()], pages).remove(0)
    }

    #[test]
    fn the_endpoint_sends_what_moves_money() {
        use OnPages::{Gifts, Nothing, TopUps};
        let of_intents = [&NEEDED_EVENTS[..], &WANTED_EVENTS[..]].concat();
        let with_pages = [&of_intents[..], &NEEDED_OF_PAGES, &WANTED_OF_PAGES].concat();
        for (events, pages, level, says) in [
            (&["*"][..], Gifts, "ok", "all that is needed"),
            (&of_intents, Nothing, "ok", "all that is needed"),
            (&of_intents, TopUps, "mend", "checkout.session.completed"),
            (&with_pages, TopUps, "ok", "all that is needed"),
            (&with_pages, Gifts, "mend", "does not send invoice.paid"),
            (&NEEDED_EVENTS, Nothing, "warn", "payment_intent.canceled"),
            (&["charge.refunded"], Nothing, "mend", "refund.created"),
        ] {
            let found = judged(OURS, "enabled", events, pages);
            assert_eq!(found.verdict.level(), level, "{found:?}");
            assert!(format!("{found:?}").contains(says), "{found:?}");
        }
    }

    #[test]
    fn the_endpoint_is_at_our_address_and_enabled() {
        for (url, status, says) in [
            (OURS, "disabled", "disabled"),
            (
                "https://pay.example.com/webhook",
                "enabled",
                "no webhook endpoint",
            ),
        ] {
            let found = judged(url, status, &["*"], OnPages::Gifts);
            assert_eq!(found.verdict.level(), "mend", "{found:?}");
            assert!(format!("{found:?}").contains(says), "{found:?}");
        }
    }

    #[test]
    fn a_key_that_may_not_all_is_told_from_one_that_is_none() {
        let answered = |status: u16| {
            let date = None;
            let body = match status {
                200 => json!({"object": "list", "data": []}),
                500 => Value::Null,
                _ => json!({"error": {"type": "invalid_request_error"}}),
            };
            Ok(Looked { status, date, body })
        };
        for (status, level, says, works) in [
            (200, "ok", "test mode", true),
            (403, "mend", "Refunds (write)", true),
            (401, "mend", "does not know", false),
            (500, "mend", "500", false),
        ] {
            let answers = [
                ("Customers (write)", answered(200)),
                ("Refunds (write)", answered(status)),
            ];
            let (found, does) = key("test", &answers);
            assert_eq!((found.verdict.level(), does), (level, works), "{found:?}");
            assert!(format!("{found:?}").contains(says), "{found:?}");
        }
    }
}
