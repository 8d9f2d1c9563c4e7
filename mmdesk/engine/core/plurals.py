"""How many of something, in words: ``1 row``, ``2,000 rows``."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what there are so many of.

    Args:
        number: How many.
        one: What stands behind it if there is one: a noun, or a noun and its verb.
        many: What stands behind it otherwise; ``one`` with an s if not given.

    Example:
        >>> counted(1, "row"), counted(0, "row"), counted(2000, "entity has", "entities have")
        ('1 row', '0 rows', '2,000 entities have')
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def counted_of(number: int, plural: str) -> str:
    """The same from the plural, as tables are called.

    Example:
        >>> counted_of(1, "entities"), counted_of(1, "media files"), counted_of(3, "events")
        ('1 entity', '1 media file', '3 events')
    """
    one = f"{plural.removesuffix('ies')}y" if plural.endswith("ies") else plural.removesuffix("s")
    return counted(number, one, plural)
