//! Mail: a notice of the outbox becomes a mail in the person's language, and leaves by a mail
//! server, or as a file where there is none.

mod contribution;
mod letter;
mod options;
mod render;
mod smtp;
#[cfg(test)]
mod tests;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use billing_proto::contact as person;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use metrics::counter;
use serde_json::Value;
use sqlx::PgPool;
use tracing::warn;
use uuid::Uuid;

use self::letter::Letter;
use self::render::{Occasion, Press};
use self::smtp::{Away, NotTaken, Server, Session};
use self::words::Language;
use super::queries::{self, Contact, Waiting};
use super::{Fate, files};
use crate::id::AccountId;
use crate::unsubscribe::Links;

pub use self::options::MailOptions;

/// Delivers mail.
pub struct Postman {
    press: Press,
    sender: Mailbox,
    links: Arc<Links>,
    outlet: Outlet,
}

/// Where mail leaves.
enum Outlet {
    Folder(PathBuf),
    Server(Server),
}

/// A round of deliveries: its mails share a connection.
#[derive(Default)]
pub struct Round {
    session: Option<Session>,
}

impl Round {
    pub async fn end(self) {
        if let Some(session) = self.session {
            session.quit().await;
        }
    }
}

impl Postman {
    /// Delivers one notice, or finds that nobody wants it. No transaction is open meanwhile.
    pub(super) async fn deliver(
        &self,
        pool: &PgPool,
        notice: &Waiting,
        round: &mut Round,
    ) -> Result<Fate, sqlx::Error> {
        let letter = match Letter::read(&notice.kind, &notice.payload) {
            Ok(letter) => letter,
            Err(error) => return Ok(Fate::Never(error.to_string())),
        };
        let contact = if matches!(letter, Letter::EndpointDisabled(_)) {
            queries::find_endpoint_owner(pool, notice.account_id).await?
        } else {
            queries::find_contact(pool, notice.account_id).await?
        };
        let Some((contact, email)) = contact.and_then(|mut contact| {
            // Read again: an older version remembered what no mail can be sent to, and links for names.
            let email = person::address(&contact.email.take()?)?;
            contact.name = contact.name.as_deref().and_then(person::name);
            Some((contact, email))
        }) else {
            count(&letter, "no_address");
            return Ok(Fate::Done);
        };
        if !letter.is_wanted_by(&contact) {
            count(&letter, "unwanted");
            return Ok(Fate::Done);
        }
        let Ok(address) = email.parse::<Address>() else {
            count(&letter, "given_up");
            return Ok(Fate::Never("the address is none".to_owned()));
        };
        let mail = match self.compose(&letter, &contact, address, notice) {
            Ok(mail) => mail,
            Err(error) => return Ok(Fate::Never(format!("{error:#}"))),
        };
        let fate = without(self.hand_over(notice, &mail, round).await, &email);
        count(&letter, outcome(&fate));
        Ok(fate)
    }

    /// Where the mail server is, and how it is spoken to; none where mail is written as files.
    pub fn server(&self) -> Option<String> {
        match &self.outlet {
            Outlet::Folder(_) => None,
            Outlet::Server(server) => Some(server.place()),
        }
    }

    /// Of the address that mail comes from.
    pub fn domain(&self) -> &str {
        self.sender.email.domain()
    }

    /// Speaks to the mail server as before a mail, and leaves; with its certificate, as DER.
    pub async fn greet(&self) -> Result<Option<Vec<u8>>, Away> {
        let Outlet::Server(server) = &self.outlet else {
            return Ok(None);
        };
        let session = server.connect().await?;
        let certificate = session.certificate();
        session.quit().await;
        Ok(certificate)
    }

    /// Sends a test mail to an address that nobody has to have given. An error does not repeat it.
    pub async fn send_test(&self, email: &str) -> Result<(), String> {
        let told = |error: String| error.replace(email, "(the address)");
        let address: Address = email
            .parse()
            .map_err(|_| "the address is none".to_owned())?;
        let notice = Waiting {
            account_id: Uuid::now_v7(),
            seq: 1,
            kind: Letter::Test.name().to_owned(),
            payload: Value::Null,
            created_at: Timestamp::now().to_sqlx(),
            attempts: 0,
            tenant_id: None,
            user_id: None,
        };
        let contact = Contact {
            email: None,
            name: None,
            locale: "en".to_owned(),
            mail_payments: true,
            mail_low_balance: true,
            mail_payment_failures: true,
        };
        let mail = self
            .compose(&Letter::Test, &contact, address, &notice)
            .map_err(|error| told(format!("{error:#}")))?;
        let mut round = Round::default();
        let fate = self.hand_over(&notice, &mail, &mut round).await;
        round.end().await;
        match fate {
            Fate::Done => Ok(()),
            Fate::Later(error) | Fate::Never(error) | Fate::Away(error) => Err(told(error)),
        }
    }

