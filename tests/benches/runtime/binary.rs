//! The binaries that are measured.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The release binary of a function.
#[derive(Debug)]
pub struct Binary {
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
}

/// Finds the binaries in a folder, relative to the root; without one, builds them first the way a deployment does, by
/// their names.
pub fn find(names: &[&str], folder: Option<&Path>) -> Vec<Binary> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = folder.map_or_else(|| build(names, &root), Path::to_owned);
    names.iter().map(|name| binary(name, root.join(&folder).join(name))).collect()
}

fn build(names: &[&str], root: &Path) -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["build", "--release", "--locked"]);
    let status = cargo.args(names.iter().flat_map(|name| ["--bin", name])).status().expect("cargo starts");
    assert!(status.success(), "the functions do not build");
    std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from).join("release")
}

fn binary(name: &str, path: PathBuf) -> Binary {
    let bytes = std::fs::metadata(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).len();
    Binary { name: name.to_owned(), path, bytes }
}
