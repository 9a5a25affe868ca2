// Rooms of members: who hears, who speaks, who reads, and what everybody else is told.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";

import { House } from "./harness/house.mjs";
import { Person } from "./harness/person.mjs";
import { Redis } from "./harness/redis.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";

const MODES = { optimistic: {}, committed: { delivery: "committed" } };
const PROMISED_MS = { "another instance": 2_000, "the same instance": 1_000, "no Redis": 5_000 };
/** What a busy machine with debug builds may take on top of what is promised. */
const SLACK_MS = 5_000;

/** A private room of `owner`, with members. */
async function privateRoom(owner, ...members) {
  const wish = { name: "우리끼리", visibility: "private" };
  const made = await owner.asks("POST", "/rooms", { body: wish });
  assert.equal(made.status, 201, made.text);
  const { roomId } = made.json;
  for (const member of members) await bringsIn(owner, roomId, member);
  return roomId;
}

async function bringsIn(owner, room, member) {
  const body = { role: "member" };
  const set = await owner.asks("PUT", `/rooms/${room}/members/${member.id}`, { body });
  assert.equal(set.status, 200, set.text);
}

async function removes(owner, room, member) {
  const removed = await owner.asks("DELETE", `/rooms/${room}/members/${member.id}`);
  assert.equal(removed.status, 204, removed.text);
}

function everythingHeard({ shown, stored, committed }) {
  return [...shown, ...stored, ...committed];
}

