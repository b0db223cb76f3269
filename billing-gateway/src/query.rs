//! Query strings, read so that whatever is wrong is named by its parameter.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::problem::ApiError;

/// The parameters of a request. Unknown ones pass; one that is given twice does not.
#[derive(Debug)]
pub(crate) struct QueryText(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for QueryText {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_not_form| ApiError::invalid("query", "must be key=value pairs"))?;
        let mut params = BTreeMap::new();
        for (name, value) in pairs {
            if params.contains_key(&name) {
                return Err(ApiError::invalid(name, "must be given once"));
            }
            params.insert(name, value);
        }
        Ok(Self(params))
    }
}

impl QueryText {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A whole number within `range`; `default` where the parameter is absent.
    pub(crate) fn whole(
        &self,
        name: &'static str,
        range: RangeInclusive<i32>,
        default: i32,
    ) -> Result<i32, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|number| plain && range.contains(number))
            .ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                ApiError::invalid(name, format!("must be a whole number, {least} to {most}"))
            })
    }
}
