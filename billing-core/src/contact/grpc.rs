//! `SendTestMail`, and what requests say of a person.

use billing_proto::v1::{self, ErrorReason};
use serde_json::json;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::{ContactChange, take_test_mail, upsert_contact};
use crate::database::clock;
use crate::field::{self, FieldError};
use crate::ledger::grpc::parse_account;
use crate::outbox::{self, Channel, Message};
use crate::rpc::call_of;
use crate::status::with_reason;

/// The longest address that mail knows, RFC 5321.
const EMAIL_BYTES: usize = 254;

/// Where a person is reached, as his own token says.
pub fn parse_contact(
    path: &str,
    contact: Option<v1::Contact>,
) -> Result<ContactChange, FieldError> {
    let Some(contact) = contact else {
        return Ok(ContactChange::default());
    };
    let email = field::optional_text(&format!("{path}.email"), contact.email, EMAIL_BYTES)?;
    if let Some(email) = &email
        && !is_address(email)
    {
        return Err(FieldError::new(
            format!("{path}.email"),
            "must be an address",
        ));
    }
    Ok(ContactChange {
        email,
        name: field::optional_text(&format!("{path}.name"), contact.name, 255)?,
        ..ContactChange::default()
    })
}

/// One plain address, and nothing that a list or a name could hide in.
fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !",;<>()[]\"\\".contains(c);
    text.chars().all(plain)
        && text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@')
        })
}

pub fn parse_locale(locale: String) -> Result<String, FieldError> {
    if ["en", "uk"].contains(&locale.as_str()) {
        Ok(locale)
    } else {
        Err(FieldError::new("locale", "must be en or uk"))
    }
}

pub async fn send_test_mail(
    pool: &PgPool,
    request: Request<v1::SendTestMailRequest>,
) -> Result<Response<v1::SendTestMailResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_account(&call, request.account)?;
    let contact = parse_contact("contact", request.contact)?;
    if contact.email.is_none() {
        return Err(FieldError::new("contact.email", "must not be empty").into());
    }
    let queued = async {
        let mut transaction = pool.begin().await?;
        upsert_contact(&mut *transaction, account, &name, &contact).await?;
        if !take_test_mail(&mut *transaction, account).await? {
            return Ok(false);
        }
        let now = clock(&mut *transaction).await?;
        outbox::enqueue(&mut transaction, &[(account, test_mail())], now).await?;
        transaction.commit().await?;
        Ok(true)
    };
    if call.change(queued).await? {
        return Ok(Response::new(v1::SendTestMailResponse {}));
    }
    Err(with_reason(
        ErrorReason::TestMailTooSoon,
        "one test mail a minute",
        [],
    ))
}

/// What is told when somebody wants to see that mail arrives.
fn test_mail() -> Message {
    Message {
        channel: Channel::Mail,
        kind: "test",
        payload: json!({}),
    }
}
