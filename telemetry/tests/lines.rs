//! What a log line looks like, read from the stderr of a process of its own: this test, started
//! again.

#![expect(clippy::unwrap_used, reason = "a test may end here")]

use std::process::Command;

use billing_telemetry::log::{self, LogFormat, LogOptions};
use billing_telemetry::span::{Span, within};
use billing_telemetry::trace::TraceContext;

/// The lines that `scene`, one of the ignored tests below, writes to stderr.
fn lines_of(scene: &str) -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", scene, "--ignored", "--nocapture"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    stderr.lines().map(str::to_owned).collect()
}

fn write_two_lines(format: LogFormat) {
    let options = LogOptions {
        filter: "warn,lines=info".to_owned(),
        format,
        ..LogOptions::default()
    };
    let _guard = log::init(&options, "billing-test").unwrap();
    let span = tracing::info_span!("request", trace_id = "4bf9");
    span.in_scope(|| {
        tracing::info!(lane = 3, "batch committed");
        tracing::debug!("below the filter");
        tracing::info!(target: "elsewhere", "below the filter of its target");
        tracing::error!(error = "line\nbreak \u{1b}[31mred", "batch failed");
    });
    let trace = TraceContext::random();
    let working = async { tracing::info!("work for {}", trace.trace_id()) };
    let working = within(trace, Span::none(), working);
    let alone = tokio::runtime::Builder::new_current_thread().build();
    alone.unwrap().block_on(working);
}

#[test]
#[ignore = "a scene that json_lines_… plays in a process of its own"]
fn scene_json() {
    write_two_lines(LogFormat::Json);
}

#[test]
#[ignore = "a scene that text_lines_… plays in a process of its own"]
fn scene_text() {
    write_two_lines(LogFormat::Text);
}

#[test]
fn json_lines_have_their_fields_on_the_outermost_level() {
    let lines = lines_of("scene_json");
    assert_eq!(lines.len(), 3, "{lines:?}");
    let first: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(first["level"], "INFO");
    assert_eq!(first["target"], "lines");
    assert_eq!(first["message"], "batch committed");
    assert_eq!(first["lane"], 3);
    assert_eq!(first["spans"][0]["trace_id"], "4bf9");
    assert!(first["timestamp"].as_str().unwrap().ends_with('Z'));
    let second: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(second["error"], "line\nbreak \u{1b}[31mred");
    assert_eq!(second["trace_id"], serde_json::Value::Null);
    let third: serde_json::Value = serde_json::from_str(&lines[2]).unwrap();
    let trace_id = third["trace_id"].as_str().unwrap();
    assert_eq!(third["message"], format!("work for {trace_id}"));
}

#[test]
fn text_lines_have_no_colours_where_stderr_is_no_terminal() {
    let lines = lines_of("scene_text");
    assert!(lines[0].contains("INFO"), "{lines:?}");
    assert!(lines[0].contains("request{trace_id=\"4bf9\"}"), "{lines:?}");
    assert!(lines[0].contains("batch committed lane=3"), "{lines:?}");
    assert!(!lines.concat().contains('\u{1b}'), "{lines:?}");
}

#[test]
fn a_filter_that_is_not_valid_is_refused_by_name() {
    let options = LogOptions {
        filter: "billing=loud".to_owned(),
        ..LogOptions::default()
    };
    let error = log::init(&options, "billing-test").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the log filter `billing=loud` is not valid"
    );
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_refused_by_name() {
    let options = LogOptions {
        otlp_endpoint: Some("http://no url".to_owned()),
        ..LogOptions::default()
    };
    let error = log::init(&options, "billing-test").unwrap_err();
    assert_eq!(
        error.to_string(),
        "spans cannot be sent to the OTLP endpoint `http://no url`"
    );
}
