/** The keys of a Space: row -> key, key -> row, and search in them. */

export class KeyTable {
  #bytes;
  #offsets;
  #text = null; // all keys, folded to lower case, one after another
  #starts = null; // where each key begins in it, in UTF-16 units

  /**
   * @param {Uint32Array} offsets (count + 1) in bytes
   * @param {Uint8Array} bytes UTF-8 of all keys
   */
  constructor(offsets, bytes) {
    this.#offsets = offsets;
    this.#bytes = bytes;
    this.count = offsets.length - 1;
    this.decoder = new TextDecoder();
  }

  /** The key of a row. */
  at(row) {
    return this.decoder.decode(this.#bytes.subarray(this.#offsets[row], this.#offsets[row + 1]));
  }

  /** The row of exactly this key, or -1. */
  rowOf(key) {
    const wanted = new TextEncoder().encode(key);
    const { length } = wanted;
    for (let row = 0; row < this.count; row++) {
      const start = this.#offsets[row];
      if (this.#offsets[row + 1] - start !== length) continue;
      let at = 0;
      while (at < length && this.#bytes[start + at] === wanted[at]) at++;
      if (at === length) return row;
    }
    return -1;
  }

  /** The row of this key as written, else in another case, else -1. */
  like(key) {
    const exact = this.rowOf(key);
    if (exact >= 0) return exact;
    this.#fold();
    const wanted = fold(key);
    for (let row = 0; row < this.count; row++) {
      const start = this.#starts[row];
      if (this.#starts[row + 1] - start === wanted.length && this.#text.startsWith(wanted, start)) return row;
    }
    return -1;
  }

  /** Rows whose key is, then begins with, then contains the text, in any case, in order of rows. */
  find(text, limit = 50) {
    const wanted = fold(text);
    if (!wanted) return [];
    this.#fold();
    const whole = [];
    const beginning = [];
    for (let row = 0; row < this.count; row++) {
      const start = this.#starts[row];
      if (!this.#text.startsWith(wanted, start)) continue;
      const length = this.#starts[row + 1] - start;
      if (length === wanted.length) whole.push(row);
      else if (length > wanted.length && beginning.length < limit) beginning.push(row);
    }
    const found = new Set([...whole, ...beginning].slice(0, limit));
    this.#within(wanted, limit, found);
    return [...found];
  }

  /** Add rows that contain the text anywhere. */
  #within(wanted, limit, found) {
    let at = this.#text.indexOf(wanted);
    while (at >= 0 && found.size < limit) {
      const row = this.#rowAt(at);
      if (at + wanted.length <= this.#starts[row + 1]) found.add(row);
      at = this.#text.indexOf(wanted, at + 1);
    }
  }

  /** The last row that begins at or before a place in the folded text. */
  #rowAt(place) {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #fold() {
    if (this.#text !== null) return;
    this.#text = fold(this.decoder.decode(this.#bytes));
    this.#starts = unitStarts(this.#bytes, this.#offsets);
  }
}

/** Lower case of the same length: the one letter whose lower case is longer is written as a plain i. */
export function fold(text) {
  return text.replaceAll("İ", "i").toLowerCase();
}

/** Byte offsets -> offsets in UTF-16 units: continuation bytes count 0, first bytes of four count 2. */
function unitStarts(bytes, offsets) {
  const starts = new Uint32Array(offsets.length);
  let units = 0;
  let at = 0;
  for (let row = 0; row < offsets.length; row++) {
    for (; at < offsets[row]; at++) {
      const byte = bytes[at];
      if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
    }
    starts[row] = units;
  }
  return starts;
}
