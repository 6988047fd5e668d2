"""What an adapter is: flows without I/O, canonical models, errors, traits, callbacks and simulators."""
