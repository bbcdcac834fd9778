//! libFuzzer on the target `noise`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("noise", input);
});
