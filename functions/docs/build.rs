//! Compresses what the function serves, and writes the table of it: the document, the page, and of the packaged viewer
//! (Swagger UI) the files that the page needs.

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const OURS: [&str; 3] = ["openapi.json", "page/index.html", "page/start.js"];
const VIEWER: [&str; 4] = ["dist/swagger-ui-bundle.js", "dist/swagger-ui.css", "dist/favicon-32x32.png", "LICENSE"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    for path in OURS {
        println!("cargo::rerun-if-changed={path}");
        files.push((path, std::fs::read(path)?));
    }
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let root = archive
        .name_for_index(0)
        .ok_or("the viewer's archive is empty")??
        .split('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    for path in VIEWER {
        let mut content = Vec::new();
        archive.by_name(&format!("{root}/{path}"))?.read_to_end(&mut content)?;
        files.push((path, content));
    }
    let target = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut table = "const FILES: &[File] = &[\n".to_owned();
    for (path, content) in files {
        let name = path.rsplit('/').next().unwrap_or(path);
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&content)?;
        let packed = target.join(format!("{name}.gz"));
        std::fs::write(&packed, encoder.finish()?)?;
        table += &format!("    File {{ name: {name:?}, etag: {etag:?}, gzip: include_bytes!({packed:?}) }},\n");
    }
    std::fs::write(target.join("files.rs"), table + "];\n")?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
