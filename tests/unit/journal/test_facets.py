from handlers.journal.facets import Facet, Facets, Labels, facets


def labels(symbol: str | None = None, *tags: str, setup_type: str | None = None) -> Labels:
    return Labels(symbol=symbol, tags=tags, setup_type=setup_type, account_id="main")


def test_no_trades_have_no_values() -> None:
    assert facets([]) == Facets(symbols=(), tags=(), setup_types=(), accounts=())
    assert facets([labels()]) == Facets(symbols=(), tags=(), setup_types=(), accounts=(Facet("main", 1),))


def test_each_value_has_the_number_of_its_trades_the_most_frequent_first() -> None:
    found = facets([labels("MSFT", "gap"), labels("AAPL", "gap", "news"), labels("MSFT", setup_type="breakout")])
    assert found.symbols == (Facet("MSFT", 2), Facet("AAPL", 1))
    assert found.tags == (Facet("gap", 2), Facet("news", 1))
    assert found.setup_types == (Facet("breakout", 1),)


def test_equally_frequent_values_stand_by_their_letters() -> None:
    found = facets([labels("MSFT", "b", "a"), labels("AAPL")])
    assert [facet.value for facet in found.symbols] == ["AAPL", "MSFT"]
    assert [facet.value for facet in found.tags] == ["a", "b"]


def test_symbols_and_setup_types_that_differ_in_case_are_one_and_tags_are_not() -> None:
    found = facets(
        [
            labels("aapl", "Gap", setup_type="Breakout"),
            labels("AAPL", "gap", setup_type="breakout"),
            labels("AAPL", setup_type="breakout"),
        ]
    )
    assert found.symbols == (Facet("AAPL", 3),)
    assert found.setup_types == (Facet("breakout", 3),)
    assert found.tags == (Facet("Gap", 1), Facet("gap", 1))


def test_of_spellings_that_are_as_frequent_the_first_by_its_letters_is_shown() -> None:
    for given in (["msft", "MSFT"], ["MSFT", "msft"]):
        assert facets([labels(symbol) for symbol in given]).symbols == (Facet("MSFT", 2),)
