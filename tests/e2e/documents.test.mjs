// What is written down about the interfaces, against what the servers really do. Every other test
// holds its answers and events against the documents too; here every one of them is called for.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";

import { answersSeen, answersWritten, asyncapi, eventsHeard, holdsAnswer, openapi } from "./harness/documents.mjs";
import { House } from "./harness/house.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";

/** A message is withdrawn where the store fails under it, which is seen under failpoints. */
const NOT_HEARD_HERE = ["room/rejected"];

suite("the documents", { timeout: 120_000 }, () => {
  test("every operation that is written down can be had, and answers as written", async (t) => {
    const house = await House.opens(t);
    const [ada, ben] = [await house.signsUp("Ada"), await house.signsUp("Ben")];
    const guest = (await house.asks("POST", "/auth/guest", { body: { nickname: "Cid" } })).json;
    const probes = ["/health", "/livez", "/readyz"];
    for (const path of ["/.well-known/jwks.json", "/.well-known/openid-configuration", ...probes]) {
      await house.asks("GET", path);
    }
    for (const path of [...probes, "/metrics"]) {
      const { status, headers, text } = await asksTheTier(house.one, path);
      holdsAnswer("GET", path, { status, type: headers.get("content-type"), text });
    }
    await house.asks("POST", "/auth/verify", { body: { token: ada.token } });
    await house.asks("POST", "/auth/verify", { body: { token: "none" } });
    for (const path of ["/auth/me", "/auth/sessions"]) await ada.asks("GET", path);
    const elsewhere = await house.logsIn(ada);
    const { sessions } = (await elsewhere.asks("GET", "/auth/sessions")).json;
    const { id } = sessions.find(({ current }) => current);
    await ada.asks("DELETE", `/auth/sessions/${id}`);
    await ada.refreshes();

    const passwords = { currentPassword: ada.password, newPassword: `another horse ${randomUUID()}` };
    await ada.asks("POST", "/auth/password", { body: passwords });

    const wish = { roomId: `private-${randomUUID()}`, name: "A room", visibility: "private" };
    for (const _ of [1, 2]) await ada.asks("POST", "/rooms", { body: wish });
    const room = `/rooms/${wish.roomId}`;
    await ada.asks("GET", "/rooms?limit=1");
    await ada.asks("GET", room);
    await ada.asks("PATCH", room, { body: { name: "Another name" } });
    await ada.asks("PUT", `${room}/members/${ben.id}`, { body: { role: "member" } });
    await ada.asks("GET", `${room}/members`);
    const dan = await house.signsUp("Dan");
    const invitation = `${room}/invitations/${dan.id}`;
    await ada.asks("PUT", invitation);
    await dan.asks("GET", "/rooms/invitations/mine");
    await ada.asks("GET", `${room}/invitations`);
    await dan.asks("DELETE", invitation);
    const link = await ada.asks("POST", `${room}/links`, { body: { uses: 2 } });
    await ada.asks("GET", `${room}/links`);
    await dan.asks("POST", "/rooms/links/redeem", { body: { token: link.json.token } });
    await ada.asks("DELETE", `${room}/links/${link.json.linkId}`);
    const speaker = await Person.connects(t, "Ada", house.one, ada.token);
    const { messageId } = await speaker.says(wish.roomId, "hello");
    const message = `/${wish.roomId}/messages/${messageId}`;
    await ben.asks("GET", `/${wish.roomId}/messages`);
    await ben.asks("GET", message);
    const edit = { body: { content: "hello again" }, headers: { "If-Match": '"1"' } };
    for (const _ of ["edited", "edited since"]) await ada.asks("PATCH", message, edit);
    await ada.asks("PATCH", message, { body: edit.body });
    await ben.asks("PATCH", message, edit);
    await ben.asks("PUT", `${room}/read`, { body: { seq: 1 } });
    await ben.asks("GET", `/${wish.roomId}/messages/search?q=hello`);
    await ben.asks("GET", "/rooms/messages/search?q=hello");
    await ben.asks("GET", `/${wish.roomId}/messages/export`);
    for (const what of ["mute", "ban"]) {
      await ada.asks("PUT", `${room}/members/${ben.id}/${what}`);
      await ada.asks("GET", `${room}/sanctions`);
      await ada.asks("DELETE", `${room}/members/${ben.id}/${what}`);
    }
    await ada.asks("PUT", `${room}/members/${ben.id}`, { body: { role: "member" } });
    await ada.asks("DELETE", message);
    await ben.asks("GET", message);
    await ada.asks("DELETE", `${room}/members/${ben.id}`);

    // And what is refused.
    await guestIsRefused(house, guest.accessToken);
    await ben.asks("GET", room);
    await ben.asks("GET", `/${wish.roomId}/messages`);
    await ada.asks("GET", "/rooms?limit=0");
    await house.asks("GET", `/${freshRoom("nobody")}/messages`);
    await ada.asks("DELETE", `${room}/members/${ada.id}`);
    await ada.asks("DELETE", room);
    await ada.asks("POST", "/auth/logout");
    await ben.asks("POST", "/auth/logout-all");

    const missing = answersWritten("2").filter((answer) => !answersSeen.has(answer));
    assert.deepEqual(missing, [], "written down, and not seen");
    t.diagnostic(`${answersSeen.size} kinds of answers`);
  });

  test("every event that is written down can be heard, and is as written", async (t) => {
    const house = await House.opens(t, { environment: { AUTH_MODE: "optional" } });
    const room = freshRoom("written");
    const ada = await Person.connects(t, "Ada", house.one);
    const ben = await Person.connects(t, "Ben", house.two);
    await ada.enters(room);
    await ada.says(room, "first");
    await ada.hearsStored(room, "first");
    await ben.enters(room, { delivery: "committed", since: "0" });
    await ben.hears(room, ({ committed }) => committed.length === 1);
    await ada.sends("/app/chat", { roomId: room, content: " " });
    const cid = await Person.connects(t, "Cid", house.one);
    // A number that the room has not reached is of another history.
    await cid.enters(room, { delivery: "committed", since: "1000000" });
    await ben.says(room, "second");
    await ada.hearsStored(room, "second");
    const dot = await house.signsUp("Dot");
    const dots = await Person.connects(t, "Dot", house.one, dot.token);
    await dots.enters(room);
    const beside = await Promise.all(
      [`/topic/${room}/presence`, `/topic/${room}/typing`, `/topic/${room}/read`, "/user/queue/read"].map(
        (destination) => dots.follows(destination),
      ),
    );
    await dots.sends("/app/typing", { roomId: room });
    await dot.asks("PUT", `/rooms/${room}/members/${dot.id}`, { body: { role: "member" } });
    await ada.says(room, "third");
    await dot.asks("PUT", `/rooms/${room}/read`, { body: { seq: 3 } });
    const own = await dots.follows("/user/queue/rooms");
    const hall = `private-${randomUUID()}`;
    const eve = await house.signsUp("Eve");
    await eve.asks("POST", "/rooms", { body: { roomId: hall, name: "Hall", visibility: "private" } });
    const [invitation, place] = ["invitations", "members"].map((what) => `/rooms/${hall}/${what}/${dot.id}`);
    for (const verb of ["PUT", "DELETE", "PUT"]) await eve.asks(verb, invitation);
    await dot.asks("PUT", place, { body: { role: "member" } });
    await eve.asks("DELETE", place);
    await own.until((events) => events.at(-1)?.type === "left", "it is told to the end");
    for (const journal of beside) await journal.until((events) => events.length > 0, "it is told");
    const written = Object.entries(asyncapi.channels).flatMap(([channel, { address, messages }]) =>
      address?.startsWith("/app/") ? [] : Object.keys(messages).map((message) => `${channel}/${message}`),
    );
    const missing = written.filter((event) => !eventsHeard.has(event));
    assert.deepEqual(missing, NOT_HEARD_HERE, "written down, and not heard");
  });

  test("the document of the socket is an AsyncAPI document", async () => {
    // The parser comes with the viewer.
    const require = createRequire(new URL("../../web/docs/package.json", import.meta.url));
    const { Parser } = require("@asyncapi/parser");
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncapi));
    const faults = diagnostics.filter(({ severity }) => severity === 0);
    assert.deepEqual(faults.map(({ message, path }) => `${path.join(".")}: ${message}`), []);
    assert.equal(document.operations().all().length, Object.keys(asyncapi.operations).length);
  });

  test("are served as they are printed, with a viewer and without", async (t) => {
    const server = await Server.startsFor(t);
    const json = async (path) => (await fetch(server.address + path)).json();
    assert.deepEqual(await json("/docs/openapi.json"), openapi);
    const socket = await json("/docs/asyncapi.json");
    assert.equal(socket.servers.here.host, new URL(server.address).host);
    assert.deepEqual(socket.channels, asyncapi.channels);
    const viewer = await fetch(`${server.address}/docs`);
    assert.match(await viewer.text(), /<script/);
    const problems = await (await fetch(`${server.address}/docs/problems`)).text();
    assert.match(problems, /id="rate-limited"/);

    const bare = await mkdtemp(join(tmpdir(), "maru-bare-page-"));
    t.after(() => rm(bare, { recursive: true }));
    await writeFile(join(bare, "index.html"), "<!doctype html>");
    const without = await Server.startsFor(t, { WEB_DIR: bare });
    const listing = await (await fetch(`${without.address}/docs`)).text();
    assert.match(listing, /npm run build:docs/);
    assert.match(listing, /href="\/docs\/openapi\.json"/);
    assert.equal((await fetch(`${without.address}/docs/openapi.json`)).status, 200);
  });

  async function asksTheTier(tier, path) {
    const response = await fetch(tier.address + path);
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async function guestIsRefused(house, token) {
    const body = { name: "A room", visibility: "open" };
    const { status } = await house.asks("POST", "/rooms", { token, body });
    assert.equal(status, 403);
  }
});
