/** Search among the vectors of a Space in the page: in a worker, so that the map never stops moving. */
import { answer, table } from "./vector_math.js";

export class VectorSearch {
  #number = 0;
  #waiting = new Map();
  #worker = null;
  #table = null;
  #opening;

  /** @param {{buffer: ArrayBuffer, count: number, dim: number, metric: string}} opening */
  constructor(opening) {
    this.#opening = opening;
    try {
      this.#worker = new Worker(new URL("./vectors_worker.js", import.meta.url), { type: "module" });
      this.#worker.onmessage = ({ data }) => this.#settle(data);
      this.#worker.onerror = (event) => this.#fallBack(event);
      this.#worker.postMessage({ number: 0, open: opening });
    } catch {
      this.#fallBack();
    }
  }

  /** The k nearest rows of a row, without itself. */
  near(row, k) {
    return this.combine([{ row, sign: 1 }], k);
  }

  /** The k rows nearest to a sum of rows, without these: terms are [{row, sign}]. */
  combine(terms, k) {
    if (!this.#worker) return Promise.resolve(this.#here({ terms, k }));
    this.#number += 1;
    const number = this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject, ask: { terms, k } });
      this.#worker.postMessage({ number, ask: { terms, k } });
    });
  }

  #settle({ number, hits, error }) {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error) waiting?.reject(new Error(error));
    else waiting?.resolve(hits);
  }

  /** Where no worker may run (a notebook, a strict page), answer in the page itself. */
  #fallBack(event) {
    event?.preventDefault();
    this.#worker?.terminate();
    this.#worker = null;
    for (const { resolve, ask } of this.#waiting.values()) resolve(this.#here(ask));
    this.#waiting.clear();
  }

  #here(ask) {
    this.#table ??= table(this.#opening);
    return answer(this.#table, ask);
  }

  close() {
    this.#worker?.terminate();
  }
}
