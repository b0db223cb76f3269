//! How callbacks of Fondy's are sent; their signature is in the body.

use std::time::Duration;

use http::HeaderName;
use http::header::USER_AGENT;

use crate::webhook::Origin;

/// As Fondy's callbacks come (<https://docs.fondy.io/docs/callbacks>).
const FONDY_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; Twisted) AppleWebKit/537.36 (KHTML, like \
                           Gecko) Chrome/63.0.3239.108 Safari/537.36";

#[derive(Debug)]
pub struct FondyCallbacks {
    pub retry_pauses: Vec<Duration>,
}

impl Origin for FondyCallbacks {
    fn retry_pauses(&self) -> &[Duration] {
        &self.retry_pauses
    }

    fn is_satisfied_by(&self, status: u16) -> bool {
        status == 200
    }

    fn headers(&self, _at: i64, _body: &str) -> Vec<(HeaderName, String)> {
        vec![(USER_AGENT, FONDY_AGENT.to_owned())]
    }
}
