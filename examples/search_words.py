"""Search a Space: by key, by vector, with positive and negative terms, many queries at once.

usage: python examples/search_words.py TEXT FOLDER
"""

import sys

import nearspace as ns

space = ns.learn.words(sys.argv[1], dim=50, epochs=3, seed=1)
first, second, third, fourth = space.keys.names(range(20, 24))

for query, hits in ns.nearest(space, [first, second], k=3):
    print(query, "is near", ", ".join(f"{hit.key} ({hit.score:.2f})" for hit in hits))

by_vector = ns.nearest(space, space[first] + space[second], k=3)
print("near the sum of both:", ", ".join(by_vector.keys[0]))

found = ns.search(space, positive=[first, second], negative=[third], k=3, method="3cosmul")
print(f"{first} + {second} - {third}:", ", ".join(found.keys[0]))

print(f"{first} is to {second} as {third} is to", ns.analogy(space, first, second, third, k=1).keys[0][0])
print("similarity:", round(ns.similarity(space, first, second), 3))
print("does not match:", ns.doesnt_match(space, [first, second, third, fourth]).key)

try:
    ns.nearest(space, first + "x")
except ns.NearspaceError as error:
    print(error)  # names the nearest spellings
