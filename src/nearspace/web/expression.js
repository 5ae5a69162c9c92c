/** Vector arithmetic in a search: "king - man + woman". */

/**
 * Take a query apart at signs that stand between blanks, so that keys may contain "-" and "+".
 *
 * @returns {{sign: 1|-1, text: string}[]} one term for a query without arithmetic
 */
export function terms(query) {
  const parts = query.trim().split(/\s+([+-])\s+/);
  const first = /^([+-])\s+(.*)$/s.exec(parts[0]);
  const found = [{ sign: first?.[1] === "-" ? -1 : 1, text: (first ? first[2] : parts[0]).trim() }];
  for (let at = 1; at < parts.length; at += 2) {
    found.push({ sign: parts[at] === "-" ? -1 : 1, text: parts[at + 1].trim() });
  }
  return found.filter((term) => term.text);
}

/** The term that is being typed, and where it starts in the query. */
export function lastTerm(query) {
  const match = /^(.*\s[+-]\s+)?(.*)$/s.exec(query);
  return { start: (match[1] ?? "").length, text: match[2] };
}
