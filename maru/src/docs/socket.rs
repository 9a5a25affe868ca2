//! The socket as an AsyncAPI document: its frame is written by hand, its JSON described by the types
//! that are sent.

use chat::{
    ChatMessageReceive, ChatMessageSend, ChatReject, ChatResumed, ChatSnapshot,
    ChatTimestampReceive, Problem,
};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// The document without its schemas.
const FRAME: &str = include_str!("asyncapi.json");

/// The whole socket, as `host` serves it.
pub fn asyncapi(host: &str) -> Value {
    let mut document: Value = serde_json::from_str(FRAME).expect("a file of ours is JSON");
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document["servers"]["here"]["host"] = host.into();
    document["components"]["schemas"] = schemas().into();
    document
}

fn schemas() -> Map<String, Value> {
    let mut named = Vec::new();
    add::<ChatMessageSend>(&mut named);
    add::<ChatMessageReceive>(&mut named);
    add::<ChatTimestampReceive>(&mut named);
    add::<ChatReject>(&mut named);
    add::<ChatResumed>(&mut named);
    add::<ChatSnapshot>(&mut named);
    add::<Problem>(&mut named);
    let json = |schema| serde_json::to_value(schema).expect("a schema is JSON");
    named
        .into_iter()
        .map(|(name, schema)| (name, json(schema)))
        .collect()
}

/// A type, and those that it is made of.
fn add<T: ToSchema>(named: &mut Vec<(String, RefOr<Schema>)>) {
    named.push((T::name().into(), T::schema()));
    T::schemas(named);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document = asyncapi("localhost:8080");
        let mut found = 0;
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let pointer = reference
                    .strip_prefix('#')
                    .expect("a place in the document");
                assert!(document.pointer(pointer).is_some(), "{reference}");
                found += 1;
            }
            match value {
                Value::Object(members) => open.extend(members.values()),
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
        assert!(found > 20, "{found} references");
    }
}
