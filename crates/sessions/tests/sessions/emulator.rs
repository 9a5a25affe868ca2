//! DynamoDB inside the test.

use sessions::dynamo::{self, DynamoSessions};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) const TABLE: &str = "sessions";

/// An emulator on a port of its own, gone with this value.
pub(crate) struct Emulator {
    pub(crate) endpoint: String,
    _serving: JoinSet<()>,
}

impl Emulator {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let database = dynoxide::Database::memory().expect("an empty database");
        let mut serving = JoinSet::new();
        serving.spawn(dynoxide::server::serve_on(listener, database));
        Self {
            endpoint: format!("http://{address}"),
            _serving: serving,
        }
    }

    /// The adapter on this emulator, with its table.
    pub(crate) async fn sessions(&self) -> DynamoSessions {
        let sessions = dynamo::local(&self.endpoint, TABLE);
        sessions.create_table().await.expect("the table is made");
        sessions
    }
}
