/** The state of an app: one plain object, changed by patches, watched by name. */

export class Store {
  #state;
  #watchers = new Set();

  constructor(state) {
    this.#state = { ...state };
  }

  get state() {
    return this.#state;
  }

  /**
   * Change some values and tell who watches them.
   *
   * @param {object} patch
   * @param {"push"|"replace"|"silent"} [history] whether the address gets a new entry, changes, or stays
   */
  set(patch, history = "replace") {
    const before = this.#state;
    const changed = Object.keys(patch).filter((name) => !Object.is(before[name], patch[name]));
    if (!changed.length) return;
    this.#state = { ...before, ...patch };
    for (const watcher of [...this.#watchers]) {
      if (watcher.names === null || changed.some((name) => watcher.names.includes(name))) {
        watcher.action(this.#state, before, { changed, history });
      }
    }
  }

  /**
   * Call `action(state, before, {changed, history})` whenever one of the names changes.
   *
   * @param {string[]|null} names null for all
   * @param {Function} action
   * @param {AbortSignal} [signal] ends the watching
   */
  on(names, action, signal) {
    const watcher = { names, action };
    this.#watchers.add(watcher);
    signal?.addEventListener("abort", () => this.#watchers.delete(watcher), { once: true });
  }
}
