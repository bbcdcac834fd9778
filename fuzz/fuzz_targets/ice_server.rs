//! libFuzzer on the target `ice_server`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("ice_server", input);
});
