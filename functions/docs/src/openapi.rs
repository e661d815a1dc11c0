//! The routes in words and schemas.

use api::openapi::{Description, Operation};
use serde_json::json;

use crate::ROUTES;

const TAG: &str = "Description";
const UNCHANGED: &str = "It is what `If-None-Match` names.";

/// Describes the routes.
pub fn openapi() -> Description {
    let document =
        described("/openapi.json", "getDescription", "Read this document", "The OpenAPI document of the API.");
    let page =
        described("/docs", "getPage", "See this document", "A page that shows this document and sends requests.");
    let file =
        described("/docs/{file}", "getPageFile", "Read a file of the page", "A script, style or picture of the page.")
            .path::<String>("file", "The name of the file.", "start.js");
    Description::of(ROUTES)
        .with(document.object_answer(200, "The document.", json!({ "openapi": "3.1.0" })))
        .with(page.text_answer(200, "The page.", "text/html", "<!doctype html>"))
        .with(
            file.text_answer(200, "The file.", "text/javascript", "SwaggerUIBundle({});")
                .text_answer(200, "The file.", "text/css", "body {}")
                .text_answer(200, "The file.", "text/plain", "Apache License")
                .text_answer(200, "The file.", "image/png", ""),
        )
}

fn described(path: &'static str, id: &'static str, summary: &'static str, about: &'static str) -> Operation {
    Operation::new(("GET", path), id, TAG, summary, about)
        .header::<String>("If-None-Match", "The ETag of what is there already.")
        .empty_answer(304, UNCHANGED)
}
