//! What administrators see and do: the routes under `/api/admin`, each about the tenant of the
//! administrator's own token.
//!
//! `router.rs` lets nobody else through, before anything of a body is read; [`Administrator`] asks once more
//! wherever a tenant is needed. Every call of the core that an everyday gateway may not make goes by
//! [`AdminCore`](crate::core::AdminCore), whose token the gateway need not have: without it none of these
//! routes is there.
//!
//! | file | what |
//! |---|---|
//! | `users` `user` | who has an account; one of them, with what is known of it |
//! | `balance` `limits` `suspension` | what is changed of an account |
//! | `transactions` `transaction` `refund` | payments and entries; money given back |
//! | `figures` `overview` | sums of the tenant |
//! | `tool_pricing` `price` | the price list |
//! | `messages` `supporter` | what the wall shows of supporters |
//! | `mail` `switches` `changes` | mail that does not arrive; what operators switch; who changed what |

mod balance;
mod changes;
mod figures;
mod limits;
mod mail;
mod messages;
mod overview;
mod price;
mod refund;
mod supporter;
mod suspension;
mod switches;
mod tool_pricing;
mod transaction;
mod transactions;
mod user;
mod users;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use billing_proto::text::is_blank;
use billing_proto::v1::{AccountRef, GetAccountRequest, ListContributionsRequest};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Caller, is_user};
use crate::core::{Core, FieldNames};
use crate::json_object::JsonObject;
use crate::payment::named;
use crate::payment::refund::reason;
use crate::problem::ApiError;
use crate::query::QueryText;
use crate::state::AppState;

/// Every route for administrators.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(users::list))
        .routes(routes!(user::get))
        .routes(routes!(changes::of_user))
        .routes(routes!(balance::adjust))
        .routes(routes!(limits::set))
        .routes(routes!(suspension::suspend))
        .routes(routes!(suspension::resume))
        .routes(routes!(transactions::list))
        .routes(routes!(transactions::in_review))
        .routes(routes!(refund::post))
        .routes(routes!(overview::get))
        .routes(routes!(figures::revenue))
        .routes(routes!(figures::by_tool))
        .routes(routes!(figures::by_user))
        .routes(routes!(tool_pricing::list))
        .routes(routes!(tool_pricing::set))
        .routes(routes!(mail::list))
        .routes(routes!(changes::list))
        .routes(routes!(messages::list))
        .routes(routes!(messages::judge))
        .routes(routes!(supporter::moderate))
}

/// Every route for administrators who operate the whole service.
pub(crate) fn operators_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(switches::list))
        .routes(routes!(switches::set))
}

const LIMIT_DEFAULT: i32 = 50;
const LIMIT_MAX: i32 = 200;

/// What lists of these routes call the core's fields.
const PAGE_FIELDS: FieldNames<'static> = &[
    ("page_size", "limit"),
    ("skip", "offset"),
    ("page_token", "before"),
    ("next_page_token", "next_before"),
];

/// The administrator who asks. None but they get a tenant out of it.
#[derive(Debug)]
pub(crate) struct Administrator(Caller);

impl Administrator {
    fn caller(&self) -> &Caller {
        &self.0
    }

    fn tenant_id(&self) -> String {
        self.0.tenant_id().to_owned()
    }

    /// Whom the core is told to have done it.
    fn actor(&self) -> String {
        self.0.user_id().to_owned()
    }

    fn account(&self, user_id: String) -> AccountRef {
        AccountRef {
            tenant_id: self.tenant_id(),
            user_id,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.administered()?;
        Ok(Self(caller))
    }
}

/// A page of a list.
#[derive(Debug)]
struct Page {
    limit: i32,
    before: String,
}

impl Page {
    fn of(query: &QueryText) -> Result<Self, ApiError> {
        Ok(Self {
            limit: query.whole("limit", 1..=LIMIT_MAX, LIMIT_DEFAULT)?,
            before: query.text("before").unwrap_or_default().to_owned(),
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct AdminPagination {
    limit: i32,
    /// How many are in this answer.
    count: usize,
    /// `before` of the next page; null on the last one.
    #[schema(required = true)]
    next_before: Option<String>,
}

impl AdminPagination {
    fn of(page: &Page, count: usize, next: String) -> Self {
        Self {
            limit: page.limit,
            count,
            next_before: filled(next),
        }
    }
}

/// The user that a path names.
fn named_user(path: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    named(path).and_then(|user| is_user(&user).then_some(user).ok_or(ApiError::NotFound))
}

/// Nothing is changed of somebody who was never seen: it is more often a slip than a person.
async fn must_exist(core: &Core, account: &AccountRef) -> Result<(), ApiError> {
    let request = GetAccountRequest {
        account: Some(account.clone()),
    };
    let answer = core.get_account(request).await;
    let found = answer.map_err(|error| error.into_api(&[]))?.account;
    if found.is_some_and(|found| found.exists) || has_given(core, account).await? {
        return Ok(());
    }
    Err(ApiError::NotFound)
}

/// Who gave something need not have an account.
async fn has_given(core: &Core, account: &AccountRef) -> Result<bool, ApiError> {
    let request = ListContributionsRequest {
        account: Some(account.clone()),
        page_size: 1,
        offset: 0,
    };
    let answer = core.list_contributions(request).await;
    let given = answer.map_err(|error| error.into_api(&[]))?.total;
    Ok(given > 0)
}

/// Why, of a change that may be made without a word: then nothing.
fn optional_reason(body: &JsonObject) -> Result<String, ApiError> {
    match body.text_or_null("reason")? {
        Some(given) if !is_blank(&given) => reason(body),
        _ => Ok(String::new()),
    }
}

/// A word of a query that is one of these; none where it is absent or empty.
fn word<T: Copy>(
    query: &QueryText,
    name: &'static str,
    words: &[(&str, T)],
) -> Result<Option<T>, ApiError> {
    let Some(given) = query.text(name).filter(|given| !given.is_empty()) else {
        return Ok(None);
    };
    let known = words.iter().find(|(word, _)| *word == given);
    if let Some((_, meant)) = known {
        return Ok(Some(*meant));
    }
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let message = format!("must be one of {}", words.join(", "));
    Err(ApiError::invalid(name, message))
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
