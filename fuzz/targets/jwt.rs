#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| billing_gateway::fuzzed::jwt(input));
