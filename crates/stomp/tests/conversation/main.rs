//! Conversations between a client and a session, on a clock that the tests turn.

mod acknowledging;
mod connecting;
mod disconnecting;
mod erring;
mod framing;
mod heartbeats;
mod limits;
mod peer;
mod properties;
mod receipts;
mod sending;
mod subscribing;
mod transactions;

use std::collections::BTreeMap;

/// Every row of the table names a test that exists: `no row without a test`.
#[test]
fn every_test_that_the_conformance_table_names_exists() {
    let files = BTreeMap::from([
        ("acknowledging", include_str!("acknowledging.rs")),
        ("connecting", include_str!("connecting.rs")),
        ("disconnecting", include_str!("disconnecting.rs")),
        ("erring", include_str!("erring.rs")),
        ("framing", include_str!("framing.rs")),
        ("heartbeats", include_str!("heartbeats.rs")),
        ("limits", include_str!("limits.rs")),
        ("properties", include_str!("properties.rs")),
        ("receipts", include_str!("receipts.rs")),
        ("sending", include_str!("sending.rs")),
        ("subscribing", include_str!("subscribing.rs")),
        ("transactions", include_str!("transactions.rs")),
    ]);
    let mut rows = 0;
    for row in include_str!("../../CONFORMANCE.md").lines() {
        // A row is `| section | what it says | tests |`.
        let [_, _, _, tests, _] = row.split('|').collect::<Vec<_>>()[..] else {
            continue;
        };
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        if tests.trim() == "Test" || tests.trim_matches([' ', '-']).is_empty() {
            continue;
        }
        rows += 1;
        assert!(!names.is_empty(), "no test in the row: {row}");
        for name in names {
            let (file, test) = name.split_once("::").expect("a test is file::name");
            let source = files.get(file).expect("the file is one of this test");
            assert!(
                source.contains(&format!("fn {test}()")) || source.contains(&format!("fn {test}(")),
                "{name} is named and does not exist"
            );
        }
    }
    assert!(rows > 40, "only {rows} rows were found");
}
