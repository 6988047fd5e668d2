"""`ordergate demo`: everything simulated, a tour through all providers, a table of what happened."""
