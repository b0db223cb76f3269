//! What must hold for any bytes that somebody sends: a function for each kind of input, which panics
//! where it does not hold. `fuzz/` looks for such bytes, and the tests below try some each time.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a property that does not hold ends here, under a fuzzer or in a test"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use billing_proto::contact;
use billing_proto::v1::apply_provider_event_request::Report;
use clap::{Args, FromArgMatches};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use serde_json::Value;
use serde_json::value::RawValue;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use tokio::runtime::{Builder, Runtime};

use crate::auth::{Caller, Refusal, Verifier};
use crate::config::{Config, Settings};
use crate::json_object::{AmountMember, JsonObject};
use crate::providers::{Event, Provider, Providers};
use crate::usd::Usd;
use crate::wire::unmarked;

const JWT_SECRET: &str = "a secret of the fuzzer, of 32 bytes or more";
const STRIPE_SECRET: &str = "whsec_of_the_fuzzer";
const FONDY_SECRET: &str = "secret-of-the-fuzzer";
const MICROS_MAX: i64 = 1_000_000_000_000_000;

/// What reads the inputs: as it is put together from settings in production.
struct Stage {
    providers: Providers,
    verifier: Verifier,
    runtime: Runtime,
}

fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        // Only the first of the process succeeds in this.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let command = Settings::augment_args(clap::Command::new("gateway"));
        let given = [
            "gateway",
            "--core-token=unused",
            "--default-tenant=demo",
            "--jwt-secret",
            JWT_SECRET,
            "--jwt-email-claim=email",
            "--jwt-name-claim=name",
            "--stripe-secret-key=sk_test_of_the_fuzzer",
            "--stripe-webhook-secret",
            STRIPE_SECRET,
            "--fondy-merchant-id=1396424",
            "--fondy-secret-key",
            FONDY_SECRET,
            "--backend-url=https://billing.example.com",
            "--rate-source=static:40",
        ];
        let matches = command.try_get_matches_from(given).unwrap();
        let config = Config::try_from(Settings::from_arg_matches(&matches).unwrap()).unwrap();
        Stage {
            providers: Providers::new(&config.providers).unwrap(),
            verifier: Verifier::new(&config.jwt).unwrap(),
            runtime: Builder::new_current_thread().build().unwrap(),
        }
    })
}

fn provider(name: &str) -> &'static Arc<dyn Provider> {
    stage().providers.find(name).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_763_700_000).unwrap()
}

/// A webhook of any provider is read without a panic, the same each time, and as the core takes it; it is
/// believed only where it is signed.
pub fn webhook(body: &[u8]) {
    for provider in stage().providers.iter() {
        let event = provider.read_event(body, now());
        assert_eq!(event, provider.read_event(body, now()));
        fits_the_contract(provider.name(), event);
        let unsigned = provider.read_webhook(&HeaderMap::new(), body, now());
        assert!(unsigned.is_err(), "{unsigned:?}");
    }
    let stripe = provider("stripe");
    let time = now().as_second();
    let mut signed = Hmac::<Sha256>::new_from_slice(STRIPE_SECRET.as_bytes()).unwrap();
    signed.update(format!("{time}.").as_bytes());
    signed.update(body);
    let signature = format!("t={time},v1={}", hex(&signed.finalize().into_bytes()));
    let headers = |signature: &str| {
        let signature = signature.parse().unwrap();
        HeaderMap::from_iter([("stripe-signature".parse().unwrap(), signature)])
    };
    let event = stripe.read_webhook(&headers(&signature), body, now());
    assert_eq!(event, Ok(stripe.read_event(body, now())), "authentic");
    // The body as text may be a header's value, too.
    if let Ok(text) = str::from_utf8(body)
        && text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        assert!(stripe.read_webhook(&headers(text), body, now()).is_err());
    }
}

fn fits_the_contract(provider: &str, event: Event) {
    let request = event.into_request(provider);
    assert!((1..=255).contains(&request.event_id.len()));
    assert!(request.event_type.len() <= 128);
    assert!(request.provider_reference.len() <= 255);
    assert!(request.payment_id.len() <= 80);
    match request.report {
        Some(Report::Payment(payment)) => assert!(payment.amount_minor >= 0),
        Some(Report::Refund(refund)) => assert!(refund.amount_minor > 0),
        Some(Report::Dispute(dispute)) => assert!(dispute.amount_minor >= 0),
        Some(Report::GivenBack(given_back)) => assert!(given_back.total_minor > 0),
        Some(Report::Subscription(subscription)) => assert!(subscription.amount_minor > 0),
        Some(Report::Unreadable(why) | Report::Unconfirmed(why)) => assert!(why.len() <= 255),
        None => {}
    }
}

/// A form of Fondy's is believed where it is signed over what we read of it, and only there.
pub fn fondy_form(body: &[u8]) {
    let fondy = provider("fondy");
    // Before a form the mark is part of no name.
    let form = unmarked(body);
    let is_json = form.trim_ascii_start().first() == Some(&b'{');
    if is_json {
        return;
    }
    let fields: BTreeMap<String, String> = form_urlencoded::parse(form).into_owned().collect();
    let text = |name: &str| fields.get(name).map_or("", String::as_str);
    let mut signed = Sha1::new_with_prefix(FONDY_SECRET);
    if text("version").starts_with("2.") && !text("data").is_empty() {
        signed.update(b"|");
        signed.update(text("data"));
    } else {
        let apart = ["signature", "response_signature_string"];
        for (name, value) in &fields {
            if !value.is_empty() && !apart.contains(&name.as_str()) {
                signed.update(b"|");
                signed.update(value);
            }
        }
    }
    let with = |signature: &str| [body, b"&signature=", signature.as_bytes()].concat();
    let signature = hex(&signed.finalize());
    let believed = fondy.read_webhook(&HeaderMap::new(), &with(&signature), now());
    fits_the_contract("fondy", believed.unwrap());
    for wrong in [
        "",
        "0",
        &signature.to_uppercase().replace(char::is_numeric, "0"),
    ] {
        let refused = fondy.read_webhook(&HeaderMap::new(), &with(wrong), now());
        assert!(refused.is_err(), "{refused:?}");
    }
}

