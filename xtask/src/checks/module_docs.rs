//! Every module begins with what it is about.

use super::files::with_extensions;

#[test]
fn every_module_begins_with_a_module_doc() {
    let without: Vec<_> = with_extensions(&["rs"])
        .into_iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    assert!(without.is_empty(), "{} files begin without `//!`: {without:#?}", without.len());
}
