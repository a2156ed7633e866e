"""Runs SAM's transform, as CloudFormation does. For the interpreter that has samtranslator: .tools/sam/bin/python.

Reads {"template": ..., "parameters": [{name: value}, ...]} from stdin and writes the list of the templates that the
transform makes of it, one for each set of parameters. samtranslator pins other libraries than the project does, so it
has an environment of its own, and tests call this as a process.
"""

import copy
import json
import sys

from samtranslator.translator.transform import transform


class NoManagedPolicies:
    """Roles name their policies here, so there is none of AWS's to look up."""

    def load(self) -> dict[str, str]:
        return {}


def main() -> None:
    request = json.load(sys.stdin)
    translated = [
        transform(copy.deepcopy(request["template"]), dict(parameters), NoManagedPolicies())
        for parameters in request["parameters"]
    ]
    json.dump(translated, sys.stdout)


if __name__ == "__main__":
    main()
