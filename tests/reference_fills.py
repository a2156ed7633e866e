"""Reads the fills of reference cases, one a line: name, side, quantity @ price (costs)."""

TWELVE = """
f1 BUY 100 @ 10.00 (1.00)
f2 BUY 50 @ 10.40 (0.50)
f3 SELL 60 @ 11.00 (0.60)
f4 BUY 80 @ 10.10 (0.80)
f5 SELL 90 @ 10.75 (0.90)
f6 BUY 30 @ 11.20 (0.30)
f7 SELL 40 @ 10.90 (0.40)
f8 SELL 20 @ 11.35 (0.20)
f9 BUY 75 @ 11.05 (0.75)
f10 SELL 65 @ 11.60 (0.65)
f11 BUY 33.3333 @ 11.4567 (0.33)
f12 SELL 93.3333 @ 11.50 (0.93)
"""
FLIP = "a BUY 100 @ 10 (1)\nb SELL 150 @ 11 (1.50)\nc BUY 50 @ 10.5 (0.50)"
FLIPS = "a SELL 7 @ 20 (1)\nb BUY 10 @ 19 (1)\nc SELL 10 @ 19.5 (1)\nd BUY 7 @ 19.25 (1)"
PARTS = "a BUY 3 @ 100 (1)\nb SELL 1 @ 101 (0.10)\nc SELL 1 @ 102 (0.10)\nd SELL 1 @ 103 (0.10)"
MES = "a BUY 2 @ 5000.25 (1.94)\nb BUY 1 @ 4990.50 (0.97)\nc SELL 2 @ 5010.50 (1.94)\nd SELL 1 @ 4995.00 (0.97)"
