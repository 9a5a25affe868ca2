//! The adapter on DynamoDB, in an emulator.

use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeValue, TimeToLiveStatus};
use sessions::{Sessions, ThrottleKey};

use crate::contract::contract;
use crate::emulator::{Emulator, TABLE};
use crate::people::{at, begins, renews, somebody};

contract!(async {
    let emulator = Emulator::start().await;
    let sessions = emulator.sessions().await;
    (emulator, sessions)
});

#[tokio::test]
async fn a_table_that_is_there_is_left_as_it_is() {
    let emulator = Emulator::start().await;
    let sessions = emulator.sessions().await;
    let (begun, _) = begins(&sessions, somebody(), at(0.0)).await;
    let again = emulator.sessions().await;
    assert_eq!(again.list(begun.user, at(0.0)).await, Ok(vec![begun]));
}

#[tokio::test]
async fn two_instances_see_one_state() {
    let emulator = Emulator::start().await;
    let (one, two) = (emulator.sessions().await, emulator.sessions().await);
    let (begun, token) = begins(&one, somebody(), at(0.0)).await;
    let token = renews(&two, &token, at(1.0)).await;
    assert_eq!(
        one.end_by_token(token.as_str(), at(2.0)).await,
        Ok(Some((begun.user, begun.id)))
    );
    let revoked = two
        .is_revoked(begun.user, Some(begun.id), at(0.0), at(2.0))
        .await;
    assert_eq!(revoked, Ok(true));
}

#[tokio::test]
async fn every_item_ends_and_none_holds_what_could_be_presented() {
    let emulator = Emulator::start().await;
    let sessions = emulator.sessions().await;
    let user = somebody();
    let (session, first) = begins(&sessions, user, at(0.0)).await;
    let second = renews(&sessions, &first, at(1.0)).await;
    let (other, _) = begins(&sessions, user, at(2.0)).await;
    assert_eq!(sessions.end(user, other.id, at(3.0)).await, Ok(true));
    let home = Some([192, 0, 2, 1].into());
    for key in [
        ThrottleKey::account("ann@example.org", home),
        ThrottleKey::address([192, 0, 2, 1].into()),
    ] {
        let _ = sessions.attempt(&key, at(4.0)).await.expect("an answer");
        assert_eq!(sessions.succeeded(&key, at(4.0)).await, Ok(()));
    }

    let scan = client(&emulator).scan().table_name(TABLE).send().await;
    let items = scan.expect("the table is read").items.expect("items");
    assert_eq!(items.len(), 4, "a user, a revocation, two throttles");
    for item in &items {
        let end = item["expiresAt"].as_n().expect("a number");
        assert!(end.parse::<i64>().expect("whole seconds") >= at(0.0).unix_timestamp());
    }
    let parts = [&first, &second].map(|token| parts(token.as_str()));
    let mut values: Vec<&AttributeValue> = items.iter().flat_map(|item| item.values()).collect();
    let mut seen = 0;
    while let Some(value) = values.pop() {
        match value {
            AttributeValue::L(list) => values.extend(list),
            AttributeValue::M(map) => values.extend(map.values()),
            AttributeValue::B(blob) => {
                seen += 1;
                let held = |part: &Vec<u8>| part.windows(16).any(|part| blob.as_ref() == part);
                assert!(
                    !parts
                        .iter()
                        .flatten()
                        .any(|part| held(part) || blob.as_ref() == part)
                );
            }
            AttributeValue::S(text) => {
                assert!(
                    !text.contains("ann") && !text.contains("192.0.2.1"),
                    "{text}"
                );
                assert!(!text.contains(&first.as_str()[43..]), "{text}");
            }
            _ => {}
        }
    }
    assert!(seen > 5, "digests were looked at: {seen}");
    assert!(
        sessions
            .is_revoked(user, Some(session.id), at(0.0), at(5.0))
            .await
            == Ok(false)
    );
}

#[tokio::test]
async fn the_table_removes_items_by_their_end() {
    let emulator = Emulator::start().await;
    emulator.sessions().await;
    let described = client(&emulator)
        .describe_time_to_live()
        .table_name(TABLE)
        .send()
        .await
        .expect("the table is described");
    let time_to_live = described.time_to_live_description.expect("a description");
    assert_eq!(time_to_live.attribute_name.as_deref(), Some("expiresAt"));
    assert_eq!(
        time_to_live.time_to_live_status,
        Some(TimeToLiveStatus::Enabled)
    );
}

/// Mark and secret of a token: what follows the two ids.
fn parts(token: &str) -> [Vec<u8>; 2] {
    use base64::Engine;
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .expect("base64url");
    [bytes[32..48].to_vec(), bytes[48..].to_vec()]
}

fn client(emulator: &Emulator) -> aws_sdk_dynamodb::Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "emulator"))
        .endpoint_url(&emulator.endpoint)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}
