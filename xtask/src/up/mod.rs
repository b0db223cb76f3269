//! `cargo xtask up`: PostgreSQL, core, gateway and a stand-in for Stripe and Fondy, with something to
//! try them on.

mod announce;
mod cards;
mod demonstration;
pub mod ports;
mod site;
mod state;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use sha2::{Digest, Sha256};

use self::announce::Announcement;
use self::cards::{CardKeys, Cards};
use self::ports::Ports;
use self::site::Site;
pub use self::state::Secrets;
use self::state::State;
use crate::config;
use crate::pages;
use crate::programs::{self, Profile, Programs};
use billing_stage::database::{self, CoreLogin, Urls};
use billing_stage::hex::hex;
use billing_stage::postgres::Server;
use billing_stage::process::interrupted;
use billing_stage::rabbitmq::Broker;
use billing_stage::service::Service;

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command"
)]
pub struct Options {
    /// Use this database as its owner and start no PostgreSQL. It is made if it does not exist;
    /// the role must be allowed to create roles.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// Where data, secrets and logs are kept [default: .billing in the repository].
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,

    #[command(flatten)]
    pub cards: CardKeys,

    /// Use whichever ports are free instead of 50051, 8080, 9051, 9080 and 4242.
    #[arg(long)]
    pub free_ports: bool,

    /// Start the machine's RabbitMQ too, on ports of its own, and publish events to it.
    #[arg(long)]
    pub rabbitmq: bool,

    /// Print one line of JSON on stdout when everything answers, and nothing else there.
    #[arg(long)]
    pub json: bool,

    /// Build and run optimised binaries.
    #[arg(long)]
    pub release: bool,
}

/// Brings everything up, waits for a signal to end, and takes everything down again.
pub async fn run(options: &Options) -> Result<()> {
    let usual = || config::repository().join(".billing");
    // Held until everything has stopped.
    let state = State::open(&options.state.clone().unwrap_or_else(usual))?;
    let mut stack = Stack::default();
    let ran = tokio::select! {
        ran = stack.serve(options, &state) => ran,
        () = interrupted() => Ok(()),
    };
    if ran.is_err() && stack.runs() {
        eprintln!("up: a part has failed; stopping the others");
    }
    let stopped = tokio::select! {
        stopped = stack.stop() => stopped,
        () = interrupted() => Err(anyhow::anyhow!("interrupted again: ended without waiting")),
    };
    // What came first says why; what follows from it, seldom more.
    ran.and(stopped)
}

/// What runs, in the order in which it was started.
#[derive(Default)]
struct Stack {
    postgres: Option<Server>,
    broker: Option<Broker>,
    core: Option<Service>,
    sandbox: Option<Service>,
    gateway: Option<Service>,
}

impl Stack {
    /// Starts everything, says so, and returns when a part of it ends by itself.
    async fn serve(&mut self, options: &Options, state: &State) -> Result<()> {
        if !options.free_ports {
            // Before the long part.
            Ports::usual()?;
        }
        let cards = Cards::of(&options.cards)?;
        let profile = if options.release {
            Profile::Release
        } else {
            Profile::Dev
        };
        eprintln!("up: building the services");
        let programs = programs::build(profile).await?;
        let site = Site {
            pages: built_pages().await,
            cards,
        };
        let urls = self.start_database(options, state).await?;
        let amqp_url = self.start_broker(options, state).await?;
        let ports = if options.free_ports {
            Ports::free()?
        } else {
            Ports::usual()?
        };
        database::migrate(&programs.core, &urls).await?;
        let core = self.core.insert(start_core(
            &programs,
            &urls,
            amqp_url.as_deref(),
            state,
            ports,
            &site,
        )?);
        core.await_readiness(ports.core_admin).await?;
        if site.cards.is_sandbox() {
            let environment = Cards::sandbox_environment(&state.secrets, ports);
            let log = state.path("sandbox.log");
            let sandbox = Service::start("billing-sandbox", &programs.sandbox, &environment, log)?;
            let sandbox = self.sandbox.insert(sandbox);
            sandbox.await_answer(ports.sandbox, "/").await?;
        }
        self.start_gateway(&programs, state, ports, &site).await?;
        demonstration::seed(ports.grpc, &state.secrets.admin_token).await?;
        let announcement = Announcement::new(
            ports,
            &urls.core,
            &state.secrets,
            &site,
            &state.path("outbox/mail"),
            amqp_url,
        )?;
        state.write_private("env", &announcement.environment())?;
        announcement.print(options.json, &state.path("env"))?;
        self.part_ended().await
    }

    async fn start_database(&mut self, options: &Options, state: &State) -> Result<Urls> {
        if let Some(url) = options.database_url.as_deref() {
            eprintln!("up: using the database of --database-url or DATABASE_URL");
            let login = CoreLogin {
                role: state.secrets.core_role.clone(),
                password: state.secrets.core_password.clone(),
            };
            return database::on_existing(url, login).await;
        }
        let server = Server::lasting(&state.path("postgres")).await?;
        eprintln!(
            "up: {}, its log is {}",
            server.version(),
            server.log().display()
        );
        database::on_private(self.postgres.insert(server)).await
    }

    /// Where the broker takes events; none where none was asked for.
    async fn start_broker(&mut self, options: &Options, state: &State) -> Result<Option<String>> {
        if !options.rabbitmq {
            return Ok(None);
        }
        let broker = self
            .broker
            .insert(Broker::lasting(&state.path("rabbitmq")).await?);
        eprintln!("up: RabbitMQ, its log is {}", broker.log().display());
        Ok(Some(broker.url()))
    }

