//! libFuzzer on the target `inputs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("inputs", input);
});
