"""The command line as `python -m gateway`, for processes that start themselves anew."""

from gateway.cli import main

main()
