// The page as people see it, in a real browser.

import assert from "node:assert/strict";
import { before, suite, test } from "node:test";

import { until } from "../harness/deadline.mjs";
import { Person } from "../harness/person.mjs";
import { freshRoom, numbersTo } from "../harness/room.mjs";
import { Server } from "../harness/server.mjs";
import { Line } from "./line.mjs";
import { opensBrowser, PHONE, theWholeSuite, Visitor } from "./visitor.mjs";

/** How much script the page may load, gzipped. */
const SCRIPT_BYTES_MAX = 60_000;

suite("the page", { timeout: 280_000 }, () => {
  const whole = theWholeSuite();
  let browser;
  let server;

  before(async () => {
    browser = await opensBrowser(whole);
    server = await Server.startsFor(whole, { AUTH_MODE: "optional" });
  });

  const comes = (t, options) => Visitor.comes(t, browser, server.address, options);

  test("comes in one round, small and under a strict policy", async (t) => {
    const ada = await comes(t);
    const sizes = [];
    for (const answer of ada.answers) {
      assert.equal(answer.status(), 200, answer.url());
      const { responseBodySize } = await answer.request().sizes();
      if (answer.url().endsWith(".js")) sizes.push(responseBodySize);
    }
    const [page] = ada.answers;
    assert.match(page.headers()["content-security-policy"], /script-src 'self';/);
    assert.equal(sizes.length, 1, "one script");
    t.diagnostic(`${sizes[0]} bytes of script, gzipped`);
    assert.ok(sizes[0] > 1000 && sizes[0] < SCRIPT_BYTES_MAX, `${sizes[0]} bytes`);
    await ada.picture("door");
  });

  test("two users talk", async (t) => {
    const room = freshRoom("talk");
    const [ada, ben] = [await comes(t), await comes(t)];
    await ada.signsUp("Ada");
    await ben.entersAsGuest("Ben");
    await ada.enters(room);
    await ben.enters(room);
    await ada.says("Good morning, Ben");
    await ada.sees("Good morning, Ben");
    const heard = await ben.sees("Good morning, Ben");
    assert.equal(await heard.locator(".sender").textContent(), "Ada");
    await ben.says("안녕, Ada");
    const answer = await ada.sees("안녕, Ada");
    assert.equal(await answer.locator(".sender").textContent(), "Ben");
    assert.match(await answer.locator("time").getAttribute("datetime"), /^\d{4}-.*Z$/);
    assert.deepEqual(await ada.contents(), ["Good morning, Ben", "안녕, Ada"]);
    assert.deepEqual(await ben.contents(), ["Good morning, Ben", "안녕, Ada"]);

    // What is said elsewhere is counted, and read by going there.
    await ben.enters(freshRoom("elsewhere"));
    await ada.says("Are you still there?");
    const entry = ben.page.getByRole("listitem").filter({ hasText: room });
    await entry.getByRole("img", { name: "1 unread" }).waitFor();
    await entry.getByRole("link").click();
    await ben.sees("Are you still there?");
    await entry.getByRole("img", { name: "1 unread" }).waitFor({ state: "detached" });
  });

  test("whoever has an account is still in after the page was loaded again", async (t) => {
    const room = freshRoom("reload");
    const ada = await comes(t);
    await ada.signsUp("Ada");
    await ada.enters(room);
    await ada.says("before");
    await ada.sees("before");
    await ada.page.reload();
    await ada.isOnline();
    const mine = await ada.sees("before");
    assert.match(await mine.getAttribute("class"), /mine/);
    await ada.page.getByRole("button", { name: "Log out" }).click();
    await ada.page.getByRole("button", { name: "Come in", exact: true }).waitFor();
    await ada.page.reload();
    await ada.page.getByRole("button", { name: "Come in", exact: true }).waitFor();
  });

  test("what was said is edited and deleted, and everybody sees it", async (t) => {
    const room = freshRoom("edit");
    const [ada, ben] = [await comes(t), await comes(t)];
    await ada.signsUp("Ada");
    await ben.entersAsGuest("Ben");
    for (const each of [ada, ben]) await each.enters(room);
    await ada.says("Helo");
    await ben.sees("Helo");
    const mine = await ada.sees("Helo");
    assert.equal(await ben.message("Helo").getByRole("button").count(), 0, "not one's own");
    await mine.hover();
    await mine.getByRole("button", { name: "Edit" }).click();
    await ada.field.fill("Hello");
    await ada.field.press("Enter");
    for (const each of [ada, ben]) {
      const edited = await each.sees("Hello");
      assert.match(await edited.locator(".foot").textContent(), /edited/);
      assert.equal(await each.message("Helo").count(), 0);
    }
    const edited = await ada.sees("Hello");
    await edited.hover();
    await edited.getByRole("button", { name: "Delete" }).click();
    await edited.getByRole("button", { name: "Delete for everybody?" }).click();
    for (const each of [ada, ben]) {
      await each.page.getByText("This message was deleted.").waitFor();
      assert.equal(await each.message("Hello").count(), 0);
    }
    // The place of what was deleted stays, and the conversation goes on.
    await ada.says("Never mind");
    await ben.sees("Never mind");
  });

  test("who is muted is told until when", async (t) => {
    const [ada, ben] = [await comes(t), await comes(t)];
    const asking = ada.page.waitForRequest((request) => new URL(request.url()).pathname === "/rooms");
    await ada.signsUp("Ada");
    await ben.signsUp("Ben");
    const room = freshRoom("muted");
    const { authorization } = await (await asking).allHeaders();
    const asks = (method, path, data) => ada.context.request.fetch(`${server.address}${path}`, { method, data, headers: { authorization } });
    const made = await asks("POST", "/rooms", { roomId: room, name: room, visibility: "open" });
    assert.equal(made.status(), 201, await made.text());
    await ada.enters(room);
    await ben.enters(room);
    await ben.says("Ben is here");
    await ada.sees("Ben is here");
    const { messages } = await (await asks("GET", `/${room}/messages`)).json();
    const [{ senderId }] = messages;
    const muted = await asks("PUT", `/rooms/${room}/members/${senderId}/mute`, { until: "2999-05-04T12:00:00Z" });
    assert.equal(muted.status(), 204, await muted.text());
    await ben.says("Not heard");
    const refused = await ben.sees("Not heard", "failed");
    await refused.getByText("You are muted in this room. Until May 4, 2999").waitFor();
  });

  test("history loads upwards as one scrolls, to the beginning of the room", async (t) => {
    const room = freshRoom("history");
    const cid = await Person.connects(t, "Cid", server);
    for (const n of numbersTo(160)) await cid.says(room, `word ${n}`, { patiently: true });
    const ada = await comes(t);
    await ada.entersAsGuest("Ada");
    await ada.enters(room);
    await ada.message("word 160").waitFor();
    assert.ok((await ada.numbers()).length < 160, "not all at once");
    const scroll = ada.page.locator(".scroll");
    await scroll.hover();
    await until(async () => {
      await ada.page.mouse.wheel(0, -2000);
      return (await ada.message("word 1").count()) === 1;
    }, "the beginning is there");
    await ada.page.getByText("Here the room begins.").waitFor();
    assert.deepEqual(await ada.numbers(), numbersTo(160));
    // Whoever reads what was is not torn away by what is said now.
    await cid.says(room, "one more");
    await ada.message("one more").waitFor({ state: "attached" });
    const isAtEnd = () => scroll.evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight < 2);
    assert.equal(await isAtEnd(), false);
    await ada.page.getByRole("button", { name: "To the newest" }).click();
    await until(isAtEnd, "the newest is seen");
  });

  test("offline and back: nothing is lost and nothing doubled", async (t) => {
    const room = freshRoom("offline");
    const line = await Line.laysFor(t, () => own.address);
    const own = await Server.startsFor(whole, { CORS_ALLOWED_ORIGINS: line.address });
    const expects = /ERR_|WebSocket connection to/;
    const ada = await Visitor.comes(t, browser, line.address, { expects });
    const ben = await Visitor.comes(t, browser, own.address);
    await ada.signsUp("Ada");
    await ben.entersAsGuest("Ben");
    await ada.enters(room);
    await ben.enters(room);
    await ada.says("both are here");
    await ben.sees("both are here");

    line.cuts();
    await ada.context.setOffline(true);
    await ada.page.locator('.status[data-state="waiting"]').waitFor();
    for (const n of numbersTo(3)) {
      await ada.says(`Ada offline ${n}`);
      await ada.sees(`Ada offline ${n}`, "sending");
      await ben.says(`Ben meanwhile ${n}`);
      await ben.sees(`Ben meanwhile ${n}`);
    }
    await ada.picture("offline");
    line.mends();
    await ada.context.setOffline(false);
    for (const each of [ada, ben]) {
      for (const n of numbersTo(3)) {
        await each.sees(`Ada offline ${n}`);
        await each.sees(`Ben meanwhile ${n}`);
      }
      assert.deepEqual(await each.numbers(), numbersTo(7));
    }
    assert.deepEqual(await ada.contents(), await ben.contents());
  });

  test("a token expires without anybody's notice, and a guest's too", async (t) => {
    const own = await Server.startsFor(whole, { JWT_LIFETIME_SECONDS: "6" });
    const [ada, ben] = [await Visitor.comes(t, browser, own.address), await Visitor.comes(t, browser, own.address)];
    await ada.signsUp("Ada");
    await ben.entersAsGuest("Ben");
    const room = freshRoom("expiry");
    for (const each of [ada, ben]) {
      await each.enters(room);
      await each.says(each === ada ? "Ada before" : "Ben before");
      await each.page.locator(".status").evaluate((status) => {
        window.states = [];
        new MutationObserver(() => window.states.push(status.dataset.state)).observe(status, {
          attributes: true,
          childList: true,
        });
      });
    }
    // A guest's next token is that of a new guest, on a connection of its own.
    const renews = async ({ page }, path) => {
      const isRenewal = (answer) => answer.url().endsWith(path) && answer.status() === 200;
      for (const _ of numbersTo(2)) await page.waitForResponse(isRenewal);
    };
    await Promise.all([renews(ada, "/auth/refresh"), renews(ben, "/auth/guest")]);
    await ada.says("Ada after");
    await ben.says("Ben after");
    for (const each of [ada, ben]) {
      for (const content of ["Ada after", "Ben after"]) await each.sees(content);
      assert.deepEqual(await each.numbers(), numbersTo(4));
      assert.deepEqual(await each.page.evaluate(() => window.states), []);
    }
    assert.match(await (await ben.sees("Ben after")).getAttribute("class"), /mine/);
  });

  test("markup that somebody says stays text", async (t) => {
    const room = freshRoom("markup");
    const ada = await comes(t);
    await ada.entersAsGuest("Ada");
    await ada.enters(room);
    const cid = await Person.connects(t, "<b>Cid</b>", server);
    const evil = `<script>window.hit = 1</script><img src="x" onerror="window.hit = 1">`;
    await cid.says(room, evil);
    const heard = await ada.sees(evil);
    assert.equal(await heard.locator(".sender").textContent(), "<b>Cid</b>");
    assert.equal(await ada.page.locator("img, .messages script, .messages b").count(), 0);
    assert.equal(await ada.page.evaluate(() => window.hit), undefined);
  });

  test("Korean that is being composed is sent once, and not before its end", async (t) => {
    const room = freshRoom("composition");
    const ada = await comes(t, { locale: "ko-KR" });
    await ada.page.getByLabel("이름").fill("지우");
    await ada.page.getByRole("button", { name: "들어가기", exact: true }).click();
    await ada.isOnline();
    await ada.page.getByLabel("방 이름").fill(room);
    await ada.page.getByRole("button", { name: "열기", exact: true }).click();
    await ada.page.getByRole("heading", { name: room }).waitFor();
    const field = ada.page.getByRole("textbox", { name: "메시지", exact: true });
    await field.focus();
    const keyboard = await ada.context.newCDPSession(ada.page);
    const composes = (text) => {
      const selection = { selectionStart: text.length, selectionEnd: text.length };
      return keyboard.send("Input.imeSetComposition", { text, ...selection });
    };
    for (const text of ["ㅇ", "아", "안", "안ㄴ", "안녀", "안녕"]) await composes(text);
    // The Enter that ends a syllable: the input method keeps it, the page only hears of it.
    const enter = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 };
    for (const type of ["rawKeyDown", "keyUp"]) {
      await keyboard.send("Input.dispatchKeyEvent", { type, ...enter });
    }
    assert.equal(await field.inputValue(), "안녕");
    assert.deepEqual(await ada.contents(), []);
    await keyboard.send("Input.insertText", { text: "안녕" });
    await ada.page.keyboard.press("Enter");
    await ada.sees("안녕");
    assert.equal(await field.inputValue(), "");
    // Whatever was sent before this one is there with it.
    await field.fill("끝");
    await field.press("Enter");
    await ada.sees("끝");
    assert.deepEqual(await ada.contents(), ["안녕", "끝"]);
    await ada.picture("korean");
  });

  test("fits a phone", async (t) => {
    const room = freshRoom("phone");
    const options = { viewport: PHONE, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
    const ada = await comes(t, options);
    assert.deepEqual(await ada.sticksOut(), [], "the door");
    await ada.picture("phone-door");
    await ada.entersAsGuest("Ada");
    await ada.enters(room);
    assert.equal(await ada.page.getByRole("navigation").isVisible(), false);
    const long = "a-word-without-an-end-".repeat(12);
    await ada.says(long);
    await ada.sees(long);
    assert.deepEqual(await ada.sticksOut(), [], "the room");
    const field = await ada.field.boundingBox();
    assert.ok(field.y + field.height <= PHONE.height, "the field is on the screen");
    await ada.picture("phone-room");
    await ada.page.getByRole("button", { name: "Rooms" }).click();
    await ada.page.getByRole("navigation").waitFor();
    assert.deepEqual(await ada.sticksOut(), [], "the rooms");
    await ada.picture("phone-rooms");
    await ada.page.getByRole("link", { name: room }).click();
    await ada.sees(long);
  });

  test("is used by the keyboard alone", async (t) => {
    const ada = await comes(t);
    const { keyboard } = ada.page;
    const focused = () =>
      ada.page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
    const goesTo = async (label, key) => {
      // Once around the page is enough.
      for (const _ of numbersTo(30)) {
        if ((await focused()) === label) return;
        await keyboard.press(key);
      }
      assert.fail(`${label} is not reached by ${key}`);
    };
    // The name has the focus, and so has the field in the room.
    await ada.page.getByLabel("Name", { exact: true }).waitFor();
    await keyboard.type("Ada");
    await keyboard.press("Enter");
    await ada.isOnline();
    await goesTo("Name of a room", "Shift+Tab");
    const room = freshRoom("keys");
    await keyboard.type(room);
    await keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: room, exact: true }).waitFor();
    await goesTo("content", "Tab");
    await keyboard.type("first line");
    await keyboard.press("Shift+Enter");
    await keyboard.type("second line");
    await keyboard.press("Enter");
    await until(
      async () => (await ada.contents()).includes("first line\nsecond line"),
      "both lines are said at once",
    );
    await goesTo(`Take ${room} off the list`, "Shift+Tab");
    await keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: "lobby", exact: true }).waitFor();
    assert.equal(await ada.page.getByRole("link", { name: room }).count(), 0);
  });
});
