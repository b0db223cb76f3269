//! A sandbox of its own for each test, and a listener for its webhooks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use billing_sandbox::{Options, Sandbox};
use http::{HeaderMap, StatusCode};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub const KEY: &str = "sk_test_stage";
pub const WEBHOOK_SECRET: &str = "whsec_stage";

const PATIENCE: Duration = Duration::from_secs(15);

pub struct Stage {
    pub sandbox: Sandbox,
    pub http: Client,
    received: mpsc::UnboundedReceiver<Received>,
    answers: Answers,
}

/// The statuses that the listener is to answer next; then 200.
type Answers = Arc<Mutex<VecDeque<StatusCode>>>;

/// One webhook as it came.
#[derive(Debug)]
pub struct Received {
    pub signature: String,
    pub body: String,
}

impl Received {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn event_type(&self) -> String {
        self.event()["type"].as_str().unwrap().to_owned()
    }
}

impl Stage {
    pub async fn open() -> Self {
        let (told, received) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let mut options = Options::new(KEY.into(), WEBHOOK_SECRET.into());
        options.retry_pauses = vec![Duration::from_millis(20); 5];
        options.webhook_urls = vec![listen(told, Arc::clone(&answers)).await];
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
            received,
            answers,
        }
    }

    /// What the listener answers to the next webhooks, before it takes all others.
    pub fn listener_answers(&self, answers: &[StatusCode]) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub fn api(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.http
            .request(method, format!("{}/v1/{path}", self.sandbox.url()))
            .bearer_auth(KEY)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(fields))
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let request = self.api(Method::POST, path, fields);
        read(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.api(Method::GET, path, &[]).send().await.unwrap();
        let (status, body) = read(answer).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Something that payers, banks or the network do.
    pub async fn control(&self, path: &str, fields: Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let answer = self.http.post(url).json(&fields).send().await.unwrap();
        let (status, body) = read(answer).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// A payment that waits to be paid; its id.
    pub async fn payment(&self) -> String {
        let fields = [("amount", "2000"), ("currency", "usd")];
        let (status, intent) = self.post("payment_intents", &fields).await;
        assert_eq!(status, StatusCode::OK, "{intent}");
        intent["id"].as_str().unwrap().to_owned()
    }

    pub async fn paid_payment(&self) -> String {
        let id = self.payment().await;
        self.control(&format!("payments/{id}/pay"), json!({})).await;
        id
    }

    /// The next webhook.
    pub async fn received(&mut self) -> Received {
        let next = timeout(PATIENCE, self.received.recv()).await;
        next.unwrap_or_else(|_| panic!("no webhook came in time"))
            .unwrap()
    }

    /// The next webhook of this type; those of other types before it are dropped.
    pub async fn received_of(&mut self, event_type: &str) -> Received {
        loop {
            let received = self.received().await;
            if received.event()["type"] == event_type {
                return received;
            }
        }
    }

    pub fn nothing_is_received(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

pub async fn read(answer: Response) -> (StatusCode, Value) {
    let status = answer.status();
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text);
    let body = body.unwrap_or_else(|error| panic!("{status}, {error}: {text}"));
    (status, body)
}

async fn listen(told: mpsc::UnboundedSender<Received>, answers: Answers) -> String {
    let take = async |State((told, answers)): State<(mpsc::UnboundedSender<Received>, Answers)>,
                      headers: HeaderMap,
                      body: String| {
        let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
        // A test that has ended hears nothing any more.
        let _ = told.send(Received { signature, body });
        let answer = answers.lock().unwrap().pop_front();
        answer.unwrap_or(StatusCode::OK)
    };
    let app = Router::new()
        .route("/webhooks/stripe", post(take))
        .with_state((told, answers));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{addr}/webhooks/stripe")
}
