"""The day books: what every trade did on every day, from which all statistics are computed when they are asked for.

`books` reads them, `updating` keeps them up with the trades, `comparing` finds and mends what is wrong, `due` finds the
users to compare, `book_items` says how a book is stored.
"""
