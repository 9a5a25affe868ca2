// Who is in a room and who writes, on two instances, also when one of them is killed.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { within } from "./harness/deadline.mjs";
import { House } from "./harness/house.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";

/** How long a killed instance's people may be taken for present, in milliseconds. */
const GHOST_MS_MAX = 60_000;

/** Listens for who is in a room; `members()` is who that is by the events so far. */
async function watches(person, room) {
  const events = await person.follows(`/topic/${room}/presence`);
  const members = () => {
    const ids = new Set();
    for (const event of events.entries) {
      if (event.type === "state") {
        ids.clear();
        for (const { userId } of event.members) ids.add(userId);
      }
      if (event.type === "join") ids.add(event.userId);
      if (event.type === "leave") ids.delete(event.userId);
    }
    return ids;
  };
  const sees = (accounts, limitMs) => {
    const wanted = accounts.map(({ id }) => id).sort();
    return events.until(
      () => JSON.stringify([...members()].sort()) === JSON.stringify(wanted),
      () => `${person.name} sees ${wanted} (so far ${JSON.stringify(events.entries)})`,
      limitMs,
    );
  };
  return { events, sees };
}

suite("presence", { timeout: 300_000 }, () => {
  test("who comes and who leaves is seen on both instances, one with three tabs once", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const room = freshRoom("present");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    await adas.enters(room);
    const east = await watches(adas, room);
    const visitor = await Person.connects(t, "visitor", house.two, ben.token);
    const west = await watches(visitor, room);
    for (const view of [east, west]) await view.sees([ada]);

    const tabs = await Promise.all(
      [house.one, house.two, house.two].map((instance, n) =>
        Person.connects(t, `Ben's tab ${n}`, instance, ben.token),
      ),
    );
    for (const tab of tabs) await tab.enters(room);
    for (const view of [east, west]) await view.sees([ada, ben]);
    await tabs[0].stopsListening(room);
    await tabs[1].leaves();
    await adas.says(room, "still two of us");
    await tabs[2].leaves();
    for (const view of [east, west]) {
      await view.sees([ada]);
      const joins = view.events.entries.filter(({ type, userId }) => type === "join" && userId === ben.id);
      assert.equal(joins.length, 1, "three tabs are one person");
      assert.equal(view.events.entries.at(-1).count, 1);
    }
  });

  test("who is no member sees nobody in a private room, nor is told when he was one", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const wish = { name: "ours", visibility: "private" };
    const { roomId: room } = (await ada.asks("POST", "/rooms", { body: wish })).json;
    const bens = await Person.connects(t, "Ben", house.two, ben.token);
    for (const what of ["presence", "typing", "read"]) {
      assert.equal((await bens.isRefused(`${room}/${what}`)).code, "not-found");
    }
    const member = `/rooms/${room}/members/${ben.id}`;
    await ada.asks("PUT", member, { body: { role: "member" } });
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    await adas.enters(room);
    const view = await watches(bens, room);
    await view.sees([ada]);
    await ada.asks("DELETE", member);
    await bens.problems.until(
      (problems) => problems.some(({ endedSubscription }) => endedSubscription),
      "Ben is put out",
    );
    const told = view.events.entries.length;
    await adas.stopsListening(room);
    const adasView = await watches(adas, room);
    await adasView.sees([]);
    assert.equal(view.events.entries.length, told);
  });

  test("who writes is seen for a moment", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const room = freshRoom("typing");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    const bens = await Person.connects(t, "Ben", house.two, ben.token);
    const { problem } = await bens.sends("/app/typing", { roomId: room });
    assert.equal(problem.code, "forbidden", "he is not in the room");
    await bens.enters(room);
    const typing = await adas.follows(`/topic/${room}/typing`);
    for (const n of numbersTo(5)) await bens.sends("/app/typing", { roomId: room, typing: n > 0 });
    await bens.sends("/app/typing", { roomId: room, typing: false });
    await typing.until((events) => events.some((event) => !event.typing), "Ben has stopped");
    const [first, ...others] = typing.entries;
    assert.deepEqual(
      [first.roomId, first.userId, first.nickname, first.typing, first.expiresInMs],
      [room, ben.id, "Ben", true, 5_000],
    );
    assert.ok(others.length < 5, "what comes faster than it is of use is not told");
  });

  test("a killed instance leaves no ghosts for longer than a minute", async (t) => {
    const house = await House.opens(t);
    const people = [];
    for (const name of ["Ada", "Ben", "Cid", "Dot"]) people.push(await house.signsUp(name));
    const [ada, ben, cid, dot] = people;
    const room = freshRoom("ghosts");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    await adas.enters(room);
    const view = await watches(adas, room);
    const there = [];
    for (const account of [ben, cid, dot]) {
      const person = await Person.connects(t, account.nickname, house.two, account.token);
      await person.enters(room);
      there.push(person);
    }
    await view.sees(people);
    // Somebody comes and goes while the instance dies.
    const [bens] = there;
    const churn = (async () => {
      for (let n = 0; bens.isConnected && n < 200; n += 1) {
        await within(bens.stopsListening(room), "Ben leaves", 2_000).catch(() => {});
        if (!bens.isConnected) return;
        await within(bens.enters(room), "Ben is back", 2_000).catch(() => {});
      }
    })();
    await adas.says(room, "before the end");
    const began = performance.now();
    await house.two.dies();
    await churn;
    // Cid has gone on elsewhere, and is no ghost.
    const cids = await Person.connects(t, "Cid", house.one, cid.token);
    await cids.enters(room);
    await view.sees([ada, cid], GHOST_MS_MAX);
    t.diagnostic(`the last ghost is gone after ${Math.round((performance.now() - began) / 1000)} s`);
  });
});
