"""Hints of the services, which speak of the command line too, in the window's words."""

from __future__ import annotations

import re

_WORDS = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"(?:^|(?<=\. ))Run: mmdesk extract DIR\.?$", "Extract them under Import, Media."),
        (r"[;,]? extract (?:them|features) first: mmdesk extract DIR", "; extract them under Import, Media"),
        (r": mmdesk import tables DIR --targets FILE", " under Import, Tables."),
        (r": mmdesk train DIR", "."),
        (r"^See: mmdesk imports list\.?$", "See Import, History."),
        (r": mmdesk imports redo DIR \d+$", " under Import, History."),
        (r" with: mmdesk case new\.", " with Case, New."),
        (r" with --on-conflict skip \(([^)]*)\) or replace \(([^)]*)\)", r" to keep (\1) or to replace (\2)"),
        (r"^Choose with --on-conflict: skip leaves", "Choose on the left: keeping leaves"),
        (r", replace stores the new ones", ", replacing stores the new ones"),
        (r": choose with --on-conflict", ": choose on the left what to do"),
        (r",? or say which columns they are: --mapping '.*", ", or choose its columns by hand."),
        (r",? or say which it is with --mapping\.", ", or choose it by hand."),
        (r"import again with --mapping '.*\(or that text in a file\)\.", "say so."),
        (r'set "encoding" in the mapping$', "choose another encoding under How it is read"),
        (
            r"""Use one of "," ";" "\|" "tab" in the mapping's "delimiter"\.""",
            "Choose the delimiter under How it is read.",
        ),
        (
            r"^Give every column a name of its own, or leave one out: .*",
            "Click the title of one of them below and leave it out, or give every column a name of its own.",
        ),
        (
            r"^Restore the newest backup into a new folder \(mmdesk case restore\); .*$",
            "Go back to a backup, if there is one; what is there now is kept beside it.",
        ),
        (r'say how it is encoded in the mapping: "encoding": "\w+"\.', "choose its encoding under How it is read."),
        (
            r"give the validation part more of them: --set val_fraction=[\d.]+",
            "raise the Validation share under Advanced.",
        ),
        (r"leave it out: --set drop_columns=(.+)$", r"name it under Leave out attributes: \1"),
        (r"^Leave out \(drop_columns\) what", "Name under Leave out attributes what"),
        (r"set it above 0: --set (loss\.\w+)=1", r"set it above 0 under Advanced (\1)"),
        (r"\s*Give at least one of --.*$", ""),
        (r" with --force", ""),
    )
)


def for_window(hint: str) -> str:
    """``hint`` without options that nobody can type here."""
    for pattern, words in _WORDS:
        hint = pattern.sub(words, hint)
    return hint.strip()
