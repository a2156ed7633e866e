"""The trading journal itself: trades, their closes and what they earned. Knows no HTTP, no AWS, no generated models."""
