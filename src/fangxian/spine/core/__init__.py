"""Ground for every room: clock, event log, queue, problems, rights. Imports nothing of ours."""
