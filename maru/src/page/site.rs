//! The files of a built page, in memory.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::{CONTENT_SECURITY_POLICY, SOCKET_VIEWER_POLICY, VIEWER_POLICY, protect};

/// How large a page may be, in bytes: a wrong folder is not read into memory.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How deep its folders may lie.
const DEPTH_MAX: usize = 8;

/// Where the viewers of the documents begin.
const VIEWER: &str = "/docs/index.html";

/// The end of the name of a file that is the gzipped form of another.
const GZIPPED: &str = ".gz";

/// A built page: every file by its path.
pub(super) struct Site(HashMap<String, File>);

struct File {
    media_type: &'static str,
    /// Whether its name changes with its content.
    is_named_by_content: bool,
    plain: Bytes,
    gzipped: Option<Bytes>,
}

impl Site {
    /// Reads every file of a folder.
    ///
    /// # Errors
    /// It cannot be read, is too large, or is no page.
    pub(super) fn load(folder: &Path) -> Result<Self> {
        let mut files = HashMap::new();
        let mut budget = BYTES_MAX;
        read(folder, "", DEPTH_MAX, &mut budget, &mut files)
            .with_context(|| format!("{} cannot be read", folder.display()))?;
        if !files.contains_key("/index.html") {
            bail!(
                "{} holds no index.html; build the page with `npm ci && npm run build` in web",
                folder.display()
            );
        }
        let gzipped: Vec<_> = files
            .keys()
            .filter_map(|path| path.strip_suffix(GZIPPED))
            .map(str::to_owned)
            .collect();
        for path in gzipped {
            let bytes = files.remove(&format!("{path}{GZIPPED}"));
            if let Some(file) = files.get_mut(&path) {
                file.gzipped = bytes.map(|file| file.plain);
            }
        }
        Ok(Self(files))
    }

    /// Whether the viewers of the documents are with it.
    pub(super) fn has_viewer(&self) -> bool {
        self.0.contains_key(VIEWER)
    }

    /// The front of the viewers.
    pub(super) fn viewer(&self, request: &HeaderMap) -> Option<Response> {
        self.answer(VIEWER, request)
    }

    /// The file at `path`, or a folder's `index.html` or a document's `.html`.
    pub(super) fn answer(&self, path: &str, request: &HeaderMap) -> Option<Response> {
        let file = if path.ends_with('/') {
            self.0.get(&format!("{path}index.html"))
        } else {
            let document = || self.0.get(&format!("{path}.html"));
            self.0.get(path).or_else(document)
        }?;
        let gzipped = file.gzipped.as_ref().filter(|_| takes_gzip(request));
        let mut response = Response::new(Body::from(gzipped.unwrap_or(&file.plain).clone()));
        let headers = response.headers_mut();
        if gzipped.is_some() {
            let gzip = HeaderValue::from_static("gzip");
            headers.insert(header::CONTENT_ENCODING, gzip);
        }
        for (name, value) in [
            (header::CONTENT_TYPE, file.media_type),
            (header::CACHE_CONTROL, file.caching()),
            (header::VARY, "accept-encoding"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        protect(&mut response, policy_for(path));
        Some(response)
    }
}

impl File {
    fn caching(&self) -> &'static str {
        if self.is_named_by_content {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }
    }
}

fn read(
    folder: &Path,
    prefix: &str,
    depth: usize,
    budget: &mut u64,
    files: &mut HashMap<String, File>,
) -> Result<()> {
    if depth == 0 {
        bail!("its folders lie too deep for a page");
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // What begins with a dot is about the build and not for the world.
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}/{name}");
        let meta = entry.metadata()?;
        if meta.is_dir() {
            read(&entry.path(), &path, depth - 1, budget, files)?;
        } else if meta.is_file() {
            *budget = budget
                .checked_sub(meta.len())
                .context("it is too large for a page")?;
            let file = File {
                media_type: media_type(&name),
                is_named_by_content: prefix.ends_with("/assets"),
                plain: fs::read(entry.path())?.into(),
                gzipped: None,
            };
            files.insert(path, file);
        }
    }
    Ok(())
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// What a document may do: the page nothing that is not its own, the viewers what they need.
fn policy_for(path: &str) -> &'static str {
    match path.trim_end_matches(".html") {
        "/docs/socket" => SOCKET_VIEWER_POLICY,
        viewer if viewer.starts_with("/docs/") => VIEWER_POLICY,
        _ => CONTENT_SECURITY_POLICY,
    }
}

/// RFC 9110, section 12.5.3; whoever weighs it with zero gets the plain form.
fn takes_gzip(request: &HeaderMap) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let is_refused = weight
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.parse() == Ok(0.0_f32));
            name.trim().eq_ignore_ascii_case("gzip") && !is_refused
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        let folder = tempfile::tempdir().expect("a folder");
        for inner in ["assets", "docs"] {
            fs::create_dir(folder.path().join(inner)).expect("a folder");
        }
        for (name, text) in [
            ("index.html", "<html>"),
            ("about.html", "<html>"),
            ("assets/a-1.js", "let a"),
            ("assets/a-1.js.gz", "zipped"),
            ("docs/index.html", "<html>"),
            ("docs/socket.html", "<html>"),
            (".built-from", "7"),
        ] {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        Site::load(folder.path()).expect("a page")
    }

    fn answer(path: &str, encodings: &'static str) -> Option<Response> {
        let mut request = HeaderMap::new();
        request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encodings));
        site().answer(path, &request)
    }

    fn header_of(path: &str, encodings: &'static str, name: header::HeaderName) -> Option<String> {
        let response = answer(path, encodings)?;
        let value = response.headers().get(name)?;
        Some(value.to_str().expect("text").to_owned())
    }

    #[test]
    fn files_are_found_by_their_paths_and_documents_without_their_ending() {
        for path in [
            "/",
            "/index.html",
            "/about",
            "/about.html",
            "/assets/a-1.js",
        ] {
            assert!(answer(path, "").is_some(), "{path}");
        }
        for path in [
            "",
            "/assets",
            "/assets/",
            "/a",
            "/.built-from",
            "/../x",
            "/assets/a-1.js.gz",
        ] {
            assert!(answer(path, "").is_none(), "{path}");
        }
    }

    #[test]
    fn whoever_takes_gzip_gets_it() {
        let coding = |encodings| header_of("/assets/a-1.js", encodings, header::CONTENT_ENCODING);
        assert_eq!(coding("br, GZIP;q=0.5").as_deref(), Some("gzip"));
        assert_eq!(coding("gzip;q=0"), None);
        assert_eq!(coding(""), None);
        assert_eq!(header_of("/", "gzip", header::CONTENT_ENCODING), None);
    }

    #[test]
    fn only_what_is_named_by_its_content_is_kept_by_browsers() {
        let caching = |path| header_of(path, "", header::CACHE_CONTROL).expect("a header");
        assert!(caching("/assets/a-1.js").contains("immutable"));
        assert_eq!(caching("/"), "no-cache");
    }

    #[test]
    fn every_file_comes_with_the_policy() {
        let policy = |path| header_of(path, "", header::CONTENT_SECURITY_POLICY).expect("a policy");
        assert!(!policy("/").contains("unsafe"));
        assert!(policy("/docs/").contains("style-src 'self' 'unsafe-inline'"));
        assert!(policy("/docs/").contains("script-src 'self';"));
        assert!(policy("/docs/socket").contains("script-src 'self' 'unsafe-eval';"));
    }
}
