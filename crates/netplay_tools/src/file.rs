//! Reading files that may be anything.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More than any file has that is read.
const MAX_BYTES: u64 = 128 << 20;

/// The bytes of a file, or a sentence.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}
