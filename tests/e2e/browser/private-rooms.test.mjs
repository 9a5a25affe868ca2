// Private rooms on the page: made, filled, left.

import assert from "node:assert/strict";
import { before, suite, test } from "node:test";

import { freshRoom } from "../harness/room.mjs";
import { Server } from "../harness/server.mjs";
import { opensBrowser, theWholeSuite, Visitor } from "./visitor.mjs";

suite("private rooms on the page", { timeout: 120_000 }, () => {
  const whole = theWholeSuite();
  let browser;
  let server;

  before(async () => {
    browser = await opensBrowser(whole);
    server = await Server.startsFor(whole);
  });

  test("one makes a room, invites somebody, who comes, talks and is put out", async (t) => {
    const title = `서재 ${freshRoom("").slice(1, 5)}`;
    const [ada, ben] = [await comes(t), await comes(t)];
    await ada.signsUp("Ada");
    await ben.signsUp("Ben");
    // They know each other from an open room.
    const open = freshRoom("open");
    for (const each of [ada, ben]) await each.enters(open);
    await ben.says("Ben is here");
    await ada.sees("Ben is here");
    await ada.says("And Ada");
    await ben.sees("And Ada");

    await ada.page.getByText("New private room").click();
    await ada.page.getByLabel("Name of the private room").fill(title);
    await ada.page.getByRole("button", { name: "Create" }).click();
    await ada.page.getByRole("heading", { name: title }).waitFor();
    await ada.says("Nobody hears this yet");
    await ada.page.getByRole("button", { name: "People" }).click();
    const people = ada.page.getByRole("region", { name: `People in ${title}` });
    await people.getByText("owner").waitFor();
    await people.getByRole("combobox").fill("Ben");
    await people.getByRole("button", { name: "Invite" }).click();
    await people.getByText("Ben is invited.").waitFor();

    // He hears it without a reload, and who declines is asked no more until he is asked again.
    const invitations = ben.page.getByRole("region", { name: "Invitations" });
    await invitations.getByText("from Ada").waitFor();
    await ben.picture("invited");
    await invitations.getByRole("button", { name: "Decline" }).click();
    await invitations.waitFor({ state: "hidden" });
    await people.getByRole("combobox").fill("Ben");
    await people.getByRole("button", { name: "Invite" }).click();
    await invitations.getByRole("button", { name: "Accept" }).click();
    await invitations.waitFor({ state: "hidden" });
    await ada.page.getByRole("button", { name: "People" }).click();
    await ada.page.getByRole("button", { name: "People" }).click();
    await people.getByRole("listitem").filter({ hasText: "Ben" }).getByText("member").waitFor();
    await ada.picture("private-room");
    const entry = ben.page.getByRole("listitem").filter({ hasText: title });
    await entry.getByRole("img", { name: "private room" }).waitFor();
    await ben.page.getByRole("heading", { name: title }).waitFor();
    await ben.sees("Nobody hears this yet");
    for (const each of [ada, ben]) await each.page.getByText("2 here").waitFor();
    await ben.field.fill("Now");
    await ada.page.getByText("Ben is writing").waitFor();
    await ben.says("Now I do");
    await ada.sees("Now I do");
    await ada.page.getByText("Ben is writing").waitFor({ state: "detached" });

    // What is read in one tab is read in the other, which is elsewhere meanwhile.
    const tab = await ben.context.newPage();
    await tab.goto(`${server.address}/#${encodeURIComponent(open)}`);
    await ben.enters(open);
    await ada.says("Read this");
    const unread = (page) => page.getByRole("listitem").filter({ hasText: title }).getByRole("img", { name: "1 unread" });
    for (const page of [ben.page, tab]) await unread(page).waitFor();
    await entry.getByRole("link").click();
    await ben.sees("Read this");
    await unread(tab).waitFor({ state: "hidden" });
    await tab.close();

    await people.getByRole("button", { name: "Remove Ben" }).click();
    await ben.page.getByText("you are not a member of it any more").waitFor();
    await ada.says("And now he does not");
    await ada.sees("And now he does not");
    assert.equal(await ben.message("And now he does not").count(), 0);
  });

  test("a guest makes none", async (t) => {
    const cid = await comes(t);
    await cid.entersAsGuest("Cid");
    assert.equal(await cid.page.getByText("New private room").isVisible(), false);
  });

  test("the only owner of a room stays, and is told why", async (t) => {
    const ada = await comes(t, { expects: /409/ });
    await ada.signsUp("Ada");
    await ada.page.getByText("New private room").click();
    await ada.page.getByLabel("Name of the private room").fill("Alone");
    await ada.page.getByRole("button", { name: "Create" }).click();
    await ada.page.getByRole("heading", { name: "Alone" }).waitFor();
    await ada.page.getByRole("button", { name: "People" }).click();
    await ada.page.getByRole("button", { name: "Leave the room" }).click();
    await ada.page.getByText("You are the only owner").waitFor();
  });

  const comes = (t, options) => Visitor.comes(t, browser, server.address, options);
});
