//! TODO.
fn main() {}
