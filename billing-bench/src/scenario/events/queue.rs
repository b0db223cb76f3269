//! A durable queue of all events at the broker, and whether what came out of it is complete and in order.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use serde::Deserialize;
use tokio::time::timeout;
use tokio_stream::StreamExt;

const NAME: &str = "bench";
const EXCHANGE: &str = "billing";
/// Given to the consumer before it has acknowledged any.
const AHEAD: u16 = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// With a connection of its own. The queue itself stays at the broker.
pub struct Queue {
    channel: Channel,
    _connection: Connection,
}

impl Queue {
    /// Makes the queue where there is none, bound to all that the core publishes.
    pub async fn open(url: &str) -> Result<Self> {
        timeout(PATIENCE, declare(url))
            .await
            .context("the broker does not answer")?
            .context("cannot make a queue at the broker")
    }

    /// How many events are in it.
    pub async fn count(&self) -> Result<u32> {
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let looked_at = self
            .channel
            .queue_declare(NAME.into(), passive, FieldTable::default());
        let queue = timeout(PATIENCE, looked_at)
            .await
            .context("the broker does not say how many events are in the queue")??;
        Ok(queue.message_count())
    }

    /// Takes all that is in it. Nothing may come meanwhile.
    pub async fn take_all(self, received: &mut Received) -> Result<()> {
        let all = self.count().await?;
        if all == 0 {
            return Ok(());
        }
        let ahead = BasicQosOptions::default();
        self.channel.basic_qos(AHEAD, ahead).await?;
        let mut deliveries = self
            .channel
            .basic_consume(
                NAME.into(),
                "bench".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        for _ in 0..all {
            let delivery = timeout(PATIENCE, deliveries.next())
                .await
                .context("the broker gives no event of those in the queue")?;
            let delivery = delivery.context("the queue is gone")??;
            received.note(&delivery.data)?;
            delivery.ack(BasicAckOptions::default()).await?;
        }
        // Its answer comes behind the acknowledgements: else the next one would get events again.
        let left = self.count().await?;
        ensure!(left == 0, "{left} events came while the queue was read");
        Ok(())
    }
}

async fn declare(url: &str) -> Result<Queue, lapin::Error> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    // As the core makes it: whoever is first.
    let exchange = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    channel
        .exchange_declare(
            EXCHANGE.into(),
            ExchangeKind::Topic,
            exchange,
            FieldTable::default(),
        )
        .await?;
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(NAME.into(), durable, FieldTable::default())
        .await?;
    channel
        .queue_bind(
            NAME.into(),
            EXCHANGE.into(),
            "#".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await?;
    Ok(Queue {
        channel,
        _connection: connection,
    })
}

/// Of an event, what tells its place.
#[derive(Deserialize)]
struct Event {
    subject: String,
    sequence: String,
}

/// Each subject's events, as far as they have come.
#[derive(Debug, Default)]
pub struct Received {
    newest: HashMap<String, u64>,
    /// Each counts once.
    pub events: u64,
    /// Deliveries of what had come before: events come at least once.
    pub again: u64,
    /// Events that came before the one before them.
    gaps: u64,
}

impl Received {
    fn note(&mut self, body: &[u8]) -> Result<()> {
        let event: Event = serde_json::from_slice(body).context("an event cannot be read")?;
        let number: u64 = event
            .sequence
            .parse()
            .context("an event's sequence is no number")?;
        let newest = self.newest.entry(event.subject).or_default();
        if number <= *newest {
            self.again += 1;
            return Ok(());
        }
        if number != *newest + 1 {
            self.gaps += 1;
        }
        *newest = number;
        self.events += 1;
        Ok(())
    }

    /// Lists what is wrong, where so many events should have come by now.
    pub fn wrong(&self, told: u64) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.gaps > 0 {
            wrong.push(format!(
                "{} events came before their subject's event before them",
                self.gaps
            ));
        }
        if self.events != told {
            wrong.push(format!("{told} events were told, and {} came", self.events));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(events: &[(&str, u64)]) -> Received {
        let mut received = Received::default();
        for (subject, number) in events {
            let event = serde_json::json!({
                "subject": subject, "sequence": format!("{number:012}"), "data": {},
            });
            received.note(event.to_string().as_bytes()).unwrap();
        }
        received
    }

    #[test]
    fn subjects_in_order_are_right_also_where_an_event_comes_again() {
        let received = received(&[("a", 1), ("b", 1), ("a", 2), ("a", 1), ("a", 2), ("b", 2)]);
        assert_eq!((received.events, received.again), (4, 2));
        assert_eq!(received.wrong(4), [""; 0]);
    }

    #[test]
    fn a_gap_an_event_that_was_overtaken_and_a_missing_one_are_wrong() {
        assert_eq!(received(&[("a", 2)]).wrong(1).len(), 1);
        assert_eq!(received(&[("a", 1), ("a", 3), ("a", 2)]).wrong(3).len(), 2);
        assert_eq!(received(&[("a", 1)]).wrong(2).len(), 1);
    }
}
