//! Charges batched naively: one queue, one connection, and in a transaction a savepoint for each
//! command, so that one that fails takes no other with it.

use anyhow::{Context, Result};
use billing_proto::v1::{ChargeRequest, ChargeResponse};
use sqlx::{Connection, PgConnection};
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

use super::fault;
use super::lean_pool::charge_on;

/// The most in one transaction: as many as the core's default.
const MOST: usize = 512;

type Answer = Result<ChargeResponse, Status>;

struct Waiting {
    request: ChargeRequest,
    answer: oneshot::Sender<Answer>,
}

#[derive(Clone)]
pub struct Queue(mpsc::UnboundedSender<Waiting>);

impl Queue {
    pub async fn start(database_url: &str) -> Result<Self> {
        let mut connection = PgConnection::connect(database_url)
            .await
            .context("cannot connect to the database")?;
        let (queue, mut waiting) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(MOST);
            while waiting.recv_many(&mut batch, MOST).await > 0 {
                carry_out(&mut connection, &mut batch).await;
            }
        });
        Ok(Self(queue))
    }

    pub async fn charge(&self, request: ChargeRequest) -> Answer {
        let (answer, answered) = oneshot::channel();
        let ended = || Status::unavailable("the queue has ended");
        self.0
            .send(Waiting { request, answer })
            .map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

/// The answers leave after the COMMIT.
async fn carry_out(connection: &mut PgConnection, batch: &mut Vec<Waiting>) {
    let (mut answers, mut callers) = (Vec::new(), Vec::new());
    let committed = async {
        let mut transaction = connection.begin().await?;
        for Waiting { request, answer } in batch.drain(..) {
            callers.push(answer);
            answers.push(in_savepoint(&mut transaction, request).await?);
        }
        transaction.commit().await
    }
    .await;
    // Those that were not reached learn that their batch failed by its end.
    batch.clear();
    let committed = committed.map_err(|error| fault(&error).message().to_owned());
    for (caller, answer) in callers.into_iter().zip(answers) {
        let answer = match &committed {
            Ok(()) => answer,
            Err(message) => Err(Status::internal(message.clone())),
        };
        // Who has gone needs no answer.
        let _ = caller.send(answer);
    }
}

async fn in_savepoint(
    transaction: &mut PgConnection,
    request: ChargeRequest,
) -> Result<Answer, sqlx::Error> {
    sqlx::query("savepoint command")
        .execute(&mut *transaction)
        .await?;
    let answer = charge_on(transaction, request).await;
    // A denial has failed in the database too.
    let stays = answer
        .as_ref()
        .is_ok_and(|answer| answer.charged_micros > 0);
    let end = if stays {
        "release savepoint command"
    } else {
        "rollback to savepoint command"
    };
    sqlx::query(end).execute(&mut *transaction).await?;
    Ok(answer)
}
