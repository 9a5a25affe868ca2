// Prometheus on real instances: the dashboard has something to show, and every fault is told.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";

import WebSocket from "ws";
import { parse } from "yaml";

import { Database } from "../harness/database.mjs";
import { until, within } from "../harness/deadline.mjs";
import { databaseUrl, failpointsProgram } from "../harness/environment.mjs";
import { measures } from "../harness/measures.mjs";
import { Person } from "../harness/person.mjs";
import { Redis } from "../harness/redis.mjs";
import { freshRoom, numbersTo } from "../harness/room.mjs";
import { SocketTier } from "../harness/socket-tier.mjs";
import { Wire } from "../harness/wire.mjs";
import { OBSERVABILITY, Prometheus, TOLD_MS } from "./harness/prometheus.mjs";

/** How many files one of the instances may have. */
const FILES_MAX = 128;

suite("monitoring", { timeout: 600_000 }, () => {
  test("the dashboard has something to show in every panel", async (t) => {
    const redis = await Redis.starts(t);
    const start = () => SocketTier.startsFor(t, { REDIS_URL: redis.url });
    const tiers = await Promise.all([start(), start()]);
    const prometheus = await Prometheus.watches(t, tiers);
    const room = freshRoom("shown");
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", tiers[0]),
      Person.connects(t, "Ben", tiers[1]),
    ]);
    await Promise.all([ada.enters(room), ben.enters(room)]);
    const eve = await Person.connects(t, "Eve", tiers[1]);
    await eve.leaves();

    const file = join(OBSERVABILITY, "grafana/dashboards/maru.json");
    const { panels } = JSON.parse(await readFile(file, "utf8"));
    const queries = panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ title, query: expr.replaceAll("$__rate_interval", "10s") })),
    );
    assert.ok(queries.length > 30);
    let empty = queries;
    await until(
      async () => {
        await ada.says(room, "something to count");
        const answers = await Promise.all(empty.map(({ query }) => prometheus.asks(query)));
        empty = empty.filter((_, index) => !answers[index].some(isNumber));
        return empty.length === 0;
      },
      () => `every query returns something; these do not:\n${JSON.stringify(empty, null, 1)}`,
      TOLD_MS,
    );
    for (const tier of tiers) assert.deepEqual(await firingWrongly(prometheus, tier), []);
  });

  test("what goes wrong is told by its name, and of nobody else", async (t) => {
    const [redis, otherRedis, dyingRedis] = await Promise.all([1, 2, 3].map(() => Redis.starts(t)));
    const { wire, url } = await Wire.insteadOf(t, databaseUrl);
    const forgetfulUrl = new URL(databaseUrl);
    forgetfulUrl.searchParams.set("options", "-csynchronous_commit=off");
    const start = (environment, way) =>
      SocketTier.startsFor(t, { REDIS_URL: redis.url, ...environment }, way);
    const [well, cut, forgetful, doomed, alone, busy] = await Promise.all([
      start(),
      start({ DATABASE_URL: url }),
      start({ DATABASE_URL: forgetfulUrl.href }),
      start(),
      start({ REDIS_URL: dyingRedis.url }),
      start(),
    ]);
    const [crowded, deaf, apart, leaving, full, faulty] = await Promise.all([
      start(),
      start({ REDIS_URL: otherRedis.url }),
      start(),
      start(),
      start({}, { shell: `ulimit -n ${FILES_MAX}; exec "$0"` }),
      start({ FAILPOINTS: "panic:1" }, { program: failpointsProgram }),
    ]);
    const watched = [well, cut, forgetful, doomed, alone, busy, crowded, deaf, leaving, full, faulty];
    const prometheus = await Prometheus.watches(t, watched);
    const told = new Set();
    const tells = async (alert, instance) => {
      await prometheus.tells(alert, instance);
      told.add(alert);
    };

    await Promise.all([
      tells("MaruPostgresMayForget", forgetful),
      runsOutOfFiles(t, full, tells),
      closesForItsOwnFault(t, faulty, tells),
      doomed.dies().then(() => tells("MaruInstanceDown", doomed)),
      dyingRedis.dies().then(() => tells("MaruFanoutDisconnected", alone)),
      losesPostgres(t, cut, wire, tells),
      hearsRubbish(t, crowded, redis, tells),
      misses(t, deaf, apart, tells),
    ]);
    await hasSlowConsumers(t, crowded, tells);
    await isHeldUp(t, busy, tells);
    await isLeftForLong(t, leaving, tells);

    const { groups } = parse(await readFile(join(OBSERVABILITY, "alerts.yml"), "utf8"));
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    assert.deepEqual([...told].toSorted(), alerts.toSorted(), "every alert was seen to fire");
    assert.deepEqual(await firingWrongly(prometheus, well), []);
  });
});

/** Postgres cannot be reached; sends go on, and are refused, until all of it was told. */
async function losesPostgres(t, cut, wire, tells) {
  const room = freshRoom("cut");
  const ben = await Person.connects(t, "Ben", cut);
  await ben.enters(room);
  await ben.says(room, "before");
  wire.cuts();
  const told = new AbortController();
  const talk = (async () => {
    while (!told.signal.aborted) {
      await ben.sends("/app/chat", { content: "?", roomId: room, sender: "Ben" });
    }
  })();
  const alerts = ["MaruPostgresUnreachable", "MaruCommitsFail", "MaruSendsRefused", "MaruLooksFail"];
  await Promise.all(alerts.map((alert) => tells(alert, cut)));
  told.abort();
  await talk;
  wire.heals();
}

