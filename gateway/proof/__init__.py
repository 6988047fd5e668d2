"""The proof that ships: gateways are killed while simulators count, and what was told is held against what is true."""
