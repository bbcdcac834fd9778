//! Where the examples find their files: the folder `assets/`.
//!
//! On a desktop it is the first of these, whatever the working directory is:
//!
//! 1. `assets` in the folder that `BEVY_ASSET_ROOT` names, where that variable is set;
//! 2. `assets` beside the program, as in a game that is packed for players;
//! 3. `assets` of the repository that the program was built from.
//!
//! In a page it is `assets/` beside `index.html`: trunk copies it there.

use bevy::asset::AssetMetaCheck;
use bevy::prelude::*;

/// Bevy's `AssetPlugin`, for this folder.
pub fn plugin() -> AssetPlugin {
    AssetPlugin {
        #[cfg(not(target_arch = "wasm32"))]
        file_path: native::folder(),
        // There are none. A page would ask its host for one beside each file.
        meta_check: AssetMetaCheck::Never,
        ..AssetPlugin::default()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::env;
    use std::path::Path;

    const NAME: &str = "assets";

    /// The folder of the repository.
    const IN_REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets");

    pub fn folder() -> String {
        let program = env::current_exe().ok();
        choose(env::var_os("BEVY_ASSET_ROOT").is_some(), program.as_deref())
    }

    /// A path for Bevy, which joins a relative one to the folder of `BEVY_ASSET_ROOT`.
    pub fn choose(has_root: bool, program: Option<&Path>) -> String {
        if has_root {
            return NAME.into();
        }
        let beside = program.map(|program| program.with_file_name(NAME));
        match beside.filter(|folder| folder.is_dir()) {
            Some(folder) => folder.to_string_lossy().into_owned(),
            None => IN_REPOSITORY.into(),
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::path::Path;

    use super::native::choose;

    #[test]
    fn the_folder_beside_the_program_comes_before_that_of_the_repository() {
        let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let (packed, built) = (Path::new(repository).join("arena"), Path::new("/no/such/arena"));
        let beside = Path::new(repository).join("assets");
        assert_eq!(choose(false, Some(&packed)), beside.to_string_lossy());
        for program in [Some(built), None] {
            assert!(Path::new(&choose(false, program)).join("fonts").is_dir());
        }
        assert_eq!(choose(true, Some(&packed)), "assets");
    }
}
