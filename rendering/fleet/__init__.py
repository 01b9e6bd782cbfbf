"""The queue and who works on it: who is next, when it is done, what workers are there and how many there should be."""
