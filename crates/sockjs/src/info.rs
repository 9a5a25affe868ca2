//! What a client asks first.

/// The body of `/info`: whether WebSockets work here, whether the transports need cookies, the
/// origins (clients ignore them), and 32 unpredictable bits for browsers without a good source.
pub(crate) fn body(websocket: bool, cookie_needed: bool, entropy: u32) -> String {
    format!(
        r#"{{"websocket":{websocket},"origins":["*:*"],"cookie_needed":{cookie_needed},"entropy":{entropy}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_the_json_that_clients_read() {
        let json: serde_json::Value =
            serde_json::from_str(&body(true, false, u32::MAX)).expect("JSON");
        let expected = serde_json::json!({
            "websocket": true,
            "origins": ["*:*"],
            "cookie_needed": false,
            "entropy": 4_294_967_295_u32,
        });
        assert_eq!(json, expected);
    }
}
