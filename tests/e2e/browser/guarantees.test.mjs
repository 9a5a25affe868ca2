// The guarantee view: connections are broken in every way that it offers, and nothing is missing
// afterwards, as anybody can see on it.

import assert from "node:assert/strict";
import { before, suite, test } from "node:test";

import { until } from "../harness/deadline.mjs";
import { numbersTo } from "../harness/room.mjs";
import { Server } from "../harness/server.mjs";
import { opensBrowser, PHONE, theWholeSuite, Visitor } from "./visitor.mjs";

suite("the guarantee view", { timeout: 240_000 }, () => {
  const whole = theWholeSuite();
  let browser;
  let server;

  before(async () => {
    browser = await opensBrowser(whole);
    server = await Server.startsFor(whole);
  });

  const comes = (t, options) => Visitor.comes(t, browser, `${server.address}/guarantees`, options);

  test("whatever breaks, nothing is missing afterwards", async (t) => {
    const visitor = await comes(t, { viewport: { width: 1280, height: 1180 } });
    const { page } = visitor;
    const [ada, ben] = ["Ada", "Ben"].map((name) => new Side(page, name));
    for (const side of [ada, ben]) await side.isOnline();
    const talk = page.getByRole("button", { name: "Let both talk" });
    await talk.click();
    await ada.hears(4);

    // Ada is away for half a minute, and Ben's connection breaks twice meanwhile.
    await ada.presses("Go offline 30 s");
    await ben.presses("Kill this socket");
    await ben.sees(/socket closed: 4900/);
    await ben.presses("Expire my token");
    await ben.sees(/socket closed: 4002/);
    await ben.isOnline();
    await until(async () => (await ada.count("missing")) > 5, "what Ada misses is seen");
    const verdict = page.locator(".verdict");
    assert.match(await verdict.textContent(), /missing with Ada/);
    await visitor.picture("guarantees-offline");

    await ada.isOnline(60_000);
    await page.getByRole("button", { name: "Stop talking" }).click();
    await verdict.and(page.locator('[data-outcome="whole"]')).waitFor();
    await until(async () => (await page.locator('[data-state="sending"]').count()) === 0, "everything is stored");
    const numbers = await ada.numbers();
    assert.ok(numbers.length > 40, `${numbers.length} messages`);
    assert.deepEqual(numbers, numbersTo(numbers.length));
    assert.deepEqual(await ben.numbers(), numbers);
    for (const side of [ada, ben]) {
      assert.equal(await side.count("missing"), 0);
      const counts = await side.locator.locator(".counts").textContent();
      assert.equal(counts, `${numbers.length} heard · 0 missing · 0 twice · 0 out of order`);
    }
    assert.ok((await ada.count("caught-up")) > 5, "what was missed is told apart");
    await page.getByRole("button", { name: "Compare with the history" }).click();
    const same = `The history over HTTP has ${numbers.length} messages, and both sides have exactly these.`;
    await page.getByText(same).waitFor();
    await visitor.picture("guarantees");
  });

  test("frames can be read, and a token in them cannot", async (t) => {
    const { page } = await comes(t);
    const ada = new Side(page, "Ada");
    await ada.isOnline();
    await ada.locator.getByRole("textbox").fill("for the inspector");
    await ada.locator.getByRole("textbox").press("Enter");
    await ada.hears(1);
    const frames = ada.locator.locator(".frames");
    const sent = frames.locator('[data-command="SEND"]');
    await sent.locator("summary").click();
    await sent.getByText('"content": "for the inspector"').waitFor();
    await frames.locator('[data-command="STOMP"], [data-command="CONNECT"]').locator("summary").click();
    assert.match(await frames.textContent(), /Authorization:Bearer …/);
    assert.doesNotMatch(await frames.textContent(), /eyJ/, "no token");
  });

  test("fits a phone, in Korean and in the dark", async (t) => {
    const ada = await comes(t, { viewport: PHONE, locale: "ko-KR", colorScheme: "dark" });
    await ada.page.getByRole("heading", { name: "약속을 눈으로 보기" }).waitFor();
    assert.deepEqual(await ada.sticksOut(), []);
    await ada.picture("guarantees-phone");
  });
});

/** One of the two users. */
class Side {
  constructor(page, name) {
    this.name = name;
    this.locator = page.locator(`.pane[data-name="${name}"]`);
  }

  async isOnline(timeout) {
    await this.locator.locator('.status[data-state="online"]').waitFor({ timeout });
  }

  async presses(name) {
    await this.locator.getByRole("button", { name }).click();
  }

  /** Waits for so many numbers. */
  async hears(count) {
    const cell = this.locator.locator(`.strip [data-seq="${count}"]:not([data-how="missing"])`);
    await cell.waitFor({ state: "attached" });
  }

  async sees(event) {
    await this.locator.locator(".frames .event", { hasText: event }).first().waitFor();
  }

  count(how) {
    return this.locator.locator(`.strip [data-how="${how}"]`).count();
  }

  /** The numbers of the strip that were heard. */
  numbers() {
    return this.locator
      .locator('.strip li:not([data-how="missing"])')
      .evaluateAll((all) => all.map(({ dataset }) => Number(dataset.seq)));
  }
}
