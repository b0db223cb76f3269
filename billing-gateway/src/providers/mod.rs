//! Payment providers: what all of them do for us, and which there are. What one of them calls its
//! things ends in its own file. `docs/providers.md` says how another one is added.

mod ability;
mod event;
mod fondy;
mod http;
pub(crate) mod self_test;
mod stripe;

pub(crate) use ability::{
    Customers, Disputes, HostedPages, Intents, Opened, Order, Page, Payable, RefundOrder, Refunds,
    Subscribed, SubscriptionEnd, Subscriptions,
};
pub(crate) use event::{Event, made_unreadable};

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::HeaderMap;
use billing_proto::v1::PaymentPurpose;
use billing_telemetry::doctor::Finding;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};

use self::self_test::SelfTest;
use crate::config_check::{ConfigError, Warning, is_http};
use crate::currency::Currency;
use crate::return_pages::ReturnPages;

/// What every provider does for us, and what it can do besides. Requests may be repeated: the ids of our
/// payments and refunds are its idempotency keys.
#[async_trait]
pub(crate) trait Provider: fmt::Debug + Send + Sync {
    /// As it stands in paths, in metrics and in the core: lower-case letters, digits, underscores.
    fn name(&self) -> &'static str;

    /// What it speaks, by which the browser knows its part of the page: the name that it has where it is
    /// given no other.
    fn protocol(&self) -> &'static str;

    /// Whether its money is real.
    fn livemode(&self) -> bool;

    /// What it is paid in.
    fn currency(&self) -> Currency;

    /// The least that can be paid, in minor units.
    fn least_minor(&self) -> i64;

    /// Whether `text` may be what it calls a payment. Nothing else is put into its paths.
    fn is_reference(&self, text: &str) -> bool;

    /// What the browser calls it with, where its payments can be made in the shop's own page. No secret.
    fn publishable_key(&self) -> Option<&str> {
        None
    }

    /// Its payments in the shop's own page; None: it has none.
    fn intents(&self) -> Option<&dyn Intents> {
        None
    }

    /// Its payments for this purpose on pages of its own; None: it has none, or is not set up for them.
    fn hosted_pages(&self, _purpose: PaymentPurpose) -> Option<&dyn HostedPages> {
        None
    }

    fn refunds(&self) -> &dyn Refunds;

    fn customers(&self) -> Option<&dyn Customers> {
        None
    }

    fn disputes(&self) -> Option<&dyn Disputes> {
        None
    }

    fn subscriptions(&self) -> Option<&dyn Subscriptions> {
        None
    }

    /// What the browser is told of a payment without asking the provider: of one that has ended, and of
    /// one whose page was told once and is known. Nothing in it is secret but the page.
    fn known(&self, reference: &str, page_url: Option<&str>) -> BrowserMembers;

    /// How the payment stands, in events in the order in which they are to be applied.
    async fn retrieve(&self, reference: &str) -> Result<Vec<Event>, ProviderError>;

    /// Reads a webhook that is authentic, or says why it is not. What is authentic is never refused.
    fn read_webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Event, WebhookRefusal>;

    /// Reads a webhook, or an [`Event::raw`] of another kind, that was verified when it came.
    /// `received_at` stands in where it does not say when it happened.
    fn read_event(&self, body: &[u8], received_at: Timestamp) -> Event;

    /// Webhooks that are of our own making, signed by each of our secrets, and one that is forged. What is
    /// read of an authentic one has the type [`SELF_TEST`](self_test::SELF_TEST).
    fn self_tests(&self, _nonce: &str, _now: Timestamp) -> Vec<SelfTest> {
        Vec::new()
    }

    /// What `doctor` finds where it asks, without a change to anything. `webhooks`: where the provider
    /// may send to, as it must have been told; empty where nobody knows.
    async fn look(&self, _webhooks: &[String]) -> Vec<Finding> {
        Vec::new()
    }

    /// What is to be applied of an event that was read: the event itself where its word is enough. A
    /// provider whose word is not is asked: then it is the event with whatever must be booked before
    /// it, or one that says why it is not confirmed.
    async fn confirm(&self, event: Event) -> Result<Vec<Event>, ProviderError> {
        Ok(vec![event])
    }

    /// The same of one that was stored without effect, and is tried again and again: what was not found out of it
    /// when it came need not be asked once more.
    async fn confirm_again(&self, event: Event) -> Result<Vec<Event>, ProviderError> {
        self.confirm(event).await
    }
}

/// What the browser needs to go on, member by member of the answer to it. Some of it is secret.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct BrowserMembers(BTreeMap<&'static str, String>);

impl BrowserMembers {
    /// With the member that tells the providers' apart.
    pub(crate) fn tagged(mut self, provider: &dyn Provider) -> Self {
        self.0.insert(PROTOCOL, provider.protocol().to_owned());
        self
    }
}

