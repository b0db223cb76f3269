//! Where the payer of a hosted page comes back to, and for how long the page can be paid.

use jiff::{SignedDuration, Timestamp};

use crate::config_check::{ConfigError, guarded_url};
use crate::providers::Order;
use crate::return_pages::ReturnPages;

/// What our own name of a contribution is put in place of.
const ULID: &str = "{CONTRIBUTION_ULID}";
/// Put there where the success URL does not say where the name belongs.
const PARAMETER: &str = "contribution";
/// By which pages are told that somebody has not given.
const LEFT: [&str; 2] = ["cancelled", "canceled"];
/// What Stripe takes.
const URL_BYTES_MAX: usize = 2_000;

/// Stripe wants half an hour of a page at least; clocks differ, and requests take their time.
const LEFT_MIN: SignedDuration = SignedDuration::from_mins(35);

/// What hosted pages are made with.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    /// Of contributions; none: nothing is given on Stripe's pages.
    pub contributions: Option<ContributionPages>,
    /// Of top-ups; none: nothing is topped up on Stripe's pages.
    pub top_ups: Option<ReturnPages>,
    pub lifetime: SignedDuration,
}

impl Pages {
    /// Whether anything is paid on them.
    pub(super) fn is_used(&self) -> bool {
        self.contributions.is_some() || self.top_ups.is_some()
    }

    /// Where the payer of an order comes back to, who has paid and who has not. None: nothing is set for it.
    pub(super) fn led_to(&self, order: &Order<'_>) -> Option<(String, String)> {
        let page = order.page;
        // Only a contribution has a name of its own.
        if !page.ulid.is_empty() {
            let pages = self.contributions.as_ref()?;
            return Some((pages.success_url(page.ulid), pages.cancel_url(page.ulid)));
        }
        let pages = page.back.or(self.top_ups.as_ref())?;
        let payment_id = order.payment.payment_id.as_str();
        Some((pages.paid(payment_id).into(), pages.left(payment_id).into()))
    }

    /// When the page of a payment that was created then ends. The same whenever it is asked for within
    /// the same while, since one idempotency key stands for one request; and never too soon for Stripe.
    pub(super) fn expires_at(&self, created_at: Timestamp, now: Timestamp) -> i64 {
        let while_secs = self.lifetime.saturating_sub(LEFT_MIN).as_secs().max(1);
        let age = now
            .as_second()
            .saturating_sub(created_at.as_second())
            .max(0);
        let passed = (age / while_secs).saturating_mul(while_secs);
        created_at
            .as_second()
            .saturating_add(passed)
            .saturating_add(self.lifetime.as_secs())
    }
}

/// Where somebody comes back to who gave, or did not.
#[derive(Clone, Debug)]
pub(super) struct ContributionPages {
    success_url: String,
    cancel_url: String,
}

impl ContributionPages {
    /// None: nothing is given on Stripe's pages.
    pub(super) fn checked(
        success_url: Option<String>,
        cancel_url: Option<String>,
    ) -> Result<Option<Self>, ConfigError> {
        let (success_url, cancel_url) = match (success_url, cancel_url) {
            (None, None) => return Ok(None),
            (Some(success), Some(cancel)) => (success, cancel),
            (None, Some(_)) => return Err(ConfigError::Missing("STRIPE_SUCCESS_URL")),
            (Some(_), None) => return Err(ConfigError::Missing("STRIPE_CANCEL_URL")),
        };
        Ok(Some(Self {
            success_url: checked_url("STRIPE_SUCCESS_URL", &success_url)?,
            cancel_url: checked_url("STRIPE_CANCEL_URL", &cancel_url)?,
        }))
    }

    /// Names the contribution, and once. Stripe's own `{CHECKOUT_SESSION_ID}` is left for Stripe.
    fn success_url(&self, ulid: &str) -> String {
        if self.success_url.contains(ULID) {
            return self.success_url.replace(ULID, ulid);
        }
        let (before, fragment) = match self.success_url.split_once('#') {
            Some((before, fragment)) => (before, format!("#{fragment}")),
            None => (self.success_url.as_str(), String::new()),
        };
        let (path, query) = before.split_once('?').unwrap_or((before, ""));
        let is_other = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && name != PARAMETER
        };
        let ours = format!("{PARAMETER}={ulid}");
        let pairs: Vec<&str> = query
            .split('&')
            .filter(is_other)
            .chain([ours.as_str()])
            .collect();
        format!("{path}?{}{fragment}", pairs.join("&"))
    }

    fn cancel_url(&self, ulid: &str) -> String {
        self.cancel_url.replace(ULID, ulid)
    }

    /// The page where people give: that of those who have not, without what tells it so.
    pub(super) fn support_url(&self) -> String {
        let url = self.cancel_url.replace(ULID, "");
        let url = url.replace("{CHECKOUT_SESSION_ID}", "");
        let (before, fragment) = match url.split_once('#') {
            Some((before, fragment)) => (before, format!("#{fragment}")),
            None => (url.as_str(), String::new()),
        };
        let Some((path, query)) = before.split_once('?') else {
            return url;
        };
        let stays = |pair: &&str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, "true"));
            !value.is_empty() && !LEFT.contains(&name)
        };
        let pairs: Vec<&str> = query.split('&').filter(stays).collect();
        match pairs.join("&") {
            none if none.is_empty() => format!("{path}{fragment}"),
            pairs => format!("{path}?{pairs}{fragment}"),
        }
    }
}

