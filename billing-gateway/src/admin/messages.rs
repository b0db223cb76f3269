//! `/api/admin/messages`: what supporters wrote, for somebody of the tenant to let it be shown, or not any more.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::{
    ListMessagesRequest, MessageState, ModerateMessageRequest, WaitingMessage,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Administrator, LIMIT_DEFAULT, LIMIT_MAX, filled, optional_reason, word};
use crate::auth::is_user;
use crate::core::{AdminCore, CoreError, FieldNames, written};
use crate::json_object::JsonObject;
use crate::payment::named;
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;

const APPROVED: &str = "approved";

const FIELDS: FieldNames<'static> = &[
    ("page_size", "limit"),
    ("user_id", "userId"),
    ("reason", "reason"),
];

const STATES: [(&str, MessageStanding); 3] = [
    ("waiting", MessageStanding::Waiting),
    ("approved", MessageStanding::Approved),
    ("refused", MessageStanding::Refused),
];

/// Whether a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MessageStanding {
    /// Not before somebody has approved it.
    Waiting,
    /// On the wall, unless its giver is anonymous or hidden.
    Approved,
    Refused,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessagesResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// Those that wait: the oldest first; others: the newest first.
    messages: Vec<SupportersMessage>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SupportersMessage {
    /// The contribution that it came with.
    #[schema(example = "01HQ5W8X7C9D3K2M4N6P8R0STV")]
    ulid: String,
    user_id: String,
    /// As the wall would name them; null: not at all.
    #[schema(required = true)]
    name: Option<String>,
    message: String,
    state: MessageStanding,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
}

/// Messages of supporters
#[utoipa::path(
    get,
    path = "/api/admin/messages",
    operation_id = "adminListMessages",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("state" = Option<String>, Query, description = "waiting, approved or refused; absent: waiting"),
        ("userId" = Option<String>, Query, max_length = 255, description = "Only of this user"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many; absent: 50"),
    ),
    responses(
        (status = 200, body = MessagesResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: AdminCore,
    administrator: Administrator,
    query: QueryText,
) -> Result<Json<MessagesResponse>, ApiError> {
    let state = word(&query, "state", &STATES)?.unwrap_or(MessageStanding::Waiting);
    let user_id = query.text("userId").filter(|user| !user.is_empty());
    if user_id.is_some_and(|user| !is_user(user)) {
        return Err(ApiError::invalid("userId", "must be 1 to 255 bytes"));
    }
    let wanted = match state {
        MessageStanding::Waiting => MessageState::Waiting,
        MessageStanding::Approved => MessageState::Approved,
        MessageStanding::Refused => MessageState::Refused,
    };
    let request = ListMessagesRequest {
        tenant_id: administrator.tenant_id(),
        page_size: query.whole("limit", 1..=LIMIT_MAX, LIMIT_DEFAULT)?,
        state: wanted.into(),
        user_id: user_id.unwrap_or_default().to_owned(),
    };
    let answer = core.list_messages(request).await;
    let answer = answer.map_err(|error| error.into_api(FIELDS))?;
    let messages = answer.messages.into_iter();
    Ok(Json(MessagesResponse {
        success: true,
        messages: messages
            .map(|message| SupportersMessage::of(message, state))
            .collect::<Result<_, _>>()?,
    }))
}

impl SupportersMessage {
    fn of(message: WaitingMessage, state: MessageStanding) -> Result<Self, ApiError> {
        Ok(Self {
            ulid: message.ulid,
            user_id: message.user_id,
            name: filled(message.name),
            message: message.message,
            state,
            created_at: written(message.created_at.as_ref())?
                .ok_or_else(|| ApiError::fault("a message has no time"))?,
        })
    }
}

/// Whether a message is shown.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct JudgementBody {
    /// False: not any more, also where it was approved. Name, badge and amount of its giver stay as they are.
    approved: bool,
    /// Why; at most 500 bytes. Kept with the change.
    #[schema(required = false)]
    reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JudgedMessage {
    /// Always true: what is not a success is a problem body.
    success: bool,
    ulid: String,
    message: String,
    state: MessageStanding,
}

/// Lets a message of a supporter be shown, or not
///
/// At once on the wall. The last word holds.
#[utoipa::path(
    put,
    path = "/api/admin/messages/{id}",
    operation_id = "adminJudgeMessage",
    tag = "admin",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The ULID of the contribution")),
    request_body = JudgementBody,
    responses(
        (status = 200, body = JudgedMessage),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn judge(
    core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<JudgedMessage>, ApiError> {
    body.only(&[APPROVED, "reason"])?;
    let request = ModerateMessageRequest {
        tenant_id: administrator.tenant_id(),
        ulid: named(path)?,
        approve: body
            .boolean(APPROVED)?
            .ok_or_else(|| ApiError::invalid(APPROVED, "must be true or false"))?,
        actor: administrator.actor(),
        reason: optional_reason(&body)?,
    };
    let answer = core.moderate_message(request).await;
    let contribution = answer
        .map_err(refusal)?
        .contribution
        .ok_or_else(|| ApiError::fault("the core's answer has no contribution"))?;
    Ok(Json(JudgedMessage {
        success: true,
        state: match contribution.message_state() {
            MessageState::Approved => MessageStanding::Approved,
            MessageState::Waiting => MessageStanding::Waiting,
            MessageState::Refused | MessageState::None | MessageState::Unspecified => {
                MessageStanding::Refused
            }
        },
        message: contribution.message,
        ulid: contribution.ulid,
    }))
}

/// A text that cannot be a ULID names no contribution.
fn refusal(error: CoreError) -> ApiError {
    match error {
        CoreError::InvalidField { ref field, .. } if field == "ulid" => ApiError::NotFound,
        error => error.into_api(FIELDS),
    }
}
