//! Compiles the contract with protox, so that no `protoc` need be installed.

use std::path::PathBuf;

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "billing/v1/account.proto",
        "billing/v1/admin.proto",
        "billing/v1/balance.proto",
        "billing/v1/error.proto",
        "billing/v1/operator.proto",
        "billing/v1/payment.proto",
        "billing/v1/person.proto",
        "billing/v1/price.proto",
        "billing/v1/sponsorship.proto",
    ];
    println!("cargo:rerun-if-changed=billing");
    let descriptors = protox::compile(files, ["."])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    std::fs::write(out.join("billing.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        // One order everywhere: the canonical form of a command is hashed.
        .btree_map(".")
        .compile_fds(descriptors)?;
    Ok(())
}
