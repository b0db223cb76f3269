//! Where a payer's browser comes back to from a page of a provider's.

use reqwest::Url;

use crate::config_check::extend;

/// What tells the pages which payment it was.
const PAID: &str = "payment";
const LEFT: &str = "cancelled";

/// The pages that a payer of a top-up comes back to, who has paid and who has not. That a browser came back proves
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnPages {
    paid: Url,
    left: Url,
}

impl ReturnPages {
    /// The dashboard's, below the address of the gateway's own pages.
    pub(crate) fn of_dashboard(web: &Url) -> Self {
        let below = |parts: &[&str]| {
            let mut url = web.clone();
            extend(&mut url, parts);
            url
        };
        Self {
            paid: below(&["app", "top-up", "return"]),
            left: below(&["app", "top-up"]),
        }
    }

    /// One page for both.
    pub(crate) fn at(page: &Url) -> Self {
        Self {
            paid: page.clone(),
            left: page.clone(),
        }
    }

    pub(crate) fn paid(&self, payment_id: &str) -> Url {
        with(&self.paid, PAID, payment_id)
    }

    pub(crate) fn left(&self, payment_id: &str) -> Url {
        with(&self.left, LEFT, payment_id)
    }
}

fn with(page: &Url, name: &str, payment_id: &str) -> Url {
    let mut page = page.clone();
    page.query_pairs_mut().append_pair(name, payment_id);
    page
}

#[cfg(test)]
mod tests {
    use super::ReturnPages;

    #[test]
    fn the_payment_is_named_whatever_else_is_in_the_address() {
        for (web, paid, left) in [
            (
                "https://b.example",
                "https://b.example/app/top-up/return?payment=1-2",
                "https://b.example/app/top-up?cancelled=1-2",
            ),
            (
                "https://b.example/billing/",
                "https://b.example/billing/app/top-up/return?payment=1-2",
                "https://b.example/billing/app/top-up?cancelled=1-2",
            ),
        ] {
            let pages = ReturnPages::of_dashboard(&web.parse().unwrap());
            assert_eq!(pages.paid("1-2").as_str(), paid);
            assert_eq!(pages.left("1-2").as_str(), left);
        }
        let page = "https://a.example/pay?tab=1#top".parse().unwrap();
        let pages = ReturnPages::at(&page);
        let paid = "https://a.example/pay?tab=1&payment=1-2#top";
        assert_eq!(pages.paid("1-2").as_str(), paid);
    }
}
