//! Keys, ids, names, and what people write.

use billing_proto::v1;

use super::{BLANKS, Refusing, bad_optional_texts, bad_texts};
use crate::support::{charge, tool};
use crate::user::User;

#[tokio::test]
async fn a_key_or_id_that_is_empty_too_long_or_holds_u_0000_is_refused() {
    let core = Refusing::start().await;
    for bad in bad_texts(255) {
        let text = || bad.clone();
        let key = "idempotency_key";
        core.place_hold(key, |r| r.idempotency_key = text()).await;
        core.charge(key, |r| r.idempotency_key = text()).await;
        core.refund_charge(key, |r| r.idempotency_key = text())
            .await;
        core.grant_credit(key, |r| r.idempotency_key = text()).await;
        core.adjust_balance(key, |r| r.idempotency_key = text())
            .await;
    }
    for bad in bad_texts(64) {
        let text = || bad.clone();
        core.capture_hold("hold_id", |r| r.hold_id = text()).await;
        core.release_hold("hold_id", |r| r.hold_id = text()).await;
        core.extend_hold("hold_id", |r| r.hold_id = text()).await;
        core.refund_charge("entry_id", |r| r.entry_id = text())
            .await;
    }
    for bad in bad_texts(128) {
        let text = || bad.clone();
        core.tenant("tenant.tenant_id", |t| t.tenant_id = text())
            .await;
        core.get_tenant("tenant_id", |r| r.tenant_id = text()).await;
        core.set_price("tenant_id", |r| r.tenant_id = text()).await;
        core.list_prices("tenant_id", |r| r.tenant_id = text())
            .await;
        core.estimate_cost("tenant_id", |r| r.tenant_id = text())
            .await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn an_identifier_in_which_nothing_can_be_seen_is_refused() {
    let core = Refusing::start().await;
    for bad in BLANKS {
        let text = || bad.to_owned();
        let key = "idempotency_key";
        core.place_hold(key, |r| r.idempotency_key = text()).await;
        core.charge(key, |r| r.idempotency_key = text()).await;
        core.refund_charge(key, |r| r.idempotency_key = text())
            .await;
        core.grant_credit(key, |r| r.idempotency_key = text()).await;
        core.adjust_balance(key, |r| r.idempotency_key = text())
            .await;
        core.tenant("tenant.tenant_id", |t| t.tenant_id = text())
            .await;
        core.set_price("tenant_id", |r| r.tenant_id = text()).await;
        core.set_price("tool", |r| r.tool = text()).await;
        core.place_hold("cost.tool.name", |r| r.cost = tool(bad, &[]))
            .await;
        core.charge("cost.tool.name", |r| r.cost = tool(bad, &[]))
            .await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn what_people_write_has_bounds() {
    let core = Refusing::start().await;
    for bad in bad_texts(500) {
        core.grant_credit("reason", |r| r.reason = bad.clone())
            .await;
        core.adjust_balance("reason", |r| r.reason = bad.clone())
            .await;
    }
    for bad in bad_texts(255) {
        core.grant_credit("actor", |r| r.actor = bad.clone()).await;
        core.adjust_balance("actor", |r| r.actor = bad.clone())
            .await;
    }
    for bad in bad_optional_texts(255) {
        core.place_hold("request_id", |r| r.request_id = bad.clone())
            .await;
        core.charge("request_id", |r| r.request_id = bad.clone())
            .await;
    }
    for bad in bad_optional_texts(500) {
        core.capture_hold("description", |r| r.description = bad.clone())
            .await;
        core.charge("description", |r| r.description = bad.clone())
            .await;
        core.refund_charge("reason", |r| r.reason = bad.clone())
            .await;
    }
    for bad in bad_optional_texts(2000) {
        core.tenant("tenant.topup_url", |t| t.topup_url = bad.clone())
            .await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn a_time_zone_that_nobody_knows_is_refused() {
    let core = Refusing::start().await;
    let too_long = "x".repeat(65);
    for zone in [
        "",
        "Europe/Atlantis",
        "../etc/passwd",
        "+02:00",
        "Mars",
        "UTC\0",
        "local",
        &too_long,
    ] {
        core.update_settings("time_zone", |r| r.time_zone = Some(zone.to_owned()))
            .await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn the_names_that_browsers_have_for_zones_and_languages_are_taken() {
    let core = Refusing::start().await;
    for (zone, locale, language) in [
        ("GMT", "uk-UA", "uk"),
        ("CET", "uk_UA", "uk"),
        ("Europe/Kyiv", "en-GB", "en"),
        ("UTC", "EN", "en"),
    ] {
        let request = v1::UpdateSettingsRequest {
            account: core.user("alice").account(),
            time_zone: Some(zone.to_owned()),
            locale: Some(locale.to_owned()),
            ..Default::default()
        };
        let answer = core.core.accounts().update_settings(request).await;
        let account = answer.unwrap().into_inner().account.unwrap();
        assert_eq!(account.time_zone, zone);
        assert_eq!(account.preferences.unwrap().locale, language);
    }
    for locale in ["", "ukr", "de-UA", "-uk", "UA", "u"] {
        core.update_settings("locale", |r| r.locale = Some(locale.to_owned()))
            .await;
    }
}

#[tokio::test]
async fn metadata_has_bounds() {
    let core = Refusing::start().await;
    let many: Vec<(String, String)> = (0..51).map(|n| (n.to_string(), String::new())).collect();
    let mut cases = vec![many.clone()];
    for key in bad_texts(40) {
        cases.push(vec![(key, "v".to_owned())]);
    }
    for value in bad_optional_texts(500) {
        cases.push(vec![("k".to_owned(), value)]);
    }
    for bad in cases {
        let metadata = || bad.clone().into_iter().collect();
        core.charge("metadata", |r| r.metadata = metadata()).await;
        core.capture_hold("metadata", |r| r.metadata = metadata())
            .await;
    }
    let bob = User::with(&core.core, "bob", 1).await;
    let most = many
        .into_iter()
        .take(50)
        .map(|(key, _)| (format!("{key:0>40}"), "ї".repeat(250)));
    let request = v1::ChargeRequest {
        metadata: most.collect(),
        ..charge("bob", "most", 1)
    };
    let charged = bob.try_charge(request.clone()).await.unwrap();
    assert_eq!(charged.decision(), v1::Decision::Allowed);
    assert_eq!(bob.entries().await[0].metadata, request.metadata);
    core.serves_on().await;
}
