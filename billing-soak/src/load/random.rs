//! What chance gives each worker.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// The seed and the worker's number stand beside each other and are not added up: no worker of another
/// seed is given the same.
pub fn of(seed: u64, worker: u64) -> StdRng {
    let mut whole = [0; 32];
    let given = seed.to_le_bytes().into_iter().chain(worker.to_le_bytes());
    for (byte, given) in whole.iter_mut().zip(given) {
        *byte = given;
    }
    StdRng::from_seed(whole)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::Rng;

    use super::*;

    #[test]
    fn no_worker_of_one_seed_is_given_what_a_worker_of_another_is() {
        let seeds = [0, 1, 2, 31, 32, u64::MAX - 1, u64::MAX];
        let mut seen = BTreeSet::new();
        for seed in seeds {
            for worker in 0..32 {
                let given: [u64; 2] = of(seed, worker).random();
                assert!(seen.insert(given), "worker {worker} of seed {seed}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_again() {
        let given = |seed| of(seed, 3).random::<[u64; 2]>();
        assert_eq!(given(7), given(7));
    }
}
