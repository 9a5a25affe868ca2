// webstomp-client, made after stompjs 2.

import webstomp from "webstomp-client";

import { CallbackClient } from "./callback-client.mjs";

export class Webstomp extends CallbackClient {
  static title = "webstomp-client 1";

  constructor(openSocket, heartbeatMs) {
    super(webstomp.over(openSocket(), { debug: false }), heartbeatMs);
  }

  transmits(client, destination, body, headers) {
    client.send(destination, body, headers);
  }
}
