"""What the sentinels report, from files: detection, Rt, scan, nowcast, rehearsal. Reading arguments
and writing files is left to the command line."""
