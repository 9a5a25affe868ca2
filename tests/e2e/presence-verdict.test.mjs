// The checker of presence itself: it finds what is wrong in histories that are, and nothing in those
// that are true.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { Attendance } from "./presence/attendance.mjs";
import { ghostsMs, judge } from "./presence/verdict.mjs";
import { Watch } from "./presence/watch.mjs";

const ROOM = "lobby";
const LATE_MS = 1_000;
const GHOST_MS = 5_000;
const END_MS = 60_000;

suite("the verdict on who is there", () => {
  test("nothing is found in what is true", () => {
    assert.deepEqual(kinds([state(500, "ada"), join(10_100, "ben", 2), leave(20_100, "ben", 1)]), []);
    // As late as it may be, and as early: heard before one's own SUBSCRIBE is answered.
    assert.deepEqual(kinds([state(500, "ada"), join(10_000, "ben", 2), leave(21_000, "ben", 1)]), []);
    assert.deepEqual(kinds([state(500, "ada"), join(11_000, "ben", 2), leave(20_000, "ben", 1)]), []);
  });

  test("a list that does not come, or twice, or too late", () => {
    assert.deepEqual(kinds([]), ["no-list"]);
    assert.deepEqual(kinds([join(10_100, "ben", 1)]), ["no-list"]);
    assert.ok(kinds([state(2_000, "ada"), join(10_100, "ben", 2), leave(20_100, "ben", 1)]).includes("no-list"));
    const twice = [state(500, "ada"), state(600, "ada"), join(10_100, "ben", 2), leave(20_100, "ben", 1)];
    assert.deepEqual(kinds(twice), ["second-list"]);
  });

  test("events that contradict those before", () => {
    const [list, came, gone] = [state(500, "ada"), join(10_100, "ben", 2), leave(20_100, "ben", 1)];
    assert.deepEqual(kinds([list, came, join(10_200, "ben", 2), gone]), ["joined-twice"]);
    assert.deepEqual(kinds([list, came, gone, leave(20_200, "ben", 1)]), ["left-absent"]);
    assert.deepEqual(kinds([list, join(10_100, "ben", 3), gone]), ["miscounted"]);
  });

  test("a leave that is lost makes a ghost", () => {
    assert.deepEqual(kinds([state(500, "ada"), join(10_100, "ben", 2)]), ["ghost"]);
  });

  test("a leave that comes too late makes a ghost for as long", () => {
    const [breach, ...others] = breaches([state(500, "ada"), join(10_100, "ben", 2), leave(21_500, "ben", 1)]);
    assert.equal(breach.text, "ghost: is listed by onlooker in lobby for 500 ms and is not there");
    assert.deepEqual([breach.at, others], [21_000, []]);
  });

  test("somebody who was never there, and one who is listed before he came", () => {
    assert.deepEqual(kinds([state(500, "ada", "cid"), join(10_100, "ben", 3), leave(20_100, "ben", 2)]), ["ghost"]);
    assert.deepEqual(kinds([state(500, "ada", "ben"), leave(20_100, "ben", 1)]), ["ghost"]);
  });

  test("a join that is lost, or comes too late, leaves somebody missing", () => {
    assert.deepEqual(kinds([state(500, "ada")]), ["missing"]);
    assert.deepEqual(kinds([state(500, "ada"), join(11_500, "ben", 2), leave(20_100, "ben", 1)]), ["missing"]);
    assert.deepEqual(kinds([state(500), join(10_100, "ben", 1), leave(20_100, "ben", 0)]), ["missing"]);
  });

  test("a leave while another tab stays, even for a moment", () => {
    const attendance = adaAndBen();
    visit(attendance, "ben", { from: 12_000, to: 40_000 });
    const flickers = [join(10_100, "ben", 2), leave(20_100, "ben", 1), join(20_101, "ben", 2), leave(40_100, "ben", 1)];
    assert.deepEqual(kinds([state(500, "ada"), ...flickers], { attendance }), ["missing"]);
    assert.deepEqual(kinds([state(500, "ada"), flickers[0], flickers[3]], { attendance }), []);
  });

  test("the people of a killed instance are ghosts for so long, and it is measured", () => {
    const dies = (gone) => {
      const attendance = adaAndBen();
      visit(attendance, "cid", { from: 25_000, instance: "two" });
      attendance.dies("two", 30_000);
      const events = [state(500, "ada"), join(10_100, "ben", 2), leave(20_100, "ben", 1), join(25_100, "cid", 2)];
      const watches = [watch([...events, leave(gone, "cid", 1)])];
      return { kinds: kinds(watches[0].events.entries, { attendance }), ghosts: ghostsMs({ attendance, watches }) };
    };
    assert.deepEqual(dies(34_000), { kinds: [], ghosts: [4_000] });
    assert.deepEqual(dies(35_500), { kinds: ["ghost"], ghosts: [5_500] });
  });

  test("who goes on elsewhere when his instance is killed is no ghost, and may not be missing", () => {
    const attendance = adaAndBen();
    visit(attendance, "cid", { from: 25_000, instance: "two" });
    attendance.dies("two", 30_000);
    visit(attendance, "cid", { from: 30_500 });
    const events = [state(500, "ada"), join(10_100, "ben", 2), leave(20_100, "ben", 1), join(25_100, "cid", 2)];
    assert.deepEqual(kinds(events, { attendance }), []);
    assert.deepEqual(ghostsMs({ attendance, watches: [watch(events)] }), []);
    const flickers = [...events, leave(34_000, "cid", 1), join(34_100, "cid", 2)];
    assert.deepEqual(kinds(flickers, { attendance }), ["missing"]);
  });

  test("who asks anew and is told another list", () => {
    const seen = watch([state(500, "ada"), join(10_100, "ben", 2), leave(20_100, "ben", 1)]);
    const asks = (...users) =>
      judge({ ...bounds(), attendance: adaAndBen(), watches: [seen], anew: new Map([[seen, new Set(users)]]) });
    assert.deepEqual(asks("ada"), []);
    assert.deepEqual(asks("ada", "ben").map(({ kind }) => kind), ["otherwise"]);
    assert.deepEqual(asks().map(({ kind }) => kind), ["otherwise"]);
  });
});

/** Ada is there from the beginning, Ben from 10 s to 20 s. */
function adaAndBen() {
  const attendance = new Attendance();
  visit(attendance, "ada", { from: -LATE_MS });
  visit(attendance, "ben", { from: 10_000, to: 20_000 });
  return attendance;
}

function visit(attendance, user, { from, to = Infinity, instance = "one" }) {
  const visit = attendance.asks(user, ROOM, instance, from);
  visit.entered = from;
  visit.ends(to);
}

function watch(entries) {
  const watch = new Watch("onlooker", ROOM);
  watch.asked = 0;
  watch.events.entries = entries;
  watch.ends(END_MS);
  return watch;
}

function bounds() {
  return { lateMs: LATE_MS, ghostMs: GHOST_MS };
}

function breaches(entries, { attendance = adaAndBen() } = {}) {
  return judge({ ...bounds(), attendance, watches: [watch(entries)] });
}

function kinds(entries, options) {
  return breaches(entries, options).map(({ kind }) => kind);
}

function state(at, ...users) {
  return { at, type: "state", count: users.length, members: users.map((userId) => ({ userId })), listed: true };
}

function join(at, userId, count) {
  return { at, type: "join", userId, count };
}

function leave(at, userId, count) {
  return { at, type: "leave", userId, count };
}
