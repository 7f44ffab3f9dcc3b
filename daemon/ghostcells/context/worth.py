"""Whether a completion is worth its price: what memory, the text, the user's habits and earlier answers say.

Pure; when a rest has come is the engine's matter, and what may be spent the ledger's. What is asked before a request is
`judge`; `Answers` keeps what identical requests were answered.
"""

import hashlib
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable

import msgspec

from ghostcells.domain.decisions import Silence
from ghostcells.domain.exchange import Prompt

CERTAIN = 0.8
"""From this calibrated confidence on memory's command is run as it is in four of five cases: a model adds little."""
FEW_RUNS = 0.2
"""Where so few of the user's texts of this kind were followed by a run, the user is writing prose."""
FIRST_WORDS = 2
"""Content words from which a text says enough to be asked about."""
FINISHED_WORDS = 1
GROWTH = 4.0
"""Each completion in a session asks for so many times the new content of the one before: the tail of a long text is cheap."""
LONG_REST_MS = 1500
"""Who rests for so long in the middle of a sentence waits for something."""
CACHED_ANSWERS = 128

_WORD = re.compile(r"[^\W_]+(?:[-_./:@][^\W_]+)*")
_FINISHED = re.compile(r"(?:(?<!\d)[.:!?…。！？：)\]`]|\n\s*\n\s*)$")  # noqa: RUF001
_ITEM = re.compile(r"(?:[-*+]|[0-9]+[.)])\s")
_COMMON = frozenset(
    {
        "the", "a", "an", "and", "or", "of", "to", "in", "on", "for", "is", "are", "be", "it", "its", "this", "that", "these",
        "with", "we", "you", "your", "our", "can", "will", "as", "at", "by", "from", "if", "then", "now", "following", "using",
        "use", "run", "command", "commands", "also", "which", "so", "not", "have", "has", "should", "was", "there", "below",
        "any", "all", "into", "when", "do", "does", "need", "let", "us", "lets", "i", "they", "their", "but",
        "next",
    }
)  # fmt: skip
_RARE_IDF = math.log(20)
"""The weight of a word in one of twenty texts is one content word."""

Df = Callable[[str], int]


class Verdict(msgspec.Struct, frozen=True):
    """`again_ms`: a rest this long would be reason to ask after all; None where only other text would."""

    ask: bool
    why: str
    again_ms: int | None = None
    silence: Silence | None = None


class Corpus(msgspec.Struct, frozen=True):
    """The user's own texts: in how many of `texts` a word is."""

    df: Df
    texts: int


class Moment(msgspec.Struct, frozen=True):
    """What is known at a rest: `asked` are the texts of this session's completions, the last last."""

    text: str
    prose: bool
    rested_ms: int
    asked: tuple[str, ...] = ()
    memory: float = 0.0
    by_hand: bool = False


def words_of(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def weight(word: str, corpus: Corpus) -> float:
    """How much a word says, in content words (0..1): its inverse document frequency over the user's corpus.

    While the corpus is small, common words of English count for nothing and others in full.
    """
    if word in _COMMON or len(word) == 1:
        return 0.0
    if corpus.texts < 20:  # noqa: PLR2004 - too few texts for a frequency to mean anything
        return 1.0
    idf = math.log((corpus.texts + 1) / (corpus.df(word) + 1))
    return max(0.0, min(1.0, idf / _RARE_IDF))


def content(words: Iterable[str], corpus: Corpus) -> float:
    return sum(weight(word, corpus) for word in words)


def changed(before: str, now: str, corpus: Corpus) -> float:
    """How many content words came or went between two texts."""
    return content(words_of(before) ^ words_of(now), corpus)


def judge(moment: Moment, corpus: Corpus, habits: "Habits") -> Verdict:
    """Whether to ask a model now."""
    if moment.by_hand:
        return Verdict(ask=True, why="asked for by hand")
    if moment.memory >= CERTAIN:
        return Verdict(ask=False, why="memory is certain")
    finished = bool(_FINISHED.search(moment.text.rstrip(" \t"))) or not moment.prose
    new = changed(moment.asked[-1] if moment.asked else "", moment.text, corpus)
    long = moment.rested_ms >= LONG_REST_MS
    if new < 1:
        return Verdict(ask=False, why="less than a content word is new", silence=Silence.UNCHANGED)
    if new < _needed(len(moment.asked), finished=finished) and not long:
        return Verdict(ask=False, why="little is new", again_ms=LONG_REST_MS, silence=Silence.DEBOUNCED)
    share = habits.share(moment.text)
    if moment.prose and share < FEW_RUNS:
        return Verdict(
            ask=False,
            why=f"prose is being written: {share:.0%} of such texts were followed by a run",
            silence=Silence.PROSE,
        )
    if not finished and not long:
        return Verdict(ask=False, why="in the middle of a sentence", again_ms=LONG_REST_MS, silence=Silence.DEBOUNCED)
    return Verdict(ask=True, why="finished" if finished else "a long rest")


def _needed(completions: int, *, finished: bool) -> float:
    if not completions:
        return FINISHED_WORDS if finished else FIRST_WORDS
    return GROWTH**completions


def shape(text: str) -> str:
    """What kind of prose a text is, by how it looks: the classes in which habits are counted."""
    last = next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "")
    if last.startswith("#"):
        return "heading"
    if last.endswith(":"):
        return "colon"
    if last.endswith("?"):
        return "question"
    size = "long" if len(text) > 400 else "middle" if len(text) > 120 else "short"  # noqa: PLR2004 - classes
    return f"{'item' if _ITEM.match(last) else 'text'}-{size}"


class Tally(msgspec.Struct, frozen=True):
    seen: int = 0
    run: int = 0


class Habits(msgspec.Struct, frozen=True):
    """How often the user's prose, by its shape, was followed by a run of the next cell."""

    shapes: dict[str, Tally] = {}

    def observe(self, text: str, *, run: bool) -> "Habits":
        kind = shape(text)
        old = self.shapes.get(kind, Tally())
        return Habits({**self.shapes, kind: Tally(old.seen + 1, old.run + run)})

    def share(self, text: str) -> float:
        """Smoothed towards the share of all prose, and that towards one half; nothing is withheld before it is known."""
        seen = sum(tally.seen for tally in self.shapes.values())
        run = sum(tally.run for tally in self.shapes.values())
        overall = (run + 5) / (seen + 10)
        tally = self.shapes.get(shape(text), Tally())
        return (tally.run + 10 * overall) / (tally.seen + 10)


def key_of(prompt: Prompt, model: str) -> str:
    """The same for requests that are the same to the letter."""
    return hashlib.sha256(msgspec.json.encode((model, prompt))).hexdigest()


class Answers:
    """What the last requests were answered, the least recently used forgotten first."""

    def __init__(self, size: int = CACHED_ANSWERS) -> None:
        self._size = size
        self._known: OrderedDict[str, str] = OrderedDict()

    def get(self, key: str) -> str | None:
        if key in self._known:
            self._known.move_to_end(key)
        return self._known.get(key)

    def put(self, key: str, answer: str) -> None:
        self._known[key] = answer
        self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known)
