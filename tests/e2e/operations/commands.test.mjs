// What `maru` and `socket-tier` are for whoever operates them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";

import {
  databaseUrl,
  dynamoDbProgram,
  maruProgram,
  socketTierProgram,
} from "../harness/environment.mjs";
import { House } from "../harness/house.mjs";
import { Person } from "../harness/person.mjs";
import { Program } from "../harness/program.mjs";
import { freePort } from "../harness/server.mjs";
import { freshRoom } from "../harness/room.mjs";
import { SocketTier } from "../harness/socket-tier.mjs";
import { scratchFolder } from "./harness/scratch.mjs";

/** Runs a command to its end. */
async function runs(program, args, environment = {}) {
  return new Program(program, environment, { args }).ends();
}

suite("commands", { timeout: 300_000 }, () => {
  test("healthcheck asks the server beside it", async (t) => {
    const tier = await SocketTier.startsFor(t);
    const LISTEN = new URL(tier.address).host;
    for (const program of [socketTierProgram, maruProgram]) {
      const good = await runs(program, ["healthcheck"], { LISTEN });
      assert.equal(good.code, 0, good.stderr);
      const nobody = await runs(program, ["healthcheck"], { LISTEN: `127.0.0.1:${await freePort()}` });
      assert.equal(nobody.code, 1);
      assert.match(nobody.stderr, /does not answer/);
    }
  });

  test("the socket tier refuses words that it does not know", async () => {
    const { code, stderr } = await runs(socketTierProgram, ["--help"]);
    assert.equal(code, 2);
    assert.match(stderr, /usage: socket-tier \[healthcheck\]/);
  });

  test("config check tells every fault at once, for each program", async () => {
    const wrong = { LISTEN: "here", AUTH_MODE: "maybe", LOG_FORMAT: "xml" };
    for (const [program, more] of [
      ["maru", []],
      ["functions", ["DATABASE_URL", "SESSIONS_TABLE", "JWT_ISSUER", "JWT_PRIVATE_KEY"]],
      ["socket-tier", ["DATABASE_URL", "REDIS_URL", "JWT_ISSUER", "JWT_PUBLIC_KEYS"]],
    ]) {
      const { code, stderr } = await runs(maruProgram, ["config", "check", "--for", program], wrong);
      assert.equal(code, 1);
      for (const name of [...Object.keys(wrong), ...more]) {
        assert.match(stderr, new RegExp(`^(error: )?${name}: `, "m"), `${program}: ${name}`);
      }
    }
    const good = await runs(maruProgram, ["config", "check"], { DATABASE_URL: databaseUrl });
    assert.equal(good.stdout, "the configuration is good");
  });

  test("functions refuse to start alone, and say what they lack", async () => {
    const { code, stderr } = await runs(maruProgram, ["functions"]);
    assert.equal(code, 1);
    assert.match(stderr, /SESSIONS_TABLE: is not set/);
  });

  test("migrate makes the table of sessions where it is asked to, and waits", async (t) => {
    const table = "made-by-hand";
    const dynamo = new Program(dynamoDbProgram, {});
    t.after(() => dynamo.dies());
    const environment = {
      SESSIONS_TABLE: table,
      AWS_ENDPOINT_URL_DYNAMODB: await dynamo.listens(),
      AWS_REGION: "local",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      DATABASE_URL: databaseUrl,
    };
    for (const time of ["first", "second"]) {
      const { code, stderr } = await runs(maruProgram, ["migrate", "--create-sessions-table"], environment);
      assert.equal(code, 0, `${time}: ${stderr}`);
    }
    const away = { ...environment, DATABASE_URL: `postgres://x@127.0.0.1:${await freePort()}/x` };
    const waiting = await runs(maruProgram, ["migrate", "--wait-seconds=2"], away);
    assert.equal(waiting.code, 1);
    assert.match(waiting.stderr, /the tables cannot be made yet/);
  });

  test("rooms tail says who did what in a room, and not what was said", async (t) => {
    const tier = await SocketTier.startsFor(t);
    const room = freshRoom("tailed");
    const ada = await Person.connects(t, "Ada", tier);
    await ada.enters(room);
    for (const n of [1, 2]) await ada.says(room, `whisper ${n}`);
    const tail = await runs(maruProgram, ["rooms", "tail", room, "--since=0", "--once"], {
      DATABASE_URL: databaseUrl,
    });
    assert.equal(tail.code, 0, tail.stderr);
    const lines = tail.stdout.split("\n");
    assert.equal(lines.length, 2);
    assert.match(lines[1], /^rev 2 said seq 2 at \S.* by "Ada" id \S+ \(9 bytes\)$/);
    assert.doesNotMatch(tail.stdout + tail.stderr, /whisper/);
  });

  test("keys are changed while people talk, and nobody is refused", async (t) => {
    const folder = await scratchFolder(t);
    const keys = async (...args) => {
      const { code, stderr } = await runs(maruProgram, ["keys", ...args, folder]);
      assert.equal(code, 0, stderr);
    };
    const issued = async () => {
      const environment = {
        JWT_PRIVATE_KEY: join(folder, "jwt-private.pem"),
        JWT_ISSUER: House.ISSUER,
      };
      const args = ["token", "issue", "--nickname", "Probe"];
      const { code, stdout, stderr } = await runs(maruProgram, args, environment);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await keys("make");
    const before = await issued();
    await keys("rotate");
    const announced = await readFile(join(folder, "jwt-public.pem"), "utf8");
    const house = await House.opens(t, { environment: { JWT_PUBLIC_KEYS: announced } });
    await Person.connects(t, "before", house.one, before);
    await keys("rotate");
    const after = await issued();
    await Person.connects(t, "after", house.one, after);
    await Person.connects(t, "still", house.one, before);
    await keys("retire");
    const retired = await readFile(join(folder, "jwt-public.pem"), "utf8");
    const later = await House.opens(t, { environment: { JWT_PUBLIC_KEYS: retired } });
    await Person.connects(t, "later", later.one, after);
    await assert.rejects(Person.connects(t, "too late", later.one, before), /4001/);
  });
});
