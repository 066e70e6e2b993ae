"""Ground for every room: clock, event log, queue, problems, levels, rights. Imports nothing of ours."""
