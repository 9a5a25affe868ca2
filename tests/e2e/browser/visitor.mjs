// Somebody at the page, in a real browser.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";

import { chromium } from "playwright-core";

import { WAIT_MS } from "../harness/deadline.mjs";
import { chromiumProgram, picturesFolder } from "../harness/environment.mjs";
import { keepsSecret } from "../harness/secrets.mjs";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const DESKTOP = { width: 1120, height: 720 };
export const PHONE = { width: 390, height: 780 };

/** What a suite has, it has until its end: an `after` as that of a test, for use in its hooks. */
export function theWholeSuite() {
  const ends = [];
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  return { after: (end) => ends.push(end) };
}

/** Starts the browser for the length of a suite. */
export async function opensBrowser(suite) {
  if (!chromiumProgram || !picturesFolder) {
    throw new Error("CHROMIUM or PICTURES is not set: run `cargo xtask test --only browser`");
  }
  await mkdir(picturesFolder, { recursive: true });
  const browser = await chromium.launch({ executablePath: chromiumProgram, args: ARGUMENTS });
  suite.after(() => browser.close());
  return browser;
}

export class Visitor {
  page;
  context;
  /** What the console says that is no good news, and what the page throws. */
  complaints = [];
  /** Every answer that the page got: `{ url, status, bytes }`. */
  answers = [];

  /** Opens the page. Unless `expects` matches them, complaints of the console fail the test. */
  static async comes(t, browser, address, { expects, ...options } = {}) {
    const visitor = new Visitor();
    visitor.context = await browser.newContext({
      viewport: DESKTOP,
      locale: "en-GB",
      reducedMotion: "reduce",
      ...options,
    });
    visitor.context.setDefaultTimeout(WAIT_MS);
    const page = await visitor.context.newPage();
    visitor.page = page;
    page.on("console", (message) => {
      const isBad = ["error", "warning"].includes(message.type());
      if (isBad && !expects?.test(message.text())) visitor.complaints.push(message.text());
    });
    page.on("pageerror", (error) => visitor.complaints.push(String(error)));
    page.on("response", (response) => visitor.answers.push(response));
    t.after(async () => {
      await visitor.context.close();
      assert.deepEqual(visitor.complaints, [], "the console has nothing to complain about");
    });
    await page.goto(address);
    return visitor;
  }

  async entersAsGuest(name) {
    await this.page.getByLabel("Name", { exact: true }).fill(name);
    await this.page.getByRole("button", { name: "Come in", exact: true }).click();
    await this.isOnline();
  }

  async signsUp(name) {
    const { page } = this;
    await page.getByRole("button", { name: "Sign up" }).click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    const [email, password] = [`${crypto.randomUUID()}@example.org`, "correct horse battery"];
    keepsSecret("e-mail", email);
    keepsSecret("password", password);
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Come in", exact: true }).click();
    await this.isOnline();
  }

  async isOnline() {
    await this.page.locator('.status[data-state="online"]').waitFor({ state: "attached" });
  }

  /** Goes into a room by its name. */
  async enters(room) {
    await this.page.getByLabel("Name of a room").fill(room);
    await this.page.getByRole("button", { name: "Open", exact: true }).click();
    await this.page.getByRole("heading", { name: room, exact: true }).waitFor();
  }

  get field() {
    return this.page.getByRole("textbox", { name: "Message", exact: true });
  }

  /** Says something; it is on the page at once. */
  async says(content) {
    keepsSecret("message", content);
    await this.field.fill(content);
    await this.field.press("Enter");
    await this.message(content).waitFor();
  }

  /** The message with exactly this content. */
  message(content) {
    const exact = this.page.getByText(content, { exact: true });
    return this.page.locator(".message").filter({ has: exact });
  }

  /** Waits until a message is in a state, such as `stored`. */
  async sees(content, state = "stored") {
    const found = this.message(content);
    await found.and(this.page.locator(`[data-state="${state}"]`)).waitFor();
    return found;
  }

  /** What is said in the room, from top to bottom. */
  contents() {
    return this.page.locator(".message .content").allTextContents();
  }

  /** The numbers of what is said. */
  numbers() {
    return this.page
      .locator(".message")
      .evaluateAll((all) => all.map(({ dataset }) => Number(dataset.seq)));
  }

  /** Takes a picture for whoever looks at the run afterwards. */
  async picture(name) {
    await this.page.screenshot({ path: pictureOf(name) });
  }

  /** What sticks out at the side. */
  sticksOut() {
    const { width } = this.page.viewportSize();
    return this.page.locator("body *:visible").evaluateAll(
      (all, width) => all.filter((e) => e.getBoundingClientRect().right > width).map((e) => e.outerHTML),
      width,
    );
  }
}

/** Where a picture of this name is put. */
function pictureOf(name) {
  return join(picturesFolder, `${name}.png`);
}
