// The functions' programs under cargo-lambda's emulator: every gateway's events, bad
// ones, frozen environments, one connection each.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import pg from "pg";

import { until } from "../harness/deadline.mjs";
import { databaseUrl, maruProgram } from "../harness/environment.mjs";
import { PostgresProxy } from "../harness/postgres-proxy.mjs";
import { Program } from "../harness/program.mjs";
import { Cloud } from "./harness/cloud.mjs";
import { arm64, benchProgram, bootstraps, workspace } from "./harness/environment.mjs";
import { Lambda } from "./harness/lambda.mjs";
import { Recorded, answerTold, lasting } from "./harness/recorded.mjs";

/** As long as a connection is trusted without a look at it, and longer. */
const FROZEN_MS = 1_500;
const MIB = 1024 * 1024;
/** Graviton2, for which cargo-lambda builds. */
const CPU_OF_LAMBDA = "neoverse-n1";
/** In an order in which each finds what it needs. */
const REQUESTS = {
  history: [
    "page",
    "settled-page",
    "all-of-it",
    "export",
    "empty-room",
    "twice-the-same-parameter",
    "wrong-limit",
    "bad-token",
    "no-such-path",
    "wrong-method",
    "wrong-host",
    "preflight",
  ],
  auth: [
    "signup",
    "signup-taken",
    "login",
    "wrong-password",
    "login",
    "unknown-cookie",
    "guest",
    "nobody",
    "keys",
    "discovery",
    "no-json",
    "broken-json",
    "preflight",
  ],
};
const GATEWAYS = [
  "http-api",
  "rest-api",
  "function-url",
  "load-balancer",
  "load-balancer-single",
];

