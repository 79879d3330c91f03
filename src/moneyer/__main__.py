"""`python -m moneyer`: the command line."""

from moneyer.cli import main

if __name__ == "__main__":
    main()
