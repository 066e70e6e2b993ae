"""Sentinels: what hospitals, schools and laboratories count, cases, and the signals they raise. The
numbers from files of `fangxian surveil` (detect, rt, cases, tidy, rehearse) lie here too."""
