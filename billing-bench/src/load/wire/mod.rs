//! Unary gRPC calls on an HTTP/2 connection, and nothing besides: each costs the caller a small part
//! of what it costs the server, as it should where both share a machine.

mod carrier;
mod connection;
mod frame;
mod header;
mod huffman;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use prost::Message;
use tokio::net::TcpStream;
use tonic::Status;

use connection::Connection;
use header::Common;

/// A byte that says 'not compressed', and the length in four.
const PREFIX_BYTES: usize = 5;

#[derive(Clone, Copy, Debug)]
pub enum Rpc {
    CheckBalance,
    Charge,
    PlaceHold,
    CaptureHold,
    GetBalance,
    GetBadges,
    GetProgress,
    ListSupporters,
    GrantCredit,
}

impl Rpc {
    const ALL: [Self; 9] = [
        Self::CheckBalance,
        Self::Charge,
        Self::PlaceHold,
        Self::CaptureHold,
        Self::GetBalance,
        Self::GetBadges,
        Self::GetProgress,
        Self::ListSupporters,
        Self::GrantCredit,
    ];

    /// Its place in [`Rpc::ALL`].
    const fn index(self) -> usize {
        match self {
            Self::CheckBalance => 0,
            Self::Charge => 1,
            Self::PlaceHold => 2,
            Self::CaptureHold => 3,
            Self::GetBalance => 4,
            Self::GetBadges => 5,
            Self::GetProgress => 6,
            Self::ListSupporters => 7,
            Self::GrantCredit => 8,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::CheckBalance => "/billing.v1.BalanceService/CheckBalance",
            Self::Charge => "/billing.v1.BalanceService/Charge",
            Self::PlaceHold => "/billing.v1.BalanceService/PlaceHold",
            Self::CaptureHold => "/billing.v1.BalanceService/CaptureHold",
            Self::GetBalance => "/billing.v1.BalanceService/GetBalance",
            Self::GetBadges => "/billing.v1.SponsorshipService/GetBadges",
            Self::GetProgress => "/billing.v1.SponsorshipService/GetProgress",
            Self::ListSupporters => "/billing.v1.SponsorshipService/ListSupporters",
            Self::GrantCredit => "/billing.v1.AccountService/GrantCredit",
        }
    }
}

/// One connection; clones share it.
#[derive(Clone)]
pub struct Wire(Connection);

impl Wire {
    /// A new connection whose calls carry this token and deadline. Its bytes are carried by a task of
    /// the calling runtime.
    pub async fn connect(address: SocketAddr, token: &str, deadline: Duration) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let common = Common {
            authority: address.to_string(),
            authorization: format!("Bearer {token}"),
            timeout: format!("{}m", deadline.as_millis()),
        };
        Ok(Self(Connection::start(stream, common)))
    }

    pub async fn call<A: Message + Default>(
        &mut self,
        rpc: Rpc,
        message: &impl Message,
    ) -> Result<A, Status> {
        let answer = self.0.call(rpc, framed(message)).await?;
        let answer = answer.get(PREFIX_BYTES..).unwrap_or_default();
        A::decode(answer)
            .map_err(|error| Status::data_loss(format!("an answer cannot be read: {error}")))
    }
}

fn framed(message: &impl Message) -> Vec<u8> {
    let length = message.encoded_len();
    let mut frame = Vec::with_capacity(PREFIX_BYTES + length);
    frame.push(0);
    // No request of ours comes near 4 GiB.
    frame.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    message.encode_raw(&mut frame);
    frame
}
