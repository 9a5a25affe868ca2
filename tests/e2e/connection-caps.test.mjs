// How many clients one address may have, whichever way they come.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";

import WebSocket from "ws";

import { until, within } from "./harness/deadline.mjs";
import { House } from "./harness/house.mjs";
import { Person } from "./harness/person.mjs";
import { numbersTo } from "./harness/room.mjs";
import { SocketTier } from "./harness/socket-tier.mjs";

const HERE = "192.0.2.1";
const ELSEWHERE = "192.0.2.2";
const CAP = 2;
/** How many connections one user has on one instance (`CONNECTIONS_PER_USER_MAX`). */
const USER_CAP = 32;

/** An instance behind one proxy, where an address may have two clients. */
function behindAProxy(t) {
  const environment = { TRUSTED_PROXY_HOPS: "1", CONNECTIONS_PER_ADDRESS_MAX: String(CAP) };
  return SocketTier.startsFor(t, environment);
}

/** Opens a WebSocket as the proxy does that was called from the last of these addresses. */
async function opens(t, { address }, path, ...forwarded) {
  const headers = forwarded.length > 0 ? { "X-Forwarded-For": forwarded.join(", ") } : {};
  const socket = new WebSocket(address.replace("http", "ws") + path, { headers });
  t.after(() => socket.terminate());
  const closed = new Promise((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  const frames = [];
  socket.on("message", (frame) => frames.push(frame.toString()));
  await within(new Promise((resolve) => socket.on("open", resolve)), `${path} is open`);
  return { socket, closed, frames };
}

async function isRefused({ closed }) {
  const { code, reason } = await within(closed, "the client over the limit is told so");
  assert.equal(code, 4012);
  assert.equal(reason, "too many connections from this address");
}

/** Whether the server says anything before it is asked: whoever is let in is not spoken to. */
async function isLetIn({ socket, closed }) {
  socket.ping();
  const ponged = new Promise((resolve) => socket.on("pong", () => resolve("let in")));
  assert.equal(await within(Promise.race([ponged, closed]), "the server answers"), "let in");
}

/** Begins a session over HTTP: the status of the answer. */
async function polls({ address }, from) {
  const url = `${address}/ws-sockjs/0/${randomUUID()}/xhr`;
  const answer = await fetch(url, { method: "POST", headers: { "X-Forwarded-For": from } });
  await answer.text();
  return answer;
}

suite("connection caps", () => {
  for (const path of ["/ws", "/ws-sockjs/websocket"]) {
    test(`an address has its share at ${path} and gets it back`, async (t) => {
      const tier = await behindAProxy(t);
      const first = await opens(t, tier, path, HERE);
      await isLetIn(first);
      await isLetIn(await opens(t, tier, path, HERE));
      await isRefused(await opens(t, tier, path, HERE));
      // Whatever a client wrote there itself is its own invention.
      await isRefused(await opens(t, tier, path, "203.0.113.77", HERE));
      await isLetIn(await opens(t, tier, path, ELSEWHERE));

      first.socket.close();
      await until(async () => {
        const again = await opens(t, tier, path, HERE);
        const ponged = new Promise((resolve) => again.socket.on("pong", () => resolve(true)));
        again.socket.ping();
        return Promise.race([ponged, again.closed.then(() => false)]);
      }, "the place is free again");
      await isRefused(await opens(t, tier, path, HERE));
    });
  }

  test("clients that poll and clients with frames count as well", async (t) => {
    const tier = await behindAProxy(t);
    assert.equal((await polls(tier, HERE)).status, 200);
    const framed = `/ws-sockjs/0/${randomUUID()}/websocket`;
    await isLetIn(await opens(t, tier, framed, HERE));

    const refused = await polls(tier, HERE);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    await isRefused(await opens(t, tier, "/ws", HERE));

    const told = await opens(t, tier, `/ws-sockjs/0/${randomUUID()}/websocket`, HERE);
    await isRefused(told);
    assert.equal(told.frames.at(-1), 'c[4012,"too many connections from this address"]');
    assert.equal((await polls(tier, ELSEWHERE)).status, 200);
  });

  test("without a proxy the connection itself says where it comes from", async (t) => {
    const tier = await SocketTier.startsFor(t, { CONNECTIONS_PER_ADDRESS_MAX: "1" });
    await isLetIn(await opens(t, tier, "/ws"));
    for (const claimed of [HERE, ELSEWHERE]) await isRefused(await opens(t, tier, "/ws", claimed));
  });

  test("a user has his share of connections on an instance and gets it back", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const connects = () => Person.connects(t, "Ada", house.one, ada.token);
    const [first] = await Promise.all(numbersTo(USER_CAP).map(connects));
    const away = await Person.isTurnedAway(t, "Ada", house.one, ada.token);
    assert.deepEqual([away.code, away.error], [4012, "too many connections"]);
    await Person.connects(t, "Ada", house.two, ada.token);
    await Person.connects(t, "Ben", house.one, ben.token);

    await first.leaves();
    await until(() => connects().then(() => true, () => false), "the place is free again");
  });
});
