//! `cargo run -p conformance -- --port N`

use std::net::Ipv4Addr;
use std::process::ExitCode;

use clap::Parser;
use socket_tier::{drain, listener};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves what public test suites of WebSockets and SockJS ask for, on 127.0.0.1.
#[derive(Parser)]
struct Options {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8081)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "why nothing was started")]
            {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options) -> Result<(), String> {
    let stop = drain::stop_signal().map_err(|error| format!("no signal handler: {error}"))?;
    let port = options.port;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| format!("port {port} cannot be listened on ({error}); choose another"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    #[expect(clippy::print_stdout, reason = "what whoever started it wants to know")]
    {
        println!("listening on http://{address}");
    }
    // Tests leave sessions open; nobody waits for those.
    let served = listener::serve(listener, conformance::router(), CancellationToken::new());
    tokio::select! {
        () = served => {}
        () = stop => {}
    }
    Ok(())
}
