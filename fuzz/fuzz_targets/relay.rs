//! libFuzzer on the target `relay`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("relay", input);
});
