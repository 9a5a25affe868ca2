// Every client that people have, each as it comes from its registry.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { Rx } from "./clients/rx-stomp.mjs";
import { livesAWholeSession } from "./clients/session.mjs";
import { counted, plain, sockjs } from "./clients/socket.mjs";
import { StompJs2 } from "./clients/stompjs-2.mjs";
import { StompJs7 } from "./clients/stompjs-7.mjs";
import { Webstomp } from "./clients/webstomp.mjs";
import { within } from "./harness/deadline.mjs";
import { freshRoom } from "./harness/room.mjs";
import { twoInstances } from "./harness/socket-tier.mjs";

const CLIENTS = [StompJs7, StompJs2, Webstomp, Rx];

/** Long enough for three heart-beats of ten seconds, and for a server to miss its client's. */
const IDLE_MS = 60_000;

suite("clients", () => {
  const instances = twoInstances();

  for (const Client of CLIENTS) {
    test(`${Client.title} lives a whole session`, async () => {
      await livesAWholeSession(new Client(plain(instances[0])));
    });

    test(`${Client.title} lives a whole session over SockJS`, async () => {
      await livesAWholeSession(new Client(sockjs(instances[0])));
    });
  }

  test("heart-beats keep every client through idle time, both ways", async (t) => {
    const [server] = instances;
    const idle = [
      ...CLIENTS.map((Client) => [Client, plain(server)]),
      [StompJs2, sockjs(server, "xhr-streaming")],
      [StompJs7, sockjs(server, "xhr-polling")],
    ];
    const idling = idle.map(async ([Client, openSocket]) => {
      const { open, heartbeats } = counted(openSocket);
      const client = new Client(open);
      t.after(() => client.disconnects());
      await within(client.connects(), `${Client.title} is connected`);
      // The server misses a client's heart-beats sooner than it sends its own third one.
      const three = heartbeats.until(
        ({ length }) => length >= 3,
        `${Client.title} hears three heart-beats`,
        IDLE_MS,
      );
      await three;
      const message = { sender: "Ada", content: "still here", roomId: freshRoom("idle") };
      const sending = client.sends("/app/chat", JSON.stringify(message));
      const receipt = await within(sending, `${Client.title} is still heard`);
      assert.equal(receipt.seq, "1");
    });
    await Promise.all(idling);
  });
});
