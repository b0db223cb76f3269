//! How long operations took and what they cost, as a slice has counted it.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "rates and shares, for people to read"
)]

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::meter::{LateReading, Reading};

/// Microseconds. pgbench tells only the mean.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Latency {
    pub mean: f64,
    pub p50: Option<u64>,
    pub p90: Option<u64>,
    pub p99: Option<u64>,
    pub p999: Option<u64>,
    pub max: Option<u64>,
}

/// What operations cost. None: not counted, or not available here.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Costs {
    pub fsyncs_per_1000: Option<f64>,
    pub wal_bytes: f64,
    pub full_page_images_per_1000: Option<f64>,
    /// Of the bytes, those of pages that the log holds in full since they had not changed since the
    /// last checkpoint: they tell of checkpoints more than of operations.
    pub full_page_bytes: Option<f64>,
    pub statements: Option<f64>,
    pub postgres_cpu_micros: Option<f64>,
    /// The core or the reference process; none where pgbench asks PostgreSQL itself.
    pub server_cpu_micros: Option<f64>,
    pub generator_cpu_micros: Option<f64>,
    /// Checkpoints in the slice: there should be none.
    pub checkpoints: i64,
}

/// What takes longer to count.
pub struct Late {
    pub counters: LateReading,
    pub full_page_bytes: Option<i64>,
}

impl Latency {
    pub fn of(latency: &Histogram<u64>) -> Self {
        let at = |quantile| Some(latency.value_at_quantile(quantile));
        Self {
            mean: latency.mean(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Some(latency.max()),
        }
    }

    pub fn of_mean(mean: Duration) -> Self {
        Self {
            mean: micros(mean),
            ..Self::default()
        }
    }
}

impl Costs {
    /// `generator`: the generator's own; none where a program of its own was the generator.
    pub fn between(
        before: &Reading,
        after: &Reading,
        answered: u64,
        generator: Option<Duration>,
    ) -> Self {
        let by_operation = |whole: f64| whole / answered.max(1) as f64;
        let cpu = |before: Option<Duration>, after: Option<Duration>| {
            Some(by_operation(micros(after?.saturating_sub(before?))))
        };
        let statements = before
            .statements
            .zip(after.statements)
            .map(|(before, after)| by_operation((after - before) as f64));
        Self {
            wal_bytes: by_operation((after.wal_bytes - before.wal_bytes) as f64),
            statements,
            postgres_cpu_micros: cpu(before.postgres_cpu, after.postgres_cpu),
            server_cpu_micros: cpu(before.server_cpu, after.server_cpu),
            generator_cpu_micros: match generator {
                Some(used) => Some(by_operation(micros(used))),
                None => cpu(before.own_cpu, after.own_cpu),
            },
            checkpoints: after.checkpoints - before.checkpoints,
            ..Self::default()
        }
    }

    /// `extra` operations came between the slice and the late reading.
    pub fn with_late(self, before: &LateReading, late: &Late, answered: u64, extra: u64) -> Self {
        let by_1000 =
            |whole: i64| whole as f64 * 1_000.0 / answered.saturating_add(extra).max(1) as f64;
        let Late {
            counters,
            full_page_bytes,
        } = late;
        let images = counters.full_page_images - before.full_page_images;
        Self {
            fsyncs_per_1000: Some(by_1000(counters.fsyncs - before.fsyncs)),
            full_page_images_per_1000: Some(by_1000(images)),
            full_page_bytes: full_page_bytes.map(|bytes| bytes as f64 / answered.max(1) as f64),
            ..self
        }
    }
}

pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
