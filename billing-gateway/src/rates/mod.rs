//! What a dollar costs in hryvnias: asked for now and then, and stored by the core, which fixes it
//! for each payment.

mod nbu;
mod rate;
pub(crate) mod settings;

pub(crate) use rate::{Rate, ShownRate, shown};

use std::time::Duration;

use billing_proto::v1::{GetRateRequest, RecordRateRequest};
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use self::settings::RateSource;
use crate::causes::causes;
use crate::core::{CoreClient, CoreError, sent};
use crate::currency::UAH;
use nbu::Nbu;

/// How soon a source is asked again that did not answer, and how often the age is told.
const TICK: Duration = Duration::from_secs(15);

/// Where rates come from.
#[derive(Debug)]
enum Source {
    Static(Rate),
    Nbu(Nbu),
}

/// A source that is asked, and what came of it.
#[derive(Debug)]
pub(crate) struct Rates {
    core: CoreClient,
    source: Source,
    period: Duration,
    /// When it was last asked with success, by whomever.
    fetched_at: Option<Timestamp>,
}

/// Why no rate was recorded.
#[derive(Debug, thiserror::Error)]
enum RateError {
    #[error("the source did not answer with a rate")]
    Source(#[from] nbu::NbuError),
    #[error("the core did not record it")]
    Core(#[from] CoreError),
}

impl RateError {
    /// For metrics.
    fn name(&self) -> &'static str {
        match self {
            Self::Source(_) => "source_failed",
            Self::Core(_) => "core_failed",
        }
    }
}

impl Rates {
    /// None where rates are not fetched here. Fails where no HTTP client can be made.
    pub(crate) fn new(
        core: CoreClient,
        source: &RateSource,
        period: Duration,
    ) -> Result<Option<Self>, reqwest::Error> {
        let source = match source {
            RateSource::None => return Ok(None),
            RateSource::Static(rate) => Source::Static(rate.clone()),
            RateSource::Nbu(url) => Source::Nbu(Nbu::new(Url::clone(url))?),
        };
        for outcome in ["ok", "source_failed", "core_failed"] {
            fetch_counter(source.name(), outcome).increment(0);
        }
        Ok(Some(Self {
            core,
            source,
            period,
            fetched_at: None,
        }))
    }

    /// Fetches and records until `shutdown`. A rate that cannot be fetched leaves the last one as it
    /// is; the core knows how old that may become.
    pub(crate) async fn keep(mut self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK.min(self.period));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut due = None;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                now = ticks.tick() => {
                    if due.is_none_or(|due| due <= now) && self.refresh().await {
                        due = now.checked_add(self.period);
                    }
                }
            }
            age_gauge(self.fetched_at);
        }
    }

    async fn refresh(&mut self) -> bool {
        let recorded = self.record().await;
        let outcome = recorded.as_ref().map_or_else(RateError::name, |()| "ok");
        fetch_counter(self.source.name(), outcome).increment(1);
        let Err(error) = recorded else {
            return true;
        };
        tracing::warn!(source = self.source.name(), error = %causes(&error), "rate not recorded");
        if self.fetched_at.is_none() {
            self.fetched_at = self.known_since().await;
        }
        false
    }

    async fn record(&mut self) -> Result<(), RateError> {
        let rate = match &self.source {
            Source::Static(rate) => rate.clone(),
            Source::Nbu(nbu) => nbu.fetch().await?,
        };
        let fetched_at = Timestamp::now();
        let request = RecordRateRequest {
            currency: UAH.code.to_owned(),
            rate: rate.as_str().to_owned(),
            source: self.source.name().to_owned(),
            fetched_at: Some(sent(fetched_at)),
        };
        let core = self.core.unasked();
        core.record_rate(request).await?;
        self.fetched_at = Some(fetched_at);
        Ok(())
    }

    /// Since a gateway before this one fetched it.
    async fn known_since(&self) -> Option<Timestamp> {
        let request = GetRateRequest {
            currency: UAH.code.to_owned(),
        };
        let core = self.core.unasked();
        let known = core.get_rate(request).await.ok()?.rate?.fetched_at?;
        Timestamp::new(known.seconds, known.nanos).ok()
    }
}

/// What the source says at present, and its name, without telling the core; none where rates are not
/// fetched here.
pub(crate) async fn fetched(source: &RateSource) -> Result<Option<(&'static str, Rate)>, String> {
    match source {
        RateSource::None => Ok(None),
        RateSource::Static(rate) => Ok(Some(("static", rate.clone()))),
        RateSource::Nbu(url) => {
            let nbu = Nbu::new(Url::clone(url)).map_err(|error| causes(&error))?;
            let rate = nbu.fetch().await.map_err(|error| causes(&error))?;
            Ok(Some(("nbu", rate)))
        }
    }
}

impl Source {
    fn name(&self) -> &'static str {
        match self {
            Self::Static(_) => "static",
            Self::Nbu(_) => "nbu",
        }
    }
}

fn fetch_counter(source: &'static str, outcome: &'static str) -> metrics::Counter {
    metrics::counter!("billing.rate.fetch", "source" => source, "outcome" => outcome)
}

fn age_gauge(fetched_at: Option<Timestamp>) {
    let Some(fetched_at) = fetched_at else {
        return;
    };
    let age = Timestamp::now().duration_since(fetched_at);
    metrics::gauge!("billing.rate.age").set(age.max(SignedDuration::ZERO).as_secs_f64());
}
