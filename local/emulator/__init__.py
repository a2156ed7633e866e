"""ministack, patched to behave like AWS where template.yaml needs it. Runs in the interpreter of .tools/emulator.

Start it with `python -m local.emulator`; `python -m local.emulator --patches` prints what is changed and why.
"""
