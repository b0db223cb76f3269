//! The folder of the built pages, read whole when the gateway starts: a request finds a file by its exact
//! name or not at all, and a folder that is replaced meanwhile is never served by halves.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::Bytes;

use crate::entity_tag;

/// The parts of the folder. Nothing beside them is read.
const PARTS: [&str; 3] = ["app", "elements", "pages"];
/// Without these it is no folder of pages, or half of one.
const NEEDED: [&str; 2] = ["app/index.html", "elements/billing-elements.js"];
/// Whatever is asked for is kept in memory. The pages are about 3 MB.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A folder that leads to itself ends here.
const DEPTH_MAX: usize = 8;

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("BILLING_WEB_DIR: {path} cannot be read")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "BILLING_WEB_DIR: {dir} has no {missing}: build the pages again (npm run build in web/), or \
         leave the setting away"
    )]
    Missing { dir: PathBuf, missing: String },
    #[error("BILLING_WEB_DIR: {0} has more than {BYTES_MAX} bytes, which is no folder of pages")]
    TooLarge(PathBuf),
    #[error("BILLING_WEB_DIR: {0} has a name that is not UTF-8, or lies too deep")]
    Name(PathBuf),
    #[error("what the pages are told cannot be written")]
    Told(#[from] serde_json::Error),
}

/// How the bytes of a file travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// As HTTP names it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) content_type: &'static str,
    plain: Body,
    brotli: Option<Body>,
    gzip: Option<Body>,
}

#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) tag: String,
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            tag: entity_tag::tag(&bytes),
            bytes: bytes.into(),
        }
    }
}

impl File {
    /// The smallest that is taken.
    pub(super) fn body(&self, takes: impl Fn(Coding) -> bool) -> (Option<Coding>, &Body) {
        for (coding, body) in [(Coding::Brotli, &self.brotli), (Coding::Gzip, &self.gzip)] {
            if let Some(body) = body.as_ref().filter(|_| takes(coding)) {
                return (Some(coding), body);
            }
        }
        (None, &self.plain)
    }
}

/// Files by their names in the folder, with slashes between.
#[derive(Debug)]
pub(super) struct Folder(BTreeMap<String, File>);

impl Folder {
    /// `pages`: where each support page is served.
    pub(super) fn read(dir: &Path, pages: &[&str]) -> Result<Self, FolderError> {
        let mut found = BTreeMap::new();
        let mut left = BYTES_MAX;
        for part in PARTS {
            read_into(&mut found, dir, &dir.join(part), part, &mut left)?;
        }
        let folder = Self(files(found));
        let pages = pages.iter().map(|page| format!("pages{page}/index.html"));
        let needed = NEEDED.map(str::to_owned).into_iter().chain(pages);
        let parts = folder.0.values().flat_map(named_by);
        for name in needed.chain(parts) {
            if !folder.0.contains_key(&name) {
                let dir = dir.to_owned();
                return Err(FolderError::Missing { dir, missing: name });
            }
        }
        Ok(folder)
    }

    pub(super) fn find(&self, name: &str) -> Option<&File> {
        self.0.get(name)
    }
}

/// Whether it lies where the build puts what has a digest in its name.
pub(super) fn is_asset(name: &str) -> bool {
    let mut folders = name.split('/').rev().skip(1);
    folders.any(|folder| folder == "assets")
}

/// Every file below `path`, which is called `name` in `dir`.
fn read_into(
    found: &mut BTreeMap<String, Vec<u8>>,
    dir: &Path,
    path: &Path,
    name: &str,
    left: &mut u64,
) -> Result<(), FolderError> {
    let unreadable = |source| FolderError::Unreadable {
        path: path.to_owned(),
        source,
    };
    if name.split('/').count() > DEPTH_MAX {
        return Err(FolderError::Name(path.to_owned()));
    }
    // A file may be a link, as those are that Kubernetes mounts.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_file() {
        *left = left
            .checked_sub(metadata.len())
            .ok_or_else(|| FolderError::TooLarge(dir.to_owned()))?;
        let bytes = fs::read(path).map_err(unreadable)?;
        found.insert(name.to_owned(), bytes);
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let entry_name = entry.file_name();
        let entry_name = entry_name
            .to_str()
            .ok_or_else(|| FolderError::Name(entry.path()))?;
        if !entry_name.starts_with('.') {
            let name = format!("{name}/{entry_name}");
            read_into(found, dir, &entry.path(), &name, left)?;
        }
    }
    Ok(())
}

/// A file that was compressed beforehand lies beside itself, as `NAME.br` and `NAME.gz`.
fn files(mut found: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, File> {
    let is_compressed = |name: &str| matches!(ending(name), "br" | "gz");
    let names: Vec<String> = found
        .keys()
        .filter(|name| !is_compressed(name))
        .cloned()
        .collect();
    let mut files = BTreeMap::new();
    for name in names {
        let Some(plain) = found.remove(&name) else {
            continue;
        };
        let file = File {
            content_type: content_type(&name),
            plain: plain.into(),
            brotli: found.remove(&format!("{name}.br")).map(Body::from),
            gzip: found.remove(&format!("{name}.gz")).map(Body::from),
        };
        files.insert(name, file);
    }
    files
}

/// The scripts and styles that a page names by their addresses here: half a copy of the folder has the
/// page and not them.
fn named_by(page: &File) -> impl Iterator<Item = String> {
    let text = match page.content_type {
        HTML => std::str::from_utf8(&page.plain.bytes).unwrap_or_default(),
        _ => "",
    };
    text.split(['"', '\''])
        .filter_map(|piece| piece.strip_prefix('/'))
        .filter(|name| matches!(ending(name), "js" | "css"))
        .filter_map(|name| match name.split('/').next() {
            Some("app" | "elements") => Some(name.to_owned()),
            Some("support") => Some(format!("pages/{name}")),
            _ => None,
        })
}

/// What follows the last dot.
fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

const HTML: &str = "text/html; charset=utf-8";

fn content_type(name: &str) -> &'static str {
    match ending(name) {
        "html" => HTML,
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
