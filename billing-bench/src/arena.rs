//! Where all contenders meet: one private PostgreSQL that writes to disk, one core, one process with
//! the references, and accounts with money.

use std::collections::BTreeMap;
use std::thread::available_parallelism;

use anyhow::{Context, Result};
use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::{SetTenantRequest, Tenant};
use billing_stage::{Stage, Tokens, core_beside};
use sqlx::{Connection, PgConnection};
use tonic::Request;
use tonic::transport::Endpoint;

use crate::books::Books;
use crate::contender::{ACCOUNTS, UNIFORM};
use crate::lean;
use crate::lean::driver::Driver;
use crate::load::{self, TENANT, Target};
use crate::meter::Meter;
use crate::reference::{ReferenceProcess, Service};
use crate::server::{restart, run};

/// HTTP/2 connections of a load.
const CONNECTIONS: usize = 16;

/// Fields are dropped in this order: whatever uses the server before the server.
pub struct Arena {
    pub reference: ReferenceProcess,
    pub lean: Driver,
    pub books: Books,
    pub meter: Meter,
    /// Sent to beside what is measured, to make backends hand in their counters.
    pub core: Target,
    pub settings: BTreeMap<String, String>,
    stage: Stage,
    superuser: PgConnection,
}

impl Arena {
    /// `clients`: the most connections that the lean statement is driven by at once.
    pub async fn prepare(clients: usize) -> Result<Self> {
        let (mut stage, tokens) = Stage::set(core_beside()?, 0).await?;
        set_server(&mut stage, clients).await?;
        let mut superuser = PgConnection::connect(&stage.superuser_url()).await?;
        let settings = read_settings(&mut superuser).await?;
        stage.add_core()?.start().await?;
        set_tenant(&stage, &tokens).await?;
        load::seed(&stage.urls.owner, ACCOUNTS).await?;
        lean::seed(&mut superuser, UNIFORM).await?;
        // What autovacuum would do a minute later, in the midst of a slice.
        run(&mut superuser, "vacuum (analyze)").await?;
        let core = stage.core(0)?.grpc;
        let postmaster = stage.server.pid().context("there is no server")?;
        Ok(Self {
            reference: ReferenceProcess::start(&stage.urls.core, threads()).await?,
            lean: Driver::prepare(
                stage.server.program("pgbench"),
                &stage.server.url("billing_core", "billing"),
                UNIFORM,
            )?,
            books: Books::open(&stage.superuser_url()).await?,
            meter: Meter::attach(&stage.superuser_url(), postmaster).await?,
            core: Target::connect(&[core], &tokens.tools, CONNECTIONS).await?,
            settings,
            stage,
            superuser,
        })
    }

    /// How a reference is reached. It asks nobody for a token.
    pub async fn reference(&self, service: Service) -> Result<Target> {
        let address = self.reference.address(service)?;
        Target::connect(&[address], "none", CONNECTIONS).await
    }

    pub fn core_pid(&self) -> Result<u32> {
        self.stage.core(0)?.pid()
    }

    pub fn server_version(&self) -> &str {
        self.stage.server.version()
    }

    /// So that what follows begins with as few pages as possible that the log must hold in full.
    pub async fn checkpoint(&mut self) -> Result<()> {
        run(&mut self.superuser, "checkpoint").await
    }

    pub async fn database_bytes(&mut self) -> Result<i64> {
        sqlx::query_scalar("select pg_database_size(current_database())")
            .fetch_one(&mut self.superuser)
            .await
            .context("cannot ask for the size of the database")
    }

    /// The product's own audit of all books.
    pub async fn audit(&self) -> Result<()> {
        self.stage.audit().await
    }

    /// Ends everything in order.
    pub async fn clear(self) -> Result<()> {
        let Self {
            reference,
            books,
            meter,
            superuser,
            stage,
            ..
        } = self;
        reference.end().await?;
        drop((books, meter, superuser));
        stage.clear().await
    }
}

/// As many as the core has by default.
pub fn threads() -> usize {
    available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}

/// Starts the server anew with what a comparison needs, and with its counters of statements where
/// it has any.
async fn set_server(stage: &mut Stage, clients: usize) -> Result<()> {
    // Connections of the core, of the references and of this program come on top.
    let connections = (clients + 150).max(200);
    let mut settings = vec![
        format!("max_connections={connections}"),
        // What PostgreSQL comes with.
        "shared_buffers=128MB".to_owned(),
    ];
    let mut superuser = PgConnection::connect(&stage.superuser_url()).await?;
    let available: Vec<String> =
        sqlx::query_scalar("select name::text from pg_available_extensions")
            .fetch_all(&mut superuser)
            .await?;
    superuser.close().await?;
    let has = |name: &str| available.iter().any(|extension| extension == name);
    if has("pg_stat_statements") {
        settings.push("shared_preload_libraries=pg_stat_statements".to_owned());
    }
    restart(stage, settings).await?;
    let mut superuser = PgConnection::connect(&stage.superuser_url()).await?;
    for extension in ["pg_stat_statements", "pg_walinspect"] {
        if has(extension) {
            run(&mut superuser, &format!("create extension {extension}")).await?;
        } else {
            eprintln!(
                "bench: PostgreSQL lacks {extension} (of its contrib modules): what it would count \
                 is left out"
            );
        }
    }
    Ok(())
}

/// What a reader of the figures should know.
async fn read_settings(superuser: &mut PgConnection) -> Result<BTreeMap<String, String>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select name, current_setting(name) from pg_settings where name in ('fsync', 'full_page_writes',
            'synchronous_commit', 'wal_sync_method', 'shared_buffers', 'max_connections', 'max_wal_size',
            'checkpoint_timeout', 'data_checksums', 'server_version')",
    )
    .fetch_all(superuser)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Without limits and without a grant.
async fn set_tenant(stage: &Stage, tokens: &Tokens) -> Result<()> {
    let core = stage.core(0)?.grpc;
    let channel = Endpoint::from_shared(format!("http://{core}"))?
        .connect()
        .await?;
    let mut request = Request::new(SetTenantRequest {
        tenant: Some(Tenant {
            tenant_id: TENANT.to_owned(),
            ..Tenant::default()
        }),
        ..Default::default()
    });
    let token = format!("Bearer {}", tokens.admin).parse()?;
    request.metadata_mut().insert("authorization", token);
    AccountServiceClient::new(channel)
        .set_tenant(request)
        .await
        .context("cannot set the tenant")?;
    Ok(())
}
