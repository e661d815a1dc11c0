//! What is served, packed when the function was built, and the answers.

use std::io::Read;

use api::Call;
use flate2::read::GzDecoder;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};

/// The OpenAPI document.
pub const DOCUMENT: &str = "openapi.json";

/// The page that shows it.
pub const PAGE: &str = "index.html";

/// The page runs what it is served with, and nothing from anywhere else; the viewer draws small pictures from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct File {
    name: &'static str,
    etag: &'static str,
    gzip: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

impl File {
    fn media_type(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("json") => "application/json",
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("png") => "image/png",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// Ours may change with each deployment and are asked for again; the viewer's change with its version.
    fn caching(&self) -> &'static str {
        if matches!(self.name, DOCUMENT | PAGE | "start.js") { "no-cache" } else { "public, max-age=86400" }
    }

    fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        // It was packed by the build, and unpacking it from memory cannot fail.
        let _ = GzDecoder::new(self.gzip).read_to_end(&mut content);
        content
    }
}

fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

/// Returns the text of a file; empty where there is none.
pub fn text(name: &str) -> String {
    find(name).map(|file| String::from_utf8_lossy(&file.content()).into_owned()).unwrap_or_default()
}

/// Answers with a file, packed for whoever takes it so; `None` where there is none.
pub fn answer<R>(call: &Call<R>, name: &str) -> Option<Response<Body>> {
    let file = find(name)?;
    let mut response = Response::new(Body::Empty);
    let unchanged = call.header("if-none-match").is_some_and(|tags| tags.contains(file.etag));
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_static(file.etag));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(file.caching()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Some(response);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type()));
    if takes_gzip(call.header("accept-encoding").unwrap_or_default()) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        *response.body_mut() = Body::Binary(file.gzip.to_vec());
    } else {
        let text = String::from_utf8(file.content());
        *response.body_mut() = text.map_or_else(|picture| Body::Binary(picture.into_bytes()), Body::Text);
    }
    Some(response)
}

/// Whether `Accept-Encoding` names gzip and does not rule it out.
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip") && weight.chars().any(|digit| matches!(digit, '1'..='9'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        for accepted in ["gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.5", "deflate,GZIP"] {
            assert!(takes_gzip(accepted), "{accepted}");
        }
        for accepted in ["", "br", "gzip;q=0", "gzip;q=0.0", "identity"] {
            assert!(!takes_gzip(accepted), "{accepted}");
        }
    }

    #[test]
    fn what_is_packed_is_what_was_written() {
        assert_eq!(text(DOCUMENT), include_str!("../openapi.json"));
        assert_eq!(text("start.js"), include_str!("../page/start.js"));
        assert!(text("swagger-ui-bundle.js").len() > 1_000_000);
        assert!(text("LICENSE").contains("Apache License"));
        assert_eq!(text("nothing"), "");
    }
}
