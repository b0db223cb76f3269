//! One scenario from its first step to its last.

mod steps;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use billing_proto::v1::AccountRef;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::calls::listed;
use crate::mismatch::line;
use crate::options::Client;
use crate::proxy::Proxy;
use crate::real_core::{RealCore, tenant_id};
use crate::scenario::{self, Expect, Named, Step, Tenant};
use crate::subject::{Answer, Launch, Subject};

/// All that a scenario plays with.
struct Player<'a> {
    core: &'a mut RealCore,
    proxy: Proxy,
    subject: Subject,
    launch: Launch,
    account: AccountRef,
    background: BTreeMap<String, (Expect, JoinHandle<Result<Answer>>)>,
}

/// Answers with how long it took. An error says which step failed, and with what requests before it.
pub async fn scenario(
    core: &mut RealCore,
    client: &Client,
    folder: &Path,
    named: &Named,
) -> Result<Duration> {
    core.restore().await?;
    let begun = Instant::now();
    let scenario = &named.scenario;
    let account = AccountRef {
        tenant_id: tenant_id(scenario.tenant).to_owned(),
        user_id: format!("caller-{}", named.file),
    };
    core.open(&account, &scenario.account)
        .await
        .context("cannot set the account up")?;
    let proxy = Proxy::to(core.address()?).await?;
    let log = folder.join(format!("{}.log", named.file));
    let (tenant, settings) = (scenario.tenant, &scenario.options);
    let launch = launch(core, client, tenant, settings, proxy.address, log);
    let mut player = Player {
        core,
        subject: launch.clone().start().await?,
        proxy,
        launch,
        account,
        background: BTreeMap::new(),
    };
    for (index, step) in scenario.steps.iter().enumerate() {
        player
            .step(step)
            .await
            .with_context(|| player.failure(index + 1, step))?;
    }
    Ok(begun.elapsed())
}

/// Of a subject that finds the core at `address`.
pub fn launch(
    core: &RealCore,
    client: &Client,
    tenant: Tenant,
    settings: &scenario::Options,
    address: SocketAddr,
    log: PathBuf,
) -> Launch {
    let mut environment = BTreeMap::from([
        ("BILLING_CORE_URL", format!("http://{address}")),
        ("BILLING_TOOLS_TOKEN", core.tools_token.clone()),
        ("BILLING_TENANT", tenant_id(tenant).to_owned()),
        ("SUBJECT_OPTIONS", line(settings)),
    ]);
    if let Some(framework) = client.framework() {
        environment.insert("SUBJECT_FRAMEWORK", framework.to_owned());
    }
    let named = |(name, value): (&str, String)| (name.to_owned(), value);
    Launch {
        command: client.subject.clone(),
        environment: environment.into_iter().map(named).collect(),
        removed: ["BILLING_TOPUP_URL", "BILLING_CORE_CA"]
            .map(str::to_owned)
            .into(),
        log,
    }
}

impl Player<'_> {
    fn failure(&self, number: usize, step: &Step) -> String {
        let words = self.subject.last_words();
        format!(
            "step {number} ({})\n    requests: {}\n    the subject's stderr:\n{}",
            step.label(),
            listed(&self.proxy.seen()),
            words.trim_end()
        )
    }
}
