// Rooms as people live in them: mutes and bans, archives, and what is unread, on two instances.

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { House } from "./harness/house.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";

const MODES = { optimistic: {}, committed: { delivery: "committed" } };

/** An open room that `owner` has made. */
async function openRoom(owner, name) {
  const roomId = freshRoom(name);
  const wish = { roomId, name, visibility: "open" };
  const made = await owner.asks("POST", "/rooms", { body: wish });
  assert.equal(made.status, 201, made.text);
  return roomId;
}

/** Asks until it is so. */
async function comesTo(condition, what) {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `${what}: not within a minute`);
    await pause(200);
  }
}

async function sanctions(by, room, who, what, body) {
  const done = await by.asks("PUT", `/rooms/${room}/members/${who.id}/${what}`, { body });
  assert.equal(done.status, 204, done.text);
}

async function lifts(by, room, who, what) {
  const done = await by.asks("DELETE", `/rooms/${room}/members/${who.id}/${what}`);
  assert.equal(done.status, 204, done.text);
}

suite("the life of rooms", { timeout: 300_000 }, () => {
  for (const [mode, headers] of Object.entries(MODES)) {
    test(`who is banned from an open room is put out everywhere at once, ${mode}`, async (t) => {
      const house = await House.opens(t);
      const [ada, eve] = [await house.signsUp("Ada"), await house.signsUp("Eve")];
      const room = await openRoom(ada, "lounge");
      const hall = freshRoom("hall");
      const adas = await Person.connects(t, "Ada", house.one, ada.token);
      await adas.enters(room);
      const eves = await Promise.all(
        [house.one, house.two].map((instance) => Person.connects(t, "Eve", instance, eve.token)),
      );
      for (const person of eves) await person.enters(hall);
      for (const round of numbersTo(5)) {
        for (const person of eves) await person.enters(room, headers);
        const before = await adas.says(room, `before ${round}`);
        for (const person of eves) {
          await person.hears(room, ({ stored, committed }) =>
            [...stored, ...committed].some(({ seq }) => seq === before.seq),
          );
        }
        // Sent while it is decided: stored or refused, and nothing of it comes later.
        const racing = eves.map((person) =>
          person.sends("/app/chat", { roomId: room, content: `race ${round}` }),
        );
        await sanctions(ada, room, eve, "ban");
        const after = await adas.says(room, `after ${round}`);
        for (const { receipt, problem } of await Promise.all(racing)) {
          if (receipt) assert.ok(Number(receipt.seq) < after.seq, "said after the ban");
          else assert.equal(problem.code, "banned");
        }
        for (const person of eves) {
          const { problem } = await person.isPutOutOf(room);
          assert.equal(problem.code, "banned");
          await adas.says(hall, `heard ${round}`);
          await person.hearsStored(hall, `heard ${round}`);
          const { shown, stored, committed } = person.heard(room);
          const seqs = [...stored, ...committed].map(({ seq }) => seq);
          assert.equal(seqs.some((seq) => seq >= after.seq), false, "a later number is heard");
          const texts = [...shown, ...committed].map(({ content }) => content);
          assert.equal(texts.includes(`after ${round}`), false, "later words are heard");
          assert.equal((await person.isRefused(room, headers)).code, "banned");
          const { problem: mute } = await person.sends("/app/chat", { roomId: room, content: "?" });
          assert.equal(mute.code, "banned");
        }
        await lifts(ada, room, eve, "ban");
      }
      const { shown } = adas.heard(room);
      assert.equal(shown.some(({ content }) => content === "?"), false, "what was refused is shown");
    });
  }

  test("who is muted hears and does not speak, and nobody sees him try", async (t) => {
    const house = await House.opens(t);
    const [ada, mia] = [await house.signsUp("Ada"), await house.signsUp("Mia")];
    const room = await openRoom(ada, "quiet");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    const mias = await Person.connects(t, "Mia", house.two, mia.token);
    await adas.enters(room);
    await mias.enters(room);
    const typing = await adas.follows(`/topic/${room}/typing`);
    const { messageId: id } = await mias.says(room, "before");
    await sanctions(ada, room, mia, "mute");
    const { problem } = await mias.sends("/app/chat", { roomId: room, content: "during" });
    assert.equal(problem.code, "muted");
    const edit = await mias.sends("/app/edit", { roomId: room, id, content: "during" });
    assert.equal(edit.problem.code, "muted");
    await adas.says(room, "listen");
    for (const person of [adas, mias]) await person.hearsStored(room, "listen");
    await mias.sends("/app/typing", { roomId: room, typing: true });
    await lifts(ada, room, mia, "mute");
    await mias.says(room, "again");
    await adas.hearsStored(room, "again");
    await mias.sends("/app/typing", { roomId: room, typing: false });
    await typing.until((events) => events.length > 0, "Mia is seen to write");
    assert.deepEqual(typing.entries.map((event) => event.typing), [false], "and was not while she was muted");
    const { shown, rejected } = adas.heard(room);
    const texts = shown.map(({ content }) => content);
    // Shown before the instance knew, it was taken back.
    assert.equal(texts.filter((text) => text === "during").length, rejected.length);
  });

  test("a mute and a ban end by themselves, on every instance", async (t) => {
    const house = await House.opens(t);
    const [ada, mia, eve] = [
      await house.signsUp("Ada"),
      await house.signsUp("Mia"),
      await house.signsUp("Eve"),
    ];
    const room = await openRoom(ada, "for a while");
    const instances = [house.one, house.two];
    const mias = await Promise.all(
      instances.map((instance) => Person.connects(t, "Mia", instance, mia.token)),
    );
    const eves = await Promise.all(
      instances.map((instance) => Person.connects(t, "Eve", instance, eve.token)),
    );
    for (const person of [...mias, ...eves]) await person.enters(room);
    const until = new Date(Date.now() + 4_000).toISOString();
    await sanctions(ada, room, mia, "mute", { until });
    await sanctions(ada, room, eve, "ban", { until });
    for (const person of eves) {
      const { problem } = await person.isPutOutOf(room);
      assert.deepEqual([problem.code, Date.parse(problem.until)], ["banned", Date.parse(until)]);
      await comesTo(async () => !(await person.isRefused(room)), "is let in again");
    }
    for (const person of mias) {
      await comesTo(async () => {
        const { receipt, problem } = await person.sends("/app/chat", { roomId: room, content: "!" });
        if (problem) {
          assert.deepEqual([problem.code, Date.parse(problem.until)], ["muted", Date.parse(until)]);
        }
        return receipt;
      }, "speaks again");
    }
    const pages = await eve.asks("GET", `/${room}/messages`);
    assert.equal(pages.status, 200, pages.text);
    const listed = await ada.asks("GET", `/rooms/${room}/sanctions`);
    assert.deepEqual(listed.json.sanctions, []);
  });

  test("who is asked in hears it on every instance, and comes in or not", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const wish = { name: "우리끼리", visibility: "private" };
    const { json: made } = await ada.asks("POST", "/rooms", { body: wish });
    const room = made.roomId;
    const queues = [];
    for (const instance of [house.one, house.two]) {
      const bens = await Person.connects(t, "Ben", instance, ben.token);
      queues.push({ bens, told: await bens.follows("/user/queue/rooms") });
    }
    const hears = (type) =>
      Promise.all(
        queues.map(({ told }, nth) =>
          told.until((all) => all.at(-1)?.type === type && all.at(-1), `Ben is told ${type} on ${nth}`),
        ),
      );
    const invitation = `/rooms/${room}/invitations/${ben.id}`;
    const asks = async () => assert.equal((await ada.asks("PUT", invitation)).status, 204);
    await asks();
    for (const { name, by } of await hears("invited")) {
      assert.deepEqual([name, by], ["우리끼리", ada.id]);
    }
    const mine = await ben.asks("GET", "/rooms/invitations/mine");
    assert.deepEqual(mine.json.invitations.map(({ roomId }) => roomId), [room]);
    const pending = await ada.asks("GET", `/rooms/${room}/invitations`);
    assert.deepEqual(pending.json.invitations.map(({ userId }) => userId), [ben.id]);
    assert.equal((await queues[0].bens.isRefused(room)).code, "not-found");

    assert.equal((await ben.asks("DELETE", invitation)).status, 204);
    await hears("uninvited");
    await asks();
    await hears("invited");
    const accepted = await ben.asks("PUT", `/rooms/${room}/members/${ben.id}`, { body: { role: "member" } });
    assert.equal(accepted.status, 200, accepted.text);
    await hears("joined");
    for (const { bens } of queues) await bens.enters(room);
    await queues[1].bens.says(room, "hello");
    await queues[0].bens.hearsStored(room, "hello");

    assert.equal((await ada.asks("DELETE", `/rooms/${room}/members/${ben.id}`)).status, 204);
    await hears("left");
    const links = `/rooms/${room}/links`;
    const link = await ada.asks("POST", links, { body: { uses: 2 } });
    assert.equal(link.status, 201, link.text);
    const body = { token: link.json.token };
    const came = await ben.asks("POST", "/rooms/links/redeem", { body });
    assert.equal(came.json.roomId, room, came.text);
    await hears("joined");
    const listed = await ada.asks("GET", links);
    assert.deepEqual(listed.json.links.map(({ usesLeft }) => usesLeft), [1]);
    assert.equal((await ada.asks("DELETE", `${links}/${link.json.linkId}`)).status, 204);
    const cid = await house.signsUp("Cid");
    assert.equal((await cid.asks("POST", "/rooms/links/redeem", { body })).status, 404);
  });

  test("what is read is told to one's devices where nobody listens in the room", async (t) => {
    const house = await House.opens(t);
    const ada = await house.signsUp("Ada");
    const room = await openRoom(ada, "unheard");
    const [phone, laptop] = await Promise.all(
      [house.one, house.two].map((instance) => Person.connects(t, "Ada", instance, ada.token)),
    );
    const [onPhone, onLaptop] = [
      await phone.follows("/user/queue/read"),
      await laptop.follows("/user/queue/read"),
    ];
    await phone.says(room, "one");
    const read = await ada.asks("PUT", `/rooms/${room}/read`, { body: { seq: 1 } });
    assert.equal(read.status, 200, read.text);
    for (const told of [onPhone, onLaptop]) {
      const mark = await told.until((all) => all.at(-1), "the mark is told");
      assert.deepEqual(mark, { roomId: room, userId: ada.id, seq: 1 });
    }
  });

  test("nothing is said in an archived room", async (t) => {
    const house = await House.opens(t);
    const ada = await house.signsUp("Ada");
    const room = await openRoom(ada, "old");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    await adas.enters(room, MODES.committed);
    await adas.says(room, "last words");
    const archived = await ada.asks("PATCH", `/rooms/${room}`, { body: { archived: true } });
    assert.equal(archived.json.archived, true, archived.text);
    const { problem } = await adas.sends("/app/chat", { roomId: room, content: "more" });
    assert.equal(problem.code, "room-archived");
    await ada.asks("PATCH", `/rooms/${room}`, { body: { archived: false } });
    await adas.says(room, "again");
    await adas.hears(room, ({ committed }) => committed.length === 2);
  });

  test("what is read on one device is read on the other", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const room = await openRoom(ada, "read");
    const phone = await Person.connects(t, "Ada's phone", house.two, ada.token);
    const reads = await phone.follows("/user/queue/read");
    await phone.enters(room);
    const bens = await Person.connects(t, "Ben", house.one, ben.token);
    for (const n of numbersTo(3)) await bens.says(room, `word ${n}`);
    const unread = async () => {
      const { json } = await ada.asks("GET", `/rooms/${room}`);
      return [json.unread, json.readSeq];
    };
    assert.deepEqual(await unread(), [3, 0]);
    const marks = [2, 1, 3].map((seq) => ada.asks("PUT", `/rooms/${room}/read`, { body: { seq } }));
    for (const mark of await Promise.all(marks)) assert.equal(mark.status, 200, mark.text);
    await reads.until((all) => all.some(({ seq }) => seq === 3), "the phone hears of the last mark");
    for (const { roomId, userId } of reads.entries) {
      assert.deepEqual([roomId, userId], [room, ada.id]);
    }
    assert.deepEqual(await unread(), [0, 3]);
  });
});