suite("bootstraps under Lambda's interface", { timeout: 600_000 }, () => {
  // Torn down in the reverse order, whatever failed.
  const undo = [];
  const stage = { after: (step) => undo.unshift(step) };
  let database;
  let proxy;
  let lambda;
  let programs;
  let environments;

  before(async () => {
    database = await FreshDatabase.for(stage);
    proxy = await PostgresProxy.startsFor(stage, database.url);
    const cloud = await Cloud.startsFor(stage, { database: database.url });
    environments = environmentsOf(proxy.url, cloud);
    lambda = await Lambda.startsFor(stage);
    programs = {
      history: lambda.runs("history", bootstraps.history, environments.history),
      auth: lambda.runs("auth", bootstraps.auth, environments.auth),
    };
  });
  after(async () => {
    for (const step of undo) await step();
  });

  async function asks(name, request, gateway = "http-api") {
    const recorded = await Recorded.of(name, request);
    const event = recorded.events.get(gateway);
    const { status, text } = await lambda.invokes(name, event);
    assert.equal(status, 200, text);
    return answerTold(text);
  }

  /** The answers to an event that the platform delivers twice. */
  async function comesTwice(name, event) {
    const answers = [];
    for (let time = 0; time < 2; time += 1) {
      const { status, text } = await lambda.invokes(name, JSON.stringify(event));
      assert.equal(status, 200, text);
      answers.push(answerTold(text));
    }
    return answers;
  }

  test("a cold start makes no tables, and without them answers with a problem", async () => {
    for (const [name, request] of [
      ["history", "page"],
      ["auth", "login"],
    ]) {
      const answer = await asks(name, request);
      assert.ok(answer.status >= 500, `${name}: ${answer.status}`);
      assert.ok(answer.headers.includes("content-type: application/problem+json"));
    }
    assert.equal((await asks("auth", "keys")).status, 200);
    assert.equal(await database.tables(), 0);
  });

  test("`maru migrate` makes them, as often as it is run", async () => {
    for (let run = 0; run < 2; run += 1) {
      const migrate = new Program(
        maruProgram,
        { DATABASE_URL: database.url },
        { args: ["migrate"] },
      );
      const { code, stdout, stderr } = await migrate.ends();
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "the tables are up to date");
    }
    assert.ok((await database.tables()) > 2);
    await database.runs(
      await readFile(join(workspace, "functions/history/events/room.sql"), "utf8"),
    );
  });

  test("every gateway's event is answered as `maru` answers the request over HTTP", async (t) => {
    const maru = await startMaru(t, { ...environments.auth, DATABASE_URL: database.url });
    let count = 0;
    for (const [name, requests] of Object.entries(REQUESTS)) {
      const expected = new Map();
      await database.forgetsRecorded();
      for (const request of requests) {
        const recorded = await Recorded.of(name, request);
        expected.set(request, lasting(await recorded.answerOf(maru.address)));
      }
      for (const gateway of GATEWAYS) {
        await database.forgetsRecorded();
        for (const request of requests) {
          const recorded = await Recorded.of(name, request);
          const event = recorded.events.get(gateway);
          if (!event) continue;
          const { status, text } = await lambda.invokes(name, event);
          assert.equal(status, 200, `${request} through ${gateway}: ${text}`);
          assert.deepEqual(
            lasting(answerTold(text)),
            expected.get(request),
            `${request} through ${gateway}`,
          );
          count += 1;
        }
      }
    }
    t.diagnostic(`${count} events`);
    assert.ok(count > 90);
  });

  test("an event that comes twice has one effect", async () => {
    await database.forgetsRecorded();
    assert.equal((await asks("auth", "signup")).status, 201);
    assert.match((await asks("auth", "signup")).body, /has an account already/);
    assert.equal(await database.accounts(), 1);

    const login = await asks("auth", "login");
    const cookie = /refresh_token=[^;]+/.exec(login.headers.join("\n"))[0];
    const unknown = await Recorded.of("auth", "unknown-cookie");
    const withCookie = (path) => {
      const event = JSON.parse(
        unknown.events.get("http-api").replaceAll("/auth/refresh", path),
      );
      return { ...event, cookies: [cookie] };
    };
    const [first, second] = await comesTwice("auth", withCookie("/auth/refresh"));
    assert.equal(first.status, 200, first.body);
    assert.deepEqual(lasting(first), lasting(second));
    const ends = await comesTwice("auth", withCookie("/auth/logout"));
    assert.equal(ends[0].status, ends[1].status);

    const page = await Recorded.of("history", "page");
    const wish = { roomId: "twice", name: "Twice", visibility: "open" };
    const rooms = await comesTwice("history", {
      ...withMethod(JSON.parse(page.events.get("http-api")), "POST"),
      rawPath: "/rooms",
      rawQueryString: "",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${JSON.parse(login.body).accessToken}`,
      },
      body: JSON.stringify(wish),
    });
    assert.deepEqual(
      rooms.map(({ status }) => status),
      [201, 200],
      rooms[0].body,
    );
    assert.equal(rooms[0].body, rooms[1].body);
  });

  test("what is no event is answered as such, and the environment lives on", async (t) => {
    const good = (await Recorded.of("history", "page")).events.get("http-api");
    const json = JSON.parse(good);
    const bad = {
      "half of an event": good.slice(0, good.length / 2),
      "binary rubbish": Buffer.from([0x00, 0xff, 0xfe, 0x80, 0x7b, 0x22, 0xc3, 0x28]),
      "nothing at all": "",
      "no object": "[1, 2, 3]",
      null: "null",
      "an event of something else": JSON.stringify({ Records: [{ eventSource: "aws:s3" }] }),
      "an unknown version": JSON.stringify({ ...json, version: "9.0", requestContext: {} }),
      "no request context": JSON.stringify({ ...json, requestContext: undefined }),
      "a method that is none": JSON.stringify(withMethod(json, "G T")),
      "nested deeply": "[".repeat(100_000),
      "a body that is no base64": JSON.stringify({ ...json, body: "%", isBase64Encoded: true }),
      "a path that is none": JSON.stringify({ ...json, rawPath: ":99999" }),
      "a path that is too long": JSON.stringify({ ...json, rawPath: "/x".repeat(40_000) }),
    };
    for (const [what, event] of Object.entries(bad)) {
      const { status, text } = await lambda.invokes("history", event);
      t.diagnostic(`${what}: ${status} ${text.slice(0, 120)}`);
      const told = tryJson(text);
      const isError = status !== 200 || told?.errorMessage || told?.errorType;
      assert.ok(isError || told?.statusCode >= 400, `${what}: ${status} ${text}`);
      const next = await lambda.invokes("history", good);
      assert.equal(answerTold(next.text).status, 200, `after ${what}`);
    }
    assert.ok(programs.history.isRunning());
  });

  test("a body of 6 MB, and one that is not what it says, is a problem", async () => {
    const event = JSON.parse((await Recorded.of("auth", "login")).events.get("http-api"));
    for (const [body, isBase64Encoded, status] of [
      [JSON.stringify({ email: "a".repeat(5.5 * MIB) }), false, 413],
      [Buffer.alloc(4 * MIB, 0xff).toString("base64"), true, 413],
      [Buffer.from([0xff, 0xfe, 0x00]).toString("base64"), true, 400],
    ]) {
      const text = JSON.stringify({ ...event, body, isBase64Encoded });
      const answer = answerTold((await lambda.invokes("auth", text)).text);
      assert.equal(answer.status, status, answer.body);
      assert.ok(answer.headers.includes("content-type: application/problem+json"));
    }
    assert.equal((await asks("auth", "keys")).status, 200);
    assert.ok(programs.auth.isRunning());
  });

  test("an environment that was frozen while its connection died answers at once", async () => {
    await database.forgetsRecorded();
    assert.equal((await asks("auth", "signup")).status, 201);
    for (const [name, request] of [
      ["auth", "login"],
      ["history", "page"],
    ]) {
      for (const [how, dies] of [
        ["the server ended it", () => database.losesConnections()],
        ["nobody hears of it", () => proxy.fallsSilent()],
      ]) {
        assert.equal((await asks(name, request)).status, 200);
        programs[name].signal("SIGSTOP");
        await dies();
        await pause(FROZEN_MS);
        programs[name].signal("SIGCONT");
        assert.equal((await asks(name, request)).status, 200, `${name}: ${how}`);
      }
    }
  });

  test("a connection that dies on its way back to the pool is replaced", async () => {
    for (const [name, request] of [
      ["auth", "login"],
      ["history", "page"],
    ]) {
      proxy.fallsSilentAtPing();
      for (let time = 0; time < 3; time += 1) {
        assert.equal((await asks(name, request)).status, 200, `${name}, the ${time + 1}th time`);
      }
    }
  });

  test("`cargo lambda invoke` hands over what is recorded", async () => {
    const folder = join(workspace, "functions/history/events/requests/page");
    const told = await lambda.isInvokedByHand("history", join(folder, "http-api.json"));
    assert.deepEqual(answerTold(told), await asks("history", "page"));
  });

  test("history answers the same where it is built for arm64", async (t) => {
    if (arm64.missing) {
      t.skip(arm64.missing);
      return;
    }
    const { bootstrap, emulator, libraries } = arm64;
    const args = ["-cpu", CPU_OF_LAMBDA, "-L", libraries, bootstrap];
    const another = await Lambda.startsFor(t);
    another.runs("history", emulator, environments.history, { args });
    const { events } = await Recorded.of("history", "page");
    const { status, text } = await another.invokes("history", events.get("http-api"));
    assert.equal(status, 200, text);
    assert.deepEqual(answerTold(text), await asks("history", "page"));
  });

  test("a fresh environment is measured from its start to its answers", async (t) => {
    for (const [name, request] of [
      ["history", "page"],
      ["auth", "login"],
    ]) {
      const event = join(workspace, `functions/${name}/events/requests/${request}/http-api.json`);
      const what = ["--bootstrap", bootstraps[name], "--event", event];
      const args = ["cold-start", ...what, "--processes", "3", "--warm", "3"];
      const bench = new Program(benchProgram, environments[name], { args });
      const { code, stdout, stderr } = await bench.ends();
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^answers +\{"statusCode":200,/m);
      for (const row of stdout.match(/^(exec|warm) .*$/gm)) t.diagnostic(`${name}: ${row}`);
    }
  });

  test("an environment holds one connection, however much it is asked", async () => {
    for (let wave = 0; wave < 3; wave += 1) {
      const answers = await Promise.all([
        ...Array.from({ length: 20 }, () => asks("history", "page")),
        ...Array.from({ length: 3 }, () => asks("auth", "login")),
      ]);
      for (const { status, body } of answers) assert.equal(status, 200, body);
    }
    assert.deepEqual(await database.connections(), { maru: 1, "maru-auth": 1 });
  });
});

function environmentsOf(url, cloud) {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const common = {
    DATABASE_URL: url,
    CORS_ALLOWED_ORIGINS: "https://chat.example.org",
    JWT_ISSUER: "https://api.example.org",
    AUTH_MODE: "optional",
  };
  return {
    history: { ...common, JWT_PUBLIC_KEYS: publicKey },
    auth: {
      ...common,
      ...cloud.environment,
      SESSIONS_TABLE: cloud.stack.table,
      JWT_PRIVATE_KEY: privateKey,
    },
  };
}

async function startMaru(t, environment) {
  const dataDir = await mkdtemp(join(tmpdir(), "maru-data-"));
  t.after(() => rm(dataDir, { recursive: true }));
  const maru = new Program(maruProgram, {
    ...environment,
    DATA_DIR: dataDir,
    LISTEN: "127.0.0.1:0",
  });
  t.after(() => maru.isRunning() && maru.stops());
  maru.address = await maru.listens();
  return maru;
}

function withMethod(event, method) {
  const http = { ...event.requestContext.http, method };
  return { ...event, requestContext: { ...event.requestContext, http } };
}

function tryJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const OWN_CONNECTIONS =
  "SELECT FROM pg_stat_activity WHERE datname = $1 AND application_name = 'test'";

/** A database of the suite's own, empty at first. */
class FreshDatabase {
  url;
  #pool;

  static async for(t) {
    const name = `serverless_${process.pid}_${Date.now()}`;
    const server = new pg.Client({ connectionString: databaseUrl });
    await server.connect();
    await server.query(`CREATE DATABASE ${name}`);
    const database = new FreshDatabase();
    const url = new URL(databaseUrl);
    url.pathname = `/${name}`;
    database.url = url.href;
    database.#pool = new pg.Pool({ connectionString: database.url, application_name: "test" });
    t.after(async () => {
      await database.#pool.end();
      // It says so before its connections are closed, and one that is forced would be an error.
      await until(
        async () => (await server.query(OWN_CONNECTIONS, [name])).rowCount === 0,
        "the test's own connections are closed",
      );
      await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await server.end();
    });
    return database;
  }

  async runs(sql) {
    await this.#pool.query(sql);
  }

  async tables() {
    return this.#count("SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'");
  }

  async accounts() {
    return this.#count("SELECT count(*)::int AS n FROM account");
  }

  async forgetsRecorded() {
    await this.#pool.query("DELETE FROM account WHERE email = 'recorded@example.org'");
  }

  /** The connections of everybody else, by what they are called. */
  async connections() {
    const { rows } = await this.#pool.query(
      `SELECT application_name AS name, count(*)::int AS n FROM pg_stat_activity
       WHERE datname = current_database() AND application_name <> 'test' GROUP BY 1`,
    );
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  }

  /** Ends the connections of everybody else. */
  async losesConnections() {
    await this.#pool.query(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name <> 'test'`,
    );
  }

  async #count(query) {
    return (await this.#pool.query(query)).rows[0].n;
  }
}
