//! What operators count of what is given.

use billing_proto::v1;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{PaymentState, RefundState};
use billing_telemetry::admin::install_metrics;

use super::standing;
use crate::payment::{apply, dispute, new_payment, refund};
use crate::sponsorship::{CENTS, gift, given, told};
use crate::support::core;

/// A provider of this test's own: a process has one recorder of metrics, and other tests count too.
const PROVIDER: &str = "counted";

#[tokio::test]
async fn what_is_given_counts_as_revenue_apart_from_credit_and_what_is_taken_back_does_too() {
    let metrics = install_metrics().unwrap();
    let (_database, core) = core().await;
    let of_provider = |request| v1::CreatePaymentRequest {
        provider: PROVIDER.to_owned(),
        ..request
    };
    let gift = given(&core, of_provider(gift("alice", "1"))).await;
    let top_up = given(&core, of_provider(new_payment("alice", "2"))).await;
    let paid = |payment: &v1::Payment| {
        let report = standing(PaymentState::Succeeded, payment.amount_minor, false);
        told("paid", payment, report)
    };
    let about = |id, report| told(id, &gift, report);
    for (event, given_minor) in [
        (paid(&gift), CENTS),
        (paid(&gift), 0),
        (paid(&top_up), 0),
        (
            about("part", refund("re_1", 700, RefundState::Succeeded)),
            -700,
        ),
        (
            about("lost", dispute("dp_1", 300, Movement::FundsWithdrawn)),
            -300,
        ),
        (
            about("won", dispute("dp_1", 300, Movement::FundsReinstated)),
            300,
        ),
    ] {
        let event = v1::ApplyProviderEventRequest {
            provider: PROVIDER.to_owned(),
            ..event
        };
        let applied = apply(&core, event).await.unwrap();
        assert_eq!(applied.given_minor, given_minor, "{applied:?}");
    }
    let counted = metrics.render();
    for (what, purpose, micros) in [
        ("received", "contribution", (CENTS + 300) * 10_000),
        ("received", "top_up", top_up.credit_micros),
        ("reversed", "contribution", 1_000 * 10_000),
    ] {
        let line = format!(
            "billing_payments_{what}_micros_total{{provider=\"{PROVIDER}\",purpose=\"{purpose}\"}} {micros}\n"
        );
        assert!(counted.contains(&line), "{line}{counted}");
    }
}
