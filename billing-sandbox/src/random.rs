//! Names that nobody can guess.

use rand::Rng as _;
use rand::distr::Alphanumeric;

/// So many letters and digits.
pub fn random_text(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}
