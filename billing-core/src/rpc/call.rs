//! The call that the layer has admitted, as handlers have it, and the words that their requests and
//! answers have in common.

use std::sync::Arc;

use billing_proto::v1::ErrorReason;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Status};

use crate::auth::Caller;
use crate::field::{self, FieldError};
use crate::id::AccountId;
use crate::status::{deadline_exceeded, of_change, of_query, with_reason};

/// Longest name of a tenant, and longest idempotency key, that requests give.
pub const TENANT_BYTES: usize = 128;
pub const KEY_BYTES: usize = 255;
/// Rows of most pages: where requests say nothing, and at most.
pub const PAGE_DEFAULT: i64 = 50;
pub const PAGE_MAX: i64 = 200;

/// What the layer has found out about a call; handlers take it from the request.
#[derive(Clone, Debug)]
pub struct Call {
    pub caller: Arc<Caller>,
    /// By when an answer must have left.
    pub deadline: Instant,
}

impl Call {
    /// The account that a request names, if it is one of the caller's tenants.
    pub fn account(&self, tenant_id: &str, user_id: &str) -> Result<AccountId, Status> {
        self.tenant(tenant_id)?;
        Ok(AccountId::of(tenant_id, user_id))
    }

    /// What a query of the pool answers, by the call's deadline. A server that does not answer does
    /// not end its own statements either.
    pub async fn query<T>(
        &self,
        query: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Status> {
        match timeout_at(self.deadline, query).await {
            Ok(answer) => answer.map_err(|error| of_query(&error)),
            Err(_) => Err(deadline_exceeded()),
        }
    }

    /// The same for what changes something: where the database did not answer, the caller is not told
    /// that nothing was done.
    pub async fn change<T>(
        &self,
        change: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Status> {
        match timeout_at(self.deadline, change).await {
            Ok(answer) => answer.map_err(|error| of_change(&error)),
            Err(_) => Err(deadline_exceeded()),
        }
    }

    /// Refuses whoever may not act for every tenant.
    pub fn all_tenants(&self) -> Result<(), Status> {
        if self.caller.may_act_for_all() {
            return Ok(());
        }
        Err(with_reason(
            ErrorReason::AllTenantsRequired,
            "only a token for all tenants may call this",
            [],
        ))
    }

    /// Refuses a tenant outside the caller's as if it did not exist.
    pub fn tenant(&self, tenant_id: &str) -> Result<(), Status> {
        if self.caller.may_act_for(tenant_id) {
            Ok(())
        } else {
            Err(with_reason(
                ErrorReason::TenantNotFound,
                "tenant_id: not a tenant of this token",
                [],
            ))
        }
    }
}

/// The call that the layer has admitted, and its message.
pub fn call_of<T>(request: Request<T>) -> Result<(Call, T), Status> {
    let (_, mut extensions, message) = request.into_parts();
    let call = extensions
        .remove::<Call>()
        .ok_or_else(|| Status::internal("the call passed no gate"))?;
    Ok((call, message))
}

/// Rows of a page: as many as were asked for, and where the next one begins.
pub struct Paged<T> {
    pub rows: Vec<T>,
    /// Empty on the last page.
    pub next: String,
}

impl<T> Paged<T> {
    /// Of rows of which one more was read than the page has, if there are as many.
    pub fn of(mut rows: Vec<T>, page: i64, token: impl FnOnce(&T) -> String) -> Self {
        let most = usize::try_from(page).unwrap_or_default();
        let more = rows.len() > most;
        rows.truncate(most);
        let next = match rows.last() {
            Some(last) if more => token(last),
            _ => String::new(),
        };
        Self { rows, next }
    }
}

/// How many rows a page is asked to have.
pub fn page_size(given: i32, default: i64, most: i64) -> Result<i64, FieldError> {
    match given {
        0 => Ok(default),
        size => field::number("page_size", size.into(), 1, most),
    }
}

/// Why a token is refused that no page has given.
pub fn no_page() -> FieldError {
    FieldError::new("page_token", "must be the next_page_token of a page")
}

pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let mut seconds = at.as_second();
    let mut nanos = at.subsec_nanosecond();
    // The wire counts nanoseconds forward, also before the epoch.
    if nanos < 0 {
        seconds -= 1;
        nanos += 1_000_000_000;
    }
    prost_types::Timestamp { seconds, nanos }
}
