// Decides whether what observers were told of who is in a room was true: a pure function of who was
// there (`Attendance`) and of what was told (`Watch`).

import { after } from "./watch.mjs";

/**
 * Every breach as `{ kind, watch, user, at, text }`, none where all was true. A list may be `lateMs`
 * behind, and name the people of a killed instance for `ghostMs`; nothing else is forgiven:
 *
 * - `no-list`, `second-list`: a subscription is told who is there once, first and in time;
 * - `joined-twice`, `left-absent`, `miscounted`: the events contradict those before;
 * - `ghost`: somebody is listed who is gone, or who was never there;
 * - `missing`: somebody is not listed, or said to leave, while a tab of his stays;
 * - `otherwise`: who asks anew at the end (`anew`, a list for each watch) is told another list.
 */
export function judge({ attendance, watches, lateMs, ghostMs, anew = new Map() }) {
  const breaches = [];
  for (const watch of watches) {
    const complain = (kind, at, user, text) => breaches.push({ kind, watch: watch.name, at, user, text: `${kind}: ${text}` });
    const shown = replay(watch, lateMs, complain);
    if (!shown) continue;
    const { may, must } = truth(attendance, watch.room, { lateMs, ghostMs });
    const span = { from: shown.from, to: watch.ended };
    for (const user of new Set([...shown.spans.keys(), ...must.keys()])) {
      const seen = shown.spans.get(user) ?? [];
      for (const { from, to } of outside(seen, may.get(user) ?? [])) {
        complain("ghost", from, user, `is listed by ${watch.name} in ${watch.room} ${lasting(from, to)} and is not there`);
      }
      const due = (must.get(user) ?? []).map((spans) => common(spans, span)).filter(isSpan);
      for (const { from, to } of outside(due, seen)) {
        complain("missing", from, user, `is not listed by ${watch.name} in ${watch.room} ${lasting(from, to)} and is there`);
      }
    }
    const again = anew.get(watch);
    if (again && !isSame(again, shown.list)) {
      complain("otherwise", watch.ended, undefined, `${watch.name} follows to ${[...shown.list]}, and is told ${[...again]} anew`);
    }
  }
  return breaches;
}

/** For how long each observer still listed somebody of a killed instance who was nowhere else. */
export function ghostsMs({ attendance, watches }) {
  const lasted = [];
  for (const [instance, killed] of attendance.killed) {
    for (const watch of watches) {
      const spans = replay(watch, Infinity, () => {})?.spans ?? new Map();
      for (const [user, seen] of spans) {
        const cover = seen.find(({ from, to }) => from <= killed && killed < to);
        if (!cover || cover.to === watch.ended) continue;
        const own = attendance.visits.filter((visit) => visit.user === user && visit.room === watch.room);
        const wasThere = own.some((visit) => visit.instance === instance && visit.left === killed);
        const isElsewhere = own.some(({ asked, left }) => asked < cover.to && left > killed);
        if (wasThere && !isElsewhere) lasted.push(cover.to - killed);
      }
    }
  }
  return lasted;
}

/** When an observer listed whom: `{ from, spans, list }`; nothing where he was told no list. */
function replay({ name, room, asked, ended, events: { entries } }, lateMs, complain) {
  const [first] = entries;
  if (first?.type !== "state") {
    const at = first?.at ?? asked + lateMs;
    if (first || ended > at) complain("no-list", at, undefined, `${name} is told ${first?.type ?? "nothing"} of ${room} at first`);
    return undefined;
  }
  if (first.at > asked + lateMs) complain("no-list", first.at, undefined, `${name} waits for who is in ${room} ${lasting(asked, first.at)}`);
  const spans = new Map();
  const since = new Map();
  let list;
  for (const event of entries) {
    const { type, at, userId, count } = event;
    if (list && type === "state") complain("second-list", at, undefined, `${name} is told once more who is in ${room}`);
    if (type === "join" && list.has(userId)) complain("joined-twice", at, userId, `${name} lists him in ${room} already`);
    if (type === "leave" && !list.has(userId)) complain("left-absent", at, userId, `${name} does not list him in ${room}`);
    const next = after(list, event);
    if (count !== next.size) complain("miscounted", at, userId, `${name} lists ${next.size} in ${room} and is told ${count}`);
    for (const user of next) if (!since.has(user)) since.set(user, at);
    for (const [user, from] of since) {
      if (next.has(user)) continue;
      spans.set(user, [...(spans.get(user) ?? []), { from, to: at }]);
      since.delete(user);
    }
    list = next;
  }
  for (const [user, from] of since) spans.set(user, [...(spans.get(user) ?? []), { from, to: ended }]);
  return { from: first.at, spans, list };
}

/** When each person of a room may be listed, and when he must be. */
function truth({ visits, killed }, room, { lateMs, ghostMs }) {
  const [may, must] = [new Map(), new Map()];
  const add = (spans, user, span) => isSpan(span) && spans.set(user, [...(spans.get(user) ?? []), span]);
  for (const visit of visits.filter((visit) => visit.room === room)) {
    const { user, asked, entered, leaving, left } = visit;
    const died = killed.get(visit.instance) ?? Infinity;
    // Who left just before may have been noted as there, and not as gone.
    const goneBy = left < died - lateMs ? left + lateMs : died + ghostMs;
    add(may, user, { from: asked, to: goneBy });
    add(must, user, { from: entered + lateMs, to: leaving });
  }
  return { may, must };
}

/** What of these spans is in none of the others. */
function outside(spans, others) {
  const sorted = [...others].sort((a, b) => a.from - b.from);
  return spans.flatMap(({ from, to }) => {
    const rest = [];
    for (const other of sorted) {
      if (other.from > from) rest.push(common({ from, to }, { from, to: other.from }));
      from = Math.max(from, other.to);
    }
    return [...rest, { from, to }].filter(isSpan);
  });
}

function common(one, other) {
  return { from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) };
}

function isSpan({ from, to }) {
  return from < to;
}

function isSame(one, other) {
  return one.size === other.size && [...one].every((user) => other.has(user));
}

function lasting(from, to) {
  return to === Infinity ? "to the end" : `for ${Math.round(to - from)} ms`;
}
