"""The JWT reseller API for digital goods: adapter and simulator."""
