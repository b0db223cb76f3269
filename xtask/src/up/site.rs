//! Where people are led: the pages where they are built, else those of the stand-in.

use std::path::PathBuf;

use super::cards::{Cards, sandbox_url};
use super::ports::Ports;
use super::state::Secrets;

/// What people see, and who takes their cards.
pub struct Site {
    /// The folder that the gateway serves; None: there are no pages.
    pub pages: Option<PathBuf>,
    pub cards: Cards,
}

impl Site {
    pub fn gateway_environment(
        &self,
        secrets: &Secrets,
        ports: Ports,
    ) -> Vec<(&'static str, String)> {
        let mut environment = self.cards.gateway_environment(secrets, ports);
        environment.extend(self.frontend(ports));
        if let Some([success, cancel]) = self.contributors_return(ports) {
            environment.extend([
                ("STRIPE_SUCCESS_URL", success),
                ("STRIPE_CANCEL_URL", cancel),
            ]);
        }
        if let Some(folder) = &self.pages {
            environment.extend([
                ("BILLING_WEB_DIR", folder.display().to_string()),
                ("BILLING_WEB_URL", gateway_url(ports)),
                // The addresses that are printed sign in; where money is real, nothing does.
                (
                    "BILLING_WEB_TOKEN_LINKS",
                    (!self.cards.are_live()).to_string(),
                ),
                ("BILLING_WEB_TENANT_NAME", "Demo".to_owned()),
                (
                    "BILLING_WEB_SUPPORT_EMAIL",
                    "support@example.com".to_owned(),
                ),
            ]);
        }
        environment
    }

    /// Where mail leads, and payers return to.
    pub fn frontend(&self, ports: Ports) -> Option<(&'static str, String)> {
        let url = if self.pages.is_some() {
            format!("{}/app", gateway_url(ports))
        } else if self.cards.is_sandbox() {
            format!("{}/shop", sandbox_url(ports))
        } else {
            return None;
        };
        Some(("FRONTEND_URL", url))
    }

    /// Where those come back to who gave, and who did not.
    fn contributors_return(&self, ports: Ports) -> Option<[String; 2]> {
        let (gateway, sandbox) = (gateway_url(ports), sandbox_url(ports));
        if self.pages.is_some() {
            Some([
                format!("{gateway}/support/thank-you"),
                format!("{gateway}/support?cancelled=true"),
            ])
        } else {
            self.cards.is_sandbox().then(|| {
                [
                    format!("{sandbox}/shop/thank-you"),
                    format!("{sandbox}/shop?cancelled=true"),
                ]
            })
        }
    }
}

fn gateway_url(ports: Ports) -> String {
    format!("http://{}", ports.gateway)
}
