//! The National Bank of Ukraine's official rate. <https://bank.gov.ua/en/open-data/api-dev>

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Rate;
use crate::wire;

const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The bank's day.
const ZONE: &str = "Europe/Kyiv";
/// How far a rate's date may lie from today. A rate holds until the next day that banks work on, and on
/// the eve of that day the bank answers with the next rate. Four days in a row have been the most without
/// a bank, and one more is for a rate that comes late.
const DAYS_OFF_MAX: i64 = 5;

#[derive(Debug)]
pub(super) struct Nbu {
    client: Client,
    url: Url,
}

/// Why there is no rate.
#[derive(Debug, thiserror::Error)]
pub(super) enum NbuError {
    #[error("no whole answer came")]
    Transport(#[from] reqwest::Error),
    #[error("status {0}")]
    Status(u16),
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the answer is no list of rates")]
    Malformed(#[from] serde_json::Error),
    #[error("the answer has no rate of the dollar")]
    NoDollar,
    #[error("the rate of the dollar is not one")]
    NotARate,
    #[error("the rate has no date")]
    NoDate,
    #[error("the rate is of {date}, and today is {today}")]
    OtherDay { date: Date, today: Date },
}

/// The rate is read as it is written: a binary float cannot hold it.
#[derive(Deserialize)]
struct Listed {
    cc: String,
    rate: Box<RawValue>,
    /// `20.11.2026`: the day from which on it holds.
    #[serde(default)]
    exchangedate: Option<String>,
}

impl Nbu {
    pub(super) fn new(url: Url) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder()
            .user_agent(concat!("billing-gateway/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(FETCH_TIMEOUT);
        if url.scheme() == "http" {
            // Plain HTTP is for loopback alone.
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build()?,
            url,
        })
    }

    pub(super) async fn fetch(&self) -> Result<Rate, NbuError> {
        let mut response = self.client.get(self.url.clone()).send().await?;
        if !response.status().is_success() {
            return Err(NbuError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                return Err(NbuError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        read(&body, Timestamp::now())
    }
}

/// A rate is as old as its date says, whenever it is answered.
fn read(body: &[u8], now: Timestamp) -> Result<Rate, NbuError> {
    let listed: Vec<&RawValue> = serde_json::from_slice(wire::unmarked(body))?;
    // Whatever the bank says of other currencies stands in nobody's way.
    let dollar = listed
        .into_iter()
        .filter_map(|listed| wire::object::<Listed>(listed.get()).ok())
        .find(|listed| listed.cc == "USD")
        .ok_or(NbuError::NoDollar)?;
    let date = dollar.exchangedate.unwrap_or_default();
    let date = Date::strptime("%d.%m.%Y", date).map_err(|_not_one| NbuError::NoDate)?;
    let today = TimeZone::get(ZONE)
        .unwrap_or(TimeZone::UTC)
        .to_datetime(now);
    let today = today.date();
    if date.duration_since(today).abs() > SignedDuration::from_hours(DAYS_OFF_MAX * 24) {
        return Err(NbuError::OtherDay { date, today });
    }
    Rate::parse(dollar.rate.get()).ok_or(NbuError::NotARate)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::{IntoResponse, Redirect};
    use axum::routing::get;
    use tokio::net::TcpListener;

    use jiff::Timestamp;

    use super::{ANSWER_BYTES_MAX, Nbu, NbuError};
    use crate::rates::rate::Rate;

    /// In the shape that the bank answers in.
    const ANSWER: &str = r#"[ {
        "r030":840,"txt":"Долар США","rate":41.1234,"cc":"USD","exchangedate":"20.11.2026" } ]"#;

    /// Noon of the day in Kyiv.
    fn read_on(day: &str, body: &str) -> Result<Rate, NbuError> {
        let now: Timestamp = format!("{day}T12:00:00+02:00").parse().unwrap();
        super::read(body.as_bytes(), now)
    }

    fn read(body: &[u8]) -> Result<Rate, NbuError> {
        read_on("2026-11-20", str::from_utf8(body).unwrap())
    }

    #[test]
    fn a_rate_is_as_old_as_its_date_says() {
        // A Friday's, over a long weekend; and one that is told on its eve.
        for day in ["2026-11-20", "2026-11-23", "2026-11-25", "2026-11-17"] {
            assert!(read_on(day, ANSWER).is_ok(), "{day}");
        }
        for day in ["2026-11-26", "2027-11-20", "2026-11-14", "2025-11-20"] {
            let refused = read_on(day, ANSWER).unwrap_err();
            assert!(
                matches!(refused, NbuError::OtherDay { .. }),
                "{day}: {refused}"
            );
        }
        let date = r#""exchangedate":"20.11.2026""#;
        for other in [
            r#""exchangedate":"31.02.2026""#,
            r#""exchangedate":"2026-11-20""#,
            r#""exchangedate":"""#,
            r#""exchangedate":null"#,
            r#""date":"20.11.2026""#,
        ] {
            let refused = read(ANSWER.replace(date, other).as_bytes()).unwrap_err();
            assert!(matches!(refused, NbuError::NoDate), "{other}: {refused}");
        }
        // Midnight is the bank's.
        let late = |now: &str| super::read(ANSWER.as_bytes(), now.parse().unwrap()).is_ok();
        assert!(late("2026-11-25T21:59:59Z") && !late("2026-11-25T22:00:00Z"));
    }

    #[test]
    fn the_rate_is_read_as_it_is_written() {
        assert_eq!(read(ANSWER.as_bytes()).unwrap().as_str(), "41.1234");
        let other = r#"[{"cc": "XDR", "rate": null, "exchangedate": 7}, 7, {"txt": "\ud800", "#;
        let beside = format!("\u{feff}{}", ANSWER.replace("[ {", other));
        assert_eq!(read(beside.as_bytes()).unwrap().as_str(), "41.1234");
        let long = ANSWER.replace("41.1234", "41.10000001");
        assert_eq!(read(long.as_bytes()).unwrap().as_str(), "41.10000001");
    }

    #[test]
    fn what_is_no_rate_of_the_dollar_is_none() {
        for rate in ["0", "-41", "4.1e1", "\"41.1\"", "null", "1000000"] {
            let answer = ANSWER.replace("41.1234", rate);
            let refused = read(answer.as_bytes()).unwrap_err();
            assert!(matches!(refused, NbuError::NotARate), "{rate}: {refused}");
        }
        let euro = ANSWER.replace("\"USD\"", "\"EUR\"");
        let refused = read(euro.as_bytes()).unwrap_err();
        assert!(matches!(refused, NbuError::NoDollar), "{refused}");
        let listed = r#"[["USD", 41.1234, "20.11.2026"], {}, {"cc": "USD"}]"#;
        let refused = read(listed.as_bytes()).unwrap_err();
        assert!(matches!(refused, NbuError::NoDollar), "{refused}");
        for answer in ["", "{}", "<html>", "[", "null"] {
            let refused = read(answer.as_bytes()).unwrap_err();
            assert!(matches!(refused, NbuError::Malformed(_)), "{answer}");
        }
    }

    fn dated_today() -> String {
        ANSWER.replace(
            "20.11.2026",
            &Timestamp::now().strftime("%d.%m.%Y").to_string(),
        )
    }

    #[tokio::test]
    async fn answers_are_bounded_and_redirects_not_followed() {
        // Only the first test of the process succeeds in this.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let app = Router::new()
            .route("/good", get(async || dated_today()))
            .route("/large", get(async || " ".repeat(ANSWER_BYTES_MAX + 1)))
            .route("/moved", get(async || Redirect::temporary("/good")))
            .route(
                "/broken",
                get(async || StatusCode::BAD_GATEWAY.into_response()),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, app).into_future());
        let fetch = async |path: &str| {
            let url = format!("http://{address}{path}").parse().unwrap();
            Nbu::new(url).unwrap().fetch().await
        };
        assert_eq!(fetch("/good").await.unwrap().as_str(), "41.1234");
        let refused = fetch("/large").await.unwrap_err();
        assert!(matches!(refused, NbuError::TooLarge), "{refused}");
        for (path, status) in [("/moved", 307), ("/broken", 502)] {
            let refused = fetch(path).await.unwrap_err();
            assert!(
                matches!(refused, NbuError::Status(is) if is == status),
                "{refused}"
            );
        }
    }
}
