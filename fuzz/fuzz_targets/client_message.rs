//! libFuzzer on the target `client_message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("client_message", input);
});
