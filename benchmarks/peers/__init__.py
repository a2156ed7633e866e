"""The same three operations behind other ways in, each as its documentation has it: what a team would else choose.

All of them record, read and list trades in the same table with the product's own journal and storage, check requests to
the same contract, and answer alike (benchmarks/tests). So what is compared is the way in.
"""
