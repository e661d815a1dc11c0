use std::sync::Arc;

use lambda_runtime::Context as Invocation;
use lambda_runtime::layers::trace::request_span;
use serde_json::Value;

use super::*;

/// What is written, for a test to read.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged(level: Level, work: impl FnOnce()) -> Vec<Value> {
    let output = Shared::default();
    tracing::subscriber::with_default(subscriber(level, "function".to_owned(), output.clone()), work);
    let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn invocation() -> Invocation {
    let mut invocation = Invocation::default();
    invocation.request_id = "invocation-1".to_owned();
    invocation.xray_trace_id = Some("Root=1-2-3".to_owned());
    invocation.tenant_id = Some("tenant".to_owned());
    invocation
}

#[test]
fn a_line_is_flat_and_says_which_request_it_belongs_to() {
    let lines = logged(Level::INFO, || {
        request_span(&invocation()).in_scope(|| {
            tracing::warn!(stuck_failures = 3_u32, reason = "tired", absent = None::<&str>, "stuck");
            tracing::info_span!("request", request_id = "request-1").in_scope(|| tracing::info!("answered"));
        });
    });

    let [stuck, answered] = lines.as_slice() else { panic!("{lines:?}") };
    let mut stuck = stuck.clone();
    stuck
        .as_object_mut()
        .unwrap()
        .remove("timestamp")
        .unwrap()
        .as_str()
        .unwrap()
        .parse::<billing::time::Timestamp>()
        .unwrap();
    let golden = serde_json::json!({
        "level": "WARN", "message": "stuck", "target": module_path!(), "function": "function",
        "request_id": "invocation-1", "invocation_id": "invocation-1", "xray_trace_id": "Root=1-2-3",
        "stuck_failures": 3, "reason": "tired",
    });
    assert_eq!(stuck, golden);
    assert_eq!((&answered["request_id"], &answered["invocation_id"]), (&"request-1".into(), &"invocation-1".into()));
}

#[test]
fn a_level_leaves_out_the_finer_ones_and_never_the_request() {
    let lines = logged(Level::ERROR, || {
        request_span(&invocation()).in_scope(|| {
            tracing::warn!("not this");
            tracing::error!("this");
        });
    });

    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["message"], &lines[0]["request_id"]), (&"this".into(), &"invocation-1".into()));
}

#[test]
fn what_libraries_say_below_info_is_never_written() {
    let lines = logged(read_level("TRACE").unwrap(), || {
        tracing::debug!(target: "lambda_runtime::requests", body = "secret", "a body");
        tracing::trace!(target: "aws_smithy_runtime", "secret");
        tracing::info_span!(target: "hyper", "connection", key = "secret").in_scope(|| tracing::info!("shown"));
    });

    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].to_string().contains("secret"), "{lines:?}");
}

#[test]
fn an_unknown_level_is_refused() {
    for (text, level) in
        [("error", Level::ERROR), ("FATAL", Level::ERROR), ("Warn", Level::WARN), ("INFO", Level::INFO)]
    {
        assert_eq!(read_level(text), Ok(level), "{text}");
    }
    let refused = read_level("api=debug").unwrap_err();
    assert_eq!(refused.to_string(), r#"the log level "api=debug" is none of error, warn, info, debug, trace"#);
}
