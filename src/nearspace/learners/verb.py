"""The verb `learn`: data in, a Space out."""

from __future__ import annotations

from nearspace.learners.contexts import contexts
from nearspace.learners.texts import texts
from nearspace.learners.words import METHODS, make_learner, words

__all__ = ["METHODS", "contexts", "make_learner", "texts", "words"]
