"""Sockets that subscribe to a room and then read nothing: silent_crowd.py PORT ROOM COUNT

Says `subscribed` when all of them are, and keeps them open until its standard input ends.
"""

import base64
import os
import socket
import struct
import sys

# The least that the system takes: what the server sends has to wait on its side.
RECEIVE_BUFFER_BYTES = 4096
ANSWER_SECONDS = 30


def frame(text: str) -> bytes:
    """One masked text message (RFC 6455, section 5.2)."""
    payload = text.encode()
    mask = os.urandom(4)
    length = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | length) if length < 126 else struct.pack("!BBH", 0x81, 0xFE, length)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def subscriber(port: int, room: str) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    one.settimeout(ANSWER_SECONDS)
    one.connect(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    one.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    hears(one, b"\r\n\r\n")
    one.sendall(frame("CONNECT\naccept-version:1.2\nhost:x\n\n\0"))
    hears(one, b"CONNECTED")
    one.sendall(frame(f"SUBSCRIBE\nid:room\ndestination:/topic/{room}\nreceipt:r\n\n\0"))
    hears(one, b"receipt-id:r")
    return one


def hears(one: socket.socket, what: bytes) -> None:
    heard = b""
    while what not in heard:
        piece = one.recv(4096)
        if not piece:
            raise SystemExit(f"the server closed a socket: {heard!r}")
        heard += piece


def main() -> None:
    port, room, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    crowd = [subscriber(port, room) for _ in range(count)]
    print("subscribed", flush=True)
    sys.stdin.read()
    for one in crowd:
        one.close()


main()
