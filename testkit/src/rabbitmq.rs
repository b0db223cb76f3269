//! A RabbitMQ of a test's own, and a queue of its events.

use billing_stage::rabbitmq::{Broker, obstacle};
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::Value;
use tokio::time::{Duration, sleep};

/// None, and a line that says so, where RabbitMQ is not installed.
pub async fn rabbitmq() -> Option<Broker> {
    if let Some(obstacle) = obstacle() {
        eprintln!("skipped: {obstacle}");
        return None;
    }
    Some(Broker::throw_away().await.unwrap())
}

/// A durable queue with a connection of its own.
pub struct EventQueue {
    name: String,
    channel: Channel,
    _connection: Connection,
}

impl EventQueue {
    /// A queue that takes all events, or at most so many and rejects the others.
    pub async fn declare(url: &str, name: &str, most: Option<i32>) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        let mut arguments = FieldTable::default();
        if let Some(most) = most {
            arguments.insert("x-max-length".into(), AMQPValue::LongInt(most));
            let overflow = AMQPValue::LongString("reject-publish".into());
            arguments.insert("x-overflow".into(), overflow);
        }
        let exchange = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        channel
            .exchange_declare(
                "billing".into(),
                ExchangeKind::Topic,
                exchange,
                FieldTable::default(),
            )
            .await
            .unwrap();
        let queue = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        channel
            .queue_declare(name.into(), queue, arguments)
            .await
            .unwrap();
        let queue = Self {
            name: name.to_owned(),
            channel,
            _connection: connection,
        };
        queue.bind("#").await;
        queue
    }

    /// Lets events of these routing keys into it.
    pub async fn bind(&self, keys: &str) {
        self.channel
            .queue_bind(
                self.name.as_str().into(),
                "billing".into(),
                keys.into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await
            .unwrap();
    }

    /// Takes the events that are in it, in order, at most so many.
    pub async fn take(&self, most: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < most {
            let taken = self
                .channel
                .basic_get(self.name.as_str().into(), BasicGetOptions { no_ack: true })
                .await
                .unwrap();
            let Some(message) = taken else { break };
            events.push(serde_json::from_slice(&message.delivery.data).unwrap());
        }
        events
    }

    /// Publishes events again, as they are, in this order.
    pub async fn publish(&self, events: &[Value]) {
        for event in events {
            let kind = event["type"].as_str().unwrap();
            let key = format!("{kind}.{}", event["tenant"].as_str().unwrap());
            let body = event.to_string();
            let published = self.channel.basic_publish(
                "billing".into(),
                key.into(),
                BasicPublishOptions::default(),
                body.as_bytes(),
                BasicProperties::default(),
            );
            published.await.unwrap();
        }
    }

    /// Waits until nothing is left in a queue for its consumer.
    pub async fn until_empty(&self, queue: &str) {
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        for _ in 0..500 {
            let looked_at =
                self.channel
                    .queue_declare(queue.into(), passive, FieldTable::default());
            if looked_at.await.unwrap().message_count() == 0 {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("{queue} is not emptied");
    }
}
