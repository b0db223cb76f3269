//! The certificates as `openssl` itself sees them.

use std::fs;

use billing_stage::process::find_program;

use super::{Authorities, CERTIFICATE, KEY, TRUSTED};

async fn verifies(authorities: &Authorities, by: &str) -> bool {
    let host = ["-verify_hostname", "localhost", CERTIFICATE];
    let arguments = [&["verify", "-CAfile", by][..], &host].concat();
    authorities.run(&arguments).await.is_ok()
}

#[tokio::test]
async fn each_certificate_has_a_key_of_its_own_and_is_trusted_whichever_authority_issued_it() {
    let Some(openssl) = find_program("openssl") else {
        eprintln!("SKIPPED: there is no openssl to make certificates");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut authorities = Authorities::establish(openssl, folder.path())
        .await
        .unwrap();
    let key = || fs::read_to_string(folder.path().join(KEY)).unwrap();
    let first = key();
    assert!(verifies(&authorities, TRUSTED).await);
    assert!(verifies(&authorities, "first.pem").await);
    assert!(!verifies(&authorities, "second.pem").await);

    authorities.issue().await.unwrap();
    let renewed = key();
    assert_ne!(renewed, first);
    assert!(verifies(&authorities, "first.pem").await);

    authorities.change();
    authorities.issue().await.unwrap();
    assert_ne!(key(), renewed);
    assert!(verifies(&authorities, TRUSTED).await);
    assert!(verifies(&authorities, "second.pem").await);
    assert!(!verifies(&authorities, "first.pem").await);
}
