"""What the completions of one session may use together, in tokens: no cell is asked about without end."""

LEAST_TOKENS = 300
"""Room for the rules and a paragraph in any tokenizer, and the least that `model.inputTokens` may be."""


def room(budget: int, used: int, wanted: int) -> int:
    """The tokens that the next prompt may have, at most `wanted`; 0 where what is left is too little for any.

    `budget` is the session's, 0 for none; `used` counts what its completions took, prompts and answers.
    """
    left = budget - used
    if not budget or left >= wanted:
        return wanted
    return left if left >= LEAST_TOKENS else 0
