"""`python -m remud_gen` -> the command line."""

from remud_gen.cli import main

if __name__ == "__main__":
    main()
