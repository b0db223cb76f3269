//! Where exchange rates come from.

use std::time::Duration;

use clap::Args;
use reqwest::Url;

use super::rate::Rate;
use crate::config_check::{ConfigError, guarded_url};

/// What a dollar costs in hryvnias.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Exchange rates")]
pub struct RateSettings {
    #[arg(
        long,
        env = "BILLING_RATE_SOURCE",
        default_value = "none",
        help = "Where the rate comes from: `none`, `nbu` (the National Bank of Ukraine) or \
                `static:41.50`"
    )]
    pub rate_source: String,

    /// Where the National Bank's rate is fetched; https, or http on loopback
    #[arg(
        long,
        env = "NBU_URL",
        default_value = "https://bank.gov.ua/NBUStatService/v1/statdirectory/exchange?valcode=USD&json"
    )]
    pub nbu_url: String,

    /// How often the rate is fetched, in seconds
    #[arg(long, env = "BILLING_RATE_SECS", default_value = "3600",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub rate_secs: u64,
}

#[derive(Clone, Debug)]
pub struct RateConfig {
    pub(crate) source: RateSource,
    pub(crate) period: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RateSource {
    /// Somebody else records them, or nobody.
    None,
    Static(Rate),
    Nbu(Url),
}

impl TryFrom<RateSettings> for RateConfig {
    type Error = ConfigError;

    fn try_from(settings: RateSettings) -> Result<Self, ConfigError> {
        let source = match settings.rate_source.as_str() {
            "none" => RateSource::None,
            "nbu" => {
                let url = guarded_url(&settings.nbu_url);
                RateSource::Nbu(url.ok_or(ConfigError::ProviderUrl("NBU_URL"))?)
            }
            other => {
                let rate = other.strip_prefix("static:").and_then(Rate::parse);
                RateSource::Static(rate.ok_or(ConfigError::RateSource)?)
            }
        };
        Ok(Self {
            source,
            period: Duration::from_secs(settings.rate_secs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{RateConfig, RateSettings, RateSource};
    use crate::config_check::ConfigError;
    use crate::rates::Rate;

    fn source(source: &str, nbu_url: &str) -> Result<RateSource, ConfigError> {
        let settings = RateSettings {
            rate_source: source.to_owned(),
            nbu_url: nbu_url.to_owned(),
            rate_secs: 3600,
        };
        RateConfig::try_from(settings).map(|config| config.source)
    }

    #[test]
    fn a_rate_comes_from_nowhere_from_the_bank_or_from_the_setting() {
        let bank = "https://bank.gov.ua/x";
        assert_eq!(source("none", bank), Ok(RateSource::None));
        let url = bank.parse().unwrap();
        assert_eq!(source("nbu", bank), Ok(RateSource::Nbu(url)));
        let rate = Rate::parse("41.50").unwrap();
        assert_eq!(source("static:41.50", bank), Ok(RateSource::Static(rate)));
        for odd in [
            "", "static", "static:", "static:0", "static:x", "ecb", "41.5",
        ] {
            assert_eq!(source(odd, bank), Err(ConfigError::RateSource), "{odd}");
        }
        let plain = source("nbu", "http://bank.gov.ua/x");
        assert_eq!(plain, Err(ConfigError::ProviderUrl("NBU_URL")));
    }
}
