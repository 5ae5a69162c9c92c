"""Contrastive training: an encoder of texts is drawn towards the user's own idea of similar, and does no harm."""
