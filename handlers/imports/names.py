"""Lists of names, written as the headers of files have them."""


def names(text: str) -> tuple[str, ...]:
    """The names in a text that has commas between them, such as "Date,Symbol,Sub Type"."""
    return tuple(text.split(","))
