"""GelatoConnect: print on demand, ordered through the Order Management API."""
