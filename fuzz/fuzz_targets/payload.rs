//! libFuzzer on the target `payload`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("payload", input);
});
