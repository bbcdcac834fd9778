//! libFuzzer on the target `session_report`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("session_report", input);
});
