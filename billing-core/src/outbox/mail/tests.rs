//! Every mail in both languages, as it leaves. `INSTA_UPDATE=always` writes the snapshots anew.

use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::letter::Letter;
use super::render::{Occasion, Press, Rendered, html};
use super::words::Language;

const FRONTEND: &str = "https://billing.example.com/";
const UNSUBSCRIBE: &str = "https://api.example.com/api/billing/unsubscribe/AbC-_9";

fn press() -> Press {
    Press::new("Example Platform", Some(FRONTEND)).unwrap()
}

fn at() -> Timestamp {
    "2026-11-21T08:05:59Z".parse().unwrap()
}

/// A payment of 1,250 UAH; what it moved in USD is told by the entry.
fn booked(entry_kind: &str, booked_micros: i64, balance_micros: i64) -> Value {
    json!({
        "amount_minor": 125_000, "currency": "UAH", "entry_kind": entry_kind,
        "booked_micros": booked_micros, "balance_micros": balance_micros,
    })
}

/// What is told of a contribution of 25 dollars: what moved, the total after it, and the badges before and after.
fn gift(cause: &str, moved: i64, total: i64, badges: [Option<&str>; 2]) -> Value {
    let next = [
        ("bronze", 2_500),
        ("silver", 10_000),
        ("gold", 50_000),
        ("platinum", 200_000),
    ];
    let next = next.into_iter().find(|(_, begins)| total < *begins);
    json!({
        "currency": "USD", "ulid": "01KAJ5V7QXG3ZC4T9M8W2Y6R0N", "paid_at": "2026-11-20T22:31:00Z",
        "paid_minor": 2_500, "cause": cause, "moved_minor": moved, "total_minor": total,
        "badge_before": badges[0], "badge": badges[1], "next_badge": next.map(|(badge, _)| badge),
        "missing_minor": next.map(|(_, begins)| begins - total),
    })
}

fn contributions() -> Vec<(&'static str, &'static str, Value)> {
    let [none, bronze, silver, gold, platinum] = [
        None,
        Some("bronze"),
        Some("silver"),
        Some("gold"),
        Some("platinum"),
    ];
    // Of a tenant that asks for more.
    let mut below_badges = gift("dispute", 2_500, 2_500, [none, none]);
    below_badges["next_badge"] = json!("bronze");
    below_badges["missing_minor"] = json!(1_050);
    let failed = json!({
        "amount_minor": 2_500, "currency": "USD", "ulid": "01KAJ5V7QXG3ZC4T9M8W2Y6R0N",
    });
    let received = "contribution_received";
    let given = |total, badges| gift("dispute", 2_500, total, badges);
    let refunded = |moved, total, badges| gift("refund", moved, total, badges);
    let disputed = |moved, total, badges| gift("dispute", moved, total, badges);
    vec![
        ("given_first", received, given(2_500, [none, bronze])),
        ("given_more", received, given(7_500, [bronze, bronze])),
        ("given_below_badges", received, below_badges),
        ("given_highest", received, given(201_050, [gold, platinum])),
        ("given_failed", "contribution_failed", failed),
        (
            "given_back",
            "contribution_refunded",
            refunded(-2_500, 0, [bronze, none]),
        ),
        (
            "given_back_partly",
            "contribution_refunded",
            refunded(-1_050, 9_000, [silver, bronze]),
        ),
        (
            "given_disputed",
            "contribution_disputed",
            disputed(-2_500, 7_500, [silver, bronze]),
        ),
        (
            "given_disputed_partly",
            "contribution_disputed",
            disputed(-1_000, 12_000, [silver, silver]),
        ),
        (
            "given_again",
            "contribution_restored",
            disputed(2_500, 10_000, [bronze, silver]),
        ),
        (
            "given_again_partly",
            "contribution_restored",
            refunded(1_050, 7_550, [bronze, bronze]),
        ),
    ]
}

fn mails() -> Vec<(&'static str, &'static str, Value)> {
    let mut mails = of_accounts();
    mails.extend(contributions());
    mails.extend(subscriptions());
    mails
}

fn subscriptions() -> Vec<(&'static str, &'static str, Value)> {
    let support = |status_before: &str| {
        json!({
            "amount_minor": 1_000, "currency": "USD", "subscription_id": "01KAJ5V7QXG3ZC4T9M8W2Y6R0N",
            "status_before": status_before,
        })
    };
    let ended = "subscription_ended";
    vec![
        (
            "monthly_past_due",
            "subscription_past_due",
            support("active"),
        ),
        ("monthly_ended", ended, support("active")),
        ("monthly_ended_unpaid", ended, support("past_due")),
    ]
}

fn of_accounts() -> Vec<(&'static str, &'static str, Value)> {
    let in_usd = json!({
        "amount_minor": 1_050, "currency": "USD", "entry_kind": "top_up",
        "booked_micros": 10_500_000, "balance_micros": 12_340_000,
    });
    let arrived = |received_minor: i64, booked_micros: i64| {
        json!({
            "amount_minor": 1_050, "received_minor": received_minor, "currency": "USD",
            "entry_kind": "top_up", "booked_micros": booked_micros, "balance_micros": 12_340_000,
        })
    };
    let failed = json!({ "amount_minor": 1_050, "currency": "USD" });
    let low = |settled_micros: i64| json!({ "settled_micros": settled_micros, "threshold_micros": 2_000_000 });
    vec![
        ("received", "payment_received", in_usd),
        (
            "received_in_uah",
            "payment_received",
            booked("top_up", 30_120_000, 1_030_120_000),
        ),
        ("received_less", "payment_received", arrived(600, 6_000_000)),
        (
            "received_more",
            "payment_received",
            arrived(1_500, 10_500_000),
        ),
        ("failed", "payment_failed", failed),
        (
            "refunded",
            "payment_reversed",
            booked("payment_reversal", -30_120_000, 4_000_000),
        ),
        (
            "disputed",
            "payment_reversed",
            booked("dispute", -30_120_000, -5_000_000),
        ),
        (
            "restored",
            "payment_reversal_undone",
            booked("dispute_won", 30_120_000, 25_120_000),
        ),
        ("low_balance", "low_balance", low(850_000)),
        ("balance_gone", "low_balance", low(-20_000)),
        (
            "endpoint_disabled",
            "endpoint_disabled",
            endpoint("failing"),
        ),
        ("endpoint_gone", "endpoint_disabled", endpoint("gone")),
        ("test", "test", json!({})),
    ]
}

