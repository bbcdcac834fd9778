//! The files of the repository, as far as people write them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::root;

/// Folders that are built or belong to tools.
const SKIPPED: [&str; 5] = ["target", "dist", ".git", "test-output", "node_modules"];

/// A file of the repository and its text.
pub struct TextFile {
    /// From the root of the repository, with slashes.
    pub path: String,
    pub text: String,
}

/// All files with one of these extensions, in the order of their paths.
pub fn with_extensions(extensions: &[&str]) -> Vec<TextFile> {
    let root = root();
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| extensions.contains(&extension))
        })
        .map(|path| {
            let relative = path.strip_prefix(&root).unwrap();
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            TextFile { path: parts.join("/"), text: fs::read_to_string(&path).unwrap() }
        })
        .collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !path.is_dir() {
            paths.push(path);
        } else if !SKIPPED.contains(&name.as_ref()) {
            walk(&path, paths);
        }
    }
}
