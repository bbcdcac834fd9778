//! libFuzzer on the target `doctor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("doctor", input);
});
