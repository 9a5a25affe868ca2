// What stompjs 2 and webstomp-client, which is made after it, have in common.

import { HEARTBEAT_MS } from "./heartbeat.mjs";
import { receiptId } from "./receipt.mjs";

export class CallbackClient {
  #client;
  #answers = new Map();

  constructor(client, heartbeatMs = HEARTBEAT_MS) {
    this.#client = client;
    this.#client.heartbeat = { incoming: heartbeatMs, outgoing: heartbeatMs };
    this.#client.onreceipt = ({ headers }) => this.#answers.get(headers["receipt-id"])?.(headers);
  }

  async connects() {
    await new Promise((resolve, reject) => {
      const onError = (error) => reject(new Error(error.body ?? error.reason ?? String(error)));
      this.#client.connect({}, resolve, onError);
    });
  }

  async subscribes(destination, hear) {
    const receipt = receiptId();
    const answered = this.#answer(receipt);
    const onMessage = ({ body }) => hear(body);
    const subscription = this.#client.subscribe(destination, onMessage, { receipt });
    await answered;
    return subscription;
  }

  /** These clients cannot ask for a receipt here; the next one that is answered comes after it. */
  async unsubscribes(subscription) {
    subscription.unsubscribe();
  }

  async sends(destination, body) {
    const receipt = receiptId();
    const answered = this.#answer(receipt);
    this.transmits(this.#client, destination, body, { receipt });
    return answered;
  }

  /** Resolves once the client has closed its socket; it does not wait for the server. */
  async disconnects() {
    await new Promise((resolve) => this.#client.disconnect(resolve, {}));
  }

  #answer(receipt) {
    return new Promise((resolve) => this.#answers.set(receipt, resolve));
  }
}
