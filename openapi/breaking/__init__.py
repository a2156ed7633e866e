"""What in a new contract can break the clients of a released one.

What a client sends may only be taken more widely, what it receives may only become narrower, and the names that
generated clients take from the contract stay. `breaks` compares two documents; `python -m openapi.breaking` compares
`openapi.yaml` with the last file in `openapi/released/`.

- `documents`: references, pointers, what is words only
- `shapes`: what a schema allows, in one flat form
- `inclusion`: whether the values of one schema stay within those of another
- `patterns`: the same for regular expressions
- `operations`: paths, parameters, bodies, answers
- `addresses`, `access`, `media_types`, `xml`: servers, security, content types
- `catalog`: problem types and field codes
- `released`: the released contracts
"""

from openapi.breaking.operations import Break, breaks

__all__ = ["Break", "breaks"]
