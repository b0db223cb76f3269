//! `SendTestMail`, `Unsubscribe`, and what requests say of a person.

use billing_proto::v1::{self, ErrorReason};
use serde_json::json;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::{ContactChange, Reached, end_mail, find_tenant, take_test_mail, upsert_contact};
use crate::database::clock;
use crate::field::{self, FieldError};
use crate::ledger::grpc::parse_opening;
use crate::outbox::{self, Channel, Notice};
use crate::rpc::call_of;
use crate::status::with_reason;
use crate::unsubscribe::{LinkError, Links};

/// Where a person is reached, as his own token says. Words that are no address that mail can be sent to,
/// or no name, are as if the token had none: nobody who calls can mend them.
pub fn parse_contact(contact: Option<v1::Contact>) -> ContactChange {
    let reached = contact.map(|contact| Reached {
        email: billing_proto::contact::address(&contact.email),
        name: billing_proto::contact::name(&contact.name),
    });
    ContactChange {
        reached,
        ..ContactChange::default()
    }
}

/// The language of a locale such as `uk-UA`, as browsers and phones name it.
pub fn parse_locale(locale: String) -> Result<String, FieldError> {
    let locale = field::text("locale", locale, 64)?;
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    let known = ["en", "uk"].into_iter();
    known
        .filter(|known| known.eq_ignore_ascii_case(language))
        .map(str::to_owned)
        .next()
        .ok_or_else(|| {
            FieldError::new(
                "locale",
                "must be en or uk, or a locale of these, such as uk-UA",
            )
        })
}

pub async fn send_test_mail(
    pool: &PgPool,
    request: Request<v1::SendTestMailRequest>,
) -> Result<Response<v1::SendTestMailResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_opening(&call, request.account)?;
    let contact = parse_contact(request.contact);
    let has_email = contact
        .reached
        .as_ref()
        .is_some_and(|to| to.email.is_some());
    if !has_email {
        let forgotten = async {
            if !contact.is_empty() {
                upsert_contact(pool, account, &name, &contact).await?;
            }
            Ok(())
        };
        call.change(forgotten).await?;
        return Err(FieldError::new("contact.email", "must be an address").into());
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

/// Whoever has the link may: a mail program posts to it for its reader.
pub async fn unsubscribe(
    links: &Links,
    pool: &PgPool,
    request: Request<v1::UnsubscribeRequest>,
) -> Result<Response<v1::UnsubscribeResponse>, Status> {
    let (call, request) = call_of(request)?;
    let now = call.query(clock(pool)).await?;
    let (account, mail) = links
        .read(&request.token, now)
        .map_err(|error| match error {
            LinkError::Unknown => FieldError::new("token", "must be of a link of ours").into(),
            LinkError::Expired => with_reason(
                ErrorReason::UnsubscribeLinkExpired,
                "the link has ended",
                [],
            ),
        })?;
    // Who is not known any more gets no mail either.
    if let Some(tenant) = call.query(find_tenant(pool, account)).await? {
        call.tenant(&tenant)?;
        call.change(end_mail(pool, account, mail)).await?;
    }
    Ok(Response::new(v1::UnsubscribeResponse {}))
}

/// What is told when somebody wants to see that mail arrives.
fn test_mail() -> Notice {
    Notice {
        channel: Channel::Mail,
        kind: "test",
        payload: json!({}),
    }
}
