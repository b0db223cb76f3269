//! A platform's receiver on loopback: it keeps what comes, and answers as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How a message is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    Take,
    Status(u16),
    /// Taken, once there is a permit for it.
    When(Arc<Semaphore>),
    /// Never.
    Hang,
    /// By a redirect.
    To(String),
}

#[derive(Clone, Debug)]
pub struct Message {
    pub headers: HeaderMap,
    pub body: String,
    pub event: Value,
    pub is_taken: bool,
}

impl Message {
    pub fn subject(&self) -> &str {
        self.event["subject"].as_str().unwrap()
    }

    pub fn number(&self) -> u64 {
        self.event["sequence"].as_str().unwrap().parse().unwrap()
    }
}

/// Which message gets which reply.
type Judge = Box<dyn FnMut(&Value) -> Reply + Send>;

struct Seen {
    judge: Judge,
    messages: Vec<Message>,
}

type Shared = Arc<Mutex<Seen>>;

/// Runs until it is dropped.
pub struct Receiver {
    pub port: u16,
    seen: Shared,
    _serving: JoinSet<()>,
}

impl Receiver {
    pub async fn start(judge: impl FnMut(&Value) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Shared = Arc::new(Mutex::new(Seen {
            judge: Box::new(judge),
            messages: Vec::new(),
        }));
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&seen));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            port,
            seen,
            _serving: serving,
        }
    }

    pub async fn that_takes() -> Self {
        Self::start(|_| Reply::Take).await
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/events", self.port)
    }

    /// Answers otherwise from now on.
    pub fn answer(&self, judge: impl FnMut(&Value) -> Reply + Send + 'static) {
        self.seen.lock().unwrap().judge = Box::new(judge);
    }

    pub fn messages(&self) -> Vec<Message> {
        self.seen.lock().unwrap().messages.clone()
    }

    pub fn taken(&self) -> Vec<Message> {
        let mut messages = self.messages();
        messages.retain(|message| message.is_taken);
        messages
    }

    /// What is taken of a subject, by number.
    pub fn numbers_of(&self, subject: &str) -> Vec<u64> {
        let taken = self.taken();
        let of_subject = taken.iter().filter(|message| message.subject() == subject);
        of_subject.map(Message::number).collect()
    }
}

async fn receive(State(seen): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let reply = {
        let mut seen = seen.lock().unwrap();
        let event: Value = serde_json::from_str(&body).unwrap();
        let reply = (seen.judge)(&event);
        seen.messages.push(Message {
            headers,
            body,
            event,
            is_taken: matches!(reply, Reply::Take | Reply::When(_)),
        });
        reply
    };
    match reply {
        Reply::Take => StatusCode::NO_CONTENT.into_response(),
        Reply::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Reply::When(gate) => {
            gate.acquire().await.unwrap().forget();
            StatusCode::NO_CONTENT.into_response()
        }
        Reply::Hang => {
            sleep(Duration::from_hours(1)).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Reply::To(place) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, place)]).into_response(),
    }
}