/// A body is an object or refused, and its members are what they are, within the bounds of the contract.
pub fn json_body(body: &[u8]) {
    let read = serde_json::from_slice::<JsonObject>(body);
    match (serde_json::from_slice::<Value>(body), &read) {
        (Ok(Value::Object(_)), Err(error)) => {
            assert!(error.to_string().contains("given twice"), "{error}");
        }
        (Ok(Value::Object(_)) | Err(_), _) => {}
        (Ok(other), _) => assert!(read.is_err(), "{other}"),
    }
    let Ok(members) = read else { return };
    for field in ["amount_usd", "daily_limit_usd"] {
        if let Ok(AmountMember::Amount(amount)) = members.amount(field) {
            assert!((0..=MICROS_MAX).contains(&amount.micros()));
        }
    }
    let _ = members.boolean("mail_payments");
    if let Ok(Some(text)) = members.text("receipt_email")
        && let Some(address) = contact::address(&text)
    {
        assert_eq!(contact::address(&address), Some(address));
    }
}

/// A text that is an amount is that amount, to the last digit, also when it is written again.
pub fn money_text(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    let Ok(amount) = Usd::parse(text) else {
        return;
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{}{fraction:0<6}", whole.trim_start_matches('-'));
    let size: i128 = digits.parse().unwrap();
    let expected = if text.starts_with('-') { -size } else { size };
    assert_eq!(i128::from(amount.micros()), expected);
    let written = serde_json::to_string(&amount).unwrap();
    assert_eq!(Usd::parse(&written), Ok(amount), "{written}");
}

/// Nothing is a token but what is signed; of any claims that are, the caller has names that accounts may
/// have, and an address that mail can be sent to, or none.
pub fn jwt(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    assert!(verified(text).is_err());
    let ends = get_current_timestamp() + 60;
    let dated = text
        .strip_prefix('{')
        .map(|rest| format!("{{\"exp\":{ends},{rest}"));
    // Signed as they are written, with whatever a reader of claims may stumble over.
    for claims in [Some(text.to_owned()), dated].into_iter().flatten() {
        if let Ok(claims) = RawValue::from_string(claims) {
            signed_claims_name_an_account_or_nobody(&claims);
        }
    }
}

fn signed_claims_name_an_account_or_nobody(claims: &RawValue) {
    let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
    let token = encode(&Header::default(), &claims, &key).unwrap();
    let Ok(caller) = verified(&token) else {
        return;
    };
    assert!((1..=255).contains(&caller.user_id().len()) && !caller.user_id().contains('\0'));
    assert_eq!(caller.tenant_id(), "demo");
    let reached = caller.contact().unwrap();
    for (text, parsed) in [
        (&reached.email, contact::address(&reached.email)),
        (&reached.name, contact::name(&reached.name)),
    ] {
        assert!(text.is_empty() || parsed.as_ref() == Some(text), "{text}");
    }
}

fn verified(token: &str) -> Result<Caller, Refusal> {
    let network = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let stage = stage();
    stage
        .runtime
        .block_on(stage.verifier.verify(token, network))
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(64);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::test_runner::TestRunner;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus");

    fn corpus(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(FOLDER).join(name);
        let files = std::fs::read_dir(folder).unwrap();
        let inputs = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        inputs.collect()
    }

    /// An input of the corpus, changed in a few places, or cut; or any bytes.
    fn near(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
        let edits = vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
        let changed = (
            select(corpus),
            edits,
            any::<prop::sample::Index>(),
            any::<bool>(),
        );
        let changed = changed.prop_map(|(mut input, edits, end, is_cut)| {
            for (place, byte) in edits {
                if let Some(place) = (!input.is_empty()).then(|| place.index(input.len())) {
                    input[place] = byte;
                }
            }
            if is_cut {
                input.truncate(end.index(input.len() + 1));
            }
            input
        });
        prop_oneof![3 => changed, 1 => vec(any::<u8>(), 0..64)]
    }

    fn holds(name: &str, property: fn(&[u8])) {
        let corpus = corpus(name);
        assert!(!corpus.is_empty());
        for input in &corpus {
            property(input);
        }
        TestRunner::default()
            .run(&near(corpus), |input| {
                property(&input);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn any_webhook_is_read_as_the_core_takes_it_and_believed_only_where_it_is_signed() {
        holds("webhook", super::webhook);
    }

    #[test]
    fn any_form_of_fondy_is_believed_exactly_where_it_is_signed() {
        holds("fondy_form", super::fondy_form);
    }

    #[test]
    fn any_body_is_an_object_within_the_contract_or_refused() {
        holds("json_body", super::json_body);
    }

    #[test]
    fn any_text_is_an_amount_to_the_last_digit_or_refused() {
        holds("money_text", super::money_text);
    }

    #[test]
    fn nothing_is_a_token_but_what_is_signed_and_any_claims_name_an_account_or_nobody() {
        holds("jwt", super::jwt);
    }
}
