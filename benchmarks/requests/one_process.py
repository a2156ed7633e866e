"""Starts a function in this new process and measures its start, its later requests and its memory.

    python -m benchmarks.requests.one_process MODULE:HANDLER OPERATION WARM_REQUESTS

A stub in the process answers for the storage at once. For the first request it only replaces the network, since a new
process also pays for botocore's work. Later it replaces botocore's client, which takes longer than all the rest and is
the same for all contenders. Prints JSON lines of processor and memory figures; the caller measures the time by their
arrival.
"""

import sys

if __name__ == "__main__":
    from importlib import import_module

    module, _, name = sys.argv[1].partition(":")
    handler = getattr(import_module(module), name)
    # The imports of the measurement come after the function's own start.
    import gc
    import json
    import time
    from statistics import median

    from benchmarks.requests import events, stub

    event = {"createTrade": events.CREATE, "getTrade": events.GET, "listTrades": events.LIST}[sys.argv[2]]
    began = time.process_time()
    stub.instead_of_network()
    measuring = time.process_time() - began
    answer = handler(event, None)
    cold = time.process_time() - measuring
    sys.stdout.write("answered\n")
    sys.stdout.flush()
    if answer["statusCode"] not in (200, 201):
        raise SystemExit(f"not measured: {answer}")
    stub.instead_of_clients()
    taken = []
    requests = int(sys.argv[3])
    for number in range(requests):
        began = time.process_time()
        handler(event, None)
        if number >= requests // 4:
            taken.append(time.process_time() - began)
    from benchmarks.peak import peak_megabytes

    figures = {
        "cold": cold,
        "warm": median(taken) if taken else None,
        "memory": peak_megabytes(),
        "modules": len(sys.modules),
        "objects": len(gc.get_objects()),
    }
    sys.stdout.write(json.dumps(figures) + "\n")
