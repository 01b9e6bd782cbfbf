"""The queue and its workers: what is next, when it will be done, which workers are present and how many there should
be."""
