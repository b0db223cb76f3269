//! Answers of whoever is there, which may be anybody: of any size, and of none of our kind.

use reqwest::Response;
use serde_json::Value;

/// No answer of a gateway's that is asked for here has as much.
const BYTES_MAX: usize = 64 * 1024;

pub(super) const TOO_LARGE: &str = "it answers more than a gateway does";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Its JSON; null where it is none, or breaks off. What is too much is not read.
pub(super) async fn json(mut answer: Response) -> Result<Value, TooLarge> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        if body.len().saturating_add(chunk.len()) > BYTES_MAX {
            return Err(TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&body).unwrap_or_default())
}
