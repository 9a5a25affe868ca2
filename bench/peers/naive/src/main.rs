//! The answer that comes to mind first: axum, a `tokio::sync::broadcast` channel per room, and a
//! frame formatted and flushed per delivery. It checks no token, stores nothing, beats no heart and
//! knows no second instance.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// How many messages wait for the slowest of a room; what is older it misses.
const ROOM_QUEUE: usize = 1024;

#[derive(Default)]
struct Rooms {
    senders: Mutex<HashMap<String, Sender<Arc<Said>>>>,
    messages: AtomicU64,
}

/// A message to a room.
struct Said {
    id: u64,
    destination: String,
    body: String,
}

#[tokio::main]
async fn main() {
    let app = Router::new()
        .route("/ws", get(upgrade))
        .with_state(Arc::<Rooms>::default());
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    println!("{}", listener.local_addr().expect("it listens"));
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await.expect("it serves");
}

async fn upgrade(State(rooms): State<Arc<Rooms>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols(["v12.stomp"])
        .on_upgrade(|socket| async move {
            // Whoever is gone is gone.
            let _ = serve(socket, rooms).await;
        })
}

async fn serve(mut socket: WebSocket, rooms: Arc<Rooms>) -> Result<(), axum::Error> {
    let mut listening: Option<(String, Receiver<Arc<Said>>)> = None;
    loop {
        let said = async {
            match &mut listening {
                Some((_, receiver)) => receiver.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    if let Some(answer) = rooms.hear(&text, &mut listening) {
                        socket.send(Message::text(answer)).await?;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
            said = said => if let (Ok(said), Some((subscription, _))) = (said, &listening) {
                let frame = format!(
                    "MESSAGE\ndestination:{}\nsubscription:{subscription}\nmessage-id:{}\n\
                     content-type:text/plain\ncontent-length:{}\n\n{}\0",
                    said.destination, said.id, said.body.len(), said.body,
                );
                socket.send(Message::text(frame)).await?;
            },
        }
    }
}

impl Rooms {
    fn hear(
        &self,
        text: &str,
        listening: &mut Option<(String, Receiver<Arc<Said>>)>,
    ) -> Option<String> {
        let (head, body) = text.split_once("\n\n")?;
        let header = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        match head.lines().next()? {
            "CONNECT" | "STOMP" => Some("CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0".to_owned()),
            "SUBSCRIBE" => {
                let receiver = self.sender(header("destination")?).subscribe();
                *listening = Some((header("id")?.to_owned(), receiver));
                header("receipt").map(|receipt| format!("RECEIPT\nreceipt-id:{receipt}\n\n\0"))
            }
            "SEND" => {
                let destination = header("destination")?;
                // Nobody listens: nobody hears it.
                let _ = self.sender(destination).send(Arc::new(Said {
                    id: self.messages.fetch_add(1, Ordering::Relaxed),
                    destination: destination.to_owned(),
                    body: body.trim_end_matches('\0').to_owned(),
                }));
                None
            }
            _ => None,
        }
    }

    fn sender(&self, room: &str) -> Sender<Arc<Said>> {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = senders.entry(room.to_owned());
        sender
            .or_insert_with(|| broadcast::channel(ROOM_QUEUE).0)
            .clone()
    }
}
