"""stomp.py over its WebSocket connection: connect, subscribe, talk, receipt, unsubscribe,
disconnect. Ends with 0 where every step happened.

    python whole_session.py HOST PORT ROOM
"""

import json
import queue
import sys

import stomp

WAIT_SECONDS = 20


class Listener(stomp.ConnectionListener):
    """Puts every frame where the session waits for it."""

    def __init__(self):
        self.connected = queue.Queue()
        self.messages = queue.Queue()
        self.receipts = queue.Queue()
        self.errors = queue.Queue()
        self.ends = queue.Queue()

    def on_connected(self, frame):
        self.connected.put(frame)

    def on_message(self, frame):
        self.messages.put(json.loads(frame.body))

    def on_receipt(self, frame):
        self.receipts.put(frame.headers)

    def on_error(self, frame):
        self.errors.put(frame)

    def on_disconnected(self):
        self.ends.put(True)


def receipt(listener, name):
    headers = listener.receipts.get(timeout=WAIT_SECONDS)
    assert headers["receipt-id"] == name, headers
    return headers


def main(host, port, room):
    listener = Listener()
    # stomp.py sends its heart-beats itself and looks after the server's.
    connection = stomp.WSStompConnection(
        [(host, int(port))], ws_path="/ws", heartbeats=(10000, 10000)
    )
    connection.set_listener("session", listener)
    connection.connect(wait=True)
    connected = listener.connected.get(timeout=WAIT_SECONDS)
    assert connected.headers["version"] == "1.2", connected.headers

    topic = f"/topic/{room}"
    connection.subscribe(topic, id="1", headers={"receipt": "subscribed"})
    receipt(listener, "subscribed")

    message = json.dumps({"sender": "Py", "content": "안녕 from stomp.py", "roomId": room})
    connection.send("/app/chat", message, content_type="application/json", receipt="first")
    headers = receipt(listener, "first")
    assert headers["seq"] == "1", headers
    shown = listener.messages.get(timeout=WAIT_SECONDS)
    assert shown["content"] == "안녕 from stomp.py", shown
    stored = listener.messages.get(timeout=WAIT_SECONDS)
    assert stored["id"] == headers["message-id"], stored

    connection.unsubscribe("1", receipt="unsubscribed")
    receipt(listener, "unsubscribed")
    connection.send("/app/chat", message, content_type="application/json", receipt="second")
    assert receipt(listener, "second")["seq"] == "2"
    assert listener.messages.empty(), "something was heard after UNSUBSCRIBE"

    connection.disconnect(receipt="goodbye")
    receipt(listener, "goodbye")
    listener.ends.get(timeout=WAIT_SECONDS)
    assert listener.errors.empty(), listener.errors.get()


if __name__ == "__main__":
    main(*sys.argv[1:])
