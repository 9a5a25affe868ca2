// The page: pick a name and a room, see what was said, talk.

import { Stomp } from "/assets/stomp.js";

const $ = (id) => document.getElementById(id);
const messages = $("messages");
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const RETRY_MS_MAX = 10_000;

let me;
let room;
/** The access token of this page: kept in memory alone. */
let token;
let stomp;
let retryMs = 500;
let olderThan = null;
/** Every message on the page, by its tempId and, once it is stored, by its id. */
const shown = new Map();

$("name").value = localStorage.getItem("name") ?? "";
$("room").value = decodeURIComponent(location.hash.slice(1)) || "lobby";

$("door").addEventListener("submit", (event) => {
  event.preventDefault();
  me = $("name").value.trim();
  room = $("room").value;
  localStorage.setItem("name", me);
  history.replaceState(null, "", `#${encodeURIComponent(room)}`);
  $("title").textContent = room;
  $("hall").hidden = false;
  messages.replaceChildren();
  shown.clear();
  stomp?.close?.();
  connect();
  $("content").focus();
});

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const content = $("content").value;
  if (content.trim() === "") return;
  $("content").value = "";
  say({ content, tempId: crypto.randomUUID() });
});

$("content").addEventListener("keydown", (event) => {
  // While a syllable is being composed, Enter ends the syllable and not the message.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});

$("older").addEventListener("click", () => loadHistory(`before=${olderThan}`));

async function connect() {
  const entered = room;
  const attempt = {};
  stomp = attempt;
  status("connecting…");
  try {
    token = await guestToken();
  } catch (problem) {
    fault(problem.detail ?? "");
    return again(attempt);
  }
  if (stomp !== attempt) return;
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const connection = new Stomp(url, token, {
    onConnected: async () => {
      retryMs = 500;
      status("connected");
      await connection.subscribe("errors", "/user/queue/errors");
      await connection.subscribe("room", `/topic/${entered}`);
      // Listening first and reading then leaves no gap between history and now.
      await loadHistory("limit=50");
    },
    onMessage: (headers, body) => {
      if (connection !== stomp) return;
      if (headers.subscription === "errors") refused(headers, JSON.parse(body));
      else hear(JSON.parse(body));
    },
    onClosed: () => again(connection),
  });
  stomp = connection;
}

/** Connects again after a while, unless something newer than `attempt` is under way. */
function again(attempt) {
  if (attempt !== stomp) return;
  status(`connection lost; trying again in ${Math.ceil(retryMs / 1000)} s`);
  setTimeout(() => attempt === stomp && connect(), retryMs * (0.5 + Math.random()));
  retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
}

/** A fresh token at every connect: a guest's lasts minutes and cannot be renewed. */
async function guestToken() {
  const response = await fetch("/auth/guest", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ nickname: me }),
  });
  const answer = await response.json();
  if (!response.ok) throw answer;
  return answer.accessToken;
}

async function loadHistory(query) {
  const response = await fetch(`/${encodeURIComponent(room)}/messages?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const answer = await response.json();
  if (!response.ok) return fault(answer.detail);
  for (const message of answer.messages) show(message);
  if (olderThan === null || answer.page.before === null || answer.page.before < olderThan) {
    olderThan = answer.page.before;
    $("older").hidden = olderThan === null;
  }
}

async function say(message) {
  fault("");
  show({ ...message, sender: me, createdAt: null });
  const body = JSON.stringify({ ...message, roomId: room, sender: me });
  try {
    // Before the first connection there is nobody to send through; the button tries again.
    const receipt = await stomp.send("/app/chat", body, message.tempId);
    stored({
      tempId: message.tempId,
      id: receipt["message-id"],
      seq: Number(receipt.seq),
      createdAt: receipt["created-at"],
    });
  } catch {
    failed(message);
  }
}

/** An event of the room: a message at once, its time after the commit, or its withdrawal. */
function hear(event) {
  if (event.rejected) failed(shown.get(event.tempId)?.message ?? event);
  else if (event.content !== undefined) show(event);
  else stored(event);
}

function show(message) {
  let item = shown.get(message.tempId) ?? shown.get(message.id);
  if (!item) {
    item = { element: document.createElement("li"), message };
    for (const part of ["sender", "content", "state"]) {
      const element = document.createElement("div");
      element.className = part;
      item[part] = element;
      item.element.append(element);
    }
    // Texts are set as text: nothing that anybody says becomes part of the page.
    item.sender.textContent = message.sender;
    item.content.textContent = message.content;
    item.element.classList.toggle("mine", message.sender === me);
    item.element.dataset.state = "sending";
    item.state.textContent = "sending";
    shown.set(message.tempId, item);
    place(item);
  }
  if (message.createdAt) stored(message);
}

function stored({ tempId, id, seq, createdAt }) {
  const item = shown.get(tempId);
  if (!item || item.element.dataset.state === "stored") return;
  shown.set(id, item);
  item.seq = seq;
  item.element.dataset.seq = seq;
  item.element.dataset.state = "stored";
  item.state.textContent = `✓ ${time.format(new Date(createdAt))}`;
  place(item);
}

function failed(message) {
  const item = shown.get(message.tempId);
  if (!item || item.element.dataset.state === "stored") return;
  item.element.dataset.state = "failed";
  item.state.textContent = "not stored";
  if (message.sender !== undefined && message.sender !== me) return;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "Try again";
  again.addEventListener("click", () => {
    item.element.dataset.state = "sending";
    item.state.textContent = "sending";
    // The same tempId: however often it is tried, it is stored once.
    say({ content: item.content.textContent, tempId: message.tempId });
  });
  item.state.append(again);
}

function refused(headers, problem) {
  fault([problem.detail, ...(problem.errors ?? []).map((error) => error.detail)].join(" "));
  stomp.refuse(headers["receipt-id"], problem);
}

/** Puts a stored message where its number says, and one that is not stored yet at the end. */
function place(item) {
  const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
  const order = item.seq ?? Infinity;
  let before = messages.lastElementChild;
  let next = null;
  while (before && (before === item.element || Number(before.dataset.seq ?? Infinity) > order)) {
    if (before !== item.element) next = before;
    before = before.previousElementSibling;
  }
  if (item.element.parentElement !== messages || item.element.nextElementSibling !== next) {
    messages.insertBefore(item.element, next);
  }
  if (atEnd) messages.scrollTop = messages.scrollHeight;
}

function status(text) {
  $("connection").textContent = text;
}

function fault(text) {
  $("fault").textContent = text;
}
