"""When a provider keeps a prompt's prefix, and when it pays to have one that long.

A prefix of P tokens is billed in full n times: nP. Made long enough to be kept (M tokens), it is written once and read
n - 1 times: M(w + r(n - 1)), with w and r the prices of writing and reading in parts of the input's. So a longer prefix pays
only where P > rM, and then from n = M(w - r) / (P - rM) requests on, all within the cache's life of some five minutes.
With w = 1.25 and r = 0.1, as Anthropic has it, a prefix of 250 tokens never pays at M = 4096 (rM = 410), and at M = 1024 from
8 requests in five minutes on. That is why the prefix is kept short and is not padded; a long list of conventions may
still make it long enough.
"""

import math
import re

WRITE, READ = 1.25, 0.1

MINIMUM_TOKENS: tuple[tuple[str, int], ...] = (
    (r"claude-(?:opus|fable|mythos)-5", 512),
    (r"claude-opus-4-[56]", 4096),
    (r"claude-opus-4-7", 2048),
    (r"claude-haiku-4", 4096),
    (r"claude-(?:3-5-|3-)?haiku", 2048),
    (r"claude-sonnet-4-6", 2048),
    (r"claude-(?:sonnet-[45]|opus-4|3-7-sonnet|3-5-sonnet|3-sonnet|3-opus)", 1024),
    (r"gpt-4o|gpt-4\.1|gpt-[5-9]|o[134](?:-|$)|chatgpt", 1024),
)
"""The shortest prefix that is kept, by pattern of the model's name, the first that fits; of others nothing is known.

For models that the table of prices says nothing of, which a user can correct.

Documented minimums as of 2026; for Sonnet 4.6 the larger of what is documented and what was observed.
"""


def minimum_tokens(model: str) -> int | None:
    """The caching minimum of a model, None where none is known, so that no cache is claimed."""
    name = model.lower().rpartition("/")[2].replace(".", "-") if "claude" in model.lower() else model.lower()
    return next((minimum for pattern, minimum in MINIMUM_TOKENS if re.search(rf"(?:^|[/.]){pattern}", name)), None)


def break_even(prefix_tokens: int, minimum: int, write: float = WRITE, read: float = READ) -> int | None:
    """From how many requests on a prefix made as long as `minimum` is cheaper than the short one; None: never."""
    if prefix_tokens >= minimum:
        return 2 if write > 1 else 1
    gain = prefix_tokens - read * minimum
    return None if gain <= 0 else max(1, math.floor(minimum * (write - read) / gain) + 1)
