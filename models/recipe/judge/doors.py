"""Enrolment and verification, as a lock would do them: three recordings make a voiceprint, single ones knock."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from .programs import lines, program, rows

ENROLLED_FROM = 3
KNOCKS_ELSEWHERE = 3  # recordings of each person that knock at everybody else's door


@dataclass
class Doors:
    """Who could enrol, and what was scored."""

    people: int = 0
    refused: dict = field(default_factory=dict)  # who -> why
    owners: list = field(default_factory=list)  # (score, accepted)
    others: list = field(default_factory=list)

    @property
    def owners_out(self):
        """Share of knocks of owners that were refused."""
        return share(not accepted for _, accepted in self.owners)

    @property
    def others_in(self):
        """Share of knocks of others that were accepted."""
        return share(accepted for _, accepted in self.others)


def share(answers):
    """Share of the answers that are true; 0 where there are none."""
    answers = list(answers)
    return sum(answers) / max(1, len(answers))


def knock(model, manifest, *enrolment):
    """Everybody enrols and knocks at every door; `enrolment` are options of `wavlm enroll`."""
    by_person = {}
    for path, who, _ in rows(manifest, "speaker"):
        by_person.setdefault(who, []).append(path)
    return _knock(model, by_person, enrolment, ())


def knock_saying(model, manifest, *enrolment):
    """The same with each of the phrases, which groups are called by: everybody enrols with it, and knocks with it."""
    by_phrase, doors = {}, Doors()
    for path, who, phrase in rows(manifest, "speaker"):
        by_phrase.setdefault(phrase, {}).setdefault(who, []).append(path)
    for phrase, by_person in by_phrase.items():
        some = _knock(model, by_person, enrolment, ("--phrase", phrase))
        doors.people += some.people
        doors.refused |= {f"{who}: {phrase}": why for who, why in some.refused.items()}
        doors.owners += some.owners
        doors.others += some.others
    return doors


def _knock(model, by_person, enrolment, said):
    """`said` are options of `wavlm enroll` and of `wavlm verify`."""
    by_person = {who: paths for who, paths in by_person.items() if len(paths) > ENROLLED_FROM}
    doors = Doors(people=len(by_person))
    program("wavlm")
    with tempfile.TemporaryDirectory() as store:
        options = ("--model", model, "--store", Path(store), *said)
        for who, paths in by_person.items():
            enrolled, why = lines("wavlm", "enroll", who, *paths[:ENROLLED_FROM], *options, *enrolment)
            if enrolled is None:
                doors.refused[who] = why
        for owner in by_person.keys() - doors.refused.keys():
            for who, paths in by_person.items():
                last = None if who == owner else ENROLLED_FROM + KNOCKS_ELSEWHERE
                for path in paths[ENROLLED_FROM:last]:
                    answer, _ = lines("wavlm", "verify", owner, path, *options, statuses=(0, 1))
                    if answer is None:
                        continue  # too little speech: the program refuses to judge
                    side = doors.owners if who == owner else doors.others
                    side.append((answer[0]["score"], answer[0]["accepted"]))
    return doors
