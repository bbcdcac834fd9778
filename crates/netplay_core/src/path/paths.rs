//! The paths of one link.

use super::{Path, PathId};

/// The paths of one link, in the order in which they opened. There are a handful at most.
#[derive(Debug, Default)]
pub(crate) struct Paths(Vec<Path>);

impl Paths {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Path> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Path> {
        self.0.iter_mut()
    }

    /// The paths that bypass the signaling server.
    pub(crate) fn connections(&self) -> impl Iterator<Item = &Path> + Clone {
        self.0.iter().filter(|path| path.is_peer_to_peer())
    }

    pub(crate) fn get(&self, id: PathId) -> Option<&Path> {
        self.0.iter().find(|path| path.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.0.iter_mut().find(|path| path.id == id)
    }

    pub(crate) fn push(&mut self, path: Path) {
        self.0.push(path);
    }

    pub(crate) fn remove(&mut self, id: PathId) -> Option<Path> {
        let index = self.0.iter().position(|path| path.id == id)?;
        Some(self.0.remove(index))
    }

    /// Removes the paths for which `is_surplus` holds.
    pub(crate) fn extract(
        &mut self,
        is_surplus: impl FnMut(&mut Path) -> bool,
    ) -> impl Iterator<Item = Path> {
        self.0.extract_if(.., is_surplus)
    }
}
