// @stomp/rx-stomp, in the language that all clients of these tests share.

import { RxStomp, RxStompState } from "@stomp/rx-stomp";
import { filter, firstValueFrom } from "rxjs";

import { HEARTBEAT_MS } from "./heartbeat.mjs";
import { receiptId } from "./receipt.mjs";

export class Rx {
  static title = "@stomp/rx-stomp 2";
  #stomp = new RxStomp();

  constructor(openSocket, heartbeatMs = HEARTBEAT_MS) {
    this.#stomp.configure({
      webSocketFactory: openSocket,
      reconnectDelay: 0,
      heartbeatIncoming: heartbeatMs,
      heartbeatOutgoing: heartbeatMs,
    });
  }

  async connects() {
    this.#stomp.activate();
    const isOpen = filter((state) => state === RxStompState.OPEN);
    await firstValueFrom(this.#stomp.connectionState$.pipe(isOpen));
  }

  async subscribes(destination, hear) {
    const receipt = receiptId();
    const answered = this.#stomp.asyncReceipt(receipt);
    const unsubscribeReceipt = receiptId();
    const messages = this.#stomp.watch({
      destination,
      subHeaders: { receipt },
      unsubHeaders: { receipt: unsubscribeReceipt },
    });
    const subscription = messages.subscribe(({ body }) => hear(body));
    await answered;
    return { subscription, unsubscribeReceipt };
  }

  async unsubscribes({ subscription, unsubscribeReceipt }) {
    const answered = this.#stomp.asyncReceipt(unsubscribeReceipt);
    subscription.unsubscribe();
    await answered;
  }

  async sends(destination, body) {
    const receipt = receiptId();
    const answered = this.#stomp.asyncReceipt(receipt);
    this.#stomp.publish({ destination, body, headers: { receipt } });
    return (await answered).headers;
  }

  async disconnects() {
    await this.#stomp.deactivate();
  }
}
