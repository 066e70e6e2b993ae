"""The command `fangxian`. Groups are loaded only when asked for, so that --help is quick."""

from fangxian.cli.main import main

__all__ = ["main"]
