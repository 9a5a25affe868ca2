//! The way of the spans to a collector: OTLP over HTTP, in batches, beside everything else.

use std::fmt;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tokio::task;

use crate::settings::{Destination, TraceSettings};
use crate::span::Tracer;

/// How long a collector may take to answer; what it does not take is dropped.
const EXPORT_MAX: Duration = Duration::from_secs(5);

/// How long the last spans may take when a program ends.
const FINISH_MAX: Duration = Duration::from_secs(5);

/// Sends what is recorded, in batches, from a queue that is bounded: spans that find it full are
/// dropped, and nobody waits for a collector.
#[derive(Debug, Default)]
pub struct Exporter(Option<SdkTracerProvider>);

/// Why traces cannot be sent.
#[derive(Debug)]
pub struct NotStarted(String);

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OTEL_EXPORTER_OTLP_ENDPOINT: {}", self.0)
    }
}

impl std::error::Error for NotStarted {}

impl From<io::Error> for NotStarted {
    fn from(error: io::Error) -> Self {
        Self(format!("no certificates to trust: {error}"))
    }
}

impl From<ExporterBuildError> for NotStarted {
    fn from(error: ExporterBuildError) -> Self {
        Self(error.to_string())
    }
}

impl Exporter {
    /// Starts to send the spans of `program`, where the settings say so, on the current runtime.
    /// [`tracer`](Self::tracer) makes them.
    ///
    /// # Errors
    /// Something about the endpoint can never work. That nobody answers there is no error.
    pub fn start(settings: &TraceSettings, program: &'static str) -> Result<Self, NotStarted> {
        let Some(destination) = &settings.0 else {
            return Ok(Self::default());
        };
        let Destination {
            traces,
            sampler,
            service,
        } = destination;
        let service = service.as_deref().unwrap_or(program).to_owned();
        let runtime = Handle::current();
        let builder = SpanExporter::builder().with_http();
        let builder = if traces.scheme_str() == Some("https") {
            let connector = HttpsConnectorBuilder::new()
                .with_native_roots()?
                .https_only()
                .enable_http1()
                .build();
            builder.with_http_client(OnRuntime::new(connector, runtime))
        } else {
            builder.with_http_client(OnRuntime::new(HttpConnector::new(), runtime))
        };
        let exporter = builder
            .with_endpoint(traces.to_string())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(EXPORT_MAX)
            .build()?;
        let resource = Resource::builder().with_service_name(service).build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler.clone())
            .with_resource(resource)
            .build();
        Ok(Self(Some(provider)))
    }

    /// What makes spans; off where nothing is sent.
    pub fn tracer(&self) -> Tracer {
        let tracer = self.0.as_ref().map(|provider| provider.tracer("maru"));
        tracer.map_or_else(Tracer::default, Tracer::new)
    }

    /// Sends what is recorded so far, for as long as that may take, and ends.
    pub async fn finish(self) {
        if let Some(provider) = self.0 {
            // It blocks until the collector has answered, which this runtime must see to.
            let finishing = move || provider.shutdown_with_timeout(FINISH_MAX);
            // The SDK has said in the log what went wrong.
            let _ = task::spawn_blocking(finishing).await;
        }
    }
}

/// Asks on the runtime, since the SDK sends from a thread of its own, which has none.
#[derive(Debug)]
struct OnRuntime<C: Connect + Clone + Send + Sync + 'static> {
    client: HyperClient<C>,
    runtime: Handle,
}

impl<C: Connect + Clone + Send + Sync + 'static> OnRuntime<C> {
    fn new(connector: C, runtime: Handle) -> Self {
        Self {
            client: HyperClient::new(connector, EXPORT_MAX, None),
            runtime,
        }
    }
}

#[async_trait]
impl<C> HttpClient for OnRuntime<C>
where
    C: Connect + Clone + fmt::Debug + Send + Sync + 'static,
{
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = async move { client.send_bytes(request).await };
        self.runtime.spawn(sending).await?
    }
}
