"""The journal's objects as the JSON documents of the contract. Names in camelCase are made here and nowhere else."""
