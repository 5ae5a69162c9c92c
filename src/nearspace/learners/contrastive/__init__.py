"""Contrastive training: an encoder is drawn towards the user's own idea of similar, without harm."""
