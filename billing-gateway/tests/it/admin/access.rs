//! Who may use these routes: administrators of the tenant, and nobody else.

use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{administrator, asked, routes};
use crate::gateway::{
    Gateway, JWT_SECRET, System, account, config, problem, sent, token, token_of,
};

const BY_CLAIM: [&str; 3] = [
    "--jwt-tenant-claim=tenant",
    "--jwt-admin-claim=role",
    "--jwt-admin-value=admin",
];

/// A gateway whose tokens name their tenants.
async fn of_many_tenants(system: &System) -> Gateway {
    let core = &system.core;
    let admin_token = format!("--core-admin-token={}", core.admin_token);
    let flags = [&BY_CLAIM[..], &[&admin_token]].concat();
    Gateway::start(config(&core.url(), &core.gateway_token, &flags)).await
}

fn of_tenant(tenant: &str, role: &str) -> String {
    token_of(&json!({"userId": "root", "role": role, "tenant": tenant}))
}

fn expired() -> String {
    let claims = json!({
        "userId": "root", "role": "admin", "tenant": "demo", "exp": get_current_timestamp() - 600,
    });
    let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
    encode(&Header::default(), &claims, &key).unwrap()
}

#[tokio::test]
async fn every_route_is_closed_to_whoever_is_no_administrator_of_the_tenant() {
    let system = System::start().await;
    let gateway = of_many_tenants(&system).await;
    let routes = routes();
    assert!(routes.len() >= 20, "{routes:?}");
    for (method, path) in routes {
        let request = || gateway.request(method.clone(), &path).json(&json!({}));
        let other = request().bearer_auth(of_tenant("other", "admin"));
        let refusals: [(RequestBuilder, u16, &str); 6] = [
            (request(), 401, "UNAUTHENTICATED"),
            (request().bearer_auth("x.y.z"), 401, "UNAUTHENTICATED"),
            (request().bearer_auth(expired()), 401, "UNAUTHENTICATED"),
            (
                request().bearer_auth(of_tenant("demo", "user")),
                403,
                "ADMINISTRATOR_REQUIRED",
            ),
            (
                request().bearer_auth(of_tenant("demo", "admin ")),
                403,
                "ADMINISTRATOR_REQUIRED",
            ),
            (other.header("x-tenant-id", "demo"), 403, "TENANT_MISMATCH"),
        ];
        for (request, status, code) in refusals {
            let refused = problem(request).await;
            let said = (&refused["status"], &refused["code"]);
            assert_eq!(said, (&json!(status), &json!(code)), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_user_is_refused_before_anything_of_the_body_has_come() {
    let gateway = Gateway::without_core(&["--core-admin-token=of-nobody"]).await;
    let user = token(&json!("u"));
    let refund = (Method::POST, "/api/billing/payments/1/refund".to_owned());
    for (method, path) in routes().into_iter().chain([refund]) {
        refused_before_the_body(&gateway, &user, &method, &path).await;
    }
    // Nor does an administrator of one tenant among several send anything to what is of all.
    let flags = [&BY_CLAIM[..], &["--core-admin-token=of-nobody"]].concat();
    let of_many = Gateway::without_core(&flags).await;
    let administrator = of_tenant("demo", "admin");
    let switch = "/api/admin/switches/payments";
    refused_before_the_body(&of_many, &administrator, &Method::PUT, switch).await;
}

/// Whoever reads a body says 100 first.
async fn refused_before_the_body(gateway: &Gateway, token: &str, method: &Method, path: &str) {
    let mut stream = TcpStream::connect(gateway.addr).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 40\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 403", "{method} {path}");
}

#[tokio::test]
async fn an_administrator_passes_and_a_gateway_without_the_token_has_no_such_routes() {
    let system = System::start().await;
    let core = &system.core;
    let claim = ["--jwt-admin-claim=role", "--jwt-admin-value=admin"];
    let without = Gateway::start(config(&core.url(), &core.gateway_token, &claim)).await;
    let admin_token = format!("--core-admin-token={}", core.admin_token);
    let flags = [&claim[..], &[&admin_token]].concat();
    let with = Gateway::start(config(&core.url(), &core.gateway_token, &flags)).await;
    core.grant(&account("u"), 1_000_000).await;
    for (method, path) in routes() {
        let request = without.request(method.clone(), &path);
        let refused = problem(request.bearer_auth(administrator()).json(&json!({}))).await;
        assert_eq!(refused["code"], "NOT_FOUND", "{method} {path}");
        let request = with.request(method.clone(), &path);
        let request = request.bearer_auth(administrator()).json(&json!({}));
        let response = sent(request).await;
        let status = response.status().as_u16();
        let said = response.text().await.unwrap();
        // What changes something says which field it lacks; `u` is no transaction.
        let expected = match method {
            Method::GET => 200,
            _ if path.ends_with("/refund") => 404,
            _ => 400,
        };
        assert_eq!(status, expected, "{method} {path}: {said}");
    }
}

#[tokio::test]
async fn an_administrator_sees_and_changes_the_accounts_of_their_own_tenant_alone() {
    let system = System::start().await;
    let gateway = of_many_tenants(&system).await;
    system.core.grant(&account("u"), 5_000_000).await;
    let as_of = |tenant, method, path: &str| {
        let request = gateway.request(method, &format!("/api/admin/{path}"));
        request.bearer_auth(of_tenant(tenant, "admin"))
    };
    let listed = async |tenant| {
        let response = sent(as_of(tenant, Method::GET, "users")).await;
        let answer: Value = response.json().await.unwrap();
        answer["users"].as_array().unwrap().len()
    };
    assert_eq!((listed("demo").await, listed("other").await), (1, 0));
    let change = json!({"amount": -5, "reason": "of another tenant"});
    let reason = json!({"reason": "of another tenant"});
    for request in [
        as_of("other", Method::GET, "users/u"),
        as_of("other", Method::POST, "users/u/adjust-balance").json(&change),
        as_of("other", Method::POST, "users/u/suspend").json(&reason),
        as_of("other", Method::PUT, "users/u/limits").json(&json!({"dailyLimitUsd": 0})),
    ] {
        assert_eq!(problem(request).await["code"], "NOT_FOUND");
    }
    let untouched = sent(as_of("demo", Method::GET, "users/u")).await;
    let user: Value = untouched.json().await.unwrap();
    assert_eq!(user["user"]["balance_usd"], json!(5), "{user}");
    assert_eq!(user["user"]["suspended"], json!(false), "{user}");
}

#[tokio::test]
async fn a_token_of_the_wrong_role_or_tenant_is_an_outage_and_no_way_in() {
    let system = System::start().await;
    let core = &system.core;
    for (token, status) in [
        (&core.gateway_token, 503),
        (&core.other_tenants_admin_token, 404),
    ] {
        let admin_token = format!("--core-admin-token={token}");
        let flags = [&BY_CLAIM[1..], &[&admin_token]].concat();
        let gateway = Gateway::start(config(&core.url(), &core.gateway_token, &flags)).await;
        let refused = problem(asked(&gateway, Method::GET, "users")).await;
        assert_eq!(refused["status"], json!(status), "{refused}");
    }
}
