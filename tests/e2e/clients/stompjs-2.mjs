// stompjs 2.3.3, the client of the old page.

import Stomp from "stompjs";

import { CallbackClient } from "./callback-client.mjs";

export class StompJs2 extends CallbackClient {
  static title = "stompjs 2.3.3";

  constructor(openSocket, heartbeatMs) {
    const client = Stomp.over(openSocket());
    client.debug = () => {};
    super(client, heartbeatMs);
  }

  transmits(client, destination, body, headers) {
    client.send(destination, headers, body);
  }
}
