"""The day books: what every trade did on every day. All statistics are computed from them for each request.

`books` reads them, `updating` follows the changes of trades and `group_results` those of groups, `comparing` finds and
corrects what is wrong, `due` finds the users to compare, `book_items` converts books to items and back.
"""
