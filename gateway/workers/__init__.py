"""Several processes of one gateway: who starts them, what they share, and how the whole looks from without."""
