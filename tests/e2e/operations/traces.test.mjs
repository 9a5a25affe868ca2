// One message's trace, from the client's own span through two instances to every listener, and into
// the functions; and no word of what was said in it.

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { suite, test } from "node:test";

import { Collector } from "../harness/collector.mjs";
import { House } from "../harness/house.mjs";
import { Person } from "../harness/person.mjs";
import { freshRoom } from "../harness/room.mjs";

suite("traces", { timeout: 180_000 }, () => {
  test("show the way of a message from its client through two instances to its listeners", async (t) => {
    const collector = await Collector.startsFor(t);
    const house = await House.opens(t, { environment: { ...collector.environment, FANOUT_SECRET: "f".repeat(32) } });
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const speaker = await Person.connects(t, "Ada", house.one, ada.token);
    const [near, far] = [
      await Person.connects(t, "Ada", house.one, ada.token),
      await Person.connects(t, "Ben", house.two, ben.token),
    ];
    const room = freshRoom("traced");
    await near.enters(room, { delivery: "committed" });
    await far.enters(room);

    const { traceId, spanId, traceparent } = traceOfClient("01");
    const content = `nobody's business ${randomUUID()}`;
    const said = await speaker.says(room, content, { headers: { traceparent } });
    await near.hears(room, ({ committed }) => committed.length === 1);
    await far.hearsStored(room, content);

    const trace = await collector.receives(
      traceId,
      (spans) => spans.length >= 11,
      () => `eleven spans are told of:\n${tree(collector.spans.entries, spanId)}`,
    );
    // What is shown goes to both instances, and has a listener on one of them.
    assert.deepEqual(tree(trace, spanId), [
      "SEND /app/chat (server)",
      "  commit (internal)",
      "  publish chat-message (producer)",
      "    receive chat-message (consumer)",
      "      deliver (internal)",
      "    receive chat-message (consumer)",
      "  publish chat-timestamp (producer)",
      "    receive chat-timestamp (consumer)",
      "      deliver (internal)",
      "    receive chat-timestamp (consumer)",
      "      deliver (internal)",
    ]);
    const span = (name) => trace.find((candidate) => candidate.name === name);
    const { attributes } = span("SEND /app/chat");
    assert.equal(attributes["messaging.message.id"], said.messageId);
    assert.equal(attributes["maru.seq"], said.seq);
    assert.equal(span("commit").attributes["messaging.batch.message_count"], 1);
    assert.ok(trace.every(({ service }) => service === "maru-socket-tier"));
    assert.ok(trace.every(({ start, end, isError }) => start <= end && !isError));
    assert.ok(span("SEND /app/chat").start <= span("commit").start);
    assert.ok(span("commit").end <= span("publish chat-timestamp").start);

    // Whoever hears it can go on with it: from what its own instance did for it.
    for (const [person, name] of [
      [near, "receive chat-timestamp"],
      [far, "receive chat-timestamp"],
      [far, "receive chat-message"],
    ]) {
      const parents = trace.filter((candidate) => candidate.name === name).map(contextOf);
      const heard = person.traceparents(room);
      assert.ok(heard.some((context) => parents.includes(context)), `${name}: ${heard}`);
    }

    // An edit by the function is in the trace too, behind the function's own span.
    const edit = traceOfClient("01");
    const answer = await ada.asks("PATCH", `/${room}/messages/${said.messageId}`, {
      body: { content: `${content}!` },
      headers: { traceparent: edit.traceparent, "If-Match": "*" },
    });
    assert.equal(answer.status, 200, answer.text);
    const edited = await collector.receives(
      edit.traceId,
      (spans) => spans.length >= 5,
      () => `the edit is told of:\n${tree(collector.spans.entries, edit.spanId)}`,
    );
    assert.deepEqual(tree(edited, edit.spanId), [
      "PATCH /{roomId}/messages/{messageId} (server)",
      "  receive chat-timestamp (consumer)",
      "    deliver (internal)",
      "  receive chat-timestamp (consumer)",
      "    deliver (internal)",
    ]);
    assert.equal(edited.find(({ parent }) => parent === edit.spanId).service, "maru-functions");

    // Nothing that anybody wrote is in what was sent to the collector.
    const sent = Buffer.concat(collector.bodies).toString("latin1");
    for (const secret of [content, room, ada.token, ada.cookie, ada.email, ada.password, ben.email]) {
      assert.ok(!sent.includes(secret), `a trace holds ${secret}`);
    }
  });

  test("are not recorded where the client does not record its own, and begin where it has none", async (t) => {
    const collector = await Collector.startsFor(t);
    const house = await House.opens(t, { environment: collector.environment });
    const account = await house.signsUp("Ada");
    const ada = await Person.connects(t, "Ada", house.one, account.token);
    const room = freshRoom("untraced");
    await ada.enters(room);
    const silent = traceOfClient("00");
    await ada.says(room, "one", { headers: { traceparent: silent.traceparent } });
    await ada.says(room, "two", { headers: { traceparent: "00-nonsense" } });
    await ada.hears(room, ({ stored }) => stored.length === 2);
    // The first is passed on, so that its client sees that it was.
    assert.ok(ada.traceparents(room).some((context) => context.startsWith(`00-${silent.traceId}-`)));

    const roots = await collector.spans.until((spans) => {
      const found = spans.filter(({ name, parent }) => name === "SEND /app/chat" && !parent);
      return found.length > 0 && found;
    }, "the second message begins a trace");
    assert.equal(roots.length, 1);
    assert.ok(!collector.spans.entries.some(({ traceId }) => traceId === silent.traceId));
  });

  test("stop nothing where their collector is away", async (t) => {
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
    const house = await House.opens(t, { environment });
    const account = await house.signsUp("Ada");
    const ada = await Person.connects(t, "Ada", house.one, account.token);
    const room = freshRoom("unheard");
    await ada.enters(room);
    assert.equal((await ada.says(room, "one")).seq, 1);
    await ada.leaves();
    await house.one.stops();
  });

  test("are off by default: a trace is neither kept nor passed on", async (t) => {
    const house = await House.opens(t);
    const account = await house.signsUp("Ada");
    const ada = await Person.connects(t, "Ada", house.one, account.token);
    const room = freshRoom("off");
    await ada.enters(room);
    await ada.says(room, "one", { headers: { traceparent: traceOfClient("01").traceparent } });
    await ada.hears(room, ({ stored }) => stored.length === 1);
    assert.deepEqual(ada.traceparents(room), []);
  });
});

/** The trace that a client has begun. */
function traceOfClient(flags) {
  const [traceId, spanId] = [randomBytes(16).toString("hex"), randomBytes(8).toString("hex")];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

function contextOf({ traceId, spanId }) {
  return `00-${traceId}-${spanId}-01`;
}

/** The spans below one, as lines, in an order that does not depend on who was first. */
function tree(spans, parent, depth = 0) {
  const below = spans
    .filter((span) => span.parent === parent)
    .map((span) => [
      `${"  ".repeat(depth)}${span.name} (${span.kind})`,
      ...tree(spans, span.spanId, depth + 1),
    ])
    .toSorted((a, b) => (a[0] === b[0] ? b.length - a.length : a[0] < b[0] ? -1 : 1));
  return below.flat();
}
