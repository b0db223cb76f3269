//! Lists that come in pages.

use serde::de::DeserializeOwned;
use stripe_client_core::RequestBuilder;

use super::client::Client;
use super::objects::List;
use crate::providers::ProviderError;
use crate::wire::Object;

/// The most that one page holds.
pub(super) const PAGE: i64 = 100;
/// Of lists that belong to one payment or one customer; a longer one is not of our making.
const PAGES_MAX: usize = 20;

impl Client {
    /// Every page. `page` is the request for what comes after an id, `id` that of what it lists.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        call: &'static str,
        page: impl Fn(Option<&str>) -> RequestBuilder + Send,
        id: impl Fn(&T) -> &String + Send,
    ) -> Result<Vec<T>, ProviderError> {
        let mut all: Vec<T> = Vec::new();
        for _ in 0..PAGES_MAX {
            let request = page(all.last().map(|last| id(last).as_str()));
            let List { data, has_more } = self.send::<List<T>>(call, request, None).await?;
            let more = has_more && !data.is_empty();
            all.extend(data.into_iter().map(|Object(listed)| listed));
            if !more {
                return Ok(all);
            }
        }
        Err(ProviderError::Away("the list does not end".into()))
    }
}
