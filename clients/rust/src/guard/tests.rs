//! The layer before a core that is away, which needs no core.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tower_layer::Layer as _;
use tower_service::Service;

use super::{GuardLayer, GuardedBody, RequestBody};
use crate::{Begin, Billing, BillingCall, Cost, Settings, WithoutUser};

type Answered = Response<GuardedBody<Full<Bytes>>>;

/// A handler that answers with a status, and with what it was asked.
#[derive(Clone)]
struct Handler(StatusCode);

impl Service<Request<RequestBody<Full<Bytes>>>> for Handler {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody<Full<Bytes>>>) -> Self::Future {
        let call = request.extensions().get::<BillingCall>().unwrap();
        let text = format!("{} is worked", call.tool());
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = self.0;
        ready(Ok(response))
    }
}

fn settings() -> Settings {
    // Nothing listens there.
    Settings::new("http://127.0.0.1:1", "token", "tenant")
        .unwrap()
        .decision_deadline(Duration::from_millis(300))
        .ending_deadline(Duration::from_millis(300))
}

fn guard(billing: &Billing) -> GuardLayer {
    GuardLayer::http(billing.clone(), |head, _body| {
        let user = head
            .headers
            .get("x-user")
            .and_then(|user| user.to_str().ok());
        let begin = Begin::new(user.map(str::to_owned), "search");
        Ok(begin.estimate(Cost::AmountMicros(400_000)))
    })
}

async fn send(layer: GuardLayer, user: Option<&str>, status: StatusCode) -> Answered {
    let mut request = Request::post("http://tools.test/search");
    if let Some(user) = user {
        request = request.header("x-user", user);
    }
    let request = request.body(Full::<Bytes>::from("land law")).unwrap();
    layer.layer(Handler(status)).call(request).await.unwrap()
}

async fn text(answered: Answered) -> String {
    let body = answered.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Returns once each call's end is kept, or was nothing to tell.
async fn all_ended(billing: &Billing) {
    loop {
        let changed = billing.inner.under_way.changed.notified();
        if billing.calls() == 0 {
            return;
        }
        changed.await;
    }
}

#[tokio::test]
async fn a_call_is_under_way_until_its_answer_is_complete() {
    let billing = Billing::new(settings().without_user(WithoutUser::Pass)).unwrap();
    let answered = send(guard(&billing), None, StatusCode::OK).await;
    assert_eq!(billing.calls(), 1);
    assert_eq!(text(answered).await, "search is worked");
    assert_eq!(billing.calls(), 0);
    let answered = send(guard(&billing).read_body(8), None, StatusCode::OK).await;
    drop(answered);
    assert_eq!(billing.calls(), 0);
}

#[tokio::test]
async fn a_body_that_is_too_long_and_a_call_of_nobody_are_refused() {
    let billing = Billing::new(settings()).unwrap();
    let answered = send(guard(&billing).read_body(7), None, StatusCode::OK).await;
    assert_eq!(answered.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let answered = send(guard(&billing), None, StatusCode::OK).await;
    assert_eq!(answered.status(), StatusCode::UNAUTHORIZED);
    let body = concat!(
        r#"{"error":"Unauthorized","message":"Send a valid bearer token or API key.","#,
        r#""code":"UNAUTHENTICATED"}"#,
    );
    assert_eq!(text(answered).await, body);

    let layer = GuardLayer::grpc(billing, |_head, _body| Ok(Begin::new(None, "search")));
    let answered = send(layer, None, StatusCode::OK).await;
    assert_eq!(answered.status(), StatusCode::OK);
    assert_eq!(answered.headers()["grpc-status"], "16");
}

#[tokio::test]
async fn while_the_core_is_away_every_call_is_refused() {
    let billing = Billing::new(settings()).unwrap();
    let answered = send(guard(&billing), Some("user-1"), StatusCode::OK).await;
    assert_eq!(answered.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = text(answered).await;
    assert!(body.contains("BILLING_UNAVAILABLE"), "{body}");
    assert_eq!((billing.calls(), billing.backlog()), (0, 0));
}

#[tokio::test]
async fn calls_that_pass_without_a_decision_are_kept_until_they_are_charged() {
    let billing = Billing::new(settings().allow_up_to_micros(1_000_000)).unwrap();
    let user = Some("user-1");
    let failed = send(guard(&billing), user, StatusCode::NOT_FOUND).await;
    assert_eq!(failed.status(), StatusCode::NOT_FOUND);
    assert_eq!((billing.calls(), billing.backlog()), (0, 0));

    for kept in 1..=2 {
        let answered = send(guard(&billing), user, StatusCode::OK).await;
        assert_eq!(text(answered).await, "search is worked");
        all_ended(&billing).await;
        assert_eq!(billing.backlog(), kept);
    }
    let third = send(guard(&billing), user, StatusCode::OK).await;
    assert_eq!(third.status(), StatusCode::SERVICE_UNAVAILABLE);

    assert_eq!(billing.close(Duration::from_millis(20)).await, 2);
    let late = send(guard(&billing), user, StatusCode::OK).await;
    assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_capture_that_outlives_its_call_is_under_way_until_it_is_kept() {
    let billing = Billing::new(settings().allow_up_to_micros(1_000_000)).unwrap();
    let begin = Begin::new(Some("user-1".to_owned()), "search");
    let begin = begin.estimate(Cost::AmountMicros(400_000));
    let call = billing.begin(begin).await.unwrap();
    let handle = call.handle();
    let mut capture = Box::pin(handle.capture(Cost::AmountMicros(300_000)));
    let polled = poll_fn(|cx| Poll::Ready(capture.as_mut().poll(cx))).await;
    assert!(polled.is_pending());
    call.end();
    assert_eq!((billing.calls(), billing.backlog()), (1, 0));
    drop(capture);
    assert_eq!((billing.calls(), billing.backlog()), (0, 1));
}

#[tokio::test]
async fn a_call_that_passed_without_a_decision_is_told_that_its_capture_is_kept() {
    let billing = Billing::new(settings().allow_up_to_micros(1_000_000)).unwrap();
    let begin = Begin::new(Some("user-1".to_owned()), "search");
    let begin = begin.estimate(Cost::AmountMicros(400_000));
    let call = billing.begin(begin).await.unwrap();
    assert_eq!(call.capture(Cost::AmountMicros(300_000)).await, Ok(None));
    assert_eq!(billing.backlog(), 1);
    call.abandon();
    assert_eq!((billing.calls(), billing.backlog()), (0, 1));
}
