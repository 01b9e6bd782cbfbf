"""What every other part builds on: ids, append-only tables, work that is claimed, limits, events. It imports nothing of ours."""
