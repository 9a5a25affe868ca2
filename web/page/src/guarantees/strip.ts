// A room's numbers as one user has them: one cell each, in the order of the room.

import { h } from "../dom.ts";
import type { Words } from "./words.ts";

/** How a number came: live, or after a break with what was missed. */
export type How = "live" | "caught-up";

/** How many of the newest numbers are drawn. */
const CELLS_MAX = 300;

export class Strip {
  readonly element: HTMLElement;
  readonly #words: Words;
  readonly #cells = h("ol", { className: "strip" });
  readonly #counts = h("p", { className: "counts" });
  readonly #drawn = new Map<number, HTMLElement>();
  readonly #came = new Map<number, How>();
  #known = 0;
  #last = 0;
  #twice = 0;
  #disorder = 0;

  constructor(words: Words, name: string) {
    this.#words = words;
    this.#cells.setAttribute("aria-label", words.numbersOf(name));
    this.#cells.tabIndex = 0;
    this.element = h("div", { className: "numbers" }, this.#cells, this.#counts);
    this.#shows();
  }

  /** A number came. */
  comes(seq: number, how: How): void {
    if (this.#came.has(seq)) this.#twice += 1;
    if (seq < this.#last) this.#disorder += 1;
    this.#last = Math.max(this.#last, seq);
    this.#came.set(seq, how);
    this.expects(seq);
    const cell = this.#drawn.get(seq);
    if (cell) this.#draws(cell, seq);
    this.#shows();
  }

  /** Somebody knows of numbers up to this one. */
  expects(known: number): void {
    for (; this.#known < known; this.#known += 1) {
      const seq = this.#known + 1;
      const cell = h("li", { "data-seq": String(seq) }, String(seq));
      this.#drawn.set(seq, cell);
      this.#draws(cell, seq);
      this.#cells.append(cell);
      if (this.#drawn.size > CELLS_MAX) {
        const [oldest, drawn] = this.#drawn.entries().next().value!;
        drawn.remove();
        this.#drawn.delete(oldest);
      }
    }
    this.#cells.scrollTop = this.#cells.scrollHeight;
    this.#shows();
  }

  get came(): number {
    return this.#came.size;
  }

  get missing(): number {
    return this.#known - this.#came.size;
  }

  /** How often a number came a second time, or after a greater one. */
  get faults(): number {
    return this.#twice + this.#disorder;
  }

  #draws(cell: HTMLElement, seq: number): void {
    const how = this.#came.get(seq) ?? "missing";
    cell.dataset["how"] = how;
    cell.title = this.#words.how[how];
  }

  #shows(): void {
    const { came, missing } = this;
    this.#counts.textContent = this.#words.counts(came, missing, this.#twice, this.#disorder);
    this.element.dataset["missing"] = String(missing);
  }
}
