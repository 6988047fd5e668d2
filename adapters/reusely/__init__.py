"""Reusely: devices that customers trade in, by mail, for a payout."""
