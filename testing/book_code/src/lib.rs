//! The code of the book, as doctests: each chapter of `docs/book/src` is the documentation of an item here.
//!
//! `cargo test --doc -p book_code` compiles it. Code that cannot run in a test is marked `no_run`.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/introduction.md")]
pub struct Introduction;
