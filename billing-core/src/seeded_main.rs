//! `billing-core-seeded`: the same program under a name of its own, with `seeded-bugs`.

use std::process::ExitCode;

#[path = "main.rs"]
mod program;

fn main() -> ExitCode {
    program::main()
}