    async fn hand_over(&self, notice: &Waiting, mail: &Message, round: &mut Round) -> Fate {
        let server = match &self.outlet {
            Outlet::Folder(folder) => return into_file(folder, notice, mail).await,
            Outlet::Server(server) => server,
        };
        let mut session = match round.session.take() {
            Some(session) => session,
            None => match server.connect().await {
                Ok(session) => session,
                Err(away) => return Fate::Away(away.to_string()),
            },
        };
        let taken = session.send(mail.envelope(), &mail.formatted()).await;
        if !matches!(taken, Err(NotTaken::Cut(_))) {
            round.session = Some(session);
        }
        match taken {
            Ok(()) => Fate::Done,
            Err(NotTaken::Never(told)) => Fate::Never(told),
            Err(NotTaken::NotNow(told) | NotTaken::Cut(told)) => Fate::Later(told),
        }
    }

    fn compose(
        &self,
        letter: &Letter,
        contact: &Contact,
        address: Address,
        notice: &Waiting,
    ) -> anyhow::Result<Message> {
        let at = notice.created_at.to_jiff();
        let name = contact.name.as_deref().unwrap_or_default();
        let to = AccountId::from_uuid(notice.account_id);
        let subscription = letter.subscription();
        let unsubscribe = subscription.and_then(|mail| self.links.link(to, mail, at));
        let occasion = Occasion {
            language: Language::of(&contact.locale),
            name,
            at,
            unsubscribe: unsubscribe.as_deref(),
        };
        let rendered = self.press.render(letter, &occasion)?;
        if !rendered.warnings.is_empty() {
            warn!(mail = letter.name(), warnings = ?rendered.warnings, "the layout of mail is odd");
        }
        let mut mail = Message::builder()
            .message_id(Some(self.message_id(notice)))
            .date(SystemTime::from(at))
            .from(self.sender.clone())
            .to(Mailbox::new(None, address))
            .subject(rendered.subject)
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()));
        let settings = || subscription.and_then(|_| self.press.link("settings"));
        if let Some(link) = unsubscribe.clone().or_else(settings) {
            mail = mail.raw_header(header("List-Unsubscribe", format!("<{link}>")));
        }
        if unsubscribe.is_some() {
            // A mail program may post to the link without asking (RFC 8058).
            let one_click = "List-Unsubscribe=One-Click".to_owned();
            mail = mail.raw_header(header("List-Unsubscribe-Post", one_click));
        }
        let parts = MultiPart::alternative()
            .singlepart(SinglePart::plain(rendered.text))
            .singlepart(SinglePart::html(rendered.html));
        Ok(mail.multipart(parts)?)
    }

    /// The same whenever a notice is delivered, so that a second delivery can be told.
    fn message_id(&self, notice: &Waiting) -> String {
        let (account, seq) = (notice.account_id.simple(), notice.seq);
        format!("<{account}.{seq}@{}>", self.sender.email.domain())
    }
}

async fn into_file(folder: &Path, notice: &Waiting, mail: &Message) -> Fate {
    let name = format!("{}.eml", files::stem(notice));
    match files::write(&folder.join("mail"), &name, &mail.formatted()).await {
        Ok(()) => Fate::Done,
        Err(error) => Fate::Later(error.to_string()),
    }
}

/// Servers like to repeat the address: it is personal, and goes into no log and no list.
fn without(fate: Fate, address: &str) -> Fate {
    let hide = |told: String| told.replace(address, "(the address)");
    match fate {
        Fate::Done => Fate::Done,
        Fate::Later(told) => Fate::Later(hide(told)),
        Fate::Never(told) => Fate::Never(hide(told)),
        Fate::Away(told) => Fate::Away(hide(told)),
    }
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

const fn outcome(fate: &Fate) -> &'static str {
    match fate {
        Fate::Done => "sent",
        Fate::Later(_) => "later",
        Fate::Never(_) => "given_up",
        Fate::Away(_) => "server_away",
    }
}

fn count(letter: &Letter, outcome: &'static str) {
    counter!("billing_mail_total", "kind" => letter.name(), "outcome" => outcome).increment(1);
}
