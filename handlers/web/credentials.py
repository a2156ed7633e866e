"""The rules for e-mail addresses, mailed codes and passwords, and which of them a given value breaks.

Addresses and codes are first stripped of blanks and invisible characters that pasting adds; passwords are not changed.
A value that passes these rules may still be refused by the identity provider.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.faults import AT_SIGN_MISSING, Fault, FieldCode
from handlers.web.problems import BadField, rule_broken

# Cognito's limit for a user name; RFC 5321 would allow 254.
LONGEST_ADDRESS = 128
# Limits of the part before the @ (RFC 5321, section 4.5.3.1) and of a domain's label (RFC 1035, section 2.3.4).
LONGEST_LOCAL_PART, LONGEST_LABEL = 64, 63

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256

_EMPTY = Fault(FieldCode.TOO_SHORT, "is empty", {"minLength": 1})

# RFC 5322's atext: the part before the @ consists of these characters, with single dots in between.
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]*")
# RFC 5321's Quoted-string, but without blanks: Cognito's user names cannot hold any.
_QUOTED = re.compile(r'"(?:[!#-\[\]-~]|\\[!-~])*"')
_LABEL = re.compile(r"[A-Za-z0-9-]*")
# The characters that Cognito counts as symbols. A blank is one too, unless it is the first or the last character.
_SYMBOL = re.compile(r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+-]| ")
_PASSWORD_KINDS = {
    Fault(FieldCode.LOWER_CASE_MISSING, "has no lower-case letter"): re.compile(r"[a-z]"),
    Fault(FieldCode.UPPER_CASE_MISSING, "has no upper-case letter"): re.compile(r"[A-Z]"),
    Fault(FieldCode.DIGIT_MISSING, "has no digit"): re.compile(r"[0-9]"),
    Fault(FieldCode.SYMBOL_MISSING, "has no symbol"): _SYMBOL,
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a request's body: its JSON pointer, its value after cleaning, and the rules that it breaks."""

    pointer: str
    value: str
    broken: tuple[Fault, ...]


def checked(*fields: Field) -> list[str]:
    """The values of the fields. Raises the problem that names every rule that any of them breaks."""
    bad = [BadField("body", field.pointer, fault) for field in fields for fault in field.broken]
    if bad:
        raise rule_broken(bad)
    return [field.value for field in fields]


def email_address(text: str, pointer: str = "/email") -> Field:
    """Check an address: a Mailbox of RFC 5321 whose domain is in ASCII and has a dot. Blanks around it are removed."""
    address = _stripped(text)
    return Field(pointer, address, tuple(_address_faults(address)))


def code(text: str, pointer: str = "/code") -> Field:
    """Check a mailed code: digits of any script, written as 0 to 9. Blanks and dashes between them are removed."""
    kept = "".join(character for character in text if not _separates(character))
    digits = "".join(str(unicodedata.decimal(character, character)) for character in kept)
    if not digits:
        return Field(pointer, "", (_EMPTY,))
    if not re.fullmatch(r"[0-9]+", digits):
        fault = Fault(FieldCode.NOT_DIGITS, "has something other than digits, blanks and dashes")
        return Field(pointer, digits, (fault,))
    return Field(pointer, digits, ())


def new_password(text: str, pointer: str = "/password") -> Field:
    """Check a new password by the policy of the user pool."""
    return Field(pointer, text, tuple(_password_faults(text)))


def _password_faults(password: str) -> Iterator[Fault]:
    if len(password) < SHORTEST_PASSWORD:
        detail = f"has fewer than {SHORTEST_PASSWORD} characters"
        yield Fault(FieldCode.TOO_SHORT, detail, {"minLength": SHORTEST_PASSWORD})
    if len(password) > LONGEST_PASSWORD:
        yield _too_long(LONGEST_PASSWORD)
    for fault, kind in _PASSWORD_KINDS.items():
        if not kind.search(password.strip()):
            yield fault
    if password != password.strip():
        yield Fault(FieldCode.BLANK_AT_AN_END, "begins or ends with a blank")
    if any(unicodedata.category(character) == "Cc" for character in password):
        yield Fault(FieldCode.CONTROL_CHARACTER, "has a line break, a tab or another control character")


