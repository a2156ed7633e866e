"""Three of the product's operations on other web frameworks, each written as the framework's documentation shows.

All peers record, read and list trades in the same table with the product's own journal and storage, validate requests
by the same contract, and give the same answers (benchmarks/tests). So only the web layers are compared.
"""
