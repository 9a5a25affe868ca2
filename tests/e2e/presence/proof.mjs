// People come and go on three instances, one of which is killed; whoever looks on is asked whether what
// he was told was true.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { House } from "../harness/house.mjs";
import { freshRoom, numbersTo } from "../harness/room.mjs";
import { Churn } from "./churn.mjs";
import { ghostsMs, judge } from "./verdict.mjs";
import { Watch } from "./watch.mjs";

const INSTANCES = 3;
/** How long somebody looks in who passes by, and how long until the next one does, in milliseconds. */
const GLANCE_MS = 700;

/**
 * Lets `people` come and go for some seconds in `rooms`, while `kills` instances are killed one after
 * the other and another comes for each. Brings everything that was there and was told, and the breaches.
 */
export async function proves(t, { seconds, people, rooms, kills = 1, chance, lateMs, ghostMs, environment }) {
  t.diagnostic(`seed ${chance.seed}`);
  const house = await House.opens(t, { instances: INSTANCES, environment });
  const names = numbersTo(rooms).map((n) => freshRoom(`churn-${n}`));
  const churn = await Churn.begins(t, house, { people, rooms: names, chance: chance.fork() });
  const looksOn = new Onlookers(churn, await house.admits("Onlooker"), names);
  for (const instance of house.instances) await looksOn.from(instance);
  const passing = looksOn.passBy(chance.fork());
  for (let kill = 0; kill < kills; kill += 1) {
    await pause((seconds * 1_000) / (kills + 1));
    const victim = chance.of(churn.instances);
    looksOn.die(victim, await churn.kills(victim));
    await looksOn.from(await house.grows());
  }
  await pause((seconds * 1_000) / (kills + 1));
  await churn.rests();
  await passing;
  const began = performance.now();
  await looksOn.agree(churn.attendance, ghostMs);
  const quietMs = performance.now() - began;
  const anew = await looksOn.ask();
  const { attendance, putOut } = churn;
  const { watches } = looksOn;
  for (const watch of watches) watch.ends();
  const found = { attendance, watches, anew, lateMs, ghostMs };
  return { ...found, breaches: judge(found), ghosts: ghostsMs(found), putOut, quietMs };
}

/** Says what was seen, and demands that all of it was true and that there was something to see. */
export function isTrue(t, { attendance, watches, breaches, ghosts, putOut, quietMs }) {
  const events = watches.reduce((sum, { events }) => sum + events.entries.length, 0);
  t.diagnostic(
    `${attendance.visits.length} visits, ${attendance.killed.size} instances killed; ${watches.length} lists followed ` +
      `through ${events} events; ghosts gone after ${seconds(Math.max(...ghosts))} s at most (${ghosts.length} seen); ` +
      `quiet after ${seconds(quietMs)} s; ${breaches.length} breaches`,
  );
  const told = breaches.slice(0, 20).map(({ text }) => text);
  assert.deepEqual(told, [], `${breaches.length} breaches`);
  assert.equal(putOut, 0, "an instance that lives puts nobody out");
  assert.ok(ghosts.length > 0, "somebody had to be missed");
}

/** Whoever looks on, on every instance and in every room. */
class Onlookers {
  watches = [];
  #churn;
  #account;
  #rooms;
  #people = [];

  constructor(churn, account, rooms) {
    this.#churn = churn;
    this.#account = account;
    this.#rooms = rooms;
  }

  /** One more who looks on to the end, from this instance. */
  async from(instance) {
    const person = await this.#churn.connects(this.#named(`Onlooker at ${instance.address}`), instance);
    const watches = [];
    for (const room of this.#rooms) watches.push(await Watch.begins(person, room));
    this.watches.push(...watches);
    this.#people.push({ person, instance, watches });
  }

  /** They come, look in for a moment and go, one after the other, until nobody moves any more. */
  async passBy(chance) {
    while (!this.#churn.isOver) {
      const instance = chance.of(this.#churn.instances);
      const named = this.#named(`passer-by ${this.watches.length} at ${instance.address}`);
      const person = await this.#churn.unlessKilled(instance, this.#churn.connects(named, instance));
      const begins = person && Watch.begins(person, chance.of(this.#rooms));
      const watch = person && (await this.#churn.unlessKilled(instance, begins));
      if (!watch) continue;
      this.watches.push(watch);
      await this.#churn.unlessKilled(instance, pause(GLANCE_MS));
      watch.ends(this.#churn.attendance.killed.get(instance.address));
      await this.#churn.unlessKilled(instance, person.leaves());
    }
  }

  /** Nobody looks on from an instance that was killed at that time. */
  die(instance, at) {
    const [gone] = this.#people.filter((one) => one.instance === instance);
    for (const watch of gone.watches) watch.ends(at);
    this.#people = this.#people.filter((one) => one !== gone);
  }

  /** Waits until everybody lists who is there; whoever does not in time is found by the verdict. */
  async agree(attendance, limitMs) {
    const watches = this.#people.flatMap(({ watches }) => watches);
    await Promise.allSettled(watches.map((watch) => watch.sees(attendance.present(watch.room), limitMs)));
  }

  /** Has each of them ask anew: the list that he is told, for each of his. */
  async ask() {
    const anew = new Map();
    for (const { person, watches } of this.#people) {
      for (const watch of watches) anew.set(watch, await (await Watch.begins(person, watch.room)).hasList());
    }
    return anew;
  }

  #named(nickname) {
    return { ...this.#account, nickname };
  }
}

function seconds(ms) {
  return (ms / 1_000).toFixed(1);
}
