//! What administrators see of people who have no account yet.

use billing_proto::v1;
use billing_proto::v1::AccountStatus;

use crate::admin::{list, payments, users};
use crate::payment::create;
use crate::sponsorship::{gift, paid};
use crate::support::{USD, core};
use crate::user::User;

/// Their gift opens none.
#[tokio::test]
async fn who_gave_or_paid_something_is_found_without_an_account() {
    let (_database, core) = core().await;
    let address = "giver@example.org";
    let gift = v1::CreatePaymentRequest {
        contact: Some(v1::Contact {
            email: address.to_owned(),
            name: "Giver Johnson".to_owned(),
        }),
        ..gift("giver", "1")
    };
    User::with(&core, "giver-2", USD).await;
    let given = paid(&core, gift).await;
    create(&core, "payer", "1").await;
    let search = |text: &str, status: AccountStatus| v1::ListAccountsRequest {
        search: text.to_owned(),
        status: status.into(),
        ..Default::default()
    };
    for (text, status, expected) in [
        (
            "giver",
            AccountStatus::Unspecified,
            vec!["giver", "giver-2"],
        ),
        (address, AccountStatus::Unspecified, vec!["giver"]),
        ("payer", AccountStatus::Unspecified, vec!["payer"]),
        ("nobody", AccountStatus::Unspecified, vec![]),
        ("giver", AccountStatus::Active, vec!["giver-2"]),
        ("giver", AccountStatus::Suspended, vec![]),
    ] {
        let found = list(&core, search(text, status)).await;
        assert_eq!(users(&found), expected, "{text:?} {status:?}");
    }
    let found = list(&core, search("giver", AccountStatus::Unspecified)).await;
    let [without, with] = &found.accounts[..] else {
        panic!("{found:?}");
    };
    assert!(without.opened_at.is_none() && with.opened_at.is_some());
    assert_eq!(without.email, address);
    let account = without.account.as_ref().unwrap();
    assert!(!account.exists);
    assert_eq!(account.balance.as_ref().unwrap().settled_micros, 0);
    let of_giver = v1::ListTenantPaymentsRequest {
        user_id: "giver".to_owned(),
        ..Default::default()
    };
    let listed = payments(&core, of_giver).await.payments;
    let listed: Vec<_> = listed.into_iter().filter_map(|one| one.payment).collect();
    assert_eq!(listed[0].payment_id, given.payment_id);
    // Another tenant's is not.
    let elsewhere = v1::ListAccountsRequest {
        tenant_id: "other".to_owned(),
        ..search("giver", AccountStatus::Unspecified)
    };
    let found = core.admin().list_accounts(elsewhere).await.unwrap();
    assert!(found.into_inner().accounts.is_empty());
}