/** Somebody else writes into Redis; then Postgres goes back, as after a restore. */
async function hearsRubbish(t, instance, redis, tells) {
  const room = freshRoom("wrong");
  const ada = await Person.connects(t, "Ada", instance);
  await ada.enters(room);
  for (const n of numbersTo(3)) await ada.says(room, `word ${n}`);
  await redis.spreads(`chat-message:{${room}}`, "garbage");
  await tells("MaruFanoutForged", instance);
  await Database.connectsFor(t).goesBack(room, 1);
  await tells("MaruRoomsGoneBack", instance);
}

/** What is said over another Redis is found in Postgres alone, time and again. */
async function misses(t, deaf, apart, tells) {
  const rooms = numbersTo(40).map((n) => freshRoom(`missed-${n}`));
  const [ada, ben] = await Promise.all([
    Person.connects(t, "Ada", apart),
    Person.connects(t, "Ben", deaf),
  ]);
  for (const room of rooms) await ben.enters(room);
  const told = new AbortController();
  const talk = (async () => {
    for (let n = 1; !told.signal.aborted; n += 1) {
      for (const room of rooms) await ada.says(room, `word ${n}`);
      await ben.hears(rooms[0], ({ stored }) => stored.length === n);
    }
  })();
  await tells("MaruFanoutLossy", deaf);
  told.abort();
  await talk;
}

/** Hundreds of sockets whose clients read nothing, in a room where much is said. */
async function hasSlowConsumers(t, instance, tells) {
  const room = freshRoom("crowded");
  const ada = await Person.connects(t, "Ada", instance);
  const sockets = await Promise.all(numbersTo(350).map(() => connected(t, instance)));
  await Promise.all(sockets.map((socket) => listens(socket, room)));
  sockets.forEach((socket) => socket.pause());
  const told = new AbortController();
  const talk = (async () => {
    while (!told.signal.aborted) await ada.says(room, "말".repeat(4_000));
  })();
  await tells("MaruSlowConsumers", instance);
  told.abort();
  await talk;
  sockets.forEach((socket) => socket.terminate());
}

/** Four in five of the files that it may have are taken. */
async function runsOutOfFiles(t, instance, tells) {
  const files = async () => (await measures(instance)).get("chat_process_open_fds");
  // Whoever looks at it takes some too.
  while ((await files()) < FILES_MAX * 0.85) await connected(t, instance);
  await tells("MaruFilesRunOut", instance);
}

/** A session panics, and its socket alone is closed. */
async function closesForItsOwnFault(t, instance, tells) {
  const [socket, other] = [await connected(t, instance), await connected(t, instance)];
  const closed = once(socket, "close");
  const body = JSON.stringify({ roomId: freshRoom("faulty"), sender: "Eve", content: "?" });
  socket.send(`SEND\ndestination:/app/chat\n\n${body}\0`);
  const [code] = await within(closed, "the socket is closed");
  assert.equal(code, 1011);
  await listens(other, freshRoom("spared"));
  await tells("MaruServerErrors", instance);
}

/** Others hold the room that everybody speaks in: receipts take long, and many wait. */
async function isHeldUp(t, instance, tells) {
  const room = freshRoom("busy");
  const database = Database.connectsFor(t);
  const ada = await Person.connects(t, "Ada", instance);
  await ada.says(room, "before");
  await database.holdsRoom(room);
  const body = JSON.stringify({ roomId: room, sender: "Eve", content: "?" });
  const send = `SEND\ndestination:/app/chat\n\n${body}\0`;
  const sockets = await Promise.all(numbersTo(90).map(() => connected(t, instance)));
  // As many at once as an instance takes of one connection; what is refused makes place for the next.
  for (const socket of sockets) for (let n = 0; n < 64 * 40; n += 1) socket.send(send);
  await Promise.all([tells("MaruReceiptsSlow", instance), tells("MaruWriterQueueLong", instance)]);
  sockets.forEach((socket) => socket.terminate());
  await database.releases();
}

/** Somebody still waits for a commit when the instance is to be left. */
async function isLeftForLong(t, instance, tells) {
  const room = freshRoom("held");
  const database = Database.connectsFor(t);
  const ada = await Person.connects(t, "Ada", instance);
  await ada.says(room, "before");
  await database.holdsCommit(room);
  const said = ada.sends("/app/chat", { content: "held", roomId: room, sender: "Ada" });
  await database.isWaitedFor();
  instance.signal("SIGTERM");
  await tells("MaruDrainStuck", instance);
  await database.releases();
  await said;
  await instance.ends();
}

/** A STOMP session without a client library: for hundreds of them. */
async function connected(t, { address }) {
  const socket = new WebSocket(`${address.replace("http", "ws")}/ws`, "v12.stomp");
  t.after(() => socket.terminate());
  // How it is closed is the server's.
  socket.on("error", () => {});
  await within(once(socket, "open"), "a socket is open");
  await answered(socket, "CONNECT\naccept-version:1.2\nhost:maru\n\n\0", "CONNECTED");
  return socket;
}

async function listens(socket, room) {
  const frame = `SUBSCRIBE\nid:0\ndestination:/topic/${room}\nreceipt:in\n\n\0`;
  await answered(socket, frame, "RECEIPT");
}

async function answered(socket, frame, command) {
  const answer = once(socket, "message");
  socket.send(frame);
  const [text] = await within(answer, `${command} comes`);
  assert.ok(text.toString().startsWith(command), text.toString());
}

/** What fires about an instance that is well. That the tests' own Postgres may forget is true. */
async function firingWrongly(prometheus, instance) {
  const firing = await prometheus.firing(instance);
  return firing.filter((alert) => alert !== "MaruPostgresMayForget");
}

function isNumber({ value: [, value] }) {
  return value !== "NaN";
}
