use axum::http::StatusCode;

use super::api::Api;

#[tokio::test]
async fn a_function_that_can_work_says_so() {
    let api = Api::start().await;
    for path in ["/health", "/livez", "/readyz"] {
        let answer = api.get(path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::OK, "OK")
        );
    }
}
