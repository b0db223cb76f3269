//! Settings that do not work, and those that work and do not go together.

use std::sync::Arc;

use billing_telemetry::doctor::{Finding, judge_certificate};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;

use crate::config::ServeOptions;
use crate::serve;

const SUBJECT: &str = "settings";

pub fn check(options: &ServeOptions) -> Vec<Finding> {
    let mut findings = refused(options);
    findings.extend(contradictions(options));
    if findings.is_empty() {
        findings.push(Finding::ok(SUBJECT, "all are taken, and go together"));
    }
    findings.extend(certificate(options));
    findings
}

/// What a core does not start with. Its tokens are looked at elsewhere.
fn refused(options: &ServeOptions) -> Vec<Finding> {
    let links = options.unsubscribe.links();
    let folder = options.outbox_dir.as_deref();
    let postman = options.mail.postman(folder, &Arc::default());
    [
        ("links in mail", links.err()),
        ("mail", postman.err()),
        ("TLS of gRPC", serve::server(options).err()),
    ]
    .into_iter()
    .filter_map(|(what, error)| {
        let to_do = "mend the setting that it names: a core does not start with it";
        Some(Finding::mend(SUBJECT, what, format!("{:#}", error?), to_do))
    })
    .collect()
}

/// What a core starts with, and what is wrong with it.
type Contradiction = (bool, &'static str, &'static str, &'static str);

fn contradictions(options: &ServeOptions) -> Vec<Finding> {
    let durable = (
        options.acknowledge_before_durable.is_some(),
        "BILLING_ACKNOWLEDGE_BEFORE_DURABLE",
        "answers leave before what they tell is safe: acknowledged money is lost in a crash",
        "unset it, unless that is meant",
    );
    [durable]
        .into_iter()
        .chain(of_outlets(options))
        .chain(of_links(options))
        .filter(|(applies, ..)| *applies)
        .map(|(_, looked_at, wrong, to_do)| Finding::warn(SUBJECT, looked_at, wrong, to_do))
        .collect()
}

/// Where mail and events leave.
fn of_outlets(options: &ServeOptions) -> [Contradiction; 3] {
    let has_server = !options.mail.smtp_host.trim().is_empty();
    let folder = options.outbox_dir.as_deref();
    [
        (
            !has_server && folder.is_none(),
            "neither SMTP_HOST nor BILLING_OUTBOX_DIR",
            "mail waits in the database, and nobody gets it",
            "set SMTP_HOST and EMAIL_FROM",
        ),
        (
            !has_server && folder.is_some(),
            "BILLING_OUTBOX_DIR without SMTP_HOST",
            "mail is written as files, and nobody gets it",
            "set SMTP_HOST and EMAIL_FROM",
        ),
        (
            folder.is_some_and(|folder| !folder.is_dir()),
            "BILLING_OUTBOX_DIR",
            "it is no folder, or not to be seen by this user",
            "make it, for the user that the core runs as",
        ),
    ]
}

/// Where mail leads to.
fn of_links(options: &ServeOptions) -> [Contradiction; 3] {
    let (mail, links) = (&options.mail, &options.unsubscribe);
    let is_blank = |text: &str| text.trim().is_empty();
    let has_server = !is_blank(&mail.smtp_host);
    let has_keys =
        !is_blank(links.unsubscribe_keys.expose_secret()) || links.unsubscribe_keys_file.is_some();
    [
        (
            has_server && is_blank(&mail.frontend_url),
            "SMTP_HOST without FRONTEND_URL",
            "mail has no links",
            "set FRONTEND_URL to where users' own pages are",
        ),
        (
            mail.frontend_url.trim().starts_with("http://"),
            "FRONTEND_URL",
            "it is plain http: whoever is in between reads and changes the pages",
            "name it with https",
        ),
        (
            has_server && (!has_keys || is_blank(&links.backend_url)),
            "BILLING_UNSUBSCRIBE_KEYS and BACKEND_URL",
            "one of them is missing: mail has no links to unsubscribe by, and is spam sooner",
            "set both, the keys alike for all cores",
        ),
    ]
}

/// Of gRPC, where the core ends TLS itself.
fn certificate(options: &ServeOptions) -> Vec<Finding> {
    let Some(path) = &options.tls_cert else {
        return Vec::new();
    };
    // That it cannot be read is said above.
    CertificateDer::from_pem_file(path)
        .map(|der| {
            vec![judge_certificate(
                "tls",
                "the certificate of gRPC",
                &der,
                Timestamp::now(),
            )]
        })
        .unwrap_or_default()
}
