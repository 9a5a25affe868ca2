// History and live as one list.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Timeline } from "../dist/timeline.js";

const ada = { nickname: "Ada", id: "ada" };

function message(seq, { rev = seq, content = `${seq}`, ...rest } = {}) {
  const id = `id-${seq}`;
  const fixed = { id, tempId: `temp-${seq}`, sender: "Ben", senderId: "ben", roomId: "lobby" };
  const times = { createdAt: "2026-11-25T12:00:00Z", editedAt: null, deleted: false };
  return { ...fixed, ...times, seq, rev, content, ...rest };
}

function page(seqs, before, lastSeq = seqs.at(-1) ?? 0) {
  const messages = seqs.map((seq) => (typeof seq === "number" ? message(seq) : seq));
  return { messages, page: { limit: 50, before, after: null, lastSeq } };
}

const timeline = () => new Timeline(({ senderId }) => senderId === "ada");
const contents = (list) => list.items.map(({ content }) => content);
const entry = (tempId, content = tempId) => ({ tempId, owner: "ada", roomId: "lobby", content, saidAt: 1 });

test("what is live and in the page as well is there once", () => {
  const list = timeline();
  list.add(page([3, 4, 5], 3));
  assert.equal(list.apply(message(5)), undefined);
  list.apply(message(6));
  assert.deepEqual(contents(list), ["3", "4", "5", "6"]);
});

test("of two versions the later one stays, whichever comes first", () => {
  const list = timeline();
  list.add(page([1, 2], null));
  list.apply(message(1, { rev: 4, content: "edited twice" }));
  list.apply(message(1, { rev: 3, content: "edited" }));
  assert.deepEqual(contents(list), ["edited twice", "2"]);
});

test("a change of an older message is not lost on the page that will bring it", () => {
  const list = timeline();
  list.add(page([3, 4], 3));
  assert.equal(list.apply(message(1, { rev: 5, content: "edited" })), undefined);
  assert.deepEqual(contents(list), ["3", "4"], "no hole is made");
  // The page was read before the edit.
  list.add(page([1, 2], null));
  assert.deepEqual(contents(list), ["edited", "2", "3", "4"]);
});

test("a message of one's own keeps its key from the first moment on", () => {
  const list = timeline();
  list.add(page([1], null));
  list.show(entry("mine"), ada);
  list.show(entry("next"), ada);
  assert.deepEqual(list.items.map(({ state }) => state), ["stored", "sending", "sending"]);
  const receipt = { id: "id-2", tempId: "mine", seq: 2, createdAt: "2026-11-25T12:00:01Z" };
  assert.equal(list.settle(receipt, "lobby").key, "mine");
  list.apply(message(3));
  assert.deepEqual(contents(list), ["1", "mine", "3", "next"]);
  const own = { senderId: "ada", sender: "Ada", tempId: "next", content: "next" };
  const heard = list.apply(message(4, own));
  assert.deepEqual([heard.key, heard.state, heard.isMine], ["next", "stored", true]);
  assert.equal(list.items.length, 4);
});

test("nobody else's tempId stands for one's own message", () => {
  const list = timeline();
  list.add(page([], null));
  list.show(entry("mine"), ada);
  list.apply(message(1, { tempId: "mine", content: "copied" }));
  assert.deepEqual(list.items.map(({ state }) => state), ["stored", "sending"]);
});

test("a deleted message keeps its place", () => {
  const list = timeline();
  list.add(page([1, 2, 3], null));
  list.apply(message(2, { rev: 4, content: "", deleted: true }));
  assert.deepEqual(list.items.map(({ deleted }) => deleted), [false, true, false]);
});

test("a list begun anew keeps what is not stored, and what is live meanwhile", () => {
  const list = timeline();
  list.add(page([1, 2, 3], null));
  list.show(entry("mine"), ada);
  list.clear(3);
  assert.deepEqual(contents(list), ["mine"]);
  list.apply(message(3, { content: "three again" }));
  list.add(page([1, 2], null));
  assert.deepEqual(contents(list), ["1", "2", "three again", "mine"]);
});

test("a long list forgets its beginning and reads it again", () => {
  const list = timeline();
  list.add(page([1, 2, 3, 4], null));
  list.show(entry("mine"), ada);
  assert.equal(list.trim(2), true);
  assert.deepEqual(contents(list), ["3", "4", "mine"]);
  assert.equal(list.before, 3);
  list.add(page([1, 2], null));
  assert.deepEqual(contents(list), ["1", "2", "3", "4", "mine"]);
  assert.equal(list.trim(10), false);
});