impl FromIterator<(&'static str, String)> for BrowserMembers {
    fn from_iter<I: IntoIterator<Item = (&'static str, String)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl fmt::Debug for BrowserMembers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Why a provider did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Whether it did it is unknown.
    #[error("the provider did not answer in time")]
    Late,
    /// Whether it did it is unknown.
    #[error("the provider cannot be used at present")]
    Away(#[source] Box<dyn Error + Send + Sync>),
    /// It did not, and never will.
    #[error("the provider refused the request: {detail}")]
    Refused { code: String, detail: String },
    /// It did not: it does not know the account's customer any more.
    #[error("the provider does not know the account's customer")]
    CustomerLost,
    /// It has the payment already, and does not say a second time how it is paid.
    #[error("the provider has the payment already")]
    Begun,
}

impl ProviderError {
    /// For metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Away(_) => "away",
            Self::Refused { .. } => "refused",
            Self::CustomerLost => "customer_lost",
            Self::Begun => "begun",
        }
    }
}

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    #[error("it has no signature")]
    Missing,
    #[error("its signature cannot be read")]
    Malformed,
    #[error("its signature does not fit")]
    Signature,
    #[error("it was signed too long ago, or in the future")]
    Time,
}

impl WebhookRefusal {
    /// For metrics.
    pub(crate) const ALL: [Self; 4] = [Self::Missing, Self::Malformed, Self::Signature, Self::Time];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Signature => "signature",
            Self::Time => "time",
        }
    }
}

/// The providers that are configured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Providers(Vec<Arc<dyn Provider>>);

impl Providers {
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.0.iter().find(|provider| provider.name() == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.0.iter()
    }
}

/// For each provider its module, with `Settings` (and what is to be warned of in them),
/// `Config::checked`, `open` and `BROWSER_MEMBERS`.
macro_rules! providers {
    ($($provider:ident),+ $(,)?) => {
        /// The settings of every provider.
        #[derive(Args, Clone, Debug)]
        pub struct ProviderSettings {
            $(#[command(flatten)] pub $provider: $provider::Settings,)+
        }

        impl ProviderSettings {
            /// Whether the money of any of them is real.
            pub(crate) fn are_live(&self) -> bool {
                [$(self.$provider.livemode(),)+].contains(&true)
            }

            pub(crate) fn warnings(&self, web_url: Option<&str>) -> Vec<Warning> {
                let live = self.are_live();
                let mut warnings = [$(self.$provider.warnings(live),)+].concat();
                if live && web_url.is_some_and(is_http) {
                    warnings.push(Warning::LiveOverHttp("BILLING_WEB_URL"));
                }
                warnings
            }
        }

        /// What each provider that is configured needs.
        #[derive(Clone, Debug)]
        pub struct ProviderConfig {
            $($provider: Option<$provider::Config>,)+
        }

        impl ProviderConfig {
            /// `back`: the pages that payers of top-ups come back to.
            pub(crate) fn checked(
                settings: ProviderSettings,
                back: Option<&ReturnPages>,
            ) -> Result<Self, ConfigError> {
                Ok(Self { $($provider: $provider::Config::checked(settings.$provider, back)?,)+ })
            }
        }

        impl Providers {
            /// Fails where no HTTP client can be made.
            pub(crate) fn new(config: &ProviderConfig) -> Result<Self, reqwest::Error> {
                let mut all: Vec<Arc<dyn Provider>> = Vec::new();
                $(if let Some(config) = &config.$provider {
                    all.push(Arc::new($provider::open(config)?));
                })+
                Ok(Self(all))
            }
        }

        /// What providers are called that have no other name.
        const NAMES: &[&str] = &[$(stringify!($provider)),+];

        /// What each provider adds to the answer to a browser: its members, and what they are.
        const BROWSER_MEMBERS: &[(&str, &[(&str, &str)])] =
            &[$((stringify!($provider), $provider::BROWSER_MEMBERS)),+];
    };
}

// One line each.
providers! {
    stripe,
    fondy,
}

const PROTOCOL: &str = "protocol";

/// The part of a body that is a provider's, for the documentation.
pub(crate) struct BrowserSchema;

impl utoipa::PartialSchema for BrowserSchema {
    fn schema() -> RefOr<Schema> {
        let mut union = OneOfBuilder::new().description(Some(
            "What the provider's part of the page needs, by what the provider speaks.",
        ));
        for (protocol, members) in BROWSER_MEMBERS {
            let tag = ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some([*protocol]));
            let mut object = ObjectBuilder::new()
                .property(PROTOCOL, tag)
                .required(PROTOCOL);
            for (member, description) in *members {
                let text = ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(*description));
                object = object.property(*member, text);
            }
            union = union.item(object);
        }
        union.into()
    }
}

impl utoipa::ToSchema for BrowserSchema {}
