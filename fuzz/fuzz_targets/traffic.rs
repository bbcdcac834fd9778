//! libFuzzer on the target `traffic`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("traffic", input);
});
