//! Mail that does not leave.

use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::{Contact, SendTestMailRequest};
use billing_testkit::TestDatabase;

use super::cause;
use super::payments::{System, sql};
use crate::Caused;
use crate::promtool::Goes;
use crate::services::{Process, account};

pub async fn a_mail_is_given_up(system: &System, caused: &mut Caused) {
    let alerts = [("BillingOutboxGivenUp", Goes::Once)];
    cause(caused, &system.core, &alerts, async || {
        system
            .sql(
                "insert into outbox_message (channel, account_id, seq, share, kind, payload, created_at,
                    next_attempt_at)
                select 'mail', account_id, 1000, 0, 'of no kind that is mailed', '{}', now(), now()
                from account limit 1",
            )
            .await;
        let given_up = "billing_outbox_given_up{channel=\"mail\"";
        system
            .core
            .until("it is given up", |scrape| scrape.sum(given_up) > 0.0)
            .await
    })
    .await;
}

pub async fn the_mail_server_is_away(caused: &mut Caused) {
    let database = TestDatabase::new().await;
    let settings = [
        ("SMTP_HOST", "127.0.0.1"),
        // Nobody listens at this port.
        ("SMTP_PORT", "9"),
        ("EMAIL_FROM", "billing@example.com"),
    ];
    let core = Process::core(database.application_url(), &settings).await;
    let alerts = [
        ("BillingMailFailing", Goes::On),
        ("BillingOutboxStuck", Goes::On),
        ("BillingOutboxOld", Goes::On),
    ];
    cause(caused, &core, &alerts, async || {
        let mut accounts = AccountServiceClient::new(core.channel());
        for user in ["a", "b", "c", "d", "e"] {
            let contact = Contact {
                email: format!("{user}@example.com"),
                ..Contact::default()
            };
            let request = SendTestMailRequest {
                account: account(user),
                contact: Some(contact),
            };
            accounts.send_test_mail(request).await.unwrap();
        }
        let aged = "update outbox_message set created_at = created_at - interval '7 hours'";
        sql(&database, aged).await;
        core.until("it is not sent", |scrape| {
            scrape.sum("billing_outbox_oldest_seconds{channel=\"mail\"") > 21_600.0
                && scrape.sum("billing_mail_total{kind=\"test\",outcome=\"server_away\"") >= 1.0
        })
        .await
    })
    .await;
}
