// What a checker of accessibility finds on the page, and the picture of it for the README.

import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, suite, test } from "node:test";

import { picturesFolder } from "../harness/environment.mjs";
import { freshRoom } from "../harness/room.mjs";
import { Server } from "../harness/server.mjs";
import { opensBrowser, PHONE, theWholeSuite, Visitor } from "./visitor.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** How large the README's picture may be. */
const PICTURE_BYTES_MAX = 200_000;

suite("the page for everybody", { timeout: 120_000 }, () => {
  const whole = theWholeSuite();
  let browser;
  let server;
  let axe;

  before(async () => {
    axe = await readFile(AXE, "utf8");
    browser = await opensBrowser(whole);
    server = await Server.startsFor(whole);
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const [kind, viewport] of [["desktop", undefined], ["phone", PHONE]]) {
      test(`axe finds no serious fault, ${colorScheme} on a ${kind}`, async (t) => {
        const options = { colorScheme, ...(viewport && { viewport }) };
        const ada = await Visitor.comes(t, browser, server.address, options);
        await ada.page.getByRole("button", { name: "Come in", exact: true }).waitFor();
        await isSound(ada, "the door");
        await ada.entersAsGuest("Ada");
        await ada.enters(freshRoom("sound"));
        await ada.says("Hello");
        await ada.sees("Hello");
        await isSound(ada, "a room");
        await ada.page.goto(`${server.address}/guarantees`);
        await ada.page.locator('.pane .status[data-state="online"]').nth(1).waitFor();
        await ada.page.getByRole("textbox").first().fill("Hello");
        await ada.page.getByRole("textbox").first().press("Enter");
        // What is said before both sides have come in is caught up with by the later one.
        const heard = '.strip :is([data-how="live"], [data-how="caught-up"])';
        await ada.page.locator(heard).first().waitFor();
        await isSound(ada, "the guarantee view");
      });
    }
  }

  test("a picture is taken of a conversation", async (t) => {
    // Nobody else's, in a word that stands on the picture.
    const room = `대청 ${freshRoom("").slice(1, 5)}`;
    const ada = await Visitor.comes(t, browser, server.address);
    const ben = await Visitor.comes(t, browser, server.address, { colorScheme: "dark" });
    await ada.signsUp("Ada");
    await ben.entersAsGuest("지우");
    for (const each of [ada, ben]) await each.enters(room);
    const talk = [
      [ben, "안녕하세요! 마루에 처음 와 봤어요."],
      [ada, "Welcome! Every message here gets a number once it is stored."],
      [ada, "The tick means: it is in Postgres, not only on its way."],
      [ben, "그럼 연결이 끊기면요?"],
      [ada, "Whatever you missed is there when you are back, in the same order for everybody."],
      [ben, "좋네요!"],
    ];
    for (const [who, content] of talk) {
      await who.says(content);
      await ada.sees(content);
      await ben.sees(content);
    }
    await ada.enters("lobby");
    await ben.says("또 봐요!");
    await ada.page.getByRole("img", { name: "1 unread" }).waitFor();
    await ada.page.getByRole("link", { name: room }).click();
    await ada.sees("또 봐요!");
    await ada.picture("page");
    await ben.picture("page-dark");
    const { size } = await stat(join(picturesFolder, "page.png"));
    assert.ok(size < PICTURE_BYTES_MAX, `${size} bytes`);
  });

  /** Lets axe look; as the browser's own tool it is not subject to the page's policy. */
  async function isSound({ page }, where) {
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate(() => window.axe.run());
    assert.ok(passes.length > 10, "axe has looked");
    const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    assert.deepEqual(told, [], where);
  }
});
