"""The numbers by which a remembered command is judged: how alike the situations are, what ran before, how near, how often.

None depends on how many examples there are, so that a memory of one works like a memory of thousands.
"""

from itertools import repeat
from math import fsum, log1p

import msgspec

from ghostcells.domain.examples import Example, Situation
from ghostcells.memory.adapt import Adapted
from ghostcells.memory.analysis import BEFORE, command_terms, stem
from ghostcells.memory.literals import Kind, kind_of
from ghostcells.memory.notes import Lesson, commands_of, program_of, values_of
from ghostcells.memory.profiles import Answer, Profile, Reader, Terms, place_of
from ghostcells.memory.readings import is_content, is_value, read

MAX_AGE = 400
"""How many newer examples count; beyond that all are equally old."""

NAMES = (
    "jaccard",
    "query covered",
    "example covered",
    "tail jaccard",
    "tail covered",
    "same key",
    "heading jaccard",
    "same heading",
    "heading in other intent",
    "before jaccard",
    "same before",
    "before2 jaccard",
    "before bigram",
    "above jaccard",
    "told jaccard",
    "first cell",
    "same notebook",
    "shared folders",
    "age",
    "newer share",
    "runs",
    "shared mass",
    "lexical to best",
    "lexical rank",
    "has intent",
    "query mass",
    "query terms",
    "example terms",
    "length",
    "lines",
    "program length",
    "same program as before",
    "program above",
    "program named",
    "command named",
    "spans",
    "spans covered",
    "repeats above",
    "changes",
    "unresolved",
    "values known",
    "values",
    "raw",
    "kin of intent",
    "kin of tail",
    "kin of before",
    "program kin",
    "values used",
    "command seen",
    "plain changes",
    "unlike changes",
    "same language",
    "rough",
    "rough to best",
    "rough rank",
    "support",
    "program support",
    "best support",
    "fellows",
    "found again",
    "found again to most",
    "similarity",
    "similarity to best",
    "similarity rank",
)
WITHOUT_VECTORS = NAMES.index("similarity")
"""How many of the features need no embedder."""


class Signals(msgspec.Struct, frozen=True):
    """What the searches said of a row: BM25 score and similarity, each with its rank (0 the best) and the best there was."""

    lexical: float = 0.0
    lexical_best: float = 1.0
    lexical_rank: int = 99
    similarity: float = 0.0
    similarity_best: float = 1.0
    similarity_rank: int = 99
    same_key: bool = False


class Support(msgspec.Struct, frozen=True):
    """How a candidate stands among the others.

    `pattern` and `program` are the shares of all rough scores held by others of the same pattern and by all of its program,
    `best` the best of the former, `fellows` the mean likeness of the others' commands, weighed by their scores. `found` is how
    many of all examples found, whatever their scores, have this very command, `most` how many have the commonest one.
    """

    rough: float = 0.0
    rough_best: float = 0.0
    rough_rank: int = 0
    pattern: float = 0.0
    program: float = 0.0
    best: float = 0.0
    fellows: float = 0.0
    found: int = 0
    most: int = 1


class Question(msgspec.Struct, frozen=True):
    """What is asked, prepared once for all candidates.

    `present` are the lower-case words of all that can be seen, `seen` the terms of prose, heading and commands, `values` the
    words of the intent that look like values, `spans` what stands in backticks, `language` that of the cells above, or empty,
    and the rest the terms of commands that go with the situation's words.
    """

    query: Profile
    language: str
    spans: Terms
    programs: frozenset[str]
    present: frozenset[str]
    seen: frozenset[str]
    values: tuple[str, ...]
    by_intent: dict[str, float]
    by_tail: dict[str, float]
    by_before: dict[str, float]


def question(situation: Situation, reader: Reader) -> Question:
    query = reader.profile(situation)
    texts = [situation.intent, situation.heading, *(cell.text for cell in situation.above)]
    values = dict.fromkeys(word.low for word in read(situation.intent).words if is_value(word) and is_content(word))
    before = command_terms(query.commands[0])[:3] if query.commands else ()
    return Question(
        query,
        situation.language,
        reader.spans(situation),
        frozenset(map(program_of, query.commands)),
        frozenset().union(*(read(text).lows for text in texts)),
        query.intent.terms | query.heading.terms | query.above.terms | query.told.terms,
        tuple(values),
        reader.kin(query.intent.terms | query.heading.terms),
        reader.kin(query.tail.terms),
        reader.kin([BEFORE + term for term in before]),
    )


