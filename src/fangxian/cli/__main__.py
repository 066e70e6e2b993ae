"""`python -m fangxian.cli`."""

from fangxian.cli.main import main

main()
