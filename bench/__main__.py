"""`python -m bench`: hands the command line to `bench.cli`."""

from bench.cli.main import main

main()
