// `cargo xtask lambda`: one command brings up the serverless shape and takes all of it down again.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { databaseUrl, redisUrl } from "../harness/environment.mjs";
import { Person } from "../harness/person.mjs";
import { Program } from "../harness/program.mjs";
import { freshRoom } from "../harness/room.mjs";
import { keepsSecretsOf } from "../harness/secrets.mjs";
import { searchPath, taskProgram } from "./harness/environment.mjs";
import { isListening } from "./harness/port.mjs";

/** It looks whether all is built, builds the page, and starts six programs. */
const START_MS = 300_000;
const PASSWORD = "correct horse battery staple";

suite("cargo xtask lambda", { timeout: 600_000 }, () => {
  test("brings up all parts, and Ctrl-C ends them", async (t) => {
    const shape = await Shape.startsFor(t);

    const page = await fetch(`${shape.page}/`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<script type="module"/);

    // As the page does: everything by its own address.
    const ada = await shape.member(shape.page, "Ada");
    const ben = await shape.member(shape.api, "지은");
    const room = freshRoom("local");
    const adaThere = await Person.connects(t, "Ada", { address: shape.page }, ada);
    const benThere = await Person.connects(t, "지은", { address: shape.sockets }, ben);
    await Promise.all([adaThere.enters(room), benThere.enters(room)]);
    await adaThere.says(room, "안녕 👋");
    await benThere.hearsStored(room, "안녕 👋");
    for (const address of [shape.page, shape.api]) {
      const history = await shape.calls(address, `/${room}/messages`, { token: ben });
      assert.deepEqual(
        history.messages.map(({ sender, content }) => [sender, content]),
        [["Ada", "안녕 👋"]],
      );
    }
    const stranger = await fetch(`${shape.api}/${room}/messages`);
    assert.equal(stranger.status, 401);
    await Promise.all([adaThere.leaves(), benThere.leaves()]);

    await shape.stops();
    for (const address of [shape.page, shape.api, shape.sockets]) {
      assert.equal(await isListening(Number(new URL(address).port)), false, address);
    }
  });
});

class Shape {
  /** Where each part is, as `http://127.0.0.1:port`. */
  page;
  api;
  sockets;
  #program;

  static async startsFor(t) {
    const shape = new Shape();
    const ports = ["--page-port=0", "--api-port=0", "--socket-port=0"];
    shape.#program = new Program(
      taskProgram,
      { ...process.env, PATH: searchPath, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl },
      { args: ["lambda", ...ports] },
    );
    t.after(() => shape.#program.isRunning() && shape.stops());
    await shape.#isReady();
    return shape;
  }

  async stops() {
    await this.#program.stops("SIGINT");
  }

  /** Somebody with an account, logged in: the token. */
  async member(address, nickname) {
    const email = `${freshRoom("member")}@example.org`;
    await this.calls(address, "/auth/signup", { body: { email, password: PASSWORD, nickname } });
    const login = { body: { email, password: PASSWORD } };
    return (await this.calls(address, "/auth/login", login)).accessToken;
  }

  /** The JSON of a good answer. */
  async calls(address, path, { body, token } = {}) {
    keepsSecretsOf(body);
    const response = await fetch(address + path, {
      method: body ? "POST" : "GET",
      headers: {
        ...(body && { "content-type": "application/json", origin: this.page }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async #isReady() {
    const { lines } = this.#program;
    const told = (name, scheme) => {
      const line = new RegExp(`^ +${name} +${scheme}(://127\\.0\\.0\\.1:\\d+)`);
      const find = (all) => all.map((text) => line.exec(text)?.[1]).find(Boolean);
      return lines.until(find, () => `${name} is told\n${this.#program.log()}`, START_MS);
    };
    const early = this.#program.ends(START_MS).then(({ stderr }) => {
      throw new Error(`it ended before it was ready\n${stderr}`);
    });
    const all = [told("page", "http"), told("API", "http"), told("sockets", "ws")];
    const places = await Promise.race([Promise.all(all), early]);
    [this.page, this.api, this.sockets] = places.map((place) => `http${place}`);
  }
}
