"""The modules of the domain that `make mutation` changes, and the unit tests that have to notice."""

# The tests of each module, by their paths from tests/unit/journal: those that fail soonest first.
TESTS: dict[str, tuple[str, ...]] = {
    "handlers/journal/legs.py": ("test_legs.py",),
    "handlers/journal/merging.py": ("test_merging.py", "test_regrouping.py"),
    "handlers/journal/merges.py": ("test_merges.py",),
    "handlers/journal/money.py": ("test_money.py", "test_trades.py", "test_positions.py"),
    "handlers/journal/trade.py": (
        "test_trades.py", "test_entries_of_trades.py", "test_events.py", "test_splits.py", "test_trade_properties.py",
    ),
    "handlers/journal/rules.py": (
        "test_trades.py", "test_entries_of_trades.py", "test_events.py", "test_splits.py", "test_trade_properties.py",
    ),
    "handlers/journal/changes.py": (
        "test_trades.py", "test_defaults_of_trades.py", "test_entries_of_trades.py", "test_events.py", "test_images.py",
        "test_splits.py", "test_trade_properties.py",
    ),
    "handlers/journal/positions.py": (
        "test_positions.py", "test_entries_of_trades.py", "test_splits.py", "test_ledger.py",
        "test_actions_of_trades.py",
    ),
    "handlers/journal/cash.py": ("test_cash.py",),
    "handlers/journal/completing.py": ("test_completing.py",),
    "handlers/journal/deletions.py": ("test_deletions.py",),
    "handlers/journal/executions.py": ("test_executions.py", "test_ledger.py"),
    "handlers/journal/facets.py": ("test_facets.py",),
    "handlers/journal/groups.py": ("test_groups.py",),
    "handlers/journal/images.py": ("test_images.py",),
    "handlers/journal/in_base.py": ("test_in_base.py",),
    "handlers/journal/ledger.py": ("test_ledger.py", "test_actions_of_trades.py"),
    "handlers/journal/point_values.py": ("test_point_values.py",),
    "handlers/journal/rates.py": ("test_rates.py",),
    "handlers/journal/reconciling.py": ("test_reconciling.py",),
    "handlers/journal/regrouping.py": ("test_regrouping.py", "test_actions_of_trades.py"),
    "handlers/journal/replaying.py": ("test_replaying.py",),
    "handlers/journal/restores.py": ("test_restores.py",),
    "handlers/journal/restoring.py": ("test_restoring.py",),
    "handlers/journal/retagging.py": ("test_retagging.py",),
    "handlers/journal/settings.py": ("test_settings.py",),
    "handlers/journal/tags.py": ("test_tags.py",),
    "handlers/journal/trading_accounts.py": ("test_trading_accounts.py",),
    "handlers/journal/stats/account_returns.py": ("stats/test_account_returns.py",),
    "handlers/journal/stats/breakdown.py": ("stats/test_breakdown.py", "stats/test_plain_model.py::test_breakdowns"),
    "handlers/journal/stats/calendar.py": ("stats/test_calendar.py", "stats/test_plain_model.py::test_the_calendar"),
    "handlers/journal/stats/clock.py": ("stats/test_clock.py",),
    "handlers/journal/stats/close_lists.py": ("stats/test_close_lists.py",),
    "handlers/journal/stats/currencies.py": ("stats/test_currencies.py",),
    "handlers/journal/stats/entries.py": ("stats/test_entries.py", "test_groups.py", "stats/test_close_lists.py"),
    "handlers/journal/stats/equity.py": ("stats/test_equity.py", "stats/test_plain_model.py::test_the_equity_curve"),
    "handlers/journal/stats/figures.py": ("stats/test_figures.py", "stats/test_plain_model.py::test_sums_and_figures"),
    "handlers/journal/stats/folding.py": (
        "stats/test_folding.py", "stats/test_figures.py", "stats/test_plain_model.py::test_sums_and_figures",
    ),
    "handlers/journal/stats/questions.py": (
        "stats/test_questions.py", "stats/test_breakdown.py", "test_groups.py",
        "stats/test_plain_model.py::test_sums_and_figures",
    ),
    "handlers/journal/stats/returns.py": ("stats/test_figures.py", "stats/test_account_returns.py"),
}  # fmt: skip  # a list, several to a line
# Errors and a policy hold no decision; formats of images have a corpus of their own in tests/api.
NOT_CHANGED = ("errors.py", "image_formats/", "undoing.py")
