"""Highlights: where in a text a question is answered, and the piece of the text around it."""

from __future__ import annotations

from collections.abc import Sequence

from nearspace.search.text_query import TextQuery, within
from nearspace.search.tokens import Token, tokenize

Span = tuple[int, int]

LENGTH = 30  # words of a snippet
OPEN, CLOSE, CUT = "«", "»", "…"


def find_spans(text: str, query: TextQuery) -> tuple[Span, ...]:
    """Give (start, end) in characters of each word of a text that was asked for, in order.

    Words count that equal one of the question after folding, or are in its reach if it may differ, and the
    words of a phrase where they follow each other.
    """
    tokens = tokenize(text)
    return tuple((tokens[at].start, tokens[at].end) for at in sorted(_matched(tokens, query)))


def snippet(text: str, spans: Sequence[Span], length: int = LENGTH) -> str:
    """Give the piece of `length` words of a text in which most of `spans` lie, these marked «so».

    Among pieces with as many different marked words the one with more marked words is taken, then the
    first; it is moved so that they lie in its middle. White space becomes single blanks, what is left out is
    shown as "…".
    """
    tokens = tokenize(text)
    places = {token.start: number for number, token in enumerate(tokens)}
    marked = [places[start] for start, _ in spans]
    first, last = _window(tokens, marked, length)
    if not tokens:
        return " ".join(text.split())
    begin = 0 if first == 0 else tokens[first].start
    stop = len(text) if last == len(tokens) else tokens[last - 1].end
    parts, at = [], begin
    for start, end in spans:
        if begin <= start and end <= stop:
            parts += [text[at:start], OPEN, text[start:end], CLOSE]
            at = end
    parts.append(text[at:stop])
    shown = " ".join("".join(parts).split())
    return (f"{CUT} " if begin else "") + shown + (f" {CUT}" if stop < len(text) else "")


def _matched(tokens: Sequence[Token], query: TextQuery) -> set[int]:
    """Numbers of the tokens that were asked for."""
    exact = {word.word for word in query.words}
    fuzzy = [word for word in query.words if word.distance]
    known: dict[str, bool] = {}
    found: set[int] = set()
    for number, token in enumerate(tokens):
        word = token.word
        if word and word not in known:
            known[word] = word in exact or any(within(one.word, word, one.distance) for one in fuzzy)
        if word and known[word]:
            found.add(number)
    words = [token.word for token in tokens]
    for _, phrase in query.phrases:
        size = len(phrase)
        for number in range(len(words) - size + 1):
            if words[number] == phrase[0] and tuple(words[number : number + size]) == phrase:
                found.update(at for at in range(number, number + size) if words[at])
    return found


def _window(tokens: Sequence[Token], marked: Sequence[int], length: int) -> tuple[int, int]:
    """Give the first token of the best piece, and the one behind its last."""
    if len(tokens) <= length:
        return 0, len(tokens)
    best, inside = (0, 0), [0, 0]
    for place, start in enumerate(marked):
        here = [number for number in marked[place : place + length] if number < start + length]
        rank = (len({tokens[number].word for number in here}), len(here))
        if rank > best:
            best, inside = rank, [here[0], here[-1]]
    if best == (0, 0):
        return 0, length
    slack = length - (inside[1] - inside[0] + 1)
    first = min(max(inside[0] - slack // 2, 0), len(tokens) - length)
    return first, first + length
