// The page of the Spring server that this system replaces, in shape: sockjs-client and stompjs 2,
// served from an origin of its own, without a token.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { before, suite, test } from "node:test";

import { freshRoom } from "../harness/room.mjs";
import { Server } from "../harness/server.mjs";
import { opensBrowser, theWholeSuite, Visitor } from "./visitor.mjs";

const { resolve } = createRequire(import.meta.url);
const FILES = {
  "/": [new URL("old-page.html", import.meta.url), "text/html; charset=utf-8"],
  "/sockjs.js": [resolve("sockjs-client/dist/sockjs.min.js"), "text/javascript"],
  "/stomp.js": [resolve("stompjs/lib/stomp.min.js"), "text/javascript"],
};

suite("the old page", { timeout: 120_000 }, () => {
  const whole = theWholeSuite();
  let browser;
  let site;
  let server;

  before(async () => {
    browser = await opensBrowser(whole);
    site = await serves();
    server = await Server.startsFor(whole, {
      AUTH_MODE: "optional",
      CORS_ALLOWED_ORIGINS: site,
    });
  });

  test("talks, swaps its ids and reads history from another origin", async (t) => {
    const room = freshRoom("old");
    const opens = (name) => {
      const query = new URLSearchParams({ server: server.address, room, name });
      // It has no icon.
      return Visitor.comes(t, browser, `${site}/?${query}`, { expects: /favicon\.ico|404/ });
    };
    const ada = await opens("Ada");
    await ada.page.locator("body[data-connected]").waitFor();
    await ada.page.getByRole("textbox").fill("<i>안녕</i>");
    await ada.page.getByRole("button").click();
    const bubble = ada.page.locator("li[data-created-at]");
    await bubble.waitFor();
    assert.equal(await bubble.textContent(), "Ada: <i>안녕</i>");
    const { id, dataset } = await bubble.evaluate(({ id, dataset }) => ({ id, dataset: { ...dataset } }));
    assert.notEqual(id, dataset.shownAs, "its lasting id");
    assert.ok(Date.parse(dataset.createdAt) > 0);
    assert.equal(await ada.page.locator("li").count(), 1);

    const ben = await opens("Ben");
    const old = ben.page.locator(`li[id="${id}"]`);
    await old.waitFor();
    assert.equal(await old.textContent(), "Ada: <i>안녕</i>");
    await ben.page.locator("body[data-connected]").waitFor();
    await ben.page.getByRole("textbox").fill("hello");
    await ben.page.getByRole("button").click();
    await ada.page.locator("li[data-created-at]", { hasText: "Ben: hello" }).waitFor();
  });

  async function serves() {
    const files = createServer(async ({ url }, response) => {
      const [file, type] = FILES[url.split("?")[0]] ?? [];
      if (!file) return response.writeHead(404).end();
      response.writeHead(200, { "Content-Type": type }).end(await readFile(file));
    });
    files.listen(0, "127.0.0.1");
    await once(files, "listening");
    whole.after(() => files.close());
    return `http://127.0.0.1:${files.address().port}`;
  }
});
