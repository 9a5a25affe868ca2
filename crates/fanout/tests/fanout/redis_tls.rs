//! The adapter over TLS. Whom it believes is the whole process's affair (`SSL_CERT_FILE`), so the
//! conversation takes place in a process of its own.

use std::path::{Path, PathBuf};

use fanout::redis::ping;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::process::Command;
use uuid::Uuid;

use crate::contract::{Meeting, every_watcher_hears_every_kind_of_event};
use crate::redis::Namespace;
use crate::redis_server::{RedisServer, free_port};

/// Names the server in the environment of the process that talks to it.
const URL_VARIABLE: &str = "MARU_TEST_REDIS_TLS_URL";

#[tokio::test]
async fn a_server_with_a_certificate_of_a_known_authority_is_talked_to_and_no_other() {
    let folder = Folder::new();
    let authority = issue_certificates(&folder.0);
    let port = free_port();
    let file = |name: &str| folder.0.join(name).display().to_string();
    let _server = RedisServer::start_with(
        0,
        &[
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &file("server.pem"),
            "--tls-key-file",
            &file("server.key"),
            "--tls-ca-cert-file",
            &file("authority.pem"),
            "--tls-auth-clients",
            "no",
        ],
    )
    .await;
    let url = format!("rediss://127.0.0.1:{port}");

    let error = ping(&url)
        .await
        .expect_err("its authority is not known here");
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );

    let talk = Command::new(std::env::current_exe().expect("this test runs"))
        .args(["--ignored", "--exact", "redis_tls::a_talk_over_tls"])
        .env("SSL_CERT_FILE", authority)
        .env(URL_VARIABLE, url)
        .output()
        .await
        .expect("it can be run again");
    let told = String::from_utf8_lossy(&talk.stdout);
    assert!(talk.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test]
#[ignore = "run by the test above, in a process that knows the server's authority"]
async fn a_talk_over_tls() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test that runs this one says where the server is"
    )]
    let url = std::env::var(URL_VARIABLE).expect("the test above names the server");
    ping(&url).await.expect("the server's authority is known");
    let namespace = Namespace::on(&url);
    every_watcher_hears_every_kind_of_event(&namespace).await;
    let instance = namespace.join().await;
    assert!(instance.fanout.is_connected());
}

/// Writes an authority, and a certificate and key that it issued to a server on loopback. Gives
/// the authority's file.
fn issue_certificates(folder: &Path) -> PathBuf {
    let mut params = CertificateParams::new([]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(["127.0.0.1".to_owned()])
        .expect("an address")
        .signed_by(&key, &authority)
        .expect("a certificate");

    let path = folder.join("authority.pem");
    for (name, text) in [
        ("authority.pem", authority.pem()),
        ("server.pem", server.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(name), text).expect("the folder can be written");
    }
    path
}

/// A folder that is gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("maru-redis-tls-{}", Uuid::new_v4()));
        std::fs::create_dir(&path).expect("a temporary folder can be made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is small and temporary.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
