//! A sandbox of its own for each test, and a listener for its callbacks.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use billing_sandbox::{Options, Sandbox};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use reqwest::Client;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub const SECRET: &str = "secret of the stage";
pub const MERCHANT: u64 = 1_234_567;

pub const PATIENCE: Duration = Duration::from_secs(15);

pub type Params = BTreeMap<String, Value>;

pub struct Stage {
    pub sandbox: Sandbox,
    pub http: Client,
    pub listener_url: String,
    received: mpsc::UnboundedReceiver<Received>,
    answers: Answers,
}

/// The statuses that the listener is to answer next; then 200.
type Answers = Arc<Mutex<VecDeque<StatusCode>>>;

/// One callback as it came.
#[derive(Debug)]
pub struct Received {
    pub content_type: String,
    pub body: String,
}

impl Received {
    /// What it says, out of whatever it was wrapped in.
    pub fn params(&self) -> Params {
        let sent: Params = if self.content_type == "application/json" {
            serde_json::from_str(&self.body).unwrap()
        } else {
            form_urlencoded::parse(self.body.as_bytes())
                .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                .collect()
        };
        let Some(data) = sent.get("data") else {
            return sent;
        };
        let data = data.as_str().unwrap();
        assert_eq!(sent["signature"], sha1(&format!("{SECRET}|{data}")));
        let mut opened: BTreeMap<String, Params> =
            serde_json::from_slice(&BASE64_STANDARD.decode(data).unwrap()).unwrap();
        opened.remove("order").unwrap()
    }

    pub fn is_signed(&self) -> bool {
        let params = self.params();
        params.get("signature") == Some(&signature(SECRET, &params).into())
    }
}

impl Stage {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub async fn open_with(adjust: impl FnOnce(&mut Options)) -> Self {
        let (told, received) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let listener_url = listen(told, Arc::clone(&answers)).await;
        let mut options = Options::new("sk_test_x".into(), "whsec_x".into());
        options.fondy_merchant_id = MERCHANT;
        options.fondy_secret = SECRET.into();
        options.fondy_retry_pauses = vec![Duration::from_millis(20); 6];
        adjust(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = Sandbox::start(listener, options).unwrap();
        let http = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            sandbox,
            http,
            listener_url,
            received,
            answers,
        }
    }

    pub fn listener_answers(&self, answers: &[StatusCode]) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// A request by protocol 1, rightly signed; what is in the answer's `response`.
    pub async fn call(&self, path: &str, params: Value) -> Value {
        let answer = self.send(path, signed(params)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        let response = answer["response"].clone();
        if response["response_status"] == "success" {
            let params: Params = serde_json::from_value(response.clone()).unwrap();
            assert_eq!(params["signature"], signature(SECRET, &params));
        }
        response
    }

    pub async fn send(&self, path: &str, request: Params) -> reqwest::Response {
        self.http
            .post(format!("{}/{path}/", self.sandbox.fondy_url()))
            .json(&json!({ "request": request }))
            .send()
            .await
            .unwrap()
    }

    pub fn order(&self, order_id: &str) -> Value {
        json!({
            "order_id": order_id,
            "order_desc": "Поповнення балансу",
            "amount": 12_550,
            "currency": "UAH",
            "merchant_data": "{\"payment\":\"п1\"}",
            "server_callback_url": self.listener_url,
            "response_url": "https://shop.example/back?order=1",
        })
    }

    /// An order that waits to be paid; where its page is.
    pub async fn checkout(&self, order_id: &str) -> String {
        let made = self.call("checkout/url", self.order(order_id)).await;
        assert_eq!(made["response_status"], "success", "{made}");
        made["checkout_url"].as_str().unwrap().to_owned()
    }

    pub async fn status(&self, order_id: &str) -> Value {
        let asked = json!({ "order_id": order_id });
        self.call("status/order_id", asked).await
    }

    /// Something that the payer, his bank or the network does.
    pub async fn control(&self, path: &str, fields: Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let answer = self.http.post(url).json(&fields).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn pay(&self, order_id: &str) -> Value {
        self.control(&format!("orders/{order_id}/pay"), json!({}))
            .await
    }

    /// The next callback.
    pub async fn received(&mut self) -> Received {
        let next = timeout(PATIENCE, self.received.recv()).await;
        next.unwrap_or_else(|_| panic!("no callback came in time"))
            .unwrap()
    }

    pub fn nothing_is_received(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

/// The parameters with their merchant, and signed.
pub fn signed(params: Value) -> Params {
    let mut params: Params = serde_json::from_value(params).unwrap();
    params.insert("merchant_id".to_owned(), MERCHANT.into());
    params.insert("signature".to_owned(), signature(SECRET, &params).into());
    params
}

/// Written from the providers' documents, apart from the sandbox's own.
pub fn signature(secret: &str, params: &Params) -> String {
    let values = params
        .iter()
        .filter(|(name, _)| *name != "signature" && *name != "response_signature_string")
        .map(|(_, value)| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .filter(|value| !value.is_empty());
    let parts: Vec<String> = std::iter::once(secret.to_owned()).chain(values).collect();
    sha1(&parts.join("|"))
}

pub fn sha1(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha1::digest(text) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

async fn listen(told: mpsc::UnboundedSender<Received>, answers: Answers) -> String {
    let take = async |State((told, answers)): State<(mpsc::UnboundedSender<Received>, Answers)>,
                      headers: HeaderMap,
                      body: String| {
        let content_type = headers[CONTENT_TYPE].to_str().unwrap().to_owned();
        // A test that has ended hears nothing any more.
        let _ = told.send(Received { content_type, body });
        let answer = answers.lock().unwrap().pop_front();
        answer.unwrap_or(StatusCode::OK)
    };
    let app = Router::new()
        .route("/webhooks/fondy", post(take))
        .with_state((told, answers));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{addr}/webhooks/fondy")
}
