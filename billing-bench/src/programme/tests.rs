//! What is planned, and what is refused.

use clap::Parser;

use super::*;
use crate::options::Cli;

fn programme(arguments: &str) -> Programme {
    let arguments = ["billing-bench"]
        .into_iter()
        .chain(arguments.split_whitespace());
    Programme::of(&Cli::parse_from(arguments).run)
}

#[test]
fn a_full_run_measures_every_contender_and_the_best_ones_once() {
    let programme = programme("");
    for contender in CHECKS.iter().chain(&CHARGES).chain(&LONE) {
        assert!(programme.measures(&[*contender]), "{contender:?}");
    }
    for block in &programme.blocks {
        let has_best = BEST.iter().any(|best| block.contenders.contains(best));
        assert_eq!(
            has_best,
            block.name == "charges" && block.pressure == Pressure::InFlight(256)
        );
    }
    assert_eq!(programme.most_clients(), 1024);
}

#[test]
fn a_quick_run_has_what_the_targets_need_and_is_over_in_time() {
    let programme = programme("--quick");
    for contender in CHECKS.iter().chain(&CHARGES).chain(&LONE) {
        assert!(programme.measures(&[*contender]), "{contender:?}");
    }
    assert!(
        programme.expected() < Duration::from_mins(3),
        "{:?}",
        programme.expected()
    );
}

#[test]
fn only_what_is_named_is_measured() {
    let programme = programme("--only charge_hot,check --in-flight 64");
    let contenders: Vec<_> = programme
        .blocks
        .iter()
        .map(|block| block.contenders.clone())
        .collect();
    assert_eq!(
        contenders,
        [vec![Contender::Check], vec![Contender::ChargeHot]]
    );
    assert_eq!(programme.ratios_at, 64);
    assert!(!programme.measures(&[Contender::Sqlx]));
}

#[test]
fn what_nobody_would_wait_for_is_refused_with_what_to_lower() {
    for usual in ["", "--quick", "--pairs 20", "--slice-secs 10"] {
        programme(usual).require_bounded().unwrap();
    }
    for endless in ["--pairs 1000 --slice-secs 600", "--quick --pairs 1000"] {
        let programme = programme(endless);
        let refused = programme.require_bounded().unwrap_err().to_string();
        for word in [
            minutes(programme.expected()).as_str(),
            "240 min",
            "--pairs",
            "--slice-secs",
        ] {
            assert!(refused.contains(word), "{refused}");
        }
    }
}
