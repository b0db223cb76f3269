//! Where exchange rates come from.

use std::time::Duration;

use reqwest::Url;

use super::{ConfigError, RateSettings, guarded_url};
use crate::rate::Rate;

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
    use super::{RateConfig, RateSource};
    use crate::config::{ConfigError, RateSettings};
    use crate::rate::Rate;

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
