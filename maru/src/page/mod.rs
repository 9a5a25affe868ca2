//! The page that people see first: where it comes from, and what is served until it is there.

mod site;
mod workshop;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::docs::escaped;
use site::Site;
use workshop::Workshop;

/// How long the start waits for a page that is being built; a slower one comes later by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the page may do: load from here, talk to here, and nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// What the viewers of the documents may do: the same, and style their parts from within the script.
const VIEWER_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
    connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// What the viewer of the socket's document may do besides: make the code with which it checks the
/// document. Nothing that anybody said is shown there.
const SOCKET_VIEWER_POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-eval'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
    connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// What is served where there is no page.
const NOTICE: &str = include_str!("notice.html");

/// The page, or why there is none. To clone it shares it.
#[derive(Clone)]
pub(crate) struct Page(watch::Receiver<State>);

enum State {
    Building,
    Ready(Arc<Site>, Viewer),
    Absent(String),
}

/// The viewers of the documents, which come after the page.
enum Viewer {
    Ready,
    Building,
    Absent(String),
}

impl Page {
    /// Takes the page from `web_dir`, else begins to build it from the sources of this checkout
    /// into `data_dir`, and tells of its progress by `say`.
    ///
    /// # Errors
    /// There is no page in `web_dir`. That one cannot be built is no error: the chat is there
    /// without it.
    pub(crate) fn open(
        web_dir: Option<&Path>,
        data_dir: &Path,
        say: impl Fn(&str) + Send + 'static,
    ) -> Result<Self> {
        let (sender, receiver) = watch::channel(State::Building);
        if let Some(folder) = web_dir {
            let site = Site::load(folder).context("WEB_DIR")?;
            let viewer = if site.has_viewer() {
                Viewer::Ready
            } else {
                Viewer::Absent("The page in WEB_DIR was built without.".into())
            };
            sender.send_replace(State::Ready(Arc::new(site), viewer));
            return Ok(Self(receiver));
        }
        let workshop = Workshop::new(data_dir.join("page"));
        // A thread of its own: nobody waits for it when the process is told to stop.
        std::thread::spawn(move || {
            let site = match workshop.page(&say).and_then(|folder| Site::load(&folder)) {
                Ok(site) => Arc::new(site),
                Err(error) => {
                    sender.send_replace(State::Absent(format!("{error:#}")));
                    return;
                }
            };
            // Who looks for the chat does not wait for what is there to be read about it.
            sender.send_replace(State::Ready(Arc::clone(&site), Viewer::Building));
            let whole = workshop.viewer().and_then(|folder| Site::load(&folder));
            let state = match whole {
                Ok(whole) => State::Ready(Arc::new(whole), Viewer::Ready),
                Err(error) => State::Ready(site, Viewer::Absent(format!("{error:#}"))),
            };
            sender.send_replace(state);
        });
        Ok(Self(receiver))
    }

    /// Waits until the page is there or surely not, for as long as a start may wait, and says which.
    pub(crate) async fn settled(&mut self) -> String {
        let settled = self.0.wait_for(|state| !matches!(state, State::Building));
        // Whoever builds says the outcome before it goes.
        let _ = timeout(PATIENCE, settled).await;
        match &*self.0.borrow() {
            State::Building => "is still being built, and comes by itself".into(),
            State::Ready(..) => String::new(),
            State::Absent(why) => format!("there is none: {why}"),
        }
    }

    /// The answer to a request for a file of the page; `None` where it is none of them.
    pub(crate) fn answer(&self, request: &Request) -> Option<Response> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let path = request.uri().path();
        match &*self.0.borrow() {
            State::Ready(site, _) => site.answer(path, request.headers()),
            State::Building if path == "/" => Some(notice("The page is being built …", true)),
            State::Absent(why) if path == "/" => Some(notice(why, false)),
            State::Building | State::Absent(_) => None,
        }
    }

    /// The front of the documents' viewers, or why there is none.
    pub(crate) fn viewer(&self, request: &HeaderMap) -> Result<Response, String> {
        match &*self.0.borrow() {
            State::Ready(site, Viewer::Ready) => {
                site.viewer(request).ok_or_else(|| "It is gone.".into())
            }
            State::Ready(_, Viewer::Absent(why)) | State::Absent(why) => Err(why.clone()),
            State::Ready(_, Viewer::Building) | State::Building => {
                Err("It is being built; load this again in a minute.".into())
            }
        }
    }
}

/// A page that says why there is no other.
fn notice(text: &str, come_back: bool) -> Response {
    let mut response = Response::new(Body::from(NOTICE.replace("{reason}", &escaped(text))));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if come_back {
        headers.insert(header::REFRESH, HeaderValue::from_static("1"));
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    protect(&mut response, CONTENT_SECURITY_POLICY);
    response
}

/// Sets what every answer of the page carries.
fn protect(response: &mut Response, policy: &'static str) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}

/// The sources of the page in the checkout that this program was built from.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_shows_a_reason_as_text() {
        let response = notice("<script>", false);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!NOTICE.contains("<script"), "the policy would forbid it");
        assert!(response.headers().get(header::REFRESH).is_none());
    }

    #[test]
    fn a_folder_without_a_page_is_an_error_that_names_the_setting() {
        let folder = tempfile::tempdir().expect("a folder");
        let opened = Page::open(Some(folder.path()), folder.path(), |_| {});
        let error = opened.err().expect("no page");
        assert!(format!("{error:#}").starts_with("WEB_DIR: "));
    }
}
