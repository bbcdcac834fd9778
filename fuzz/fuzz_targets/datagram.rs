//! libFuzzer on the target `datagram`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    netplay_fuzz::check("datagram", input);
});
