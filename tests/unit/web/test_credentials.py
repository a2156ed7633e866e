"""The accepted addresses, codes and passwords, and the rule that each refused one breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.web import credentials
from handlers.web.problems import Problem

LONG_LABEL = "a" * 63


@pytest.mark.parametrize(
    "address",
    [
        "dana@example.com",
        "o'brien@example.com",
        "dana+journal@example.com",
        "d.a.n.a@example.com",
        "!#$%&'*+-/=?^_`{|}~@example.com",
        '"dana.."@example.com',
        r'"da\"na"@example.com',
        "dana@example.photography",
        "dana@xn--bcher-kva.example",
        f"dana@{LONG_LABEL}.example",
        "dana@1-2.example",
        "dana@[192.0.2.1]",
        "dana@[IPv6:2001:db8::1]",
        f"{'d' * 64}@example.com",
        "Dana@Example.COM",
    ],
)
def test_an_address_that_rfc_5321_knows_is_taken(address: str) -> None:
    assert credentials.email_address(address).broken == ()


@pytest.mark.parametrize("around", [" {} ", "\t{}\r\n", "\u00a0{}", "\ufeff{}\u200b", "{}\u3000"])
def test_what_pasting_adds_around_an_address_is_left_out(around: str) -> None:
    assert credentials.email_address(around.format("dana@example.com")).value == "dana@example.com"


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("", "is empty"),
        (" \t", "is empty"),
        ("dana", "has no @"),
        ("@example.com", "has nothing before the @"),
        ("dana@", "has nothing after the @"),
        ("dana@example", "has no dot after the @"),
        (".dana@example.com", "has a dot at the beginning, before the @ or next to another dot"),
        ("dana.@example.com", "has a dot at the beginning, before the @ or next to another dot"),
        ("da..na@example.com", "has a dot at the beginning, before the @ or next to another dot"),
        ("da na@example.com", "has a blank before the @"),
        ("dänä@example.com", "has a character before the @ that an e-mail address cannot have"),
        ("da(na@example.com", "has a character before the @ that an e-mail address cannot have"),
        ("dana@@example.com", "has a character before the @ that an e-mail address cannot have"),
        (f"{'d' * 65}@example.com", "has more than 64 characters before the @"),
        (
            '"da na"@example.com',
            "has quotation marks before the @ that do not enclose all of it, or a blank between them",
        ),
        (
            '"dana@example.com',
            "has quotation marks before the @ that do not enclose all of it, or a blank between them",
        ),
        ("dana@exam ple.com", "has a blank after the @"),
        ("dana@-example.com", "has a hyphen next to a dot, right after the @ or at the end"),
        ("dana@example-.com", "has a hyphen next to a dot, right after the @ or at the end"),
        ("dana@example..com", "has a dot right after the @, at the end or next to another dot"),
        ("dana@example.com.", "has a dot right after the @, at the end or next to another dot"),
        (f"dana@{LONG_LABEL}a.example", "has more than 63 characters between two dots after the @"),
        (
            "dana@ex_ample.com",
            "has a character after the @ that a domain cannot have; write an international one as xn--…",
        ),
        (
            "dana@bücher.example",
            "has a character after the @ that a domain cannot have; write an international one as xn--…",
        ),
        ("dana@[192.0.2.256]", "has brackets after the @ that hold no IP address"),
        ("dana@[IPv6:::1", "has brackets after the @ that hold no IP address"),
        ("dana@[IPv6:fe80::1%eth0]", "has brackets after the @ that hold no IP address"),
        ("dana@[IPv6:::1% x]", "has brackets after the @ that hold no IP address"),
        (f"dana@{'a.' * 60}example", "has more than 128 characters"),
    ],
)
def test_an_address_is_told_the_rule_that_it_breaks(address: str, rule: str) -> None:
    assert rule in {fault.detail for fault in credentials.email_address(address).broken}


@given(st.text(max_size=40))
def test_whatever_is_typed_is_an_address_or_breaks_a_rule_that_repeats_nothing_of_it(text: str) -> None:
    field = credentials.email_address(text)
    if not field.broken:
        # What Cognito takes as a name, and nothing that could be read as a header of a mail.
        assert field.value.isascii()
        assert field.value.isprintable()
        assert " " not in field.value
        assert 3 <= len(field.value) <= 128


FULL_WIDTH, ARABIC = ("".join(chr(zero + int(digit)) for digit in "402719") for zero in (0xFF10, 0x0660))


@pytest.mark.parametrize(
    "code",
    ["402719", " 402719\n", "402 719", "402-719", "402\u2013719", "402\u2011719", "4 0 2 7 1 9", FULL_WIDTH, ARABIC],
)
def test_a_code_is_its_digits(code: str) -> None:
    assert credentials.code(code) == credentials.Field("/code", "402719", ())


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        (" - ", "is empty"),
        ("40271O", "has something other than digits, blanks and dashes"),
        ("402.719", "has something other than digits, blanks and dashes"),
        ("²02719", "has something other than digits, blanks and dashes"),
    ],
)
def test_a_code_is_told_the_rule_that_it_breaks(code: str, rule: str) -> None:
    assert [fault.detail for fault in credentials.code(code).broken] == [rule]


@pytest.mark.parametrize(
    "password",
    ["Breakout-2026!", "Correct horse battery 1!", "Correct horse battery 1", "Äpfel-und-Birnen-1", "aA1!" * 64],
)
def test_a_password_that_follows_the_policy_is_taken_as_it_is(password: str) -> None:
    assert credentials.new_password(password) == credentials.Field("/password", password, ())


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("aaaaaaaaaaaa", {"has no upper-case letter", "has no digit", "has no symbol"}),
        ("AAAAAAAAAAAA", {"has no lower-case letter", "has no digit", "has no symbol"}),
        ("123456789012", {"has no lower-case letter", "has no upper-case letter", "has no symbol"}),
        ("!!!!!!!!!!!!", {"has no lower-case letter", "has no upper-case letter", "has no digit"}),
        ("Breakout20266", {"has no symbol"}),
        ("ÄÖÜäöüßßßß12345!", {"has no lower-case letter", "has no upper-case letter"}),
        ("Breakout-26", {"has fewer than 12 characters"}),
        ("aA1!" * 64 + "a", {"has more than 256 characters"}),
        (" Breakout-2026", {"begins or ends with a blank"}),
        ("Breakout20266 ", {"begins or ends with a blank", "has no symbol"}),
        ("Breakout\t-2026", {"has a line break, a tab or another control character"}),
        ("Breakout-2026\x00", {"has a line break, a tab or another control character"}),
    ],
)
def test_a_password_is_told_every_rule_that_it_breaks(password: str, rules: set[str]) -> None:
    assert {fault.detail for fault in credentials.new_password(password).broken} == rules


def test_all_fields_are_told_at_once() -> None:
    with pytest.raises(Problem) as refusal:
        credentials.checked(
            credentials.email_address("dana"), credentials.code("x"), credentials.new_password("aaaaaaaaaaaa")
        )
    assert {field.pointer for field in refusal.value.fields} == {"/email", "/code", "/password"}
    assert len(refusal.value.fields) == 5
