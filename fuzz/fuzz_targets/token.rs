//! libFuzzer on the target `token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("token", input);
});
