//! The mail server: greeted, signed in to, and left. A mail leaves only where an address was given.

use std::sync::Arc;

use billing_telemetry::doctor::{Finding, PATIENCE, judge_certificate, within};
use jiff::Timestamp;

use crate::config::ServeOptions;
use crate::outbox::mail::Postman;

const SUBJECT: &str = "mail";

pub async fn check(options: &ServeOptions, send_to: Option<&str>) -> Vec<Finding> {
    // What is wrong with the settings is said there.
    let folder = options.outbox_dir.as_deref();
    let Ok(Some(postman)) = options.mail.postman(folder, &Arc::default()) else {
        return without_server(send_to);
    };
    let Some(place) = postman.server() else {
        return without_server(send_to);
    };
    let mut findings = within(SUBJECT, &place, greet(&postman, &place)).await;
    if let Some(address) = send_to {
        findings.push(send(&postman, address).await);
    }
    findings
}

fn without_server(send_to: Option<&str>) -> Vec<Finding> {
    if send_to.is_none() {
        return vec![Finding::ok(SUBJECT, "no mail server is set")];
    }
    let to_do = "set SMTP_HOST and EMAIL_FROM";
    vec![Finding::mend(
        SUBJECT,
        "the test mail",
        "there is no mail server to send it by",
        to_do,
    )]
}

async fn greet(postman: &Postman, place: &str) -> Vec<Finding> {
    match postman.greet().await {
        Ok(certificate) => {
            let looked_at = format!(
                "{place} takes us as the sender's server; whether SPF, DKIM and DMARC of {} let it was \
                 not looked at: look at the headers of a mail by --send-to",
                postman.domain()
            );
            let mut findings = vec![Finding::ok(SUBJECT, looked_at)];
            if let Some(der) = certificate {
                let whose = format!("the certificate of {place}");
                findings.push(judge_certificate(SUBJECT, &whose, &der, Timestamp::now()));
            }
            findings
        }
        Err(away) => vec![Finding::mend(
            SUBJECT,
            place,
            away.to_string(),
            "mend SMTP_HOST, SMTP_PORT, SMTP_SECURE, SMTP_USER or SMTP_PASS, whichever it names",
        )],
    }
}

/// It may take its time to look for spam.
async fn send(postman: &Postman, address: &str) -> Finding {
    let time = PATIENCE.saturating_mul(6);
    let sent = tokio::time::timeout(time, postman.send_test(address)).await;
    let sent = sent.unwrap_or_else(|_elapsed| Err("no answer in time".to_owned()));
    match sent {
        Ok(()) => Finding::ok(SUBJECT, "the test mail was taken"),
        Err(wrong) => {
            let to_do = "mend what the mail server names, or the address";
            Finding::mend(SUBJECT, "the test mail", wrong, to_do)
        }
    }
}
