//! Who talks to the clients of an endpoint.

use std::future::Future;

use crate::transport::Transport;

/// What talks to clients, whichever transport carries them.
pub trait Application: Send + Sync + 'static {
    /// Serves one client to the end. It [closes](Transport::close) the transport itself, so that
    /// the client hears why.
    fn serve<T: Transport + 'static>(&self, client: T) -> impl Future<Output = ()> + Send;
}
