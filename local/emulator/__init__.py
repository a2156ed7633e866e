"""Runs inside the interpreter of .tools/emulator: ministack, plus what it lacks of the AWS that template.yaml uses.

Start it with `python -m local.emulator`; `python -m local.emulator --patches` prints what is changed and why.
"""
