//! What the reports of a match must say.

use serde_json::Value;

/// The reports of one match agree.
#[track_caller]
pub fn assert_in_agreement(reports: &[Value]) {
    for report in reports {
        assert_eq!(report["checksum"], reports[0]["checksum"], "{reports:#?}");
        assert!(!report["checksum"].as_str().unwrap().is_empty(), "{report:#}");
        assert_eq!(report["desyncs"], Value::Array(Vec::new()), "{report:#}");
        assert_eq!(report["players"], reports.len(), "{report:#}");
    }
}

/// Somebody predicted wrongly: otherwise the match shows nothing about rollbacks.
#[track_caller]
pub fn assert_rolled_back(reports: &[Value]) {
    let count = |report: &Value| report["rollbacks"]["count"].as_u64().unwrap();
    assert!(reports.iter().any(|report| count(report) > 20), "{reports:#?}");
}

/// Whether the connection took so long that the server was asked to relay meanwhile, as it is by default after
/// three seconds (`AgentConfig::relay_after`). Only then may inputs have taken another path than the one that the
/// match ended on.
pub fn connected_late(report: &Value) -> bool {
    report["connect_ms"].as_f64().unwrap() >= 3000.0
}

/// Every input went this way.
#[track_caller]
pub fn assert_path(report: &Value, path: &str) {
    assert_path_unless(report, path, |_| false);
}

/// The same, except that the server may have relayed on a link of which this is true.
#[track_caller]
pub fn assert_path_unless(report: &Value, path: &str, may_relay: fn(&Value) -> bool) {
    for link in report["links"].as_array().unwrap() {
        assert_eq!(link["path"], path, "{link:#}");
        let may_relay = connected_late(report) || may_relay(link);
        for (other, count) in link["inputs_by_path"].as_object().unwrap() {
            let expected = other == path;
            let relayed = other == "relay" && may_relay;
            assert!((*count != 0) == expected || relayed, "{other}: {link:#}");
        }
    }
}
