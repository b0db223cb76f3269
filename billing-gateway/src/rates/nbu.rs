//! The National Bank of Ukraine's official rate. <https://bank.gov.ua/en/open-data/api-dev>

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Rate;

const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

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
}

/// The rate is read as it is written: a binary float cannot hold it.
#[derive(Deserialize)]
struct Listed {
    cc: String,
    rate: Box<RawValue>,
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
        read(&body)
    }
}

fn read(body: &[u8]) -> Result<Rate, NbuError> {
    let listed: Vec<Listed> = serde_json::from_slice(body)?;
    let dollar = listed
        .into_iter()
        .find(|listed| listed.cc == "USD")
        .ok_or(NbuError::NoDollar)?;
    Rate::parse(dollar.rate.get()).ok_or(NbuError::NotARate)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::{IntoResponse, Redirect};
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::{ANSWER_BYTES_MAX, Nbu, NbuError, read};

    /// In the shape that the bank answers in.
    const ANSWER: &str = r#"[ {
        "r030":840,"txt":"Долар США","rate":41.1234,"cc":"USD","exchangedate":"20.11.2026" } ]"#;

    #[test]
    fn the_rate_is_read_as_it_is_written() {
        assert_eq!(read(ANSWER.as_bytes()).unwrap().as_str(), "41.1234");
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
        for answer in ["", "{}", "[{}]", "<html>", "[{\"cc\": \"USD\"}]"] {
            let refused = read(answer.as_bytes()).unwrap_err();
            assert!(matches!(refused, NbuError::Malformed(_)), "{answer}");
        }
    }

    #[tokio::test]
    async fn answers_are_bounded_and_redirects_not_followed() {
        // Only the first test of the process succeeds in this.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let app = Router::new()
            .route("/good", get(ANSWER))
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
