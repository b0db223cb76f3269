//! The history as a file: whole, or seen not to be.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};

use crate::gateway::{Gateway, System, account, config, problem, sent, token};

const PATH: &str = "/api/billing/history.csv";
const PATIENCE: Duration = Duration::from_secs(20);
const FORMULA: &str = r#"'=HYPERLINK("http://a.example"),' || chr(10) || '-1'"#;

impl System {
    fn file(&self, query: &str) -> RequestBuilder {
        let path = format!("{PATH}{query}");
        self.gateway.get(&path).bearer_auth(token(&json!("u")))
    }

    async fn rows(&self, query: &str) -> Vec<String> {
        let response = sent(self.file(query)).await;
        assert_eq!(response.status(), 200);
        let text = response.bytes().await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        let rows = text.strip_prefix('\u{feff}').unwrap();
        let rows = rows.strip_suffix("\r\n").unwrap();
        rows.split("\r\n").map(str::to_owned).collect()
    }

    /// A grant, and as many charges behind it as nobody could make in a test.
    async fn filled(charges: u32, metadata: &str, newest_at: &str) -> Self {
        let system = Self::start().await;
        system.core.grant(&account("u"), 5_000_000).await;
        let entries = format!(
            "insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty,
                created_at, day_no, month_no)
            select account_id, number, 'charge', -1, 5000001 - number, 'usage',
                case when number = 2 then timestamptz '{newest_at}' else clock_timestamp() end, 0, 0
            from account, generate_series(2, {charges} + 1) as number"
        );
        let notes = format!(
            "insert into entry_note (account_id, seq, description, metadata)
            select account_id, number, case when number = 3 then {FORMULA} else 'search' end, {metadata}
            from account, generate_series(2, {charges} + 1) as number"
        );
        let mut owner = system.database.connect_as_owner().await;
        for statement in [entries, notes] {
            owner.execute(AssertSqlSafe(statement)).await.unwrap();
        }
        system
    }
}

#[tokio::test]
async fn a_file_has_every_transaction_once_and_no_formula() {
    let system = System::filled(1_200, "null", "2026-11-21T09:30:00.25Z").await;
    let response = sent(system.file("")).await;
    let headers = response.headers();
    assert_eq!(
        headers["content-type"],
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"history.csv\""
    );
    drop(response);
    let rows = system.rows("").await;
    assert_eq!(rows.len(), 1_202);
    let head = "created_at,type,amount_usd,balance_before_usd,balance_after_usd,paid_uah,tool,description,\
                request_id,hold_id,price_version,enforced,payment_provider,payment_id,metadata,id";
    assert_eq!(rows[0], head);
    let oldest_charge = rows[1_200].rsplit_once(',').unwrap();
    let expected = "2026-11-21T09:30:00.25Z,charge,-0.000001,5,4.999999,,,\"search\",,,,true,,,";
    assert_eq!(oldest_charge.0, expected);
    assert!(oldest_charge.1.ends_with("-2\""), "{}", oldest_charge.1);
    let mut ids: Vec<_> = rows[1..]
        .iter()
        .map(|row| row.rsplit(',').next().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_201);

    let grants = system.rows("?type=adjustment").await;
    assert_eq!(grants.len(), 2, "{grants:?}");
    assert!(grants[1].contains(",adjustment,5,0,5,"), "{grants:?}");
    let rows = system.rows("?type=charge&from=2026-01-01").await;
    assert_eq!(rows.len(), 1_201);
    let cell = ",\"'=HYPERLINK(\"\"http://a.example\"\"), -1\",";
    assert!(rows[1_199].contains(cell), "{}", rows[1_199]);
    for none in ["?tool=other", "?to=2026-01-01", "?type=refund"] {
        assert_eq!(system.rows(none).await.len(), 1, "{none}");
    }
    let refused = problem(system.file("?type=spent")).await;
    assert_eq!(refused["errors"][0]["field"], "type");
}

#[tokio::test]
async fn a_file_that_breaks_off_is_no_shorter_file() {
    // Nobody can read the last page.
    let system = System::filled(1_200, "null", "infinity").await;
    let response = sent(system.file("")).await;
    assert_eq!(response.status(), 200);
    let whole = response.bytes().await;
    assert!(whole.is_err(), "{:?}", whole.map(|bytes| bytes.len()));
}

/// More than what stands between the gateway and a client that does not read.
async fn unread(system: &System) -> Response {
    let response = sent(system.file("")).await;
    assert_eq!(response.status(), 200);
    response
}

#[tokio::test]
async fn who_reads_slowly_is_not_cut_off_and_holds_two_files_at_most_until_they_have_gone() {
    // 25 kB each.
    let metadata = "(select jsonb_object_agg('key-' || key, repeat('x', 500))
        from generate_series(1, 50) as key)";
    let mut system = System::filled(1_500, metadata, "2026-11-21T09:30:00Z").await;
    let core = &system.core;
    let hasty = config(
        &core.url(),
        &core.gateway_token,
        &["--request-timeout-secs=3"],
    );
    system.gateway = Gateway::start(hasty).await;
    let since = Instant::now();
    let (first, second) = (unread(&system).await, unread(&system).await);
    let refused = problem(system.file("")).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(429), &json!("RATE_LIMITED"))
    );
    let of_another = system.gateway.get(PATH).bearer_auth(token(&json!("v")));
    assert_eq!(sent(of_another).await.status(), 200);
    drop(second);
    while sent(system.file("?type=refund")).await.status() != 200 {
        assert!(since.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Longer than a request may take.
    tokio::time::sleep_until((since + Duration::from_millis(3_200)).into()).await;
    let whole = first.bytes().await.unwrap();
    assert!(whole.len() > 1_500 * 25_000, "{}", whole.len());
}
