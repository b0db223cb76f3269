//! Whether the core serves, for probes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use billing_telemetry::trace::TraceContext;
use tokio::sync::Mutex;

use super::client::CoreClient;

/// `/ready` asks for no token, so it asks the core no more often than this.
const ANSWER_KEPT: Duration = Duration::from_secs(1);

/// The core's last answer, which those who wait for it share.
#[derive(Debug, Default)]
pub(crate) struct CoreHealth(Mutex<Option<(Instant, Answer)>>);

/// Where it is not ready: why.
type Answer = Result<(), Arc<str>>;

impl CoreHealth {
    pub(crate) async fn ask(&self, core: &CoreClient, trace: TraceContext) -> Answer {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < ANSWER_KEPT
        {
            return answer.clone();
        }
        let checked = core.check_health(trace).await;
        let answer = checked.map_err(|error| Arc::from(error.to_string()));
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}
