//! A connection to the broker, and what comes of an event on it.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::runtime::default_runtime;
use lapin::types::FieldTable;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
};
use tokio::time::timeout;

use super::super::cloud_event;
use super::super::queries::Waiting;
use super::{Broker, EXCHANGE};

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// For a confirm. A broker without memory or disk reads nothing, and confirms nothing.
const CONFIRM_TIME: Duration = Duration::from_secs(10);
const PERSISTENT: u8 = 2;

/// Why the broker does not have an event, as far as we know.
#[derive(Debug)]
pub enum Trouble {
    /// No queue is bound that would take it.
    Unroutable(String),
    /// A queue refused it: it is full.
    Rejected(String),
    /// Nothing is known of it: the connection is lost, or the broker is silent.
    Unknown(String),
}

impl Trouble {
    /// In metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unroutable(_) => "unroutable",
            Self::Rejected(_) => "rejected",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// A channel that confirms, and its connection, which ends with it.
pub struct Link {
    _connection: Connection,
    pub channel: Channel,
    /// The broker has answered an event on it. One that is short of memory lets anybody connect.
    pub is_proven: bool,
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
            let channel = connection.create_channel().await?;
            let durable = ExchangeDeclareOptions {
                durable: true,
                ..ExchangeDeclareOptions::default()
            };
            channel
                .exchange_declare(
                    EXCHANGE.into(),
                    ExchangeKind::Topic,
                    durable,
                    FieldTable::default(),
                )
                .await?;
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await?;
            Ok::<_, lapin::Error>(Self {
                _connection: connection,
                channel,
                is_proven: false,
            })
        };
        match timeout(CONNECT_TIME, open).await {
            Ok(opened) => opened.map_err(|error| error.to_string()),
            Err(_) => Err("the broker does not answer".to_owned()),
        }
    }
}

/// Publishes an event and waits until the broker has it in every queue that wants it, on disk where the queue is.
pub async fn publish(channel: &Channel, event: &Waiting) -> Result<(), Trouble> {
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
    let key = cloud_event::routing_key(event);
    let confirmed = async {
        channel
            .basic_publish(
                EXCHANGE.into(),
                key.into(),
                mandatory,
                body.as_bytes(),
                properties,
            )
            .await?
            .await
    };
    match timeout(CONFIRM_TIME, confirmed).await {
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
        Err(_) => Err(Trouble::Unknown("the broker does not confirm".to_owned())),
    }
}
