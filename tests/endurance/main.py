"""The parts of `tests/endurance/run`."""

import argparse
import sys

import connections
import day
import latency


def main():
    parser = argparse.ArgumentParser(prog="tests/endurance/run")
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("day").add_argument("--hours", type=float, default=24)
    parts.add_parser("connections").add_argument("--count", type=int, default=10_000)
    latency_part = parts.add_parser("latency")
    latency_part.add_argument("--words", type=int, default=40)
    latency_part.add_argument("--at-once", choices=("true", "false"), default="true")
    asked = parser.parse_args()
    if asked.part == "day":
        good = day.run(asked.hours)
    elif asked.part == "connections":
        good = connections.run(asked.count)
    else:
        good = latency.run(asked.words, asked.at_once)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
