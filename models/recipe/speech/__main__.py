"""`python -m recipe.speech`: makes the corpus, or goes on where it was stopped."""

import argparse

from ..settings import SPEECH, as_program
from . import asterisk, listing, make, plan, revoiced


def main():
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(prog="models/speech", description=__doc__.split("`: ")[1])
    parser.add_argument("--list", action="store_true", help="hours, clips and voices so far, and stop")
    parser.add_argument("--rounds", type=int, default=plan.ROUNDS, help="rounds to make (%(default)s)")
    parser.add_argument("--only", choices=sorted(make.ENGINES), help="one engine alone")
    parser.add_argument("--jobs", type=int, default=1, help="shards made at a time, on a core each (%(default)s)")
    asked = parser.parse_args()
    if asked.list:
        listing.show()
        return
    print(f"speech: the corpus is in {SPEECH}", flush=True)
    make.run(asked.rounds, asked.only, asked.jobs)
    if asked.only is None:
        asterisk.run()
        revoiced.run(asked.jobs)
    listing.show()


if __name__ == "__main__":
    as_program(main)
