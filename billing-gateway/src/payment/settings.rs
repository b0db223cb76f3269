//! What holds for payments of every provider.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;

use crate::currency::{Currency, UAH, USD};

/// Payments of every provider.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Payments")]
pub struct PaymentSettings {
    /// The most that is topped up at once, in whole US dollars
    #[arg(long, env = "BILLING_TOPUP_MAX_USD", default_value = "1000",
          value_parser = clap::value_parser!(u32).range(1..=999_999))]
    pub topup_max_usd: u32,

    /// The most that is topped up at once by a provider that is paid in hryvnias, in whole hryvnias
    #[arg(long, env = "BILLING_TOPUP_MAX_UAH", default_value = "40000",
          value_parser = clap::value_parser!(u32).range(10..=9_999_999))]
    pub topup_max_uah: u32,

    /// Payments that one user may create in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_USER", default_value = "5")]
    pub payment_limit_user: NonZeroU32,

    /// Payments that may be created from one client address in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_IP", default_value = "10")]
    pub payment_limit_ip: NonZeroU32,

    /// Payments that the users of one tenant may create in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_TENANT", default_value = "120")]
    pub payment_limit_tenant: NonZeroU32,

    /// How often providers are asked about payments that stayed open, in seconds, 900 at most; 0: never
    #[arg(long, env = "BILLING_RECONCILE_SECS", default_value = "30",
          value_parser = clap::value_parser!(u64).range(0..=900))]
    pub reconcile_secs: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct PaymentConfig {
    /// The most that is topped up at once, in millionths of the currency's unit.
    most_micros: [(Currency, i64); Currency::ALL.len()],
    /// Payments that may be created in a minute.
    pub limit_user: NonZeroU32,
    pub limit_ip: NonZeroU32,
    pub limit_tenant: NonZeroU32,
    /// How often open payments are asked about; none: never.
    pub reconcile_period: Option<Duration>,
}

impl From<PaymentSettings> for PaymentConfig {
    fn from(payment: PaymentSettings) -> Self {
        Self {
            most_micros: [(USD, payment.topup_max_usd), (UAH, payment.topup_max_uah)]
                .map(|(currency, units)| (currency, i64::from(units).saturating_mul(1_000_000))),
            limit_user: payment.payment_limit_user,
            limit_ip: payment.payment_limit_ip,
            limit_tenant: payment.payment_limit_tenant,
            reconcile_period: (payment.reconcile_secs > 0)
                .then(|| Duration::from_secs(payment.reconcile_secs)),
        }
    }
}

impl PaymentConfig {
    /// The most that is topped up at once. Nothing of a currency that has none.
    pub(crate) fn most_micros(&self, currency: Currency) -> i64 {
        let most = self.most_micros.iter().find(|(of, _)| *of == currency);
        most.map_or(0, |(_, micros)| *micros)
    }
}
