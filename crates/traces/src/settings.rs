//! What the environment says about traces.

use http::Uri;
use opentelemetry_sdk::trace::Sampler;
use settings::Settings;

/// Where traces go and which are recorded; by default none, nowhere.
///
/// These are OpenTelemetry's own variables
/// (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>); those of
/// the exporter's headers and of the queue (`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_BSP_…`) are read by
/// its SDK.
#[derive(Debug)]
pub struct TraceSettings(pub(crate) Option<Destination>);

#[derive(Debug)]
pub(crate) struct Destination {
    /// Where spans are posted to.
    pub(crate) traces: Uri,
    /// Which traces that begin here are recorded.
    pub(crate) sampler: Sampler,
    /// `OTEL_SERVICE_NAME`.
    pub(crate) service: Option<String>,
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";

/// Where a collector takes spans, behind the address that all signals share.
const PATH: &str = "/v1/traces";

impl TraceSettings {
    /// Reads the settings of traces. Without an endpoint the others say nothing.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        let Some(endpoint) = settings.text(ENDPOINT) else {
            return Self(None);
        };
        let traces = traces_uri(endpoint.trim());
        if traces.is_none() {
            // Not quoted: it could hold a password, which is what may be wrong with it.
            settings.fault(
                ENDPOINT,
                "is not the address of a collector, such as http://127.0.0.1:4318; what it asks \
                 for to let you in goes into OTEL_EXPORTER_OTLP_HEADERS",
            );
        }
        if let Some(protocol) = settings.text(PROTOCOL)
            && protocol != "http/protobuf"
        {
            settings.fault(
                PROTOCOL,
                format!("{protocol:?} is not spoken; leave it out, or set it to http/protobuf"),
            );
        }
        let sampler = read_sampler(settings);
        let service = settings.text("OTEL_SERVICE_NAME");
        Self(traces.map(|traces| Destination {
            traces,
            sampler,
            service,
        }))
    }
}

fn traces_uri(endpoint: &str) -> Option<Uri> {
    let uri: Uri = format!("{}{PATH}", endpoint.trim_end_matches('/'))
        .parse()
        .ok()?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority()?;
    let is_bare = uri.query().is_none() && !authority.as_str().contains('@');
    (is_http && is_bare).then_some(uri)
}

/// Which traces are recorded: all, unless told otherwise; a client that says whether it records its
/// own is followed.
fn read_sampler(settings: &mut Settings<'_>) -> Sampler {
    let name = settings.text(SAMPLER);
    let name = name.as_deref().unwrap_or("parentbased_always_on");
    let (own, is_following) = match name.strip_prefix("parentbased_") {
        Some(own) => (own, true),
        None => (name, false),
    };
    let own = match own {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => Sampler::TraceIdRatioBased(read_ratio(settings)),
        _ => {
            settings.fault(
                SAMPLER,
                format!(
                    "{name:?} is not one of always_on, always_off, traceidratio, \
                     parentbased_always_on, parentbased_always_off, parentbased_traceidratio"
                ),
            );
            Sampler::AlwaysOff
        }
    };
    if is_following {
        Sampler::ParentBased(Box::new(own))
    } else {
        own
    }
}

fn read_ratio(settings: &mut Settings<'_>) -> f64 {
    const EXPECTED: &str = "a share between 0 and 1, such as 0.1";
    match settings.parsed::<f64>(SAMPLER_ARGUMENT, EXPECTED) {
        None => 1.0,
        Some(ratio) if (0.0..=1.0).contains(&ratio) => ratio,
        Some(ratio) => {
            settings.fault(SAMPLER_ARGUMENT, format!("{ratio} is not {EXPECTED}"));
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use settings::Faults;

    use super::*;

    fn read(table: &'static [(&str, &str)]) -> Result<Option<Destination>, Faults> {
        let mut settings = Settings::new(|name| {
            let entry = table.iter().find(|(known, _)| *known == name);
            entry.map(|(_, value)| value.into())
        });
        let TraceSettings(destination) = TraceSettings::read(&mut settings);
        settings.finish().map(|()| destination)
    }

    #[test]
    fn without_an_endpoint_nothing_is_traced_whatever_else_is_set() {
        assert!(read(&[]).expect("no fault").is_none());
        assert!(read(&[(SAMPLER, "odd")]).expect("no fault").is_none());
    }

    #[test]
    fn spans_go_to_the_path_of_traces_behind_the_endpoint() {
        for (endpoint, traces) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example/", "https://otel.example/v1/traces"),
            ("http://a.example/otlp", "http://a.example/otlp/v1/traces"),
        ] {
            assert_eq!(traces_uri(endpoint).expect(endpoint), traces);
        }
    }

    #[test]
    fn every_fault_is_told_at_once_and_no_password_repeated() {
        let faults = read(&[
            (ENDPOINT, "http://ada:hunter2@otel.example"),
            (PROTOCOL, "grpc"),
            (SAMPLER, "traceidratio"),
            (SAMPLER_ARGUMENT, "2"),
        ])
        .expect_err("three faults");
        let names: Vec<_> = faults.0.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(names, [ENDPOINT, PROTOCOL, SAMPLER_ARGUMENT]);
        assert!(!faults.to_string().contains("hunter2"));
        for wrong in [
            "otel.example:4318",
            "ftp://otel.example",
            "http://",
            "http://a/?b",
        ] {
            assert_eq!(traces_uri(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_sampler_is_one_of_the_standard_ones() {
        const HERE: (&str, &str) = (ENDPOINT, "http://127.0.0.1:4318");
        let half = read(&[
            HERE,
            (SAMPLER, "parentbased_traceidratio"),
            (SAMPLER_ARGUMENT, "0.5"),
        ]);
        let half = half.expect("no fault").expect("a destination");
        assert!(format!("{:?}", half.sampler).contains("0.5"), "{half:?}");
        let faults = read(&[HERE, (SAMPLER, "sometimes")]).expect_err("a fault");
        assert_eq!(faults.0[0].name, SAMPLER);
    }
}
