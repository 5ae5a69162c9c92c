/** Promises by name, so that a file is asked for once; one that failed is forgotten and may be tried again. */

export class Memo {
  #kept = new Map();

  /** @param {number} [limit] how many are kept; the one longest unused goes first */
  constructor(limit = Infinity) {
    this.limit = limit;
  }

  get(name, make) {
    const known = this.#kept.get(name);
    this.#kept.delete(name);
    const promise = known ?? make();
    this.#kept.set(name, promise);
    if (!known) {
      promise.catch(() => this.#kept.delete(name));
      if (this.#kept.size > this.limit) this.#kept.delete(this.#kept.keys().next().value);
    }
    return promise;
  }
}
