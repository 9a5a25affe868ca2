//! The HTTP interface as one OpenAPI document: the functions' own, and the probes.

use chat::Problem;
use utoipa::openapi::path::{HttpMethod, OperationBuilder};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Response,
    ResponseBuilder, ServerBuilder,
};
use utoipa::{PartialSchema, ToSchema};

const DESCRIPTION: &str = "\
Accounts, rooms and what was said in them. What is said live goes over the socket, which \
`/docs/asyncapi.json` describes.

Every fault is told as problem details (RFC 9457), whose kinds `/docs/problems` lists; a member that \
is not described here may come, and none that is will go.";

/// What the probes answer.
const PROBES: [(&str, &str); 4] = [
    ("/health", "The process answers."),
    (
        "/livez",
        "The process answers; to restart it would help nobody.",
    ),
    (
        "/readyz",
        "The process may be sent people: Postgres answers, and nobody is leaving.",
    ),
    (
        "/metrics",
        "What the process counts, in the text form of Prometheus; where sockets are served.",
    ),
];

/// The whole HTTP interface.
pub fn openapi() -> OpenApi {
    let license = LicenseBuilder::new()
        .name("MIT OR Apache-2.0")
        .identifier(Some("MIT OR Apache-2.0"));
    let info = InfoBuilder::new()
        .title("Maru over HTTP")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license.build()));
    let mut document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .build()
        .merge_from(auth::openapi())
        .merge_from(history::openapi());
    add_probes(&mut document);
    add_problems(&mut document);
    add_security(&mut document);
    document
}

fn add_probes(document: &mut OpenApi) {
    let tag = TagBuilder::new()
        .name("probes")
        .description(Some("What those ask who watch over the process."));
    document.tags.get_or_insert_default().push(tag.build());
    for (path, summary) in PROBES {
        let yes = ResponseBuilder::new().description("Yes.");
        let mut operation = OperationBuilder::new()
            .tag("probes")
            .summary(Some(summary))
            .operation_id(Some(path.trim_start_matches('/')));
        let text = Content::new(Some(<String as PartialSchema>::schema()));
        let mut yes = yes.content("text/plain", text);
        if path == "/readyz" {
            // The socket tier says how it is, the functions whether Postgres answers.
            yes = yes.content("application/json", any());
            let no = ResponseBuilder::new()
                .description("No.")
                .content("application/json", any())
                .content(Problem::MEDIA_TYPE, any());
            operation = operation.response("503", no);
        }
        let operation = operation.response("200", yes);
        let item = PathItem::new(HttpMethod::Get, operation);
        document.paths.paths.insert(path.to_owned(), item);
    }
}

/// JSON for people.
fn any() -> Content {
    Content::new(Some(utoipa::openapi::ObjectBuilder::new()))
}

/// Gives every refusal its body, and every operation the refusals that may come anywhere.
fn add_problems(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    components
        .schemas
        .insert(Problem::name().into(), Problem::schema());
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            for (status, response) in &mut *responses {
                let RefOr::T(response) = response else {
                    continue;
                };
                if status.starts_with('4') && response.content.is_empty() {
                    response.content = problem().content;
                }
            }
            responses
                .entry("default".into())
                .or_insert_with(|| RefOr::T(problem()));
        }
    }
}

fn problem() -> Response {
    ResponseBuilder::new()
        .description(
            "Any other refusal, such as of a body that is too large or a store that is away.",
        )
        .content(
            Problem::MEDIA_TYPE,
            Content::new(Some(Ref::from_schema_name(Problem::name()))),
        )
        .build()
}

fn add_security(document: &mut OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token of a log-in, a refresh or a guest."))
        .build();
    let cookie = ApiKeyValue::with_description(
        "refresh_token",
        "The refresh token, which a log-in sets and no script can read.",
    );
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme(
        "refreshCookie",
        SecurityScheme::ApiKey(ApiKey::Cookie(cookie)),
    );
}
