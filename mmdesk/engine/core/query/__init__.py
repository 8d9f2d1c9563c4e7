"""A small language that chooses rows: ``auroc > .9 and note has "pilot"``. It is parsed here, never evaluated as code.

::

    query = all {"or" all}                    keywords and texts in any case
    all   = one {["and"] one}                 two tests beside each other: both
    one   = "not" one | "(" query ")" | test | text
    test  = field ("=" | "!=" | "<" | "<=" | ">" | ">=") value
          | field "has" text                  a part of the text
          | field "is" ["not"] "missing"
    value = number | 90% | 2h (s, min, h, d, w) | 2024, 2024-05, 2024-05-31, 2024-05-31T10:30 | text
    text  = word | "words in quotes"          alone: somewhere in the row's own texts

A missing value passes no comparison and has no text; ``!=`` is the opposite of ``=``, so it passes that. A day, a month
or a year is all of it: ``created = 2024-05`` is any moment of that May, in the reader's own time zone.
"""
