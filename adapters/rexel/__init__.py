"""Rexel France, Resail API: prices, stock and units of electrical supplies; orders and quotes."""
