//! The contract's service with one of the references behind it.

use anyhow::Result;
use billing_proto::v1;
use billing_proto::v1::balance_service_server::{BalanceService, BalanceServiceServer};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::savepoints::Queue;
use super::{careful, lean_pool, select};

/// Behind `CheckBalance` or `Charge`.
pub enum Answering {
    Empty,
    Select(PgPool),
    Lean(PgPool),
    Savepoints(Queue),
    Careful(PgPool),
}

pub async fn serve(answering: Answering, listener: TcpListener) -> Result<()> {
    Server::builder()
        // As the core has it.
        .max_concurrent_streams(4096)
        .add_service(BalanceServiceServer::new(answering))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

type Answer<T> = Result<Response<T>, Status>;

fn no_reference<T>() -> Answer<T> {
    Err(Status::unimplemented("not answered by this reference"))
}

#[tonic::async_trait]
impl BalanceService for Answering {
    async fn check_balance(
        &self,
        request: Request<v1::CheckBalanceRequest>,
    ) -> Answer<v1::CheckBalanceResponse> {
        let answer = match self {
            Self::Empty => v1::CheckBalanceResponse {
                decision: v1::Decision::Allowed.into(),
                ..v1::CheckBalanceResponse::default()
            },
            Self::Select(pool) => select::check(pool, request.into_inner()).await?,
            Self::Lean(_) | Self::Savepoints(_) | Self::Careful(_) => return no_reference(),
        };
        Ok(Response::new(answer))
    }

    async fn charge(&self, request: Request<v1::ChargeRequest>) -> Answer<v1::ChargeResponse> {
        let request = request.into_inner();
        let answer = match self {
            Self::Lean(pool) => lean_pool::charge(pool, request).await?,
            Self::Savepoints(queue) => queue.charge(request).await?,
            Self::Careful(pool) => careful::charge(pool, request).await?,
            Self::Empty | Self::Select(_) => return no_reference(),
        };
        Ok(Response::new(answer))
    }

    async fn place_hold(&self, _: Request<v1::PlaceHoldRequest>) -> Answer<v1::PlaceHoldResponse> {
        no_reference()
    }

    async fn capture_hold(
        &self,
        _: Request<v1::CaptureHoldRequest>,
    ) -> Answer<v1::CaptureHoldResponse> {
        no_reference()
    }

    async fn release_hold(
        &self,
        _: Request<v1::ReleaseHoldRequest>,
    ) -> Answer<v1::ReleaseHoldResponse> {
        no_reference()
    }

    async fn extend_hold(
        &self,
        _: Request<v1::ExtendHoldRequest>,
    ) -> Answer<v1::ExtendHoldResponse> {
        no_reference()
    }

    async fn refund_charge(
        &self,
        _: Request<v1::RefundChargeRequest>,
    ) -> Answer<v1::RefundChargeResponse> {
        no_reference()
    }

    async fn get_balance(
        &self,
        _: Request<v1::GetBalanceRequest>,
    ) -> Answer<v1::GetBalanceResponse> {
        no_reference()
    }

    async fn list_entries(
        &self,
        _: Request<v1::ListEntriesRequest>,
    ) -> Answer<v1::ListEntriesResponse> {
        no_reference()
    }

    async fn list_holds(&self, _: Request<v1::ListHoldsRequest>) -> Answer<v1::ListHoldsResponse> {
        no_reference()
    }

    async fn get_usage(&self, _: Request<v1::GetUsageRequest>) -> Answer<v1::GetUsageResponse> {
        no_reference()
    }
}
