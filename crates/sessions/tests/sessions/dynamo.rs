//! The adapter on DynamoDB, in an emulator.

use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeValue, TimeToLiveStatus};
use chat::UserId;
use sessions::{RevocationCursor, Sessions, ThrottleKey, Unavailable, dynamo};
use tokio::process::Command;

use crate::contract::contract;
use crate::emulator::{Emulator, TABLE};
use crate::people::{at, begins, renews, somebody};

/// The variable that tells [`another_process_connects`] whose session to begin.
const USER: &str = "SESSIONS_TEST_USER";

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

#[tokio::test]
async fn a_foreign_row_lets_nobody_in_and_holds_up_nobody_else() {
    let emulator = Emulator::start().await;
    let sessions = emulator.sessions().await;
    let (ann, bob) = (somebody(), somebody());
    let (of_ann, token) = begins(&sessions, ann, at(0.0)).await;
    let (of_bob, _) = begins(&sessions, bob, at(0.0)).await;
    let far = AttributeValue::N(at(1e6).unix_timestamp().to_string());
    for (partition, sort) in [
        (format!("user#{ann}"), "-".to_owned()),
        (
            "revocations".to_owned(),
            format!("{}000000#x", at(1.0).unix_timestamp()),
        ),
    ] {
        client(&emulator)
            .put_item()
            .table_name(TABLE)
            .item("pk", AttributeValue::S(partition))
            .item("sk", AttributeValue::S(sort))
            .item("expiresAt", far.clone())
            .item("sessions", AttributeValue::Bool(true))
            .send()
            .await
            .expect("the row is written");
    }

    let refused = sessions.rotate(token.as_str(), at(2.0)).await;
    assert_eq!(refused.err(), Some(Unavailable));
    let asked = sessions
        .is_revoked(ann, Some(of_ann.id), at(0.0), at(2.0))
        .await;
    assert_eq!(asked, Err(Unavailable));
    assert_eq!(sessions.end(bob, of_bob.id, at(2.0)).await, Ok(true));
    let cursor = RevocationCursor::default();
    let (told, _) = sessions
        .revocations_since(&cursor, at(2.0))
        .await
        .expect("the rest of the feed is read");
    assert_eq!(told.len(), 1);
}

/// The environment belongs to the whole process, so that another process is given it.
#[tokio::test]
async fn the_standard_variables_lead_to_the_table() {
    let emulator = Emulator::start().await;
    let sessions = emulator.sessions().await;
    let user = somebody();
    let connect = |region: Option<&'static str>| {
        let mut command = Command::new(std::env::current_exe().expect("this test's file"));
        command
            .args(["--exact", "--ignored", "dynamo::another_process_connects"])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL_DYNAMODB", &emulator.endpoint)
            .env(USER, user.to_string());
        command.envs(region.map(|region| ("AWS_REGION", region)));
        command.output()
    };

    let connected = connect(Some("eu-central-1")).await.expect("it runs");
    assert!(connected.status.success(), "{connected:?}");
    let list = sessions.list(user, at(0.0)).await.expect("an answer");
    assert_eq!(list.len(), 1);

    let nowhere = connect(None).await.expect("it runs");
    let told = String::from_utf8_lossy(&nowhere.stdout).into_owned();
    assert!(!nowhere.status.success());
    assert!(told.contains("set AWS_REGION"), "{told}");
}

#[tokio::test]
#[ignore = "the_standard_variables_lead_to_the_table runs it, with those variables"]
async fn another_process_connects() {
    #[expect(
        clippy::disallowed_methods,
        reason = "it stands for a deployable's main"
    )]
    let Ok(user) = std::env::var(USER) else {
        return;
    };
    let user = UserId(user.parse().expect("a UUID"));
    let sessions = dynamo::connect(TABLE)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    begins(&sessions, user, at(0.0)).await;
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