    async fn start_gateway(
        &mut self,
        programs: &Programs,
        state: &State,
        ports: Ports,
        site: &Site,
    ) -> Result<()> {
        let mut environment = vec![
            ("BILLING_GATEWAY_ADDR", ports.gateway.to_string()),
            (
                "BILLING_GATEWAY_ADMIN_ADDR",
                ports.gateway_admin.to_string(),
            ),
            ("BILLING_CORE_URL", format!("http://{}", ports.grpc)),
            ("BILLING_CORE_TOKEN", state.secrets.gateway_token.clone()),
            (
                "BILLING_CORE_ADMIN_TOKEN",
                state.secrets.admin_token.clone(),
            ),
            ("BILLING_DEFAULT_TENANT", demonstration::TENANT.to_owned()),
            ("JWT_SECRET", state.secrets.jwt_secret.clone()),
            ("JWT_EMAIL_CLAIM", "email".to_owned()),
            ("JWT_NAME_CLAIM", "name".to_owned()),
            ("JWT_ADMIN_CLAIM", demonstration::ADMIN_CLAIM.0.to_owned()),
            ("JWT_ADMIN_VALUE", demonstration::ADMIN_CLAIM.1.to_owned()),
        ];
        environment.extend(site.gateway_environment(&state.secrets, ports));
        let log = state.path("gateway.log");
        let gateway = Service::start("billing-gateway", &programs.gateway, &environment, log)?;
        self.gateway
            .insert(gateway)
            .await_readiness(ports.gateway_admin)
            .await
    }

    /// Waits for the first part that ends by itself; it is an error for each.
    async fn part_ended(&mut self) -> Result<()> {
        let (Some(core), Some(gateway)) = (self.core.as_mut(), self.gateway.as_mut()) else {
            bail!("the services do not run");
        };
        let sandbox = self.sandbox.as_mut();
        let sandbox_ended = async {
            match sandbox {
                Some(sandbox) => sandbox.ended().await,
                None => std::future::pending().await,
            }
        };
        let postgres = self.postgres.as_mut();
        let postgres_ended = async {
            match postgres {
                Some(server) => server.ended().await,
                None => std::future::pending().await,
            }
        };
        let broker = self.broker.as_mut();
        let broker_ended = async {
            match broker {
                Some(broker) => broker.ended().await,
                None => std::future::pending().await,
            }
        };
        Err(tokio::select! {
            error = broker_ended => error,
            error = core.ended() => error,
            error = gateway.ended() => error,
            error = sandbox_ended => error,
            error = postgres_ended => error,
        })
    }

    fn runs(&self) -> bool {
        self.postgres.is_some()
            || self.broker.is_some()
            || self.core.is_some()
            || self.gateway.is_some()
    }

    /// Stops what runs, each after those that need it. The first error is told when all is stopped.
    async fn stop(&mut self) -> Result<()> {
        let mut outcome = Ok(());
        for service in [self.sandbox.take(), self.gateway.take(), self.core.take()]
            .into_iter()
            .flatten()
        {
            outcome = outcome.and(service.stop().await);
        }
        if let Some(mut broker) = self.broker.take() {
            outcome = outcome.and(broker.stop().await);
        }
        if let Some(mut server) = self.postgres.take() {
            outcome = outcome.and(server.stop().await);
        }
        outcome
    }
}

/// None where they cannot be built here: everything else works without them.
async fn built_pages() -> Option<PathBuf> {
    if let Some(obstacle) = pages::obstacle().await {
        eprintln!("up: there are no pages: {obstacle}");
        return None;
    }
    match pages::built().await {
        Ok(folder) => Some(folder),
        Err(error) => {
            eprintln!("up: there are no pages, since they do not build: {error:#}");
            None
        }
    }
}

/// Starts a core on a migrated database. It is of use when its `/readyz` says so.
fn start_core(
    programs: &Programs,
    urls: &Urls,
    amqp_url: Option<&str>,
    state: &State,
    ports: Ports,
    site: &Site,
) -> Result<Service> {
    let mut environment = vec![
        ("DATABASE_URL", urls.core.clone()),
        ("BILLING_GRPC_ADDR", ports.grpc.to_string()),
        ("BILLING_ADMIN_ADDR", ports.core_admin.to_string()),
        ("BILLING_SERVICE_TOKENS", admitted_tokens(&state.secrets)),
        (
            "BILLING_OUTBOX_DIR",
            state.path("outbox").display().to_string(),
        ),
        (
            "BILLING_UNSUBSCRIBE_KEYS",
            state.secrets.unsubscribe_key.clone(),
        ),
        ("BACKEND_URL", format!("http://{}", ports.gateway)),
    ];
    environment.extend(amqp_url.map(|url| ("BILLING_AMQP_URL", url.to_owned())));
    environment.extend(site.frontend(ports));
    let log = state.path("core.log");
    Service::start("billing-core", &programs.core, &environment, log)
}

/// The core knows the hashes of its callers' tokens only. Backends and gateway are admitted to the
/// demonstration's tenant, the administrator to all.
fn admitted_tokens(secrets: &Secrets) -> String {
    let admitted = |role: &str, tenants: &str, token: &str| {
        format!(
            "{role}:{tenants}:{}",
            hex(&Sha256::digest(token.as_bytes()))
        )
    };
    [
        admitted("tools", demonstration::TENANT, &secrets.tools_token),
        admitted("gateway", demonstration::TENANT, &secrets.gateway_token),
        admitted("admin", "*", &secrets.admin_token),
    ]
    .join(";")
}
