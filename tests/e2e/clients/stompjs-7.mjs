// @stomp/stompjs 7, in the language that all clients of these tests share.

import { Client } from "@stomp/stompjs";

import { HEARTBEAT_MS } from "./heartbeat.mjs";
import { receiptId } from "./receipt.mjs";

export class StompJs7 {
  static title = "@stomp/stompjs 7";
  #client;

  constructor(openSocket, heartbeatMs = HEARTBEAT_MS) {
    this.#client = new Client({
      webSocketFactory: openSocket,
      reconnectDelay: 0,
      heartbeatIncoming: heartbeatMs,
      heartbeatOutgoing: heartbeatMs,
    });
  }

  /** Resolves once CONNECTED. */
  async connects() {
    await new Promise((resolve, reject) => {
      this.#client.onConnect = resolve;
      this.#client.onStompError = ({ headers, body }) => reject(new Error(headers.message + body));
      this.#client.onWebSocketClose = ({ code, reason }) => reject(new Error(`${code} ${reason}`));
      this.#client.activate();
    });
  }

  /** Resolves once the server says that it listens; `hear` takes each body. */
  async subscribes(destination, hear) {
    const receipt = receiptId();
    const answered = this.#answer(receipt);
    const onMessage = ({ body }) => hear(body);
    const subscription = this.#client.subscribe(destination, onMessage, { receipt });
    await answered;
    return subscription;
  }

  async unsubscribes(subscription) {
    const receipt = receiptId();
    const answered = this.#answer(receipt);
    subscription.unsubscribe({ receipt });
    await answered;
  }

  /** Resolves with the headers of the RECEIPT. */
  async sends(destination, body) {
    const receipt = receiptId();
    const answered = this.#answer(receipt);
    this.#client.publish({ destination, body, headers: { receipt } });
    return answered;
  }

  /** Resolves once the server has answered DISCONNECT and the socket is closed. */
  async disconnects() {
    await this.#client.deactivate();
  }

  #answer(receipt) {
    return new Promise((resolve) => {
      this.#client.watchForReceipt(receipt, ({ headers }) => resolve(headers));
    });
  }
}
