"""Reports on paper: one layout of 22 lines of 28 characters, drawn as PDF and OFD; Word; and the
check of any file by the same rules. Source of the rules: GB/T 9704-2012."""
