"""The canonical models: what callers ask for and what they are answered."""
