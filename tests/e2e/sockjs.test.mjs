// SockJS as its own client speaks it, and the old page on it.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import SockJS from "sockjs-client";
import Stomp from "stompjs";

import { livesAWholeSession } from "./clients/session.mjs";
import { plain, sockjs } from "./clients/socket.mjs";
import { StompJs7 } from "./clients/stompjs-7.mjs";
import { within } from "./harness/deadline.mjs";
import { Journal } from "./harness/journal.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom } from "./harness/room.mjs";
import { SocketTier, twoInstances } from "./harness/socket-tier.mjs";

/** Every transport that sockjs-client has without a browser. */
const TRANSPORTS = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"];

suite("SockJS", () => {
  const instances = twoInstances();

  for (const transport of TRANSPORTS) {
    test(`a client lives a whole session over ${transport}`, async () => {
      let socket;
      const open = () => {
        socket = sockjs(instances[0], transport)();
        return socket;
      };
      const used = new Journal();
      const client = new StompJs7(() => {
        open();
        socket.addEventListener("open", () => used.add(socket.transport));
        return socket;
      });
      await livesAWholeSession(client);
      assert.deepEqual(used.entries, [transport]);
    });
  }

  test("a WebSocket without SockJS' frames lives a whole session", async () => {
    const client = new StompJs7(plain(instances[0], "/ws-sockjs/websocket"));
    await livesAWholeSession(client);
  });

  test("whoever polls and whoever has a WebSocket hear each other on two instances", async (t) => {
    const [east, west] = instances;
    const room = freshRoom("mixed");
    const ben = await Person.connects(t, "Ben", west);
    await ben.enters(room);
    const heard = new Journal();
    const ada = new StompJs7(sockjs(east, "xhr-polling"));
    t.after(() => ada.disconnects());
    await within(ada.connects(), "Ada polls");
    await ada.subscribes(`/topic/${room}`, (body) => heard.add(JSON.parse(body)));
    await ben.says(room, "from Ben");
    await ada.sends("/app/chat", JSON.stringify({ sender: "Ada", content: "hi", roomId: room }));
    await ben.hearsStored(room, "hi");
    await heard.until(
      (events) => ["from Ben", "hi"].every((text) => events.some((e) => e.content === text)),
      "Ada hears both",
    );
  });

  test("fifty large messages at once survive polling, both ways", async (t) => {
    const room = freshRoom("burst");
    const heard = new Journal();
    const ada = new StompJs7(sockjs(instances[0], "xhr-polling"));
    t.after(() => ada.disconnects());
    await within(ada.connects(), "Ada polls");
    await ada.subscribes(`/topic/${room}`, (body) => heard.add(JSON.parse(body)));
    const texts = Array.from({ length: 50 }, (_, n) => `${n} ` + "가".repeat(1000));
    const sends = texts.map((content) =>
      ada.sends("/app/chat", JSON.stringify({ sender: "Ada", content, roomId: room })),
    );
    await within(Promise.all(sends), "all are receipted");
    const shown = await heard.until((events) => {
      const shown = events.filter((event) => "content" in event);
      return shown.length === texts.length && shown;
    }, "all are heard");
    assert.deepEqual(
      shown.map(({ content }) => content),
      texts,
    );
  });

  test("a page that is not listed gets nothing, a listed one may read", async (t) => {
    const listed = "https://chat.example";
    const tier = await SocketTier.startsFor(t, { CORS_ALLOWED_ORIGINS: listed });
    const url = `${tier.address}/ws-sockjs`;
    const info = (headers) => fetch(`${url}/info`, { headers });
    const allowed = await info({ Origin: listed });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers.get("access-control-allow-origin"), listed);
    assert.equal(allowed.headers.get("access-control-allow-credentials"), "true");

    const refused = await info({ Origin: "https://evil.example" });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers.get("access-control-allow-origin"), null);
    // A script has no Origin; what else browsers say of its page decides.
    const script = (headers) => fetch(`${url}/0/${freshRoom("s")}/jsonp?c=f`, { headers });
    const evil = { Referer: "https://evil.example/", "Sec-Fetch-Site": "cross-site" };
    assert.equal((await script(evil)).status, 403);
    assert.equal((await script({})).status, 200);
  });

  test("a draining instance sends its clients elsewhere and takes nobody new", async () => {
    const tier = await SocketTier.starts();
    const closed = new Journal();
    const socket = new SockJS(`${tier.address}/ws-sockjs`, null, { transports: ["xhr-polling"] });
    await within(new Promise((resolve) => (socket.onopen = resolve)), "it is open");
    socket.onclose = ({ code, reason }) => closed.add({ code, reason });
    const stopping = tier.stops();
    await closed.until(({ length }) => length === 1, "the client is told");
    const [{ code, reason }] = closed.entries;
    assert.equal(code, 1012);
    assert.match(reason, /^restart; retry-after-ms=\d+$/);
    const late = await fetch(`${tier.address}/ws-sockjs/0/${freshRoom("s")}/xhr`, {
      method: "POST",
    });
    assert.equal(late.status, 503);
    await stopping;
  });

  test("the old page talks without a token and swaps its ids", async () => {
    const [server] = instances;
    const roomId = freshRoom("old-page");
    // What the page does, in its own words: bubbles by id, and an event with a tempId and a time
    // gives the bubble its lasting id.
    const bubbles = new Map();
    const changes = new Journal();
    const stompClient = Stomp.over(new SockJS(`${server.address}/ws-sockjs`));
    stompClient.debug = () => {};
    await within(
      new Promise((resolve, reject) => stompClient.connect({}, resolve, reject)),
      "the page is connected",
    );
    stompClient.subscribe(`/topic/${roomId}`, (frame) => {
      const event = JSON.parse(frame.body);
      if (event.tempId && (event.createdAt || event.editedAt)) {
        const bubble = bubbles.get(event.tempId);
        bubbles.delete(event.tempId);
        bubbles.set(event.id, { ...bubble, createdAt: event.createdAt });
        changes.add("swapped");
      } else {
        bubbles.set(event.id, { sender: event.sender, content: event.content });
        changes.add("shown");
      }
    });
    const message = { sender: "옛날", content: "안녕하세요", roomId };
    stompClient.send("/app/chat", {}, JSON.stringify(message));
    await changes.until((made) => made.includes("swapped"), "the bubble has its lasting id");
    assert.deepEqual(changes.entries, ["shown", "swapped"]);
    const [[id, bubble]] = bubbles;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(bubble.sender, "옛날");
    assert.equal(bubble.content, "안녕하세요");
    assert.ok(Date.parse(bubble.createdAt) > 0);
    await within(new Promise((resolve) => stompClient.disconnect(resolve)), "it leaves");
  });
});
