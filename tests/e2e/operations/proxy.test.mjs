// deploy/Caddyfile, in front of two instances and the functions.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { livesAWholeSession } from "../clients/session.mjs";
import { plain, sockjs } from "../clients/socket.mjs";
import { StompJs7 } from "../clients/stompjs-7.mjs";
import { House } from "../harness/house.mjs";
import { Person } from "../harness/person.mjs";
import { freshRoom, numbersTo } from "../harness/room.mjs";
import { Proxy } from "./harness/proxy.mjs";

/** So many sessions that hardly all of them belong to one of two instances. */
const SESSIONS = 6;

async function opens(t, environment) {
  const house = await House.opens(t, { environment });
  const proxy = await Proxy.startsFor(t, { tiers: [house.one, house.two], functions: [house] });
  return { house, proxy };
}

suite("the proxy", { timeout: 300_000 }, () => {
  test("keeps every SockJS session on its instance, without a cookie", async (t) => {
    const { proxy } = await opens(t, { AUTH_MODE: "optional" });
    for (const transport of ["xhr-polling", "xhr-streaming", "websocket"]) {
      const sessions = Array.from({ length: SESSIONS }, () =>
        livesAWholeSession(new StompJs7(sockjs(proxy, transport))),
      );
      await Promise.all(sessions);
    }
    await livesAWholeSession(new StompJs7(plain(proxy)));
  });

  test("leads to accounts, sockets and history, and not to what is for who is inside", async (t) => {
    const { house, proxy } = await opens(t);
    const guest = await fetch(`${proxy.address}/auth/guest`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ nickname: "Ada" }),
    });
    assert.equal(guest.status, 200);
    const { accessToken } = await guest.json();
    const ada = await Person.connects(t, "Ada", proxy, accessToken);
    const room = freshRoom("proxied");
    await ada.enters(room);
    await ada.says(room, "through the proxy");
    const answer = await fetch(`${proxy.address}/${room}/messages`, {
      headers: { Authorization: `Bearer ${accessToken}` },
    });
    assert.equal((await answer.json()).messages[0].content, "through the proxy");
    assert.equal(await proxy.status("/"), 200, "the page");
    assert.equal(await proxy.status("/metrics"), 404);
    assert.ok(!house.log().includes(accessToken), "no token is logged");
  });

  test("sends nobody to an instance that is being left", async (t) => {
    const { house, proxy } = await opens(t, { AUTH_MODE: "optional", DRAIN_NOTICE_MS: "3000" });
    const room = freshRoom("left");
    const ending = house.one.stops();
    for (const n of numbersTo(8)) {
      const person = await Person.connects(t, `Nth ${n}`, proxy);
      await person.enters(room);
      await person.says(room, `word ${n}`);
    }
    await ending;
  });
});
