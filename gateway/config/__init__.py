"""gateway.yaml: what may stand in it, how it is read, and how its mistakes are told."""
