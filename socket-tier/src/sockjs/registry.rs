//! The sessions over HTTP of one endpoint.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sockjs::SessionId;

use super::shared_session::SharedSession;

/// Finds the session of a request. Holds a bounded number.
pub(super) struct Registry {
    sessions: Mutex<HashMap<SessionId, Arc<SharedSession>>>,
    sessions_max: usize,
}

/// The place of a session in the registry, given up when this is dropped.
pub(super) struct Place {
    registry: Arc<Registry>,
    id: SessionId,
    session: Arc<SharedSession>,
}

/// How a session came about.
pub(super) enum Begun {
    /// It begins now; whoever has the place serves it.
    Now(Place),
    /// Another request began it in the meantime.
    Before(Arc<SharedSession>),
}

/// Nobody new is let in.
#[derive(Debug)]
pub(super) struct Full;

impl Registry {
    /// An empty one, for so many sessions at the most.
    pub(super) fn new(sessions_max: usize) -> Self {
        Self {
            sessions: Mutex::default(),
            sessions_max,
        }
    }

    /// The session of this name, unless it is over.
    pub(super) fn find(&self, id: &SessionId) -> Option<Arc<SharedSession>> {
        let session = self.lock().get(id).map(Arc::clone)?;
        (!session.is_gone()).then_some(session)
    }

    /// Gives a session its place, unless there is one of this name.
    pub(super) fn begin(
        registry: &Arc<Self>,
        id: SessionId,
        session: SharedSession,
    ) -> Result<Begun, Full> {
        let mut sessions = registry.lock();
        match sessions.get(&id) {
            Some(known) if !known.is_gone() => return Ok(Begun::Before(Arc::clone(known))),
            Some(_) => {}
            None if sessions.len() >= registry.sessions_max => {
                tracing::warn!("a SockJS session over the limit was refused");
                return Err(Full);
            }
            None => {}
        }
        let session = Arc::new(session);
        sessions.insert(id.clone(), Arc::clone(&session));
        Ok(Begun::Now(Place {
            registry: Arc::clone(registry),
            id,
            session,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<SharedSession>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The session.
    pub(super) fn session(&self) -> &Arc<SharedSession> {
        &self.session
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sessions = self.registry.lock();
        // One that was over may have lost its place to a new session of the same name.
        let is_mine = |known: &Arc<SharedSession>| Arc::ptr_eq(known, &self.session);
        if sessions.get(&self.id).is_some_and(is_mine) {
            sessions.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use sockjs::{IframePage, PayloadLimits, Reply, Request, Service, Settings, Transport};
    use tokio::time;

    use super::*;

    fn named(name: &str) -> SessionId {
        let service = Service {
            websocket: true,
            cookie_needed: false,
            iframe: IframePage::new("/sockjs.js").expect("a URL"),
            payload: PayloadLimits::default(),
        };
        match service.reply(&Request::new("POST", &format!("/0/{name}/xhr")), || 0) {
            Reply::Receive(receiving) => receiving.session,
            other => panic!("not a session: {other:?}"),
        }
    }

    fn begin(registry: &Arc<Registry>, name: &str) -> Result<Begun, Full> {
        let session = SharedSession::new(Settings::default());
        Registry::begin(registry, named(name), session)
    }

    fn place(begun: Result<Begun, Full>) -> Place {
        match begun.expect("room") {
            Begun::Now(place) => place,
            Begun::Before(_) => panic!("it was there before"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_found_until_its_place_is_given_up() {
        let registry = Arc::new(Registry::new(2));
        let a = place(begin(&registry, "a"));
        assert!(registry.find(&named("a")).is_some());
        assert!(registry.find(&named("b")).is_none());
        assert!(matches!(begin(&registry, "a"), Ok(Begun::Before(_))));
        drop(a);
        assert!(registry.find(&named("a")).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn one_session_over_the_limit_is_refused_until_another_ends() {
        let registry = Arc::new(Registry::new(1));
        let a = place(begin(&registry, "a"));
        assert!(begin(&registry, "b").is_err());
        drop(a);
        place(begin(&registry, "b"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_is_over_makes_place_for_another_of_its_name() {
        let registry = Arc::new(Registry::new(1));
        let over = place(begin(&registry, "a"));
        time::advance(Settings::default().disconnect_delay).await;
        assert!(registry.find(&named("a")).is_none());
        let fresh = place(begin(&registry, "a"));
        drop(over);
        let found = registry.find(&named("a")).expect("the new one stays");
        assert!(Arc::ptr_eq(&found, fresh.session()));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_listens_keeps_a_session() {
        let registry = Arc::new(Registry::new(1));
        let place = place(begin(&registry, "a"));
        let session = Arc::clone(place.session());
        let receiver = session.look(|session, now| session.attach(Transport::XhrStreaming, now));
        time::advance(100 * Settings::default().disconnect_delay).await;
        assert!(registry.find(&named("a")).is_some());
        session.look(|session, now| session.detach(receiver, now));
    }
}
