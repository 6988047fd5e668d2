"""What callers see over HTTP."""
