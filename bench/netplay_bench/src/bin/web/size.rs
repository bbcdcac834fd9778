//! What a host sends of a page.

use std::io::Write;
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

pub fn measure(dist: &Path) -> Result<Value, String> {
    let mut files = Vec::new();
    walk(dist, &mut files)?;
    files.sort();
    let mut list = Vec::new();
    let mut sums = [0; 3];
    for file in files {
        let name = file.strip_prefix(dist).unwrap_or(&file).display().to_string();
        let measured = std::fs::read(&file)
            .and_then(|bytes| Ok([bytes.len() as u64, brotli(&bytes)?, gzip(&bytes)?]))
            .map_err(|error| unreadable(&file, &error))?;
        sums.iter_mut().zip(measured).for_each(|(sum, bytes)| *sum += bytes);
        list.push(sizes(measured, json!({ "file": name })));
    }
    if list.is_empty() {
        return Err(format!("{} is empty: build the page first", dist.display()));
    }
    Ok(sizes(sums, json!({ "files": list })))
}

fn sizes([raw, brotli, gzip]: [u64; 3], mut of: Value) -> Value {
    of["bytes"] = raw.into();
    of["brotli_bytes"] = brotli.into();
    of["gzip_bytes"] = gzip.into();
    of
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// How long something is once Brotli has compressed it as far as it can.
fn brotli(bytes: &[u8]) -> std::io::Result<u64> {
    let hardest = BrotliEncoderParams { quality: 11, lgwin: 24, ..BrotliEncoderParams::default() };
    let mut rest = bytes;
    let mut counted = Counted(0);
    brotli::BrotliCompress(&mut rest, &mut counted, &hardest)?;
    Ok(counted.0)
}

/// The same of gzip.
fn gzip(bytes: &[u8]) -> std::io::Result<u64> {
    let mut compressor = GzEncoder::new(Counted(0), Compression::best());
    compressor.write_all(bytes)?;
    Ok(compressor.finish()?.0)
}

/// Counts what is written to it.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