def _too_long(most: int, code: FieldCode = FieldCode.TOO_LONG, where: str = "") -> Fault:
    return Fault(code, f"has more than {most} characters{where}", {"maxLength": most})


def _address_faults(address: str) -> Iterator[Fault]:
    if not address:
        yield _EMPTY
        return
    if len(address) > LONGEST_ADDRESS:
        yield _too_long(LONGEST_ADDRESS)
    local, at, domain = address.rpartition("@")
    if not at:
        yield AT_SIGN_MISSING
        return
    yield from _local_part_faults(local)
    yield from _domain_faults(domain)


def _local_part_faults(local: str) -> Iterator[Fault]:
    if not local:
        yield Fault(FieldCode.LOCAL_PART_MISSING, "has nothing before the @")
        return
    if len(local) > LONGEST_LOCAL_PART:
        yield _too_long(LONGEST_LOCAL_PART, FieldCode.LOCAL_PART_TOO_LONG, " before the @")
    if local.startswith('"'):
        if not _QUOTED.fullmatch(local):
            yield _local_part("has quotation marks before the @ that do not enclose all of it, or a blank between them")
        return
    atoms = local.split(".")
    if not all(atoms):
        yield _local_part("has a dot at the beginning, before the @ or next to another dot")
    if re.search(r"\s", local):
        yield _local_part("has a blank before the @")
    elif not all(_ATOM.fullmatch(atom) for atom in atoms):
        yield _local_part("has a character before the @ that an e-mail address cannot have")


def _local_part(detail: str) -> Fault:
    return Fault(FieldCode.LOCAL_PART_MALFORMED, detail)


def _domain(detail: str) -> Fault:
    return Fault(FieldCode.DOMAIN_MALFORMED, detail)


def _domain_faults(domain: str) -> Iterator[Fault]:
    if not domain:
        yield Fault(FieldCode.DOMAIN_MISSING, "has nothing after the @")
        return
    if domain.startswith("["):
        if not _is_literal(domain):
            yield _domain("has brackets after the @ that hold no IP address")
        return
    labels = domain.split(".")
    if len(labels) == 1:
        # RFC 5321 allows a domain without a dot, but no mail is delivered there: it is most likely a typing error.
        yield Fault(FieldCode.DOMAIN_DOT_MISSING, "has no dot after the @")
    if not all(labels):
        yield _domain("has a dot right after the @, at the end or next to another dot")
    if any(len(label) > LONGEST_LABEL for label in labels):
        yield _too_long(LONGEST_LABEL, FieldCode.DOMAIN_LABEL_TOO_LONG, " between two dots after the @")
    if re.search(r"\s", domain):
        yield _domain("has a blank after the @")
    elif not all(_LABEL.fullmatch(label) for label in labels):
        yield _domain("has a character after the @ that a domain cannot have; write an international one as xn--…")
    if any(label.startswith("-") or label.endswith("-") for label in labels):
        yield _domain("has a hyphen next to a dot, right after the @ or at the end")


def _is_literal(domain: str) -> bool:
    import ipaddress  # imported here since literals are rare and the import would slow down each cold start

    literal = domain.removeprefix("[").removesuffix("]")
    if not domain.endswith("]") or "%" in literal:  # Python takes a zone after %, mail does not
        return False
    is_version_6 = literal.lower().startswith("ipv6:")
    try:
        ipaddress.IPv6Address(literal[5:]) if is_version_6 else ipaddress.IPv4Address(literal)
    except ValueError:
        return False
    return True


def _stripped(text: str) -> str:
    """The text without blanks and invisible characters around it."""
    invisible = {character for character in text if character.isspace() or unicodedata.category(character) == "Cf"}
    return text.strip("".join(invisible)) if invisible else text


def _separates(character: str) -> bool:
    """Whether the character is a blank, a dash or invisible: people and programs put these between a code's digits."""
    return character.isspace() or unicodedata.category(character) in ("Cf", "Pd") or character == "\N{MINUS SIGN}"
