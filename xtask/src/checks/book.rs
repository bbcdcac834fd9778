//! The book and the other documents: their links lead somewhere, and all code of the book is compiled.

use std::fs;
use std::path::Path;

use super::files::{TextFile, with_extensions};
use crate::workspace::root;

const BOOK: &str = "docs/book/src";

/// Where GitHub shows the files of the repository. The book links to files outside of it this way, because mdBook copies
/// only its own.
const ON_GITHUB: &str = "https://github.com/bevy-netplay/bevy_netplay/blob/main/";

/// The targets of the links of a text, outside of code.
fn links(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    lines
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .collect()
}

/// The anchors of the headings of a text, as GitHub and mdBook make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

/// Why a link of a document leads nowhere, if it does.
fn broken(document: &TextFile, link: &str) -> Option<String> {
    let on_github = link.strip_prefix(ON_GITHUB);
    if on_github.is_none() && (link.contains("://") || link.starts_with("mailto:")) {
        return None;
    }
    let link = on_github.unwrap_or(link);
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, at)| (file, Some(at)));
    let path = if file.is_empty() {
        root().join(&document.path)
    } else if on_github.is_some() {
        root().join(file)
    } else {
        root().join(Path::new(&document.path).parent().unwrap()).join(file)
    };
    let leaves_the_book = document.path.starts_with(BOOK) && file.starts_with("..");
    if leaves_the_book {
        return Some(format!("{}: mdBook does not copy {file}; write {ON_GITHUB}…", document.path));
    }
    if !path.exists() {
        return Some(format!("{}: there is no {file}", document.path));
    }
    let anchor = anchor?;
    let text = fs::read_to_string(path).unwrap();
    (!anchors(&text).iter().any(|it| it == anchor))
        .then(|| format!("{}: {link} has no such heading", document.path))
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = with_extensions(&["md"]);
    let broken: Vec<_> = documents
        .iter()
        .flat_map(|document| {
            links(&document.text).into_iter().filter_map(|link| broken(document, link))
        })
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_chapter_is_in_the_summary_and_its_code_is_compiled() {
    let summary = fs::read_to_string(root().join(BOOK).join("SUMMARY.md")).unwrap();
    let doctests = fs::read_to_string(root().join("testing/book_code/src/lib.rs")).unwrap();
    let listed = links(&summary);
    let chapters = with_extensions(&["md"]).into_iter().filter_map(|file| {
        let name = file.path.strip_prefix(BOOK)?.trim_start_matches('/').to_owned();
        (name != "SUMMARY.md").then_some(name)
    });
    for chapter in chapters {
        assert!(listed.contains(&chapter.as_str()), "SUMMARY.md does not list {chapter}");
        let included = format!("include_str!(\"../../../{BOOK}/{chapter}\")");
        assert!(doctests.contains(&included), "testing/book_code does not compile {chapter}");
    }
}

#[test]
fn links_and_anchors_are_read_as_they_are_written() {
    let text = "# What it is: a *test*\n[a](b.md), [c](#d)\n```\n[no](link)\n```\n";
    assert_eq!(links(text), ["b.md", "#d"]);
    assert_eq!(anchors(text), ["what-it-is-a-test"]);
}
