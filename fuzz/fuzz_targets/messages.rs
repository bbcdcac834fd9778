//! libFuzzer on the target `messages`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("messages", input);
});
