//! libFuzzer on the target `negotiator`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("negotiator", input);
});
