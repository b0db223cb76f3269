//! The pages, of a small folder such as the build makes.

use std::fs;
use std::path::Path;

use billing_gateway::StartError;
use billing_telemetry::admin::Readiness;
use billing_testkit::Pages;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::gateway::{Gateway, TENANT, client, config, nobody, problem, sent};

const APP: &str =
    r#"<!doctype html><script type="module" src="/app/assets/index-B1c2D3e4.js"></script>"#;
const SCRIPT: &str = "export const balance = 'of somebody';\n";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

const STRIPE: [&str; 3] = [
    "--stripe-secret-key=sk_test_1",
    "--stripe-webhook-secret=whsec_of_the_pages_test_as_long_as_stripes",
    "--stripe-publishable-key=pk_test_1",
];

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let page = |name: &str| {
        format!(
            "<!doctype html><title>{name}</title>\
             <script type=\"module\" src=\"/support/assets/support-N3o4P5q6.js\"></script>"
        )
    };
    for (name, content) in [
        ("app/index.html", APP.to_owned()),
        ("app/assets/index-B1c2D3e4.js", SCRIPT.to_owned()),
        ("app/assets/index-B1c2D3e4.js.br", "as brotli".to_owned()),
        ("app/assets/index-B1c2D3e4.js.gz", "as gzip".to_owned()),
        (
            "app/assets/index-F5g6H7i8.css",
            "body { margin: 0 }".to_owned(),
        ),
        (
            "app/favicon.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'/>".to_owned(),
        ),
        (
            "elements/billing-elements.js",
            "import './assets/form-J9k0L1m2.js'".to_owned(),
        ),
        ("elements/fund-progress.js", "export {}".to_owned()),
        ("elements/assets/form-J9k0L1m2.js", "export {}".to_owned()),
        (
            "pages/support/assets/support-N3o4P5q6.js",
            "export {}".to_owned(),
        ),
        ("pages/support/index.html", page("support")),
        ("pages/support/thank-you/index.html", page("thanks")),
        ("pages/supporters/index.html", page("supporters")),
        (
            "pages/settings/contributions/index.html",
            page("contributions"),
        ),
        ("pages/.hidden", "nobody's".to_owned()),
        ("secret.txt", "not of the pages".to_owned()),
    ] {
        write(folder.path(), name, &content);
    }
    folder
}

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

