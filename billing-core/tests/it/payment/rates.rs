//! Payments in hryvnia, credited at the rate that held when they began.

use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{PaymentState, RefundState};
use billing_testkit::TestCore;
use tonic::Code;

use super::{apply, entries, event, new_payment, refund, settled};
use crate::support::{as_owner, assert_books_are_right, core, fields, moment, reason};

async fn record(core: &TestCore, rate: &str, hours_ago: i64) -> v1::ExchangeRate {
    let fetched_at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours_ago);
    let request = v1::RecordRateRequest {
        currency: "UAH".to_owned(),
        rate: rate.to_owned(),
        source: "nbu".to_owned(),
        fetched_at: Some(moment(fetched_at)),
    };
    let answer = core.payments().record_rate(request).await.unwrap();
    answer.into_inner().rate.unwrap()
}

fn in_uah(key: &str, minor: i64) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        amount_minor: minor,
        currency: "UAH".to_owned(),
        provider: "fondy".to_owned(),
        ..new_payment("alice", key)
    }
}

async fn create(core: &TestCore, key: &str, minor: i64) -> v1::Payment {
    let answer = core.payments().create_payment(in_uah(key, minor)).await;
    answer.unwrap().into_inner().payment.unwrap()
}

fn paid(payment: &v1::Payment, minor: i64) -> v1::ApplyProviderEventRequest {
    let report = Report::Payment(v1::PaymentReport {
        state: PaymentState::Succeeded.into(),
        amount_minor: minor,
        currency: "UAH".to_owned(),
        ..Default::default()
    });
    v1::ApplyProviderEventRequest {
        provider: "fondy".to_owned(),
        payment_id: payment.payment_id.clone(),
        provider_reference: payment.payment_id.clone(),
        ..event(&format!("paid:{}", payment.payment_id), payment, report)
    }
}

#[tokio::test]
async fn a_payment_in_hryvnia_is_credited_at_the_rate_of_its_beginning() {
    let (database, core) = core().await;
    record(&core, "41.5", 1).await;
    let payment = create(&core, "1", 10_000).await;
    assert_eq!(payment.credit_micros, 2_409_638);
    assert_eq!(payment.rate, "0.024096385542");
    let newer = record(&core, "50", 0).await;
    assert_eq!((newer.rate.as_str(), newer.too_old), ("50", false));
    let applied = apply(&core, paid(&payment, 10_000)).await.unwrap();
    assert_eq!(applied.moved_micros, 2_409_638);
    let [entry] = &entries(&core, "alice").await[..] else {
        panic!("one entry");
    };
    assert_eq!(
        (entry.paid_minor, entry.paid_currency.as_str()),
        (10_000, "UAH")
    );
    assert_eq!(entry.counterparty, "fondy");
    // A third given back is a third of the credit, rounded down.
    let mut back = event(
        "re",
        &payment,
        refund("re_1", 3_333, RefundState::Succeeded),
    );
    back.provider = "fondy".to_owned();
    back.payment_id = payment.payment_id.clone();
    if let Some(Report::Refund(report)) = &mut back.report {
        report.currency = "UAH".to_owned();
    }
    assert_eq!(apply(&core, back).await.unwrap().moved_micros, -803_132);
    assert_eq!(settled(&core, "alice").await, 2_409_638 - 803_132);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn without_a_rate_that_is_new_enough_no_payment_in_hryvnia_begins() {
    let (database, core) = core().await;
    let mut gateway = core.payments();
    let none = gateway
        .create_payment(in_uah("1", 10_000))
        .await
        .unwrap_err();
    assert_eq!(none.code(), Code::FailedPrecondition);
    assert_eq!(reason(&none), "RATE_TOO_OLD");
    assert!(record(&core, "41.5", 49).await.too_old);
    let old = gateway
        .create_payment(in_uah("1", 10_000))
        .await
        .unwrap_err();
    assert_eq!(reason(&old), "RATE_TOO_OLD");
    record(&core, "41.5", 47).await;
    create(&core, "1", 10_000).await;
    // Dollars need none.
    as_owner(
        &database,
        "alter table exchange_rate disable trigger all; delete from exchange_rate",
    )
    .await;
    gateway
        .create_payment(new_payment("alice", "usd"))
        .await
        .unwrap();
    let request = v1::GetRateRequest {
        currency: "UAH".to_owned(),
    };
    assert_eq!(
        gateway.get_rate(request).await.unwrap().into_inner().rate,
        None
    );
    // What was begun is what it was.
    assert_eq!(create(&core, "1", 10_000).await.credit_micros, 2_409_638);
}

#[tokio::test]
async fn what_is_no_rate_is_refused_by_its_field() {
    let (_database, core) = core().await;
    let good = v1::RecordRateRequest {
        currency: "UAH".to_owned(),
        rate: "41.5".to_owned(),
        source: "nbu".to_owned(),
        fetched_at: Some(moment(jiff::Timestamp::now())),
    };
    for (field, value) in [
        ("rate", "0"),
        ("rate", "1e3"),
        ("rate", "41,5"),
        ("rate", "0.5"),
        ("rate", "1001"),
        ("currency", "USD"),
        ("source", ""),
        ("fetched_at", ""),
        ("fetched_at", "tomorrow"),
    ] {
        let mut request = good.clone();
        match field {
            "rate" => request.rate = value.to_owned(),
            "currency" => request.currency = value.to_owned(),
            "source" => request.source = value.to_owned(),
            _ => {
                let ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
                request.fetched_at = (value == "tomorrow").then(|| moment(ahead));
            }
        }
        let refused = core.payments().record_rate(request).await.unwrap_err();
        assert_eq!(fields(&refused), [field], "{value}");
    }
    // A gateway is not believed that a dollar costs twice as much as it did.
    record(&core, "41.5", 1).await;
    let leap = v1::RecordRateRequest {
        rate: "83.1".to_owned(),
        ..good
    };
    let refused = core.payments().record_rate(leap).await.unwrap_err();
    assert_eq!(fields(&refused), ["rate"]);
}
