"""How news of a stored record reaches whoever waits for it."""
