"""The verb `learn`: data in, a Space or an encoder out."""

from __future__ import annotations

from nearspace.learners.contexts import contexts
from nearspace.learners.contrastive.verb import encoder
from nearspace.learners.interactions import interactions
from nearspace.learners.texts import texts
from nearspace.learners.words import METHODS, make_learner, words

__all__ = ["METHODS", "contexts", "encoder", "interactions", "make_learner", "texts", "words"]
