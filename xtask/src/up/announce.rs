//! What somebody needs to know to use what is up.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::cards::{FONDY_MERCHANT, sandbox_url};
use super::demonstration::{self, TENANT, USER};
use super::ports::Ports;
use super::site::Site;
use super::state::Secrets;

/// The line that `--json` prints; scripts rely on its names.
#[derive(Serialize)]
pub struct Announcement {
    grpc: String,
    gateway: String,
    /// The pages, opened as the user, as the administrator, and for those who give; null where they are not
    /// built. Whoever has such an address is signed in.
    dashboard_url: Option<String>,
    admin_url: Option<String>,
    support_url: Option<String>,
    core_admin: String,
    gateway_admin: String,
    /// For the core's login role.
    database_url: String,
    tenant_id: &'static str,
    user_id: &'static str,
    jwt: String,
    jwt_secret: String,
    tools_token: String,
    gateway_token: String,
    admin_token: String,
    /// Of an administrator, for the gateway.
    admin_jwt: String,
    /// The stand-in for Stripe and Fondy; null where Stripe itself is used.
    sandbox: Option<String>,
    /// Where mail is written instead of sent.
    mail_dir: String,
    /// Where events are published; null without `--rabbitmq`.
    amqp_url: Option<String>,
    stripe_secret_key: String,
    stripe_webhook_secret: String,
    /// Null where there is no stand-in, as the secret.
    fondy_merchant_id: Option<u64>,
    fondy_secret: Option<String>,
}

impl Announcement {
    pub fn new(
        ports: Ports,
        database_url: &str,
        secrets: &Secrets,
        site: &Site,
        mail: &Path,
        amqp_url: Option<String>,
    ) -> Result<Self> {
        let cards = &site.cards;
        let (stripe_secret_key, stripe_webhook_secret) = cards.keys(secrets);
        let jwt = demonstration::user_token(&secrets.jwt_secret)?;
        let admin_jwt = demonstration::administrator_token(&secrets.jwt_secret)?;
        let page = |path: &str, token: &str| {
            let opened = || format!("http://{}{path}#token={token}", ports.gateway);
            site.pages.as_ref().map(|_folder| opened())
        };
        Ok(Self {
            dashboard_url: page("/app/", &jwt),
            admin_url: page("/app/admin", &admin_jwt),
            support_url: page("/support", &jwt),
            grpc: format!("http://{}", ports.grpc),
            gateway: format!("http://{}", ports.gateway),
            core_admin: format!("http://{}", ports.core_admin),
            gateway_admin: format!("http://{}", ports.gateway_admin),
            database_url: database_url.to_owned(),
            tenant_id: TENANT,
            user_id: USER,
            jwt,
            jwt_secret: secrets.jwt_secret.clone(),
            tools_token: secrets.tools_token.clone(),
            gateway_token: secrets.gateway_token.clone(),
            admin_token: secrets.admin_token.clone(),
            admin_jwt,
            mail_dir: mail.display().to_string(),
            amqp_url,
            sandbox: cards.is_sandbox().then(|| sandbox_url(ports)),
            stripe_secret_key: stripe_secret_key.to_owned(),
            stripe_webhook_secret: stripe_webhook_secret.to_owned(),
            fondy_merchant_id: cards.is_sandbox().then_some(FONDY_MERCHANT),
            fondy_secret: cards.fondy_secret(secrets).map(str::to_owned),
        })
    }

    /// Variables for a shell: those that examples/tool-backend reads, and the rest for a person.
    pub fn environment(&self) -> String {
        let merchant = self.fondy_merchant_id.map(|id| id.to_string());
        let variables = [
            ("BILLING_CORE_URL", self.grpc.as_str()),
            ("BILLING_GRPC", self.grpc.trim_start_matches("http://")),
            ("BILLING_GATEWAY_URL", &self.gateway),
            ("BILLING_TENANT", self.tenant_id),
            ("BILLING_USER", self.user_id),
            ("BILLING_TOOLS_TOKEN", &self.tools_token),
            ("BILLING_ADMIN_TOKEN", &self.admin_token),
            ("BILLING_JWT", &self.jwt),
            ("BILLING_ADMIN_JWT", &self.admin_jwt),
            (
                "BILLING_SANDBOX",
                self.sandbox.as_deref().unwrap_or_default(),
            ),
            (
                "BILLING_FONDY_MERCHANT_ID",
                merchant.as_deref().unwrap_or_default(),
            ),
            (
                "BILLING_FONDY_SECRET",
                self.fondy_secret.as_deref().unwrap_or_default(),
            ),
            (
                "BILLING_DASHBOARD_URL",
                self.dashboard_url.as_deref().unwrap_or_default(),
            ),
            (
                "BILLING_ADMIN_URL",
                self.admin_url.as_deref().unwrap_or_default(),
            ),
            (
                "BILLING_SUPPORT_URL",
                self.support_url.as_deref().unwrap_or_default(),
            ),
            (
                "BILLING_AMQP_URL",
                self.amqp_url.as_deref().unwrap_or_default(),
            ),
            ("JWT_SECRET", &self.jwt_secret),
        ];
        // URLs, hexadecimal digits and the like: nothing that a shell would read otherwise.
        let lines = variables.map(|(name, value)| format!("export {name}='{value}'\n"));
        lines.concat()
    }