fn endpoint(why: &str) -> Value {
    json!({
        "endpoint_id": "019ac8d2-6a1e-7c11-9f0e-3f6f0a0b0c0d", "place": "hooks.example.org/billing", "why": why,
        "since": "2026-11-18T07:12:00Z", "error": "answered 503",
    })
}

fn render(press: &Press, kind: &str, payload: &Value, language: Language, name: &str) -> Rendered {
    let letter = Letter::read(kind, payload).unwrap();
    let to = Occasion {
        language,
        name,
        at: at(),
        unsubscribe: letter.subscription().map(|_| UNSUBSCRIBE),
    };
    let mail = press.render(&letter, &to).unwrap();
    assert_eq!(mail.warnings, [""; 0], "the renderer leaves something out");
    mail
}

fn names(language: Language) -> &'static str {
    match language {
        Language::English => "Olena Koval",
        Language::Ukrainian => "Олена Коваль",
    }
}

#[test]
fn every_mail_reads_as_it_was_read_by_its_authors() {
    let press = press();
    for language in [Language::English, Language::Ukrainian] {
        for (name, kind, payload) in mails() {
            let mail = render(&press, kind, &payload, language, names(language));
            let name = format!("{}_{name}", language.code());
            let text = format!("Subject: {}\n\n{}", mail.subject, mail.text);
            assert_snapshot!(format!("{name}_text"), text);
            assert_snapshot!(format!("{name}_html"), mail.html);
        }
    }
}

#[test]
fn what_the_renderer_leaves_out_of_a_layout_is_told() {
    let layout = |style: &str| {
        let head = format!("<mj-head><mj-style{style}>p {{ color: red }}</mj-style></mj-head>");
        html(&format!("<mjml>{head}<mj-body></mj-body></mjml>"))
            .unwrap()
            .1
    };
    assert_eq!(layout(""), [""; 0]);
    let [told] = layout(" inline=\"inline\"").try_into().unwrap();
    assert!(told.contains("not supported"), "{told}");
}

#[test]
fn a_name_is_text_whatever_it_contains() {
    let name = r#"<b>&"'</b><script>{{ brand }}"#;
    let mail = render(&press(), "test", &json!({}), Language::English, name);
    assert!(mail.text.starts_with(&format!("Hello, {name}!")));
    assert!(!mail.html.contains("<b>"));
    assert!(!mail.html.contains("<script"));
    let shown = mail.html.split("Hello, ").nth(1).unwrap();
    let shown = shown.split("!<").next().unwrap();
    assert_eq!(
        shown
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#x27;", "'")
            .replace("&#x2f;", "/")
            .replace("&amp;", "&"),
        name
    );
}

#[test]
fn who_wants_to_hear_when_it_is_gone_reads_of_no_amount_that_it_fell_below() {
    let payload = json!({ "settled_micros": 0, "threshold_micros": 0 });
    for (language, words) in [
        (
            Language::English,
            "You asked to be told when your balance is used up. Now it is $0.00.",
        ),
        (
            Language::Ukrainian,
            "Ви просили повідомити, коли кошти на балансі закінчаться. Зараз на ньому 0,00\u{a0}$.",
        ),
    ] {
        let mail = render(&press(), "low_balance", &payload, language, "");
        assert!(mail.text.contains(words), "{}", mail.text);
    }
}

#[test]
fn who_has_no_name_is_greeted_without_one() {
    let greeting = |language| {
        let mail = render(&press(), "test", &json!({}), language, "");
        mail.text.lines().next().unwrap().to_owned()
    };
    assert_eq!(greeting(Language::English), "Hello!");
    assert_eq!(greeting(Language::Ukrainian), "Вітаємо!");
}

#[test]
fn without_pages_to_link_to_mail_has_no_links_but_to_unsubscribe() {
    let press = Press::new("Example Platform", None).unwrap();
    for (_, kind, payload) in mails() {
        let mail = render(&press, kind, &payload, Language::English, "Olena");
        let links = usize::from(kind == "low_balance");
        assert_eq!(mail.html.matches("href=").count(), links, "{}", mail.html);
        assert_eq!(mail.text.matches("http").count(), links, "{}", mail.text);
    }
}

#[test]
fn html_says_its_language_and_loads_nothing() {
    for language in [Language::English, Language::Ukrainian] {
        for (_, kind, payload) in mails() {
            let mail = render(&press(), kind, &payload, language, "Olena");
            let code = language.code();
            assert!(mail.html.contains(&format!("<html lang=\"{code}\"")));
            for loading in ["<img", "<script", "@import", "<link", "url("] {
                assert!(!mail.html.contains(loading), "{loading}");
            }
        }
    }
}
