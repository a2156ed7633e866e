"""For all tests: none of them is timed, however busy the machine."""

from hypothesis import settings

settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")
