// The sockets that clients stand on, as factories.

import SockJS from "sockjs-client";
import WebSocket from "ws";

import { Journal } from "../harness/journal.mjs";

/** The least that sockjs-client waits for a transport; by itself that is a few round trips. */
const TRANSPORT_MS = 30_000;
const SUBPROTOCOLS = ["v12.stomp", "v11.stomp", "v10.stomp"];

/** Opens a plain WebSocket of a server. */
export function plain({ address }, path = "/ws") {
  return () => new WebSocket(address.replace("http", "ws") + path, SUBPROTOCOLS);
}

/** Opens a SockJS connection over one transport, or over the first that works. */
export function sockjs({ address }, transport) {
  const transports = transport && [transport];
  return () => new SockJS(`${address}/ws-sockjs`, null, { transports, timeout: TRANSPORT_MS });
}

/** The same sockets, with a journal of the heart-beats that come on them. */
export function counted(openSocket) {
  const heartbeats = new Journal();
  const open = () => {
    const socket = openSocket();
    socket.addEventListener("message", ({ data }) => {
      if (data === "\n") heartbeats.add(data);
    });
    return socket;
  };
  return { open, heartbeats };
}
