//! Finds out with how many clients, and through how large a pool, those do best that have a choice:
//! what the core is compared with is to be as good as it can be.

use anyhow::Result;

use crate::arena::Arena;
use crate::contender::Contender;
use crate::programme::Programme;
use crate::report::Report;
use crate::slice::{Best, Manner, Pressure, measure};

/// What a contender may choose.
struct Choice<'a> {
    contender: Contender,
    of: &'static str,
    numbers: &'a [u32],
    chosen: fn(&mut Best) -> &mut u32,
}

pub async fn sweep(arena: &mut Arena, programme: &Programme, report: &mut Report) -> Result<Best> {
    let mut best = Best {
        hot_clients: 1,
        uniform_clients: 16,
        hot_pool: 4,
        uniform_pool: 16,
        select_pool: 4,
    };
    for choice in choices(programme) {
        if programme.measures(&[choice.contender]) {
            choose(&choice, &mut best, arena, programme, report).await?;
        }
    }
    Ok(best)
}

fn choices(programme: &Programme) -> [Choice<'_>; 5] {
    let choice = |contender, of, numbers, chosen| Choice {
        contender,
        of,
        numbers,
        chosen,
    };
    let Programme { clients, pools, .. } = programme;
    [
        choice(Contender::LeanHotBest, "clients", clients, |best| {
            &mut best.hot_clients
        }),
        choice(Contender::LeanUniformBest, "clients", clients, |best| {
            &mut best.uniform_clients
        }),
        choice(Contender::LeanRpcHot, "connections", pools, |best| {
            &mut best.hot_pool
        }),
        choice(Contender::LeanRpcUniform, "connections", pools, |best| {
            &mut best.uniform_pool
        }),
        choice(Contender::Select, "connections", pools, |best| {
            &mut best.select_pool
        }),
    ]
}

/// Tries each number, and leaves the best one in its place.
async fn choose(
    choice: &Choice<'_>,
    best: &mut Best,
    arena: &mut Arena,
    programme: &Programme,
    report: &mut Report,
) -> Result<()> {
    let manner = Manner {
        time: programme.slice,
        is_thorough: false,
    };
    let in_flight = Pressure::InFlight(programme.ratios_at);
    let mut found = Vec::new();
    for number in choice.numbers {
        *(choice.chosen)(best) = *number;
        let slice = measure(arena, choice.contender, in_flight, best, manner).await?;
        report.require_right(&slice);
        found.push((*number, slice.per_second));
    }
    if let Some(number) = fastest(&found) {
        *(choice.chosen)(best) = number;
    }
    report.add_sweep(choice.contender, choice.of, found);
    Ok(())
}

fn fastest(found: &[(u32, f64)]) -> Option<u32> {
    found
        .iter()
        .max_by(|one, other| one.1.total_cmp(&other.1))
        .map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::fastest;

    #[test]
    fn the_fastest_is_chosen_and_not_the_most() {
        assert_eq!(fastest(&[(1, 300.0), (4, 900.0), (16, 700.0)]), Some(4));
        assert_eq!(fastest(&[]), None);
    }
}
