use std::thread;

use anyhow::{Context, Result};
use tokio::runtime;
use tokio::sync::oneshot;

/// Runs a load on a thread of its own, so that neither delays the other's timers.
pub async fn apart<T, F>(load: impl FnOnce() -> F + Send + 'static) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>>,
{
    let (end, ended) = oneshot::channel();
    thread::Builder::new()
        .name("load".to_owned())
        .spawn(move || {
            let outcome = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("cannot start a runtime")
                .and_then(|runtime| runtime.block_on(load()));
            // Nobody waits for it: the run was interrupted.
            let _ = end.send(outcome);
        })
        .context("cannot start a thread")?;
    ended.await.context("the load broke")?
}
