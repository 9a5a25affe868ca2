// What operators ask one instance, and tell it.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";

import { until } from "../harness/deadline.mjs";
import { maruProgram } from "../harness/environment.mjs";
import { House } from "../harness/house.mjs";
import { Person } from "../harness/person.mjs";
import { Program } from "../harness/program.mjs";
import { freshRoom } from "../harness/room.mjs";
import { SocketTier } from "../harness/socket-tier.mjs";

const TOKEN = randomBytes(32).toString("hex");
const DESK = { ADMIN_LISTEN: "127.0.0.1:0", ADMIN_TOKEN: TOKEN };

class Desk {
  address;

  /** Where an instance is asked. */
  static async of(tier) {
    const desk = new Desk();
    desk.address = await tier.lines.until(
      (lines) => lines.map((line) => /operators ask at (\S+)/.exec(line)?.[1]).find(Boolean),
      "a line says where operators ask",
    );
    return desk;
  }

  async asks(method, path, token = TOKEN) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const response = await fetch(`${this.address}${path}`, { method, headers });
    const text = await response.text();
    return { status: response.status, json: text ? JSON.parse(text) : undefined };
  }

  /** Asks by the command. */
  async runs(...args) {
    const environment = { ADMIN_TOKEN: TOKEN };
    return new Program(maruProgram, environment, {
      args: ["admin", "--url", this.address, ...args],
    }).ends();
  }
}

suite("the operators' desk", { timeout: 200_000 }, () => {
  test("tells of sockets and rooms, and closes what it is told to", async (t) => {
    const house = await House.opens(t, { environment: DESK });
    const desk = await Desk.of(house.one);
    const ada = await house.signsUp("Ada");
    const room = freshRoom("desk");
    const [here, there] = await Promise.all([
      Person.connects(t, "Ada", house.one, ada.token),
      Person.connects(t, "Ada", house.two, ada.token),
    ]);
    await here.enters(room);
    const { json } = await desk.asks("GET", "/instance");
    assert.deepEqual(json, { version: json.version, draining: false, sockets: 1, users: 1, rooms: 1 });
    assert.deepEqual((await desk.asks("GET", "/rooms")).json, [{ room, listeners: 1 }]);
    assert.deepEqual((await desk.asks("GET", `/users/${ada.id}/sockets`)).json, { sockets: 1 });

    const kicked = await desk.runs("kick", ada.id);
    assert.equal(kicked.code, 0, kicked.stderr);
    assert.deepEqual(JSON.parse(kicked.stdout), { sockets: 1 });
    assert.equal((await here.isClosed()).code, 4003);
    assert.ok(there.isConnected, "the other instance was not asked");
    await until(
      async () => (await desk.asks("GET", "/instance")).json.sockets === 0,
      "the socket is gone",
    );
    assert.match(house.one.log(), /audit.*kicked/);
  });

  test("speaks to nobody without the token, and says so in the audit log", async (t) => {
    const tier = await SocketTier.startsFor(t, DESK);
    const desk = await Desk.of(tier);
    for (const token of [null, "", TOKEN.slice(1), `${TOKEN}x`]) {
      const { status, json } = await desk.asks("GET", "/instance", token);
      assert.equal(status, 401);
      assert.equal(json.code, "unauthenticated");
    }
    assert.equal((await desk.asks("GET", "/nothing")).status, 404);
    assert.equal((await fetch(`${tier.address}/instance`)).status, 404, "not on the sockets' port");
    assert.match(tier.log(), /admitted=false/);
    assert.ok(!tier.log().includes(TOKEN.slice(1)), "no token is logged");
  });

  test("leaves an instance as SIGTERM does", async (t) => {
    const tier = await SocketTier.startsFor(t, DESK);
    const desk = await Desk.of(tier);
    const person = await Person.connects(t, "Ada", tier);
    const { code, stderr } = await desk.runs("drain");
    assert.equal(code, 0, stderr);
    assert.equal((await person.isClosed()).code, 1012);
    assert.equal((await tier.ends()).code, 0);
  });

  test("is not opened without a token that nobody guesses", async (t) => {
    for (const ADMIN_TOKEN of ["", "short"]) {
      const started = SocketTier.startsFor(t, { ...DESK, ADMIN_TOKEN });
      await assert.rejects(started, /ADMIN_TOKEN: is/);
    }
  });
});
