"""Serve one canonical order and catalog API: the only package that touches the world."""
