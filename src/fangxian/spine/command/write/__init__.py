"""Services of command, the only writers of its tables."""

from fangxian.spine.command import words as words
