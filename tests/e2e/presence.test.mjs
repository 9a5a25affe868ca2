// Who is in a room and who writes, on two instances, also when one of them is killed.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { Chance } from "./harness/chance.mjs";
import { seed } from "./harness/environment.mjs";
import { House } from "./harness/house.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";
import { isTrue, proves } from "./presence/proof.mjs";
import { Watch } from "./presence/watch.mjs";

/** In rooms of more people than this they are counted and not listed. */
const LISTED_MAX = 100;
/** Churn in the time that a test of every change has; `cargo xtask chaos --only F41` has more. */
const BRIEFLY = {
  seconds: 10,
  people: 30,
  rooms: 4,
  environment: { PRESENCE_LEASE_SECONDS: "6" },
  // The lease, two looks of five seconds, and what a busy machine takes.
  ghostMs: 20_000,
  lateMs: 8_000,
};

suite("presence", { timeout: 300_000 }, () => {
  test("who comes and who leaves is seen on both instances, one with three tabs once", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const room = freshRoom("present");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    await adas.enters(room);
    const east = await Watch.begins(adas, room);
    const visitor = await Person.connects(t, "visitor", house.two, ben.token);
    const west = await Watch.begins(visitor, room);
    for (const view of [east, west]) await view.sees([ada.id]);

    const tabs = await Promise.all(
      [house.one, house.two, house.two].map((instance, n) =>
        Person.connects(t, `Ben's tab ${n}`, instance, ben.token),
      ),
    );
    for (const tab of tabs) await tab.enters(room);
    for (const view of [east, west]) await view.sees([ada.id, ben.id]);
    await tabs[0].stopsListening(room);
    await tabs[1].leaves();
    await adas.says(room, "still two of us");
    await tabs[2].leaves();
    for (const view of [east, west]) {
      await view.sees([ada.id]);
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
    const view = await Watch.begins(bens, room);
    await view.sees([ada.id]);
    await ada.asks("DELETE", member);
    await bens.problems.until(
      (problems) => problems.some(({ endedSubscription }) => endedSubscription),
      "Ben is put out",
    );
    const told = view.events.entries.length;
    await adas.stopsListening(room);
    const adasView = await Watch.begins(adas, room);
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

  test("more than a hundred people are counted, a hundred are listed", async (t) => {
    const house = await House.opens(t);
    const room = freshRoom("threshold");
    const onlooker = await house.admits("Onlooker");
    const crowd = [];
    const comes = async () => {
      const { nickname, token } = await house.admits(`Person ${crowd.length}`);
      const person = await Person.connects(t, nickname, crowd.length % 2 ? house.one : house.two, token);
      await person.enters(room);
      crowd.push(person);
    };
    for (let n = 0; n < LISTED_MAX; n += 1) await comes();
    const watches = [];
    for (const instance of [house.one, house.two]) {
      watches.push(await Watch.begins(await Person.connects(t, "onlooker", instance, onlooker.token), room));
    }
    const each = (condition, what) => Promise.all(watches.map(({ events }) => events.until(condition, what)));
    await each((events) => events.at(-1)?.count === LISTED_MAX, "a hundred are there");
    for (const watch of watches) assert.equal(watch.list().size, LISTED_MAX);
    await comes();
    const isCounted = ({ type, count }) => type === "count" && count === LISTED_MAX + 1;
    await each((events) => isCounted(events.at(-1)), "they are counted");
    const late = await Watch.begins(await Person.connects(t, "latecomer", house.one, onlooker.token), room);
    await late.hasList();
    const { at, roomId, ...state } = late.events.entries[0];
    assert.deepEqual(state, { type: "state", count: LISTED_MAX + 1, members: [], listed: false });
    await crowd.pop().leaves();
    await each((events) => events.at(-1)?.listed, "they are listed again");
    for (const watch of watches) assert.equal(watch.list().size, LISTED_MAX);
  });

  test("who is there is told truly while people come and go and an instance is killed", async (t) => {
    isTrue(t, await proves(t, { chance: new Chance(seed), ...BRIEFLY }));
  });
});
