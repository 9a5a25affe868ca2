// A whole session of any client: connect, subscribe, talk, receipt, unsubscribe, disconnect.

import assert from "node:assert/strict";

import { within } from "../harness/deadline.mjs";
import { Journal } from "../harness/journal.mjs";
import { freshRoom } from "../harness/room.mjs";

/** Has a client do everything that a client does. */
export async function livesAWholeSession(client) {
  const room = freshRoom("session");
  const heard = new Journal();
  const says = (content) => {
    const message = JSON.stringify({ sender: "Ada", content, roomId: room });
    return within(client.sends("/app/chat", message), `${content} is receipted`);
  };

  await within(client.connects(), "CONNECTED comes");
  const hear = (body) => heard.add(JSON.parse(body));
  const subscribing = client.subscribes(`/topic/${room}`, hear);
  const subscription = await within(subscribing, "the subscription is there");

  const content = 'said: "안녕 👋\n\\"';
  const receipt = await says(content);
  assert.equal(receipt.seq, "1");
  assert.equal(receipt.duplicate, "false");
  const stored = await heard.until(
    (events) => events.find((event) => event.createdAt),
    "the message is stored",
  );
  const [shown] = heard.entries;
  assert.equal(shown.content, content);
  assert.equal(shown.sender, "Ada");
  assert.equal(stored.tempId, shown.tempId);
  assert.equal(stored.id, receipt["message-id"]);

  await within(client.unsubscribes(subscription), "the subscription is gone");
  const before = heard.entries.length;
  assert.equal((await says("to nobody")).seq, "2");
  assert.equal(heard.entries.length, before, "something was heard after UNSUBSCRIBE");

  await within(client.disconnects(), "the client is disconnected");
}
