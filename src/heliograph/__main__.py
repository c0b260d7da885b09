"""`python -m heliograph`: the same as the program `heliograph`."""

from heliograph.cli import main

main()
