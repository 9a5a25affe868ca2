// People who come and go, at random and in each of their tabs, on every instance.

import { setTimeout as pause } from "node:timers/promises";

import { Person } from "../harness/person.mjs";
import { Attendance } from "./attendance.mjs";

const TABS_MAX = 3;
/** One person in so many is steady, and one is settled. */
const KINDS = 4;
/** How long somebody stays as he is, in milliseconds. */
const REST_MS_MIN = 20;
const REST_MS_MAX = 600;

export class Churn {
  /** The truth of where everybody is. */
  attendance = new Attendance();
  /** How many sockets an instance closed that lives, which it should not. */
  putOut = 0;
  isOver = false;
  #t;
  #house;
  #rounds;
  #deaths = new Map();

  /**
   * So many `people` begin to come and go, each with one to three tabs. Some are steady: one of their
   * three tabs stays where it is, however often the other two come to the same room and leave it. Some
   * are settled, on each instance in turn: their only tab stays, and is missed when the instance dies.
   */
  static async begins(t, house, { people, rooms, chance }) {
    const churn = new Churn();
    churn.#t = t;
    churn.#house = house;
    const tabs = [];
    for (let n = 0; n < people; n += 1) {
      const person = await house.admits(`Person ${n}`);
      const [isSteady, isSettled] = [n % KINDS === 0, n % KINDS === 1];
      if (isSettled) {
        const first = house.instances[Math.floor(n / KINDS) % house.instances.length];
        tabs.push(new Tab(churn, person, chance.fork(), { rooms, first, stays: true, comesBack: false }));
        continue;
      }
      const count = isSteady ? TABS_MAX : 1 + chance.below(TABS_MAX);
      const own = isSteady ? [chance.of(rooms)] : rooms;
      for (let tab = 0; tab < count; tab += 1) {
        const stays = isSteady && tab === 0;
        tabs.push(new Tab(churn, person, chance.fork(), { rooms: own, stays, comesBack: stays || chance.happens(50) }));
      }
    }
    churn.#rounds = Promise.all(tabs.map((tab) => tab.lives()));
    // Whoever waits for the rest hears of an error.
    churn.#rounds.catch(() => {});
    return churn;
  }

  /** Kills an instance with everybody who is connected there; brings when that was. */
  async kills(instance) {
    const at = performance.now();
    this.attendance.dies(instance.address, at);
    const death = instance.dies();
    this.#deathOf(instance).resolve();
    await death;
    return at;
  }

  /** Nobody moves any more; everybody stays where he is. */
  async rests() {
    this.isOver = true;
    await this.#rounds;
  }

  /** One who connects to an instance under somebody's token. */
  async connects({ nickname, token }, instance) {
    return Person.connects(this.#t, nickname, instance, token);
  }

  /** The instances that live. */
  get instances() {
    return this.#house.instances.filter((instance) => !this.attendance.killed.has(instance.address));
  }

  /** What an operation on an instance brings, or nothing where the instance is killed before. */
  async unlessKilled(instance, operation) {
    return Promise.race([operation, this.#deathOf(instance).promise]);
  }

  #deathOf(instance) {
    if (!this.#deaths.has(instance)) {
      const death = {};
      death.promise = new Promise((resolve) => {
        death.resolve = resolve;
      });
      this.#deaths.set(instance, death);
    }
    return this.#deaths.get(instance);
  }
}

class Tab {
  #churn;
  #person;
  #chance;
  #habits;
  #instance;
  #socket;
  #visit;

  /**
   * Where it goes: to which `rooms`, to which instance `first`; whether it `stays` in the room that it
   * has entered, and whether it `comesBack` when its instance was killed.
   */
  constructor(churn, person, chance, habits) {
    this.#churn = churn;
    this.#person = person;
    this.#chance = chance;
    this.#habits = habits;
  }

  async lives() {
    while (!this.#churn.isOver) {
      if (this.#instance && this.#isKilled()) {
        if (!this.#habits.comesBack) return;
        this.#forgets();
      }
      await this.#moves();
      await pause(REST_MS_MIN + this.#chance.below(REST_MS_MAX - REST_MS_MIN));
    }
  }

  async #moves() {
    if (!this.#socket) return this.#connects();
    const { stays } = this.#habits;
    if (!this.#visit) return stays || this.#chance.happens(90) ? this.#enters() : this.#vanishes();
    if (stays || this.#chance.happens(30)) return undefined;
    if (this.#chance.happens(25)) return this.#leaves();
    if (this.#chance.happens(50)) return this.#changesRoom();
    return this.#chance.happens(50) ? this.#vanishes() : this.#saysGoodbye();
  }

  async #connects() {
    const instance = this.#habits.first ?? this.#chance.of(this.#churn.instances);
    this.#habits.first = undefined;
    this.#instance = instance;
    const socket = await this.#unlessKilled(this.#churn.connects(this.#person, instance));
    this.#socket = socket;
    socket?.end.then(() => {
      const isOwnWish = this.#socket !== socket;
      if (!isOwnWish && !this.#churn.attendance.killed.has(instance.address)) this.#churn.putOut += 1;
    });
  }

  async #enters() {
    const room = this.#chance.of(this.#habits.rooms);
    const visit = this.#churn.attendance.asks(this.#person.id, room, this.#instance.address);
    this.#visit = visit;
    await this.#unlessKilled(this.#socket.enters(room));
    if (!this.#isKilled()) visit.entered = performance.now();
  }

  async #leaves() {
    const visit = this.#visit;
    visit.leaving = performance.now();
    this.#visit = undefined;
    await this.#unlessKilled(this.#socket.stopsListening(visit.room));
    visit.ends(performance.now());
  }

  async #changesRoom() {
    await this.#leaves();
    if (!this.#isKilled()) await this.#enters();
  }

  /** The socket breaks. */
  #vanishes() {
    this.#visit?.ends(performance.now());
    const socket = this.#socket;
    this.#forgets();
    socket.vanishes();
  }

  async #saysGoodbye() {
    const [visit, socket, instance] = [this.#visit, this.#socket, this.#instance];
    visit.leaving = performance.now();
    this.#forgets();
    await this.#churn.unlessKilled(instance, socket.leaves());
    visit.ends(performance.now());
  }

  #forgets() {
    this.#instance = undefined;
    this.#socket = undefined;
    this.#visit = undefined;
  }

  #isKilled() {
    return this.#churn.attendance.killed.has(this.#instance.address);
  }

  async #unlessKilled(operation) {
    return this.#churn.unlessKilled(this.#instance, operation);
  }
}
