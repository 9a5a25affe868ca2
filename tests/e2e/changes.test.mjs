// Messages that are edited and deleted: everybody on every instance sees it, and who comes back.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { House } from "./harness/house.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";

const COMMITTED = { delivery: "committed" };

/** Edits a message over HTTP as its version `rev`. */
function edits(account, room, id, rev, content) {
  const headers = { "If-Match": `"${rev}"` };
  return account.asks("PATCH", `/${room}/messages/${id}`, { body: { content }, headers });
}

function deletes(account, room, id) {
  return account.asks("DELETE", `/${room}/messages/${id}`);
}

/** A listener in each delivery on each instance. */
async function listeners(t, house, room, token) {
  const everywhere = [house.one, house.two].flatMap((instance) => [
    [instance, {}],
    [instance, COMMITTED],
  ]);
  return Promise.all(
    everywhere.map(async ([instance, headers], n) => {
      const person = await Person.connects(t, `listener ${n}`, instance, token);
      await person.enters(room, headers);
      return person;
    }),
  );
}

suite("changes of messages", { timeout: 300_000 }, () => {
  test("an edit and a deletion are heard on both instances, in both deliveries", async (t) => {
    const house = await House.opens(t);
    const ada = await house.signsUp("Ada");
    const room = freshRoom("edited");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    const all = await listeners(t, house, room, ada.token);
    const { messageId: id, tempId } = await adas.says(room, "안녕");
    await adas.says(room, "untouched");

    const edited = await edits(ada, room, id, 1, "안녕하세요");
    assert.equal(edited.status, 200, edited.text);
    assert.equal(edited.headers.get("etag"), '"3"');
    const again = { roomId: room, id, content: "안녕하세요!", rev: 3 };
    const { receipt } = await adas.sends("/app/edit", again);
    assert.deepEqual([receipt["message-id"], receipt.seq, receipt.rev], [id, "1", "4"]);
    const gone = await adas.sends("/app/delete", { roomId: room, id });
    assert.equal(gone.receipt.rev, "5");

    for (const person of all) {
      await person.hears(room, ({ changed }) => changed.length === 3);
      const { changed } = person.heard(room);
      assert.deepEqual(
        changed.map(({ content, rev, seq, deleted }) => [content, rev, seq, deleted]),
        [
          ["안녕하세요", 3, 1, false],
          ["안녕하세요!", 4, 1, false],
          ["", 5, 1, true],
        ],
        person.name,
      );
      for (const event of changed) {
        // What the page of the old server looks at.
        assert.deepEqual([event.id, event.tempId, event.roomId], [id, tempId, room]);
        assert.ok(event.createdAt && event.editedAt);
      }
      const { shown } = person.heard(room);
      assert.ok(shown.length === 2 || shown.length === 0, "no message is shown a second time");
    }
    const late = await Person.connects(t, "late", house.two, ada.token);
    await late.enters(room, { ...COMMITTED, since: "1" });
    await late.hears(room, ({ changed }) => changed.length === 1);
    const { committed, changed } = late.heard(room);
    assert.deepEqual(committed.map(({ content }) => content), ["untouched"]);
    assert.deepEqual(changed.map(({ deleted, rev }) => [deleted, rev]), [[true, 5]]);
  });

  test("what is said is found at once, on whichever instance, and as it is now", async (t) => {
    const house = await House.opens(t);
    const ada = await house.signsUp("Ada");
    const room = freshRoom("found");
    const people = await Promise.all(
      [house.one, house.two].map((instance) => Person.connects(t, "Ada", instance, ada.token)),
    );
    await people[0].says(room, "내일 회의실에서 만나요");
    const { messageId: id } = await people[1].says(room, "회의는 취소되었습니다");
    const found = async (query) => {
      const search = new URLSearchParams(query);
      const { json, text } = await ada.asks("GET", `/${room}/messages/search?${search}`);
      return json.messages?.map(({ content }) => content) ?? text;
    };
    const both = ["회의는 취소되었습니다", "내일 회의실에서 만나요"];
    for (const q of ["회의", "회의".normalize("NFD"), "ㅎㅇ"]) assert.deepEqual(await found({ q }), both);
    assert.deepEqual(await found({ q: "의실 내일" }), [both[1]]);
    assert.deepEqual(await found({ q: "ㅊㅅ", sender: "Ada" }), [both[0]]);
    await people[0].sends("/app/edit", { roomId: room, id, content: "점심은 김치찌개" });
    assert.deepEqual(await found({ q: "회의" }), [both[1]]);
    assert.deepEqual(await found({ q: "치찌" }), ["점심은 김치찌개"]);
    await people[0].sends("/app/delete", { roomId: room, id });
    for (const q of ["치찌", "찌"]) assert.deepEqual(await found({ q }), []);
    const mine = `/rooms/${room}/members/${ada.id}`;
    await ada.asks("PUT", mine, { body: { role: "member" } });
    const { json } = await ada.asks("GET", `/rooms/messages/search?q=${encodeURIComponent("회의")}`);
    assert.deepEqual(json.messages.map(({ content }) => content), [both[1]]);
  });

  test("who may not, and what cannot be, is refused over the socket as over HTTP", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const room = freshRoom("kept");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    const bens = await Person.connects(t, "Ben", house.two, ben.token);
    const { messageId: id } = await adas.says(room, "mine");
    const refused = async (person, target, wish) => {
      const { problem } = await person.sends(target, { roomId: room, id, ...wish });
      return problem.code;
    };
    assert.equal((await edits(ben, room, id, 1, "his")).status, 403);
    assert.equal(await refused(bens, "/app/edit", { content: "his" }), "forbidden");
    assert.equal(await refused(bens, "/app/delete", {}), "forbidden");
    const stale = { content: "mine!", rev: 9 };
    assert.equal(await refused(adas, "/app/edit", stale), "precondition-failed");
    assert.equal(await refused(adas, "/app/edit", { content: " " }), "invalid-request");
    assert.equal(await refused(adas, "/app/edit", {}), "invalid-request");
    assert.equal((await deletes(ada, room, id)).status, 204);
    assert.equal(await refused(adas, "/app/edit", { content: "mine!" }), "gone");

    // In a room of hers she moderates what others say.
    const lounge = freshRoom("lounge");
    const wish = { roomId: lounge, name: "Lounge", visibility: "open" };
    assert.equal((await ada.asks("POST", "/rooms", { body: wish })).status, 201);
    const hers = await adas.says(lounge, "welcome");
    const his = await bens.says(lounge, "a slip");
    const meant = (id, wish) => ({ roomId: lounge, id, ...wish });
    const { receipt: edited } = await adas.sends("/app/edit", meant(his.messageId, { content: "a tongue" }));
    assert.equal(edited.rev, "3");
    const { receipt: deleted } = await adas.sends("/app/delete", meant(his.messageId));
    assert.equal(deleted.rev, "4");
    const { problem } = await bens.sends("/app/delete", meant(hers.messageId));
    assert.equal(problem.code, "forbidden");
  });

  test("of an edit and a deletion at once the deletion stays, for everybody", async (t) => {
    const house = await House.opens(t);
    const ada = await house.signsUp("Ada");
    const room = freshRoom("raced");
    const adas = await Person.connects(t, "Ada", house.one, ada.token);
    const all = await listeners(t, house, room, ada.token);
    for (const round of numbersTo(15)) {
      const { messageId: id, seq } = await adas.says(room, `round ${round}`);
      const [edited, deleted] = await Promise.all([
        edits(ada, room, id, seq, `edited ${round}`),
        round % 2 ? deletes(ada, room, id) : adas.sends("/app/delete", { roomId: room, id }),
      ]);
      assert.ok([200, 410, 412].includes(edited.status), edited.text);
      assert.ok(deleted.status === 204 || deleted.receipt, JSON.stringify(deleted));
      for (const person of all) {
        await person.hears(room, ({ changed }) => changed.at(-1)?.id === id && changed.at(-1).deleted);
      }
    }
    const [first, ...others] = all.map((person) => person.heard(room).changed);
    for (const other of others) assert.deepEqual(other, first);
    const revs = first.map(({ rev }) => rev);
    assert.deepEqual(revs, [...revs].sort((a, b) => a - b), "everybody hears one order");
    const page = await ada.asks("GET", `/${room}/messages`);
    assert.deepEqual(page.json.messages, []);
  });
});
