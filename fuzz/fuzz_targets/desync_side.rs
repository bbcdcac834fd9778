//! libFuzzer on the target `desync_side`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("desync_side", input);
});