fn checked_url(name: &'static str, text: &str) -> Result<String, ConfigError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ConfigError::Blank(name));
    }
    let sample = text
        .replace(ULID, "0")
        .replace("{CHECKOUT_SESSION_ID}", "0");
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.len() > URL_BYTES_MAX || !is_plain || guarded_url(&sample).is_none() {
        return Err(ConfigError::ProviderUrl(name));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{ContributionPages, Pages};
    use crate::config_check::ConfigError;

    const CANCEL: &str = "https://a.example/support?cancelled=true";

    fn pages(success_url: &str) -> Result<Option<ContributionPages>, ConfigError> {
        ContributionPages::checked(Some(success_url.to_owned()), Some(CANCEL.to_owned()))
    }

    #[test]
    fn the_success_url_names_the_contribution_once_whatever_is_in_it() {
        for (given, led_to) in [
            (
                "https://a.example/thanks",
                "https://a.example/thanks?contribution=U1",
            ),
            ("https://a.example", "https://a.example?contribution=U1"),
            (
                "https://a.example/t?",
                "https://a.example/t?contribution=U1",
            ),
            (
                "https://a.example/t?a=1",
                "https://a.example/t?a=1&contribution=U1",
            ),
            (
                "https://a.example/t?a=1&",
                "https://a.example/t?a=1&contribution=U1",
            ),
            (
                "https://a.example/#/t",
                "https://a.example/?contribution=U1#/t",
            ),
            (
                "https://a.example/t?a=1#b?c",
                "https://a.example/t?a=1&contribution=U1#b?c",
            ),
            // As the guide has it.
            (
                "https://a.example/t?contribution={CHECKOUT_SESSION_ID}",
                "https://a.example/t?contribution=U1",
            ),
            (
                "https://a.example/t?contribution=x&s={CHECKOUT_SESSION_ID}&contribution",
                "https://a.example/t?s={CHECKOUT_SESSION_ID}&contribution=U1",
            ),
            (
                "https://a.example/t/{CONTRIBUTION_ULID}?s={CHECKOUT_SESSION_ID}",
                "https://a.example/t/U1?s={CHECKOUT_SESSION_ID}",
            ),
            (
                "https://a.example/#/t?contribution={CONTRIBUTION_ULID}",
                "https://a.example/#/t?contribution=U1",
            ),
        ] {
            let pages = pages(given).unwrap().unwrap();
            assert_eq!(pages.success_url("U1"), led_to, "{given}");
            assert_eq!(pages.cancel_url("U1"), CANCEL);
        }
    }

    #[test]
    fn whoever_comes_back_from_the_portal_is_not_told_that_they_gave_nothing() {
        for (cancel_url, support_url) in [
            (CANCEL, "https://a.example/support"),
            (
                "https://a.example/s?tab=1&canceled&c={CONTRIBUTION_ULID}#give",
                "https://a.example/s?tab=1#give",
            ),
            ("https://a.example/#/s", "https://a.example/#/s"),
        ] {
            let pages = ContributionPages::checked(
                Some("https://a.example/t".to_owned()),
                Some(cancel_url.to_owned()),
            );
            assert_eq!(pages.unwrap().unwrap().support_url(), support_url);
        }
    }

    #[test]
    fn a_url_that_anybody_could_answer_or_that_is_none_does_not_start() {
        for bad in [
            "http://a.example/t",
            "a.example/t",
            "https://a.example/t t",
            "{CONTRIBUTION_ULID}",
            "javascript:alert(1)",
        ] {
            let error = pages(bad).unwrap_err();
            assert_eq!(
                error,
                ConfigError::ProviderUrl("STRIPE_SUCCESS_URL"),
                "{bad}"
            );
        }
        assert_eq!(
            pages(" ").unwrap_err(),
            ConfigError::Blank("STRIPE_SUCCESS_URL")
        );
        assert!(pages("http://127.0.0.1:8080/t").unwrap().is_some());
        let half = ContributionPages::checked(None, Some(CANCEL.to_owned()));
        assert_eq!(
            half.unwrap_err(),
            ConfigError::Missing("STRIPE_SUCCESS_URL")
        );
        assert!(ContributionPages::checked(None, None).unwrap().is_none());
    }

    #[test]
    fn a_repeated_request_ends_the_page_at_the_same_time_and_never_too_soon() {
        let created = Timestamp::from_second(1_000_000).unwrap();
        let at = |secs| created + SignedDuration::from_secs(secs);
        let pages = Pages {
            contributions: None,
            top_ups: None,
            lifetime: SignedDuration::from_hours(1),
        };
        assert_eq!(pages.expires_at(created, at(0)), 1_003_600);
        assert_eq!(pages.expires_at(created, at(-5)), 1_003_600);
        assert_eq!(pages.expires_at(created, at(1_499)), 1_003_600);
        for secs in [0, 1_500, 3_000, 80_000] {
            let left = pages.expires_at(created, at(secs)) - at(secs).as_second();
            assert!((2_100..=3_600).contains(&left), "{secs}: {left}");
        }
    }
}