    /// Who takes cards, for people.
    fn cards(&self) -> String {
        match &self.sandbox {
            Some(page) => {
                format!("{page}   (stands in for Stripe and Fondy: pay, decline, give back)")
            }
            None => "Stripe itself; let it report to /webhooks/stripe".to_owned(),
        }
    }

    /// What a browser opens.
    fn pages(&self) -> String {
        match (&self.dashboard_url, &self.admin_url, &self.support_url) {
            (Some(dashboard), Some(admin), Some(support)) => format!(
                "\n\
                 Open the dashboard as the user: {dashboard}\n\
                 As the administrator: {admin}\n\
                 Give something: {support}\n"
            ),
            _ => String::new(),
        }
    }

    /// How else money comes in, where there is a stand-in.
    fn payments(&self) -> String {
        let Self { gateway, jwt, .. } = self;
        let hryvnias = match &self.fondy_secret {
            Some(_) => format!(
                "\n\
                 In hryvnias? This answers with a page on which 500 UAH are paid.\n\
                 curl -H 'authorization: Bearer {jwt}' -H 'content-type: application/json' \
                 -d '{{\"amount_uah\": 500}}' {gateway}/api/billing/payment/fondy/create\n"
            ),
            None => String::new(),
        };
        let contribution = match &self.sandbox {
            Some(_) => format!(
                "\n\
                 How do they support the tenant? This answers with a page on which 25 USD are given.\n\
                 curl -H 'authorization: Bearer {jwt}' -H 'content-type: application/json' \
                 -d '{{\"amount_cents\": 2500, \"public_display_consent\": true}}' \
                 {gateway}/api/v1/contributions/checkout\n\
                 What follows: {gateway}/api/v1/progress, {gateway}/api/v1/supporters and \
                 {gateway}/api/v1/supporters/{TENANT}/{USER}/badge.svg\n"
            ),
            None => String::new(),
        };
        hryvnias + &contribution
    }

    pub fn print(&self, json: bool, environment: &Path) -> Result<()> {
        if json {
            let mut stdout = std::io::stdout();
            writeln!(stdout, "{}", serde_json::to_string(self)?)?;
            stdout.flush()?;
            return Ok(());
        }
        let Self {
            grpc,
            gateway,
            core_admin,
            gateway_admin,
            jwt,
            tools_token,
            mail_dir,
            amqp_url,
            ..
        } = self;
        let events = match amqp_url {
            Some(url) => format!("events        {url}   (exchange billing)\n"),
            None => String::new(),
        };
        let cards = self.cards();
        let payments = self.payments();
        let pages = self.pages();
        let authority = grpc.trim_start_matches("http://");
        let environment = environment.display();
        println!(
            "\n\
             gRPC          {grpc}\n\
             REST          {gateway}   (documentation: {gateway}/docs)\n\
             core admin    {core_admin}/metrics /livez /readyz\n\
             gateway admin {gateway_admin}/metrics /livez /readyz\n\
             cards         {cards}\n\
             mail          {mail_dir}\n\
             {events}\
             tenant, user  {TENANT}, {USER}\n\
             tokens        . {environment}\n\
             JWT           {jwt}\n\
             {pages}\
             \n\
             May this user spend this much?\n\
             grpcurl -plaintext -H 'authorization: Bearer {tools_token}' -d \
             '{{\"account\":{{\"tenant_id\":\"{TENANT}\",\"user_id\":\"{USER}\"}},\
             \"cost\":{{\"tool\":{{\"name\":\"search\"}}}}}}' \
             {authority} billing.v1.BalanceService/CheckBalance\n\
             \n\
             What does the user see?\n\
             curl -H 'authorization: Bearer {jwt}' {gateway}/api/billing/balance\n\
             \n\
             How does he top up? This makes a payment of 10 USD; pay it on the page above.\n\
             curl -H 'authorization: Bearer {jwt}' -H 'content-type: application/json' \
             -d '{{\"amount_usd\": 10}}' {gateway}/api/billing/payment/stripe/create\n\
             {payments}\
             \n\
             Ctrl-C stops everything; the data stays.\n"
        );
        Ok(())
    }
}