suite("private rooms", { timeout: 300_000 }, () => {
  test("members talk on both instances, in both deliveries, and read it again", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const room = await privateRoom(ada, ben);
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    const bens = await Person.connects(t, "Ben", house.two, ben.token);
    await adas.enters(room);
    await bens.enters(room, MODES.committed);
    for (const n of numbersTo(3)) await adas.says(room, `word ${n}`);
    await bens.says(room, "안녕");
    await adas.hearsStored(room, "안녕");
    await bens.hears(room, ({ committed }) => committed.length === 4);
    assert.deepEqual(bens.heard(room).committed.map(({ seq }) => seq), numbersTo(4));
    const page = await ben.asks("GET", `/${room}/messages`);
    assert.deepEqual(page.json.messages.map(({ seq }) => seq), numbersTo(4));

    const late = await Person.connects(t, "Ben's phone", house.one, ben.token);
    await late.enters(room, { ...MODES.committed, since: "1" });
    await late.hears(room, ({ committed }) => committed.length === 3);
  });

  test("strangers are told the same of a room that is there and of one that is not", async (t) => {
    const house = await House.opens(t);
    const [ada, eve] = [await house.signsUp("Ada"), await house.signsUp("Eve")];
    const room = await privateRoom(ada);
    const missing = `private-${randomUUID()}`;
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    await adas.enters(room);
    await adas.says(room, "nobody else's business");
    const guest = await house.asks("POST", "/auth/guest", { body: { nickname: "Eve" } });

    for (const token of [eve.token, guest.json.accessToken]) {
      for (const instance of [house.one, house.two]) {
        const stranger = await Person.connects(t, "Eve", instance, token);
        for (const headers of [{}, MODES.committed, { ...MODES.committed, since: "0" }]) {
          const refused = [];
          for (const place of [room, missing]) refused.push(await stranger.isRefused(place, headers));
          assert.equal(refused[0].code, "not-found");
          assert.deepEqual(refused[0], refused[1]);
        }
        const unsaid = [];
        for (const place of [room, missing]) {
          const { problem } = await stranger.sends("/app/chat", { roomId: place, content: "hi" });
          unsaid.push(problem);
        }
        assert.equal(unsaid[0].code, "not-found");
        assert.deepEqual(unsaid[0], unsaid[1]);
      }
      for (const place of [room, missing]) {
        const page = await house.asks("GET", `/${place}/messages`, { token });
        assert.equal(page.status, 404);
      }
    }
    await adas.says(room, "still alone");
    assert.deepEqual(
      adas.heard(room).shown.map(({ content }) => content).filter((text) => text === "hi"),
      [],
    );
  });

  for (const [mode, headers] of Object.entries(MODES)) {
    for (const place of ["another instance", "the same instance"]) {
      test(`a member who is removed hears nothing more, ${mode}, on ${place}`, async (t) => {
        const house = await House.opens(t);
        const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
        const hall = freshRoom("hall");
        const room = await privateRoom(ada);
        const adas = await Person.connects(t, "Ada", house.one, ada.token);
        const there = place === "another instance" ? house.two : house.one;
        const bens = await Person.connects(t, "Ben", there, ben.token);
        await bens.enters(hall);
        for (const round of numbersTo(8)) {
          await bringsIn(ada, room, ben);
          await bens.enters(room, headers);
          const before = await adas.says(room, `before ${round}`);
          await bens.hears(room, (heard) =>
            everythingHeard(heard).some(({ seq }) => seq === before.seq),
          );
          // Said while it is decided: heard or not, as the numbers fall.
          const during = numbersTo(5).map((n) => adas.says(room, `during ${round}.${n}`));
          const began = performance.now();
          await removes(ada, room, ben);
          const after = await adas.says(room, `after ${round}`);
          await bens.isPutOutOf(room, PROMISED_MS[place] + SLACK_MS);
          if (round === 1) t.diagnostic(`put out in ${Math.round(performance.now() - began)} ms`);
          await Promise.all(during);
          await adas.says(room, `later ${round}`);
          await adas.says(hall, `all hear ${round}`);
          await bens.hearsStored(hall, `all hear ${round}`);
          const heard = everythingHeard(bens.heard(room));
          assert.equal(heard.some(({ seq }) => seq >= after.seq), false, "a later number is heard");
          const texts = heard.map(({ content }) => content ?? "");
          assert.equal(texts.some((text) => /^(after|later)/.test(text)), false, "later words");
          const { problem } = await bens.sends("/app/chat", { roomId: room, content: "and I?" });
          assert.equal(problem.code, "not-found");
          assert.equal((await ben.asks("GET", `/${room}/messages`)).status, 404);
        }
      });
    }
  }

  test("with Redis down a member who is removed is put out all the same", async (t) => {
    const redis = await Redis.starts(t);
    const house = await House.opens(t, { redis: redis.url });
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const room = await privateRoom(ada, ben);
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    const bens = await Person.connects(t, "Ben", house.two, ben.token);
    await bens.enters(room, MODES.committed);
    await redis.dies();
    const before = await adas.says(room, "before");
    await bens.hears(room, ({ committed }) => committed.some(({ seq }) => seq === before.seq));
    const began = performance.now();
    await removes(ada, room, ben);
    const after = await adas.says(room, "after");
    await bens.isPutOutOf(room, PROMISED_MS["no Redis"] + SLACK_MS);
    t.diagnostic(`put out in ${Math.round(performance.now() - began)} ms`);
    await bringsIn(ada, room, ben);
    await bens.enters(room, { ...MODES.committed, since: String(after.seq) });
    await adas.says(room, "welcome back");
    await bens.hears(room, ({ committed }) => committed.length === 1);
    assert.deepEqual(bens.heard(room).committed.map(({ content }) => content), ["welcome back"]);
  });

  test("a closed room is silent for everybody", async (t) => {
    const house = await House.opens(t);
    const ada = await house.signsUp("Ada");
    const room = await privateRoom(ada);
    const adas = await Person.connects(t, "Ada", house.two, ada.token);
    await adas.enters(room);
    await adas.says(room, "hello?");
    assert.equal((await ada.asks("DELETE", `/rooms/${room}`)).status, 204);
    await adas.isPutOutOf(room);
    const { problem } = await adas.sends("/app/chat", { roomId: room, content: "hello?" });
    assert.equal(problem.code, "not-found");
  });
});
