//! Slices made by hand, and the ratios that they must give.

use super::*;
use crate::costs::{Costs, Latency};
use crate::slice::Pressure;

fn measured(contender: Contender, block: &'static str, round: u32, speed: f64) -> Measured {
    let pressure = Pressure::InFlight(256);
    Measured {
        block,
        level: pressure.in_flight(),
        round,
        slice: Slice {
            contender,
            pressure,
            answered: 1,
            per_second: speed,
            latency: Latency::default(),
            costs: Costs {
                fsyncs_per_1000: Some(speed / 100.0),
                wal_bytes: 900.0,
                full_page_bytes: Some(speed),
                ..Costs::default()
            },
            faults: Vec::new(),
        },
    }
}

fn found(slices: &[Measured], name: &str) -> Judged {
    let slices: Vec<&Measured> = slices.iter().collect();
    let judged = judge(&slices, 256);
    judged
        .into_iter()
        .find(|judged| judged.name == name)
        .unwrap()
}

#[test]
fn slices_are_compared_with_those_of_their_own_round() {
    let slices = [
        measured(Contender::ChargeHot, "charges", 1, 800.0),
        measured(Contender::LeanHot, "charges", 1, 50.0),
        measured(Contender::LeanHot, "charges", 2, 100.0),
        measured(Contender::ChargeHot, "charges", 2, 400.0),
        // No partner, another block: they say nothing.
        measured(Contender::ChargeHot, "charges", 3, 9_000.0),
        measured(Contender::LeanHot, "latencies", 3, 1.0),
    ];
    let judged = found(&slices, "hot_vs_lean_equal");
    let expected = Ratio {
        low: 4.0,
        median: 10.0,
        high: 16.0,
    };
    assert_eq!((judged.ratio, judged.reached), (expected, false));
    assert!(!found(&slices, "check_vs_empty").ratio.is_known());
}

#[test]
fn pages_in_full_do_not_count_as_what_a_charge_logs() {
    let slices = [
        measured(Contender::ChargeUniform, "charges", 1, 300.0),
        measured(Contender::LeanUniformBest, "charges", 1, 500.0),
    ];
    let ratio = found(&slices, "wal_vs_lean").ratio;
    assert!((ratio.median - 600.0 / 400.0).abs() < 1e-9, "{ratio:?}");
    let fsyncs = found(&slices, "fsyncs_per_1000").ratio;
    assert!((fsyncs.median - 3.0).abs() < 1e-9, "{fsyncs:?}");
}

#[test]
fn every_ratio_has_the_name_that_programs_look_for() {
    let names: Vec<_> = QUESTIONS.iter().map(|question| question.name).collect();
    let expected = [
        "hot_vs_lean_equal",
        "hot_vs_lean_best",
        "uniform_vs_lean_best",
        "hot_vs_uniform",
        "check_vs_empty",
        "check_vs_select",
        "lone_p50_vs_sqlx",
        "fsyncs_per_1000",
        "wal_vs_lean",
    ];
    assert_eq!(names, expected);
}
