// Every client that people have, each as it comes from its registry.

import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";

import { Rx } from "./clients/rx-stomp.mjs";
import { livesAWholeSession } from "./clients/session.mjs";
import { counted, plain, sockjs } from "./clients/socket.mjs";
import { StompJs2 } from "./clients/stompjs-2.mjs";
import { StompJs7 } from "./clients/stompjs-7.mjs";
import { Webstomp } from "./clients/webstomp.mjs";
import { WAIT_MS, within } from "./harness/deadline.mjs";
import { Journal } from "./harness/journal.mjs";
import { freshRoom } from "./harness/room.mjs";
import { SocketTier, twoInstances } from "./harness/socket-tier.mjs";

const CLIENTS = [StompJs7, StompJs2, Webstomp, Rx];

/**
 * How often both sides of an idle connection say that they are there: the shorter, the sooner a busy
 * machine is taken for a peer that is gone.
 */
const IDLE_HEARTBEAT_MS = 2_000;
/** How many heart-beats of the server an idle client waits for. */
const IDLE_HEARTBEATS = 5;

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
    const server = await SocketTier.startsFor(t, { HEARTBEAT_MS: `${IDLE_HEARTBEAT_MS}` });
    const idle = [
      ...CLIENTS.map((Client) => [Client, plain(server)]),
      [StompJs2, sockjs(server, "xhr-streaming")],
      [StompJs7, sockjs(server, "xhr-polling")],
    ];
    const idling = idle.map(async ([Client, openSocket]) => {
      const { open, heartbeats } = counted(openSocket);
      const client = new Client(open, IDLE_HEARTBEAT_MS);
      t.after(() => client.disconnects());
      await within(client.connects(), `${Client.title} is connected`);
      // The server misses a client's heart-beats sooner than it sends so many.
      await heartbeats.until(
        ({ length }) => length >= IDLE_HEARTBEATS,
        `${Client.title} hears ${IDLE_HEARTBEATS} heart-beats`,
        IDLE_HEARTBEATS * IDLE_HEARTBEAT_MS + WAIT_MS,
      );
      const message = { sender: "Ada", content: "still here", roomId: freshRoom("idle") };
      const sending = client.sends("/app/chat", JSON.stringify(message));
      const receipt = await within(sending, `${Client.title} is still heard`);
      assert.equal(receipt.seq, "1");
    });
    await Promise.all(idling);
  });

  test("a client that stops its heart-beats is taken for gone, and not too soon", async (t) => {
    const server = await SocketTier.startsFor(t, { HEARTBEAT_MS: "1000" });
    const socket = plain(server)();
    t.after(() => socket.terminate());
    const heard = new Journal();
    socket.on("message", (data) => heard.add(`${data}`));
    const closed = new Promise((resolve) => {
      socket.on("close", (code) => resolve({ code, at: performance.now() }));
    });
    await within(once(socket, "open"), "the socket is open");
    socket.send("CONNECT\naccept-version:1.2\nheart-beat:1000,0\n\n\0");
    const connected = await heard.until(([frame]) => frame, "CONNECTED comes");
    assert.match(connected, /^heart-beat:1000,1000$/m);
    const silentSince = performance.now();
    const { code, at } = await within(closed, "the socket is closed");
    assert.equal(code, 4010);
    // Twice the interval, less what passed on CONNECTED's way.
    assert.ok(at - silentSince > 1_500, `closed after ${at - silentSince} ms`);
  });
});
