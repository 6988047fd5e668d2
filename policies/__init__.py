"""Know when to refuse, wait, repeat or answer in place, for any call whatever it is about."""
