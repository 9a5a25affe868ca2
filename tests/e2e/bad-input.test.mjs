// What a stranger may send, and the answer that names what is wrong.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { Person } from "./harness/person.mjs";
import { freshRoom } from "./harness/room.mjs";
import { twoInstances } from "./harness/socket-tier.mjs";

const CONTENT_CHARS_MAX = 4_000;
const ROOM_CHARS_MAX = 128;

/** What is wrong, where it is sent, what is sent, the code of the problem, where it points. */
const REFUSALS = [
  ["an unmapped destination", "/app/nowhere", "{}", "unknown-destination"],
  ["a destination outside of every prefix", "/elsewhere", "{}", "unknown-destination"],
  ["a message sent to a topic", "/topic/lobby", "{}", "forbidden"],
  ["a message sent to a queue", "/queue/lobby", "{}", "forbidden"],
  ["a message sent to one's own queue", "/user/queue/errors", "{}", "forbidden"],
  ["an empty body", "/app/chat", "", "invalid-request"],
  ["broken JSON", "/app/chat", '{"content": "a', "invalid-request"],
  ["JSON that is no object", "/app/chat", '"hello"', "invalid-request"],
  ["a lone surrogate", "/app/chat", '{"content":"\\ud800","roomId":"r"}', "invalid-request"],
  ["deep nesting", "/app/chat", "[".repeat(20_000), "invalid-request"],
  ["no content", "/app/chat", message({ content: undefined }), "invalid-request"],
  ["content that is a number", "/app/chat", message({ content: 7 }), "invalid-request"],
  ["content that is null", "/app/chat", message({ content: null }), "invalid-request"],
  ["empty content", "/app/chat", message({ content: "" }), "invalid-request", "/content"],
  ["blank content", "/app/chat", message({ content: " \n\u3000" }), "invalid-request", "/content"],
  [
    "content of one character too many",
    "/app/chat",
    message({ content: "가".repeat(CONTENT_CHARS_MAX + 1) }),
    "invalid-request",
    "/content",
  ],
  ["content with NUL", "/app/chat", message({ content: "a\0b" }), "invalid-request", "/content"],
  ["no roomId", "/app/chat", message({ roomId: undefined }), "invalid-request"],
  ["an empty roomId", "/app/chat", message({ roomId: "" }), "invalid-request", "/roomId"],
  ["a roomId with a slash", "/app/chat", message({ roomId: "a/b" }), "invalid-request", "/roomId"],
  [
    "a roomId with a control character",
    "/app/chat",
    message({ roomId: "a\u0007" }),
    "invalid-request",
    "/roomId",
  ],
  [
    "a roomId of one character too many",
    "/app/chat",
    message({ roomId: "r".repeat(ROOM_CHARS_MAX + 1) }),
    "invalid-request",
    "/roomId",
  ],
  ["a reserved roomId", "/app/chat", message({ roomId: "auth" }), "invalid-request", "/roomId"],
  ["a tempId that is no UUID", "/app/chat", message({ tempId: "1" }), "invalid-request", "/tempId"],
];

function message(change) {
  return JSON.stringify({ content: "hello", roomId: "lobby", sender: "Eve", ...change });
}

suite("bad input", () => {
  const instances = twoInstances();

  for (const [what, destination, body, code, pointer] of REFUSALS) {
    test(`${what} is refused by name, and the next good message is stored`, async (t) => {
      const room = freshRoom("good");
      const eve = await Person.connects(t, "Eve", instances[0]);
      const { problem } = await eve.sends(destination, body);
      assert.ok(problem, "the answer is a problem and no receipt");
      assert.equal(problem.code, code);
      if (pointer) assert.equal(problem.errors[0].pointer, pointer);
      assert.equal(problem.type, `/docs/problems#${code}`);
      assert.equal(typeof problem.title, "string");
      assert.equal(typeof problem.detail, "string");
      assert.equal(typeof problem.status, "number");

      assert.equal((await eve.says(room, "good")).seq, 1);
      assert.equal(eve.problems.entries.length, 1);
      assert.deepEqual(eve.errors.entries, []);
    });
  }

  test("what is refused is neither shown nor stored", async (t) => {
    const room = freshRoom("untouched");
    const [ada, eve] = await Promise.all([
      Person.connects(t, "Ada", instances[0]),
      Person.connects(t, "Eve", instances[0]),
    ]);
    await ada.enters(room);
    for (const content of ["", "x".repeat(CONTENT_CHARS_MAX + 1)]) {
      const { problem } = await eve.sends("/app/chat", message({ content, roomId: room }));
      assert.equal(problem.code, "invalid-request");
    }
    await eve.sends(`/topic/${room}`, { content: "forged", roomId: room });
    assert.equal((await eve.says(room, "good")).seq, 1);
    await ada.hearsStored(room, "good");
    assert.deepEqual(
      ada.heard(room).shown.map(({ content }) => content),
      ["good"],
    );
  });

  test("the longest content and the longest roomId are good", async (t) => {
    const room = "방".repeat(ROOM_CHARS_MAX - 36) + crypto.randomUUID();
    const content = "🙂".repeat(CONTENT_CHARS_MAX);
    const ada = await Person.connects(t, "Ada", instances[0]);
    await ada.enters(room);
    assert.equal((await ada.says(room, content)).seq, 1);
    await ada.hearsStored(room, content);
  });

  test("the same tempId with another content is a conflict", async (t) => {
    const room = freshRoom("conflict");
    const ada = await Person.connects(t, "Ada", instances[0]);
    const { tempId } = await ada.says(room, "one thing");
    const { problem } = await ada.sends("/app/chat", {
      content: "another thing",
      roomId: room,
      sender: "Ada",
      tempId,
    });
    assert.equal(problem.code, "temp-id-conflict");
    assert.equal((await ada.says(room, "next")).seq, 2);
  });

  for (const [what, bytes] of [
    ["a frame over the limit of STOMP", 80 * 1024],
    ["a message over the limit of WebSocket", 1024 * 1024],
  ]) {
    test(`${what} ends the session and no other`, async (t) => {
      const room = freshRoom("size");
      const [ada, eve] = await Promise.all([
        Person.connects(t, "Ada", instances[0]),
        Person.connects(t, "Eve", instances[0]),
      ]);
      await ada.enters(room);
      eve.throws("/app/chat", message({ content: "x".repeat(bytes) }));
      const { code } = await eve.isClosed();
      assert.equal(code, 1009);
      assert.ok(ada.isConnected);
      assert.equal((await ada.says(room, "still here")).seq, 1);
    });
  }

  test("a bad topic cannot be listened to", async (t) => {
    const eve = await Person.connects(t, "Eve", instances[0]);
    for (const [room, code] of [
      ["a/b", "invalid-request"],
      ["auth", "invalid-request"],
      ["r".repeat(ROOM_CHARS_MAX + 1), "invalid-request"],
    ]) {
      await assert.rejects(eve.enters(room), new RegExp(code), room);
    }
    assert.equal((await eve.says(freshRoom("good"), "good")).seq, 1);
  });
});
