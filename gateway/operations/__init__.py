"""How a write is carried out and told."""
