//! A connection to the broker, and what comes of an event on it.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::runtime::default_runtime;
use lapin::types::FieldTable;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
    PublisherConfirm,
};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::super::cloud_event;
use super::super::queries::Waiting;
use super::{Broker, EXCHANGE};

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// For a confirm. A broker without memory or disk reads nothing, and confirms nothing.
const CONFIRM_TIME: Duration = Duration::from_secs(10);
/// So many events are on their way at once.
const CHANNELS: usize = 64;
const PERSISTENT: u8 = 2;

/// Why the broker does not have an event, as far as we know.
#[derive(Debug)]
pub enum Trouble {
    /// No queue is bound that would take it.
    Unroutable(String),
    /// A queue refused it: it is full.
    Rejected(String),
    /// It was sent, and nothing came back. A queue may be without a majority while others confirm.
    Silent(String),
    /// Nothing is known of it: the connection is lost, or takes nothing.
    Unknown(String),
}

impl Trouble {
    /// In metrics. What was sent and not confirmed may have arrived or not.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unroutable(_) => "unroutable",
            Self::Rejected(_) => "rejected",
            Self::Silent(_) | Self::Unknown(_) => "unknown",
        }
    }

    /// Whether the broker has answered, be it by a no.
    pub const fn is_answer(&self) -> bool {
        matches!(self, Self::Unroutable(_) | Self::Rejected(_))
    }
}

/// A channel that confirms; none where something on it was not confirmed.
///
/// It has one event at a time. Of several, lapin may take a confirm for another one's: it numbers them under one
/// lock, and sends them under another. And an event that comes back it gives to whichever confirm it sees to next,
/// where one confirm may be of many: an event that no queue took would be deleted as delivered. Therefore nothing
/// more is published either where a confirm may still come.
pub type Slot = Arc<Mutex<Option<Channel>>>;

/// A connection, and its channels, which end with it.
pub struct Link {
    connection: Arc<Connection>,
    pub channels: Vec<Slot>,
    /// Something on it was not confirmed. Another one is to be made.
    pub is_lost: bool,
}

impl Link {
    /// Connects, and makes the exchange where there is none.
    pub async fn open(broker: &Broker) -> Result<Self, String> {
        let open = async {
            let properties =
                ConnectionProperties::default().with_connection_name("billing-core".into());
            let connection = Connection::connect_uri_with_config(
                broker.uri.clone(),
                properties,
                broker.tls(),
                default_runtime()?,
            )
            .await?;
            let connection = Arc::new(connection);
            let channels = open_channels(&connection).await?;
            Ok::<_, lapin::Error>(Self {
                connection,
                channels,
                is_lost: false,
            })
        };
        match timeout(CONNECT_TIME, open).await {
            Ok(opened) => opened.map_err(|error| error.to_string()),
            Err(_) => Err("the broker does not answer".to_owned()),
        }
    }

    /// Whether the broker reads nothing from it, being short of memory or disk. Then lapin writes nothing to it, not
    /// even that it is closed. One that has ended meanwhile is not blocked, though lapin goes on saying so.
    pub fn is_blocked(&self) -> bool {
        let status = self.connection.status();
        status.connected() && status.blocked()
    }
}

/// The exchange is made on the first; the others are opened at once, since each takes several ways there and back.
async fn open_channels(connection: &Arc<Connection>) -> Result<Vec<Slot>, lapin::Error> {
    let first = open_channel(Arc::clone(connection)).await?;
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    first
        .exchange_declare(
            EXCHANGE.into(),
            ExchangeKind::Topic,
            durable,
            FieldTable::default(),
        )
        .await?;
    // A broker may allow fewer.
    let most = usize::from(connection.configuration().channel_max());
    let mut opening = JoinSet::new();
    for _ in 1..CHANNELS.min(most) {
        opening.spawn(open_channel(Arc::clone(connection)));
    }
    let mut channels = vec![Arc::new(Mutex::new(Some(first)))];
    for opened in opening.join_all().await {
        channels.push(Arc::new(Mutex::new(Some(opened?))));
    }
    Ok(channels)
}

async fn open_channel(connection: Arc<Connection>) -> Result<Channel, lapin::Error> {
    let channel = connection.create_channel().await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    Ok(channel)
}

/// Publishes an event and waits until the broker has it in every queue that wants it, on disk where the queue is.
pub async fn publish(channel: &Channel, event: &Waiting) -> Result<(), Trouble> {
    let until = Instant::now() + CONFIRM_TIME;
    let confirm = match timeout_at(until, send(channel, event)).await {
        Ok(Ok(confirm)) => confirm,
        Ok(Err(error)) => return Err(Trouble::Unknown(error.to_string())),
        Err(_) => return Err(Trouble::Unknown("the broker reads nothing".to_owned())),
    };
    match timeout_at(until, confirm).await {
        // It is sent back before it is confirmed.
        Ok(Ok(Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)))) => Err(
            Trouble::Unroutable(format!("unroutable: {}", returned.reply_text)),
        ),
        Ok(Ok(Confirmation::Ack(None))) => Ok(()),
        Ok(Ok(Confirmation::Nack(None))) => Err(Trouble::Rejected(
            "a queue is full and rejects it".to_owned(),
        )),
        Ok(Ok(Confirmation::NotRequested)) => {
            Err(Trouble::Unknown("the channel does not confirm".to_owned()))
        }
        Ok(Err(error)) => Err(Trouble::Unknown(error.to_string())),
        Err(_) => Err(Trouble::Silent("the broker does not confirm".to_owned())),
    }
}

/// Until it is written to the connection.
async fn send(channel: &Channel, event: &Waiting) -> Result<PublisherConfirm, lapin::Error> {
    let body = cloud_event::write(event).to_string();
    let properties = BasicProperties::default()
        .with_content_type(cloud_event::CONTENT_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(cloud_event::id(event).into())
        .with_type(event.kind.as_str().into());
    let mandatory = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    channel
        .basic_publish(
            EXCHANGE.into(),
            cloud_event::routing_key(event).into(),
            mandatory,
            body.as_bytes(),
            properties,
        )
        .await
}
