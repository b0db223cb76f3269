//! Which fault comes next: by chance, and each of them once before any comes twice.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};

use super::Fault;

pub struct Deck {
    dealt_first: Vec<Fault>,
}

impl Deck {
    pub fn shuffled(random: &mut StdRng) -> Self {
        let mut dealt_first = Fault::ALL.to_vec();
        dealt_first.shuffle(random);
        Self { dealt_first }
    }

    /// Whether each has come.
    pub fn is_dealt(&self) -> bool {
        self.dealt_first.is_empty()
    }

    pub fn deal(&mut self, random: &mut StdRng) -> Fault {
        self.dealt_first
            .pop()
            .or_else(|| Fault::ALL.choose(random).copied())
            .unwrap_or(Fault::CoreKilled)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;

    use super::*;

    #[test]
    fn each_fault_comes_before_any_comes_twice() {
        let mut random = StdRng::seed_from_u64(1);
        let mut deck = Deck::shuffled(&mut random);
        let first: BTreeSet<Fault> = Fault::ALL.iter().map(|_| deck.deal(&mut random)).collect();
        assert_eq!(first.len(), Fault::ALL.len());
        assert!(deck.is_dealt());
        // And it goes on.
        deck.deal(&mut random);
    }
}
