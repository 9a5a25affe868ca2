// Chance that can be had again: the same seed makes the same choices.

import { randomInt } from "node:crypto";

/** The greatest seed, and a bit more than any number that is drawn. */
const RANGE = 2 ** 32;

export class Chance {
  seed;
  #state;

  constructor(seed = randomInt(RANGE - 1)) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, and without, `end`. */
  below(end) {
    // The finalizer of MurmurHash3 over a Weyl sequence.
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
    return Math.floor(((mixed >>> 0) / RANGE) * end);
  }

  /** One of these. */
  of(choices) {
    return choices[this.below(choices.length)];
  }

  /** Whether something happens that does so in so many of a hundred cases. */
  happens(percent) {
    return this.below(100) < percent;
  }

  /** A chance of its own, so that its choices do not depend on who chooses first. */
  fork() {
    return new Chance(this.below(RANGE));
  }
}
