//! libFuzzer on the target `server_message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("server_message", input);
});
