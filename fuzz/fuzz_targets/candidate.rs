//! libFuzzer on the target `candidate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("candidate", input);
});
