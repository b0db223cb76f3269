//! Service tokens as they are configured.

use billing_core::auth::{Role, new_token, parse_tokens};
use billing_core::command::Cli;
use billing_proto::v1;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_testkit::{TestCore, TestDatabase};
use clap::Parser;

use crate::support::{account, with_token};

#[tokio::test]
async fn several_tokens_are_valid_at_once_from_the_list_and_from_the_file() {
    let database = TestDatabase::new().await;
    let (old, old_line) = new_token(Role::Tools, "acme").unwrap();
    let (new, new_line) = new_token(Role::Tools, "acme,beta").unwrap();
    let path = std::env::temp_dir().join(format!("billing-tokens-{}", database.name()));
    std::fs::write(&path, format!("{old_line}\n\n  {new_line}\n")).unwrap();
    let core = TestCore::start_with(
        &database,
        &["--service-tokens-file", path.to_str().unwrap()],
    )
    .await;
    for token in [&old, &new, &core.tools_token] {
        let request = with_token(
            v1::GetBalanceRequest {
                account: Some(account("alice")),
            },
            token,
        );
        BalanceServiceClient::new(core.channel())
            .get_balance(request)
            .await
            .unwrap();
    }
    std::fs::remove_file(path).unwrap();
    core.stop().await;
}

#[test]
fn a_core_without_tokens_refuses_every_address_but_loopback() {
    let tokens = |arguments: &[&str]| {
        let command = ["billing-core", "--database-url", "postgres://x"]
            .iter()
            .chain(arguments);
        Cli::try_parse_from(command).unwrap().serve.tokens()
    };
    for address in ["127.0.0.1:50051", "127.8.8.8:50051", "[::1]:50051"] {
        assert!(
            tokens(&["--grpc-addr", address]).unwrap().is_none(),
            "{address}"
        );
    }
    let (_, line) = new_token(Role::Admin, "*").unwrap();
    for address in [
        "0.0.0.0:50051",
        "[::]:50051",
        "192.168.1.1:50051",
        "[::ffff:192.168.1.1]:50051",
    ] {
        for nothing in ["", " ;; \n"] {
            let refused =
                tokens(&["--grpc-addr", address, "--service-tokens", nothing]).unwrap_err();
            assert!(
                refused.to_string().contains("BILLING_SERVICE_TOKENS"),
                "{refused}"
            );
        }
        assert!(
            tokens(&["--grpc-addr", address, "--service-tokens", &line])
                .unwrap()
                .is_some()
        );
    }
}

#[test]
fn a_token_list_is_taken_whole_or_not_at_all_and_never_repeated() {
    let (_, line) = new_token(Role::Tools, "acme").unwrap();
    let hash = line.rsplit(':').next().unwrap();
    for list in [
        line.clone(),
        format!("{line};{line}"),
        format!(" {line}\n{line}\t;"),
        line.to_uppercase().replace("TOOLS:ACME", "tools:acme"),
    ] {
        assert!(!parse_tokens(&list).unwrap().is_empty(), "{list}");
    }
    for wrong in [
        format!("tools:acme:{}", &hash[1..]),
        format!("tools:acme:{hash}0"),
        format!("tools:acme:{}g", &hash[1..]),
        format!("tools:acme:+{}", &hash[1..]),
        format!("tools:acme:{hash}:"),
        format!("tools:acme,:{hash}"),
        format!("tools:acme,*:{hash}"),
        format!("tools::{hash}"),
        format!("Tools:acme:{hash}"),
        format!("root:*:{hash}"),
        hash.to_owned(),
    ] {
        let list = format!("{line};{wrong}");
        let error = parse_tokens(&list).expect_err(&wrong).to_string();
        assert!(!error.contains(&hash[2..10]), "{error}");
    }
}
