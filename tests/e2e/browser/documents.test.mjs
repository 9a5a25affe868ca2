// The documents of the interfaces, in their viewers.

import assert from "node:assert/strict";
import { before, suite, test } from "node:test";

import { asyncapi, openapi } from "../harness/documents.mjs";
import { Server } from "../harness/server.mjs";
import { opensBrowser, theWholeSuite, Visitor } from "./visitor.mjs";

suite("the documents in a browser", { timeout: 120_000 }, () => {
  const whole = theWholeSuite();
  let browser;
  let server;

  before(async () => {
    browser = await opensBrowser(whole);
    server = await Server.startsFor(whole);
  });

  test("every operation is shown, and can be tried", async (t) => {
    const reader = await Visitor.comes(t, browser, `${server.address}/docs`);
    const { page } = reader;
    const operations = Object.values(openapi.paths).flatMap((item) => Object.keys(item));
    await page.locator(".opblock").first().waitFor();
    assert.equal(await page.locator(".opblock").count(), operations.length);
    const guest = page.locator(".opblock", { hasText: "/auth/guest" });
    await guest.locator(".opblock-summary-control").click();
    await guest.getByRole("button", { name: "Try it out" }).click();
    await guest.getByRole("textbox").fill(JSON.stringify({ nickname: "Ada" }));
    await guest.getByRole("button", { name: "Execute" }).click();
    await guest.locator(".live-responses-table").getByText("accessToken").first().waitFor();
    await reader.picture("docs-http");
    // Nothing comes from anywhere else.
    for (const answer of reader.answers) assert.equal(new URL(answer.url()).origin, server.address);
  });

  test("the socket is shown", async (t) => {
    const reader = await Visitor.comes(t, browser, `${server.address}/docs/socket`);
    const shows = (text) => reader.page.getByText(text).filter({ visible: true }).first().waitFor();
    await shows(asyncapi.info.title);
    for (const { address } of Object.values(asyncapi.channels)) if (address) await shows(address);
    await reader.picture("docs-socket");
  });
});
