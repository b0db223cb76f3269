//! What `billing-core doctor` finds of a mail server.

use billing_testkit::TestDatabase;

use super::sink::{Manner, Reply, Sink, file};
use crate::doctor::{Visit, doctor_at};

async fn doctor(database: &TestDatabase, port: u16, more: &[&str]) -> Visit {
    let (port, authority) = (port.to_string(), file("ca.pem"));
    let mut arguments = vec!["--smtp-host", "localhost", "--smtp-port", &port];
    arguments.extend(["--smtp-ca", authority.to_str().unwrap()]);
    arguments.extend(["--email-from", "billing@example.com"]);
    arguments.extend(more);
    doctor_at(database.application_url(), &arguments).await
}

#[tokio::test]
async fn the_mail_server_is_signed_in_to_and_a_mail_leaves_only_when_it_is_asked_for() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    let signed_in = ["--smtp-pass", "secret"];
    let visit = doctor(&database, sink.port, &signed_in).await;
    assert_eq!(visit.levels("mail")[0], "ok", "{:#}", visit.found);
    assert!(visit.is_told("settings", "warn", "unsubscribe", "set both"));
    assert!(sink.mails().is_empty());

    let and_send = [&signed_in[..], &["--send-to", "olga@example.org"]].concat();
    let visit = doctor(&database, sink.port, &and_send).await;
    let levels = visit.levels("mail");
    assert!(!levels.contains(&"mend"), "{:#}", visit.found);
    let [mail] = sink.mails().try_into().unwrap();
    assert_eq!(mail.to, "olga@example.org");
    assert!(mail.encrypted && mail.signed_in);

    sink.meet(
        "olga@example.org",
        &[Reply::Refuse("550 5.1.1 <{}>: nobody")],
    );
    let visit = doctor(&database, sink.port, &and_send).await;
    let told = visit.is_told("mail", "mend", "nobody", "address");
    assert!(told, "{:#}", visit.found);
    assert!(!visit.found.to_string().contains("olga@"));
}

#[tokio::test]
async fn a_mail_server_that_is_away_knows_us_not_or_speaks_no_tls_is_to_be_mended() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    let visit = doctor(&database, sink.port, &[]).await;
    assert!(
        visit.is_told("mail", "mend", "535", "SMTP_PASS"),
        "{:#}",
        visit.found
    );
    let plain = Sink::start(Manner::Plain).await;
    let visit = doctor(&database, plain.port, &[]).await;
    assert!(
        visit.is_told("mail", "mend", "STARTTLS", "SMTP_SECURE"),
        "{:#}",
        visit.found
    );
    let visit = doctor(&database, 1, &[]).await;
    assert!(
        visit.is_told("mail", "mend", "", "SMTP_HOST"),
        "{:#}",
        visit.found
    );
}