def likeness(query: Profile, example: Example, lesson: Lesson, reader: Reader) -> list[float]:
    """How alike the situations are: the features up to "example terms", those of the search still 0 (`found_by`)."""
    intent = lesson.intent.split(" ") if lesson.intent else []
    both = query.intent.terms.intersection(intent)
    shared = reader.mass(both) if both else 0.0
    mine, its = query.intent.mass, reader.mass(intent) if both else 0.0
    commands, place = commands_of(example.situation), place_of(example.situation.notebook)
    return [
        shared / (mine + its - shared) if both else 0.0,
        shared / mine if both else 0.0,
        shared / its if both else 0.0,
        reader.jaccard(query.tail, lesson.intent if lesson.tail is None else lesson.tail),
        reader.covered(query.tail, both) if both else 0.0,
        0.0,
        reader.jaccard(query.heading, lesson.heading),
        float(bool(query.heading_text) and query.heading_text == lesson.heading_text),
        reader.covered(query.heading, intent),
        reader.jaccard(query.before, lesson.before),
        float(query.commands[:1] == commands[:1]),
        reader.jaccard(query.before2, lesson.before2),
        float(len(query.commands) > 1 and query.commands[:2] == commands[:2]),
        reader.jaccard(query.above, lesson.above) if query.above.terms else 0.0,
        reader.jaccard(query.told, lesson.told),
        float(not query.commands) - float(not commands),
        float(query.place == place),
        _shared(query.place, place),
        0.0,
        0.0,
        log1p(example.runs),
        shared,
        0.0,
        0.0,
        float(bool(intent)),
        mine,
        float(len(query.intent.terms)),
        float(len(intent)),
    ]


_SAME_KEY, _AGE = NAMES.index("same key"), NAMES.index("age")
_LEXICAL = NAMES.index("lexical to best")


def found_by(alike: list[float], signals: Signals, age: int, newer: float) -> list[float]:
    """A copy of what `likeness` gave, with what the searches said; `newer` is the share of the found that are older."""
    start = alike.copy()
    start[_SAME_KEY] = float(signals.same_key)
    start[_AGE : _AGE + 2] = log1p(min(age, MAX_AGE)), newer
    start[_LEXICAL] = signals.lexical / signals.lexical_best if signals.lexical_best > 0 else 0.0
    start[_LEXICAL + 1] = float(min(signals.lexical_rank, 40))
    return start


LIKENESS = NAMES.index("length")
"""How many of the features `likeness` gives."""


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """The share of folders that two notebooks have in common, from the top."""
    same = 0
    for left, right in zip(one[:-1], other[:-1], strict=False):
        if left != right:
            break
        same += 1
    return same / max(len(one) - 1, len(other) - 1, 1)


class Turn(msgspec.Struct, frozen=True):
    """What an adaptation does: how many plain words it puts in or takes out, and how many values by others of another kind."""

    plain: int = 0
    unlike: int = 0


def turn_of(adapted: Adapted) -> Turn:
    kinds = [(kind_of(old), kind_of(new)) for old, new in adapted.changed]
    return Turn(sum([Kind.WORD in pair for pair in kinds]), sum([old is not new for old, new in kinds]))


def told_by_language(asked: Question, example: Example) -> float:
    """1 for the language of the cells above, 0 for another, -1 where none is above."""
    return float(example.language == asked.language) if asked.language else -1.0


def fitness(
    asked: Question, known: Answer, adapted: Adapted, turn: Turn, *, raw: bool, language: float, reader: Reader
) -> list[float]:
    """The features of the command as adapted, "length" to "same language".

    `turn` is the example's adaptation: for the command left as it was it counts below zero, as what was not done.
    """
    query, present = asked.query, asked.present
    terms = reader.terms(command_terms(adapted.text)) if adapted.changed else known.terms
    values = values_of(adapted.text) if adapted.changed else known.values
    program = known.program
    low = adapted.text.lower()
    return [
        log1p(known.length),
        log1p(known.lines),
        float(min(len(program), 20)),
        float(bool(query.commands) and query.commands[0].startswith(program)),
        float(program in asked.programs),
        float(program.lower() in present),
        reader.covered(terms, query.intent.terms),
        float(len(asked.spans.terms)),
        reader.covered(asked.spans, terms.terms) if asked.spans.terms else -1.0,
        float(adapted.text in query.commands),
        float(len(adapted.changed)),
        float(adapted.unresolved),
        sum([value in present for value in values]) / len(values) if values else 1.0,
        float(min(len(values), 20)),
        float(raw),
        _kin(terms, asked.by_intent),
        _kin(terms, asked.by_tail),
        _kin(terms, asked.by_before),
        asked.by_intent.get(stem(program.lower()), 0.0),
        sum([value in low for value in asked.values]) / len(asked.values) if asked.values else -1.0,
        reader.covered(terms, asked.seen),
        float(-turn.plain if raw else turn.plain),
        float(-turn.unlike if raw else turn.unlike),
        language,
    ]


def _kin(terms: Terms, ties: dict[str, float]) -> float:
    """The mean tie of a command's terms with words of the situation."""
    return fsum(map(ties.get, terms.terms, repeat(0.0))) / (len(terms.terms) + 1) if ties else 0.0


def relation(support: Support, signals: Signals) -> list[float]:
    """The rest: "rough" to the end."""
    return [
        support.rough,
        support.rough - support.rough_best,
        float(support.rough_rank),
        support.pattern,
        support.program,
        support.best,
        support.fellows,
        float(support.found),
        support.found / support.most,
        signals.similarity,
        signals.similarity - signals.similarity_best,
        float(min(signals.similarity_rank, 40)),
    ]
