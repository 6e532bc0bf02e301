"""A small grammar of everyday English: statements, questions, requests, numbers, dates, names."""

import re

from ..text import pick

RULES = {
    "S": ("{who} {did} {what} {when}.", "{Who} {is} {how} {when}.", "{Where} there was {what}.",
        "{Who} {did} {what} and {did} {what}.", "{Ask} {what} {when}?", "Where did {who} put {what}?",
        "{Please} {do} {what} {where}.", "{Please} {do} {what}, it is {how}.",
        "The {thing} {where} is {how}.", "How many {things} are there {where}?",
        "There are {number} {things} {where}.", "It costs {number} {money} and {number} cents.",
        "The number is {number}, {number}, {number}.", "Call {name} at {number} {number} {number}.",
        "My name is {name} {surname}.", "{name} {surname} lives {where}, with {number} {things}.",
        "We meet on {day} at {hour}.", "The {month} the {ordinal} was a {day}.",
        "{Who} {did} {what} because {who} {is} {how}.", "When {who} {did} {what}, {who} {is} {how}.",
        "I think {who} {did} {what} {where}.", "Is it true that {who} {did} {what}?",
        "What is the weather like {when}?", "Set a timer for {number} minutes.",
        "Remind {name} to {do} {what} at {hour}.", "The train to {place} leaves at {hour}.",
        "{name} said that {who} {is} {how}, but {name} {is} {how}.", "Play something by {name} {surname}.",
        "Would you {do} {what} for {name}?", "Who wants to {do} {what} {when}?",
        "I would rather {do} {what}.", "Good {time}, {name}, {who} {did} {what}.",
        "Thanks, {name}, the {thing} is {how}."),
    "who": ("{name}", "my {kin}", "the {job}", "her {kin}", "our {job}", "the {how} {job}", "everybody",
        "your {kin}"),
    "name": ("Anna", "Peter", "Maria", "John", "Laura", "David", "Susan", "Thomas", "Emily", "James",
        "Olivia", "Daniel", "Grace", "Henry", "Julia", "Robert", "Sophie", "Martin", "Helen", "Samuel"),
    "surname": ("Smith", "Baker", "Miller", "Taylor", "Walker", "Cooper", "Fisher", "Johnson", "Williams",
        "Brown", "Hughes", "Murphy", "Parker", "Bennett"),
    "kin": ("mother", "father", "sister", "brother", "cousin", "uncle", "aunt", "daughter", "neighbour",
        "friend"),
    "job": ("teacher", "doctor", "farmer", "driver", "painter", "baker", "captain", "nurse", "lawyer",
        "waiter", "gardener", "student", "manager", "policeman"),
    "is": ("is", "was", "seems", "will be", "looked", "has been", "is hardly ever", "might be"),
    "how": ("very old", "quite cheap", "much too late", "really beautiful", "broken", "happy", "tired",
        "empty", "a bit strange", "cold", "ready", "busy", "clean", "expensive", "quiet", "famous",
        "wonderful", "angry"),
    "did": ("found", "bought", "cleaned", "lost", "painted", "carried", "remembered", "forgot", "sold",
        "brought", "watched", "borrowed", "repaired", "counted", "cooked", "measured", "described",
        "discovered", "hid"),
    "do": ("find", "buy", "clean", "move", "paint", "carry", "bring", "open", "close", "borrow", "repair",
        "check", "wash", "send", "show", "change", "measure", "order", "cancel", "share"),
    "what": ("the {thing}", "a {how2} {thing}", "{number} {things}", "this {thing}", "every {thing}",
        "the {how2} {things}", "some of the {things}", "the other {thing}", "both {things}"),
    "how2": ("small", "heavy", "yellow", "green", "wooden", "broken", "cheap", "warm", "famous", "round",
        "paper", "new", "dirty", "silver", "long", "second"),
    "thing": ("window", "bicycle", "letter", "kitchen table", "umbrella", "camera", "newspaper", "engine",
        "garden chair", "sandwich", "picture", "mirror", "blanket", "suitcase", "calendar", "guitar",
        "refrigerator", "password", "coffee machine", "printer", "ticket", "bottle", "hammer", "thermostat",
        "vacuum cleaner", "shopping list"),
    "things": ("windows", "letters", "horses", "apples", "chairs", "pictures", "messages", "tickets",
        "bottles", "eggs", "photographs", "children", "sheep", "oranges", "kilometres", "emails", "birds",
        "boxes", "towels"),
    "where": ("in the kitchen", "behind the house", "near the station", "under the bed", "at the market",
        "in {place}", "beside the river", "between the trees", "in the cellar", "at school",
        "in front of the church", "by the window", "among the books", "across the street"),
    "place": ("London", "Berlin", "Chicago", "Sydney", "Dublin", "Madrid", "Boston", "Vienna", "Toronto",
        "Cairo", "Lisbon"),
    "when": ("yesterday", "this morning", "tomorrow evening", "last week", "at {hour}", "every {day}",
        "in {month}", "after lunch", "before breakfast", "for {number} days", "again", "during the winter",
        "next year", "tonight"),
    "ask": ("did {who} see", "have you seen", "do you remember", "can anybody find", "would {who} like",
        "shall we bring", "why is it about", "does {who} need", "are these"),
    "please": ("please", "could you", "could you please", "would you mind if I", "I want to", "we should",
        "try to", "do not", "never", "remember to", "somebody must"),
    "time": ("morning", "evening", "afternoon"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "month": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December"),
    "hour": ("half past {small}", "a quarter to {small}", "{small} o'clock", "{small} thirty",
        "{small} fifteen", "noon"),
    "money": ("dollars", "pounds", "euros"),
    "number": ("{small}", "{tens}", "{tens} {digit}", "{digit} hundred", "{digit} hundred and {tens}",
        "{small} thousand"),
    "digit": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "small": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve"),
    "tens": ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
        "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
    "ordinal": ("first", "second", "third", "fourth", "fifth", "eighth", "tenth", "twelfth", "twentieth",
        "thirtieth"),
}  # fmt: skip


def expand(rng, rule):
    """One way to write a rule out; a rule named with a capital starts with one."""
    among = RULES["S" if rule == "S" else rule.lower()]
    said = re.sub(r"\{(\w+)\}", lambda match: expand(rng, match[1]), pick(rng, among))
    return said[0].upper() + said[1:] if rule[0].isupper() else said


def sentence(rng):
    """A sentence."""
    return expand(rng, "S")
