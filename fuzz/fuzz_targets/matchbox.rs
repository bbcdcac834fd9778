//! libFuzzer on the target `matchbox`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("matchbox", input);
});