async fn gateway(folder: &TempDir, flags: &[&str]) -> Gateway {
    let dir = format!("--web-dir={}", folder.path().display());
    Gateway::without_core(&[&[dir.as_str()], flags].concat()).await
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// Why a gateway with this folder and these flags does not start.
async fn refused(dir: &Path) -> String {
    client();
    let dir = format!("--web-dir={}", dir.display());
    let config = config(&nobody().await, "unused", &[&dir]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served =
        billing_gateway::serve(config, listener, Readiness::new(), CancellationToken::new());
    let error: StartError = served.await.unwrap_err();
    error.to_string()
}

#[tokio::test]
async fn the_dashboard_is_served_under_its_own_addresses_and_is_never_kept_unasked() {
    let folder = folder();
    let gateway = gateway(&folder, &[]).await;
    for path in [
        "/app/",
        "/app/top-up",
        "/app/admin/users/a.b%40example.org",
        "/app/%2e%2e%2fsecret.txt",
    ] {
        let page = sent(gateway.get(path)).await;
        assert_eq!(page.status(), 200, "{path}");
        assert_eq!(
            header(page.headers(), "content-type"),
            "text/html; charset=utf-8"
        );
        assert_eq!(header(page.headers(), "cache-control"), "no-cache");
        assert_eq!(header(page.headers(), "x-content-type-options"), "nosniff");
        assert_eq!(page.text().await.unwrap(), APP);
    }
    let style = sent(gateway.get("/app/assets/index-F5g6H7i8.css")).await;
    assert_eq!(
        header(style.headers(), "content-type"),
        "text/css; charset=utf-8"
    );
    assert_eq!(header(style.headers(), "cache-control"), IMMUTABLE);
    let picture = sent(gateway.get("/app/favicon.svg")).await;
    assert_eq!(header(picture.headers(), "content-type"), "image/svg+xml");
    assert_eq!(header(picture.headers(), "cache-control"), "no-cache");
    // A page in a script's place would break the browser's cache of it.
    let missing = problem(gateway.get("/app/assets/index-00000000.js")).await;
    assert_eq!(missing["code"], "NOT_FOUND");
    let posted = problem(gateway.request(Method::POST, "/app/")).await;
    assert_eq!(posted["code"], "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn a_file_comes_in_the_coding_that_the_browser_takes_and_once() {
    let folder = folder();
    let gateway = gateway(&folder, &[]).await;
    let get = |coding: &str| {
        let request = gateway.get("/app/assets/index-B1c2D3e4.js");
        sent(request.header("accept-encoding", coding))
    };
    let mut tags = Vec::new();
    for (coding, named, body) in [
        ("gzip, deflate, br", "br", "as brotli"),
        ("gzip", "gzip", "as gzip"),
        ("identity", "", SCRIPT),
    ] {
        let script = get(coding).await;
        let headers = script.headers().clone();
        assert_eq!(header(&headers, "content-encoding"), named);
        assert_eq!(
            header(&headers, "content-type"),
            "text/javascript; charset=utf-8"
        );
        assert!(
            headers
                .get_all("vary")
                .iter()
                .any(|by| by == "accept-encoding")
        );
        assert_eq!(script.text().await.unwrap(), body);
        tags.push(header(&headers, "etag").to_owned());
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "each coding has a tag of its own");
    for (path, status) in [("/app/assets/index-B1c2D3e4.js", 304), ("/app/top-up", 200)] {
        let again = sent(gateway.get(path).header("if-none-match", &tags[2])).await;
        assert_eq!(again.status(), status, "{path}");
    }
    let head = sent(gateway.request(Method::HEAD, "/app/assets/index-B1c2D3e4.js")).await;
    assert_eq!(head.status(), 200);
    assert_eq!(
        header(head.headers(), "content-length"),
        SCRIPT.len().to_string()
    );
    assert_eq!(header(head.headers(), "etag"), tags[2]);
    assert_eq!(head.text().await.unwrap(), "");
}

#[tokio::test]
async fn each_support_page_has_one_address_and_says_nothing_to_others() {
    let folder = folder();
    let gateway = gateway(
        &folder,
        &["--web-frame-ancestors=https://a.example, https://b.example"],
    )
    .await;
    for (path, title) in [
        ("/support", "support"),
        ("/support/thank-you?contribution=01J", "thanks"),
        ("/supporters", "supporters"),
        ("/settings/contributions", "contributions"),
    ] {
        let page = sent(gateway.get(path)).await;
        assert_eq!(page.status(), 200, "{path}");
        assert_eq!(header(page.headers(), "referrer-policy"), "no-referrer");
        let policy = header(page.headers(), "content-security-policy").to_owned();
        assert!(
            policy.ends_with("frame-ancestors 'self' https://a.example https://b.example"),
            "{policy}"
        );
        assert!(page.text().await.unwrap().contains(title));
    }
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let asked = |path: &str| client.get(format!("http://{}{path}", gateway.addr)).send();
    for (path, location) in [
        ("/app?a=1", "/app/?a=1"),
        (
            "/support/thank-you/?contribution=01J",
            "/support/thank-you?contribution=01J",
        ),
    ] {
        let moved: Response = asked(path).await.unwrap();
        assert_eq!(moved.status(), 308, "{path}");
        assert_eq!(header(moved.headers(), "location"), location);
    }
    let part = sent(gateway.get("/support/assets/support-N3o4P5q6.js")).await;
    assert_eq!(header(part.headers(), "cache-control"), IMMUTABLE);
    for path in [
        "/pages/support/index.html",
        "/support/assets/../../.hidden",
        "/support/assets/..%2f..%2f.hidden",
        "/elements/%2e%2e/secret.txt",
        "/elements/..%2fsecret.txt",
        "/elements/%ff",
        "/secret.txt",
    ] {
        assert_eq!(
            problem(gateway.get(path)).await["code"],
            "NOT_FOUND",
            "{path}"
        );
    }
}

#[tokio::test]
async fn any_site_may_load_the_elements() {
    let folder = folder();
    let gateway = gateway(&folder, &["--cors-origins=https://listed.example"]).await;
    for (path, kept) in [
        ("/elements/billing-elements.js", "no-cache"),
        ("/elements/fund-progress.js", "no-cache"),
        ("/elements/assets/form-J9k0L1m2.js", IMMUTABLE),
    ] {
        for origin in ["https://listed.example", "https://other.example"] {
            let element = sent(gateway.get(path).header("origin", origin)).await;
            let allowed = header(element.headers(), "access-control-allow-origin");
            assert!([origin, "*"].contains(&allowed), "{allowed}");
            assert_eq!(
                header(element.headers(), "access-control-allow-credentials"),
                ""
            );
            assert_eq!(header(element.headers(), "cache-control"), kept, "{path}");
        }
    }
    let page = sent(
        gateway
            .get("/app/")
            .header("origin", "https://other.example"),
    )
    .await;
    assert_eq!(header(page.headers(), "access-control-allow-origin"), "");
}

#[tokio::test]
async fn the_policy_has_the_hosts_of_stripe_where_its_script_runs_and_nowhere_else() {
    let folder = folder();
    let policy = async |gateway: &Gateway, path: &str| {
        let page = sent(gateway.get(path)).await;
        let policy = header(page.headers(), "content-security-policy").to_owned();
        let referrer = header(page.headers(), "referrer-policy").to_owned();
        for never in ["unsafe", "http:", "* "] {
            assert!(!policy.contains(never), "{policy}");
        }
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{policy}"
        );
        assert!(
            policy.contains("style-src 'self';") && policy.contains("base-uri 'none'"),
            "{policy}"
        );
        (policy, referrer)
    };
    let with_stripe = gateway(&folder, &STRIPE).await;
    let (app, referrer) = policy(&with_stripe, "/app/top-up").await;
    for source in [
        "script-src 'self' https://js.stripe.com https://*.js.stripe.com;",
        "connect-src 'self' https://api.stripe.com;",
        "frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com;",
        "frame-ancestors 'none'",
    ] {
        assert!(app.contains(source), "{app}");
    }
    assert_eq!(referrer, "strict-origin");
    let (support, referrer) = policy(&with_stripe, "/support").await;
    assert!(!support.contains("stripe"), "{support}");
    assert!(support.ends_with("frame-ancestors 'none'"), "{support}");
    assert_eq!(referrer, "no-referrer");
    let [secret_key, webhook_secret, _publishable] = STRIPE;
    for flags in [vec![], vec![secret_key, webhook_secret]] {
        let (app, referrer) = policy(&gateway(&folder, &flags).await, "/app/").await;
        assert!(!app.contains("stripe"), "{app}");
        assert_eq!(referrer, "no-referrer");
    }
}

#[tokio::test]
async fn the_pages_are_told_what_they_need_to_know() {
    let folder = folder();
    let bare = gateway(&folder, &[]).await;
    let answer = sent(bare.get("/app/config.json")).await;
    assert_eq!(header(answer.headers(), "cache-control"), "no-cache");
    assert_eq!(header(answer.headers(), "content-type"), "application/json");
    let told: Value = answer.json().await.unwrap();
    let expected = json!({
        "api_base": "", "tenant": TENANT, "tenant_name": null, "login_url": null, "logout_url": null,
        "token_storage": "local", "token_key": "jwt_token", "token_links": false, "stripe": false,
        "support_email": null, "admin_claim": null,
    });
    assert_eq!(told, expected);
    let flags = [
        &STRIPE[..],
        &[
            "--jwt-admin-claim=role",
            "--jwt-admin-value=admin",
            "--web-login-url=https://app.example/login",
            "--web-logout-url=/logout",
            "--web-token-storage=memory",
            "--web-token-key=token",
            "--web-token-links=true",
            "--web-tenant-name=Acme",
            "--web-support-email=help@example.org",
        ],
    ];
    let full = gateway(&folder, &flags.concat()).await;
    let told: Value = sent(full.get("/app/config.json"))
        .await
        .json()
        .await
        .unwrap();
    let expected = json!({
        "api_base": "", "tenant": TENANT, "tenant_name": "Acme", "login_url": "https://app.example/login",
        "logout_url": "/logout", "token_storage": "memory", "token_key": "token", "token_links": true,
        "stripe": true, "support_email": "help@example.org",
        "admin_claim": {"name": "role", "value": "admin"},
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn pages_are_asked_for_without_limit_and_without_a_place_among_requests() {
    let folder = folder();
    let flags = ["--rate-limit-ip=1", "--max-requests=1"];
    let gateway = gateway(&folder, &flags).await;
    for _ in 0..50 {
        let page = sent(gateway.get("/app/")).await;
        assert_eq!(page.status(), 200);
        assert_eq!(header(page.headers(), "ratelimit"), "");
    }
}

#[tokio::test]
async fn half_a_folder_is_told_in_one_line_at_the_start() {
    let none = tempfile::tempdir().unwrap();
    let said = refused(&none.path().join("nowhere")).await;
    assert!(
        said.starts_with("BILLING_WEB_DIR: ") && said.ends_with("nowhere/app cannot be read"),
        "{said}"
    );
    for missing in [
        "app/index.html",
        "app/assets/index-B1c2D3e4.js",
        "pages/support/assets/support-N3o4P5q6.js",
        "elements/billing-elements.js",
        "pages/support/thank-you/index.html",
    ] {
        let folder = folder();
        fs::remove_file(folder.path().join(missing)).unwrap();
        let said = refused(folder.path()).await;
        assert!(
            said.contains(&format!("has no {missing}: build the pages again")),
            "{said}"
        );
        assert!(!said.contains('\n'), "{said}");
    }
}

#[tokio::test]
async fn without_a_folder_there_are_no_pages() {
    for flags in [&[][..], &["--web-dir="]] {
        let gateway = Gateway::without_core(flags).await;
        for path in [
            "/app/",
            "/app/config.json",
            "/support",
            "/elements/billing-elements.js",
        ] {
            assert_eq!(
                problem(gateway.get(path)).await["code"],
                "NOT_FOUND",
                "{path}"
            );
        }
    }
}

/// As the image of the pages alone does, for those who serve them on another name.
#[tokio::test]
async fn nginx_serves_the_pages_apart_with_the_same_headers() {
    let folder = folder();
    let api = "https://billing.example";
    let Some(nginx) = Pages::serving(folder.path(), api).await else {
        return;
    };
    let gateway = gateway(&folder, &STRIPE).await;
    let client = client();
    for path in [
        "/app/",
        "/app/top-up",
        "/app?a=1",
        "/app/assets/index-B1c2D3e4.js",
        "/app/assets/index-00000000.js",
        "/app/favicon.svg",
        "/elements/fund-progress.js",
        "/elements/assets/form-J9k0L1m2.js",
        "/support/assets/support-N3o4P5q6.js",
        "/support?cancelled=true",
        "/support/thank-you/?contribution=01J",
        "/settings/contributions",
        "/pages/support/index.html",
        "/secret.txt",
    ] {
        let apart = client.get(format!("http://{}{path}", nginx.address)).send();
        let (apart, ours) = (apart.await.unwrap(), sent(gateway.get(path)).await);
        assert_eq!(apart.status(), ours.status(), "{path}");
        if ours.status() != 200 {
            // Of what is not there, each says so in its own words.
            continue;
        }
        for name in [
            "content-security-policy",
            "referrer-policy",
            "x-content-type-options",
            "cache-control",
            "access-control-allow-origin",
            "content-type",
        ] {
            // Its own address is another than the API's; and who names a charset differs.
            let said = header(apart.headers(), name).replace(&format!(" {api}"), "");
            let said = said.replace("application/javascript", "text/javascript");
            let said = said.trim_end_matches("; charset=utf-8");
            let expected = header(ours.headers(), name).trim_end_matches("; charset=utf-8");
            assert_eq!(said, expected, "{path}: {name}");
        }
    }
    let told = client
        .get(format!("http://{}/app/config.json", nginx.address))
        .send();
    let told: Value = told.await.unwrap().json().await.unwrap();
    let expected = json!({
        "api_base": api, "tenant": TENANT, "tenant_name": null, "login_url": "https://app.example/login",
        "logout_url": null, "token_storage": "local", "token_key": "jwt_token", "token_links": false,
        "stripe": true, "support_email": null, "admin_claim": null,
    });
    assert_eq!(told, expected);
}
