"""What compiles and runs the clients in Go, Java and PHP: programs and libraries that Debian packages.

`python -m openapi.clients.compilers` prints the packages that this machine lacks, for `apt-get install`. It needs
nothing but Python, so that it runs before anything is installed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# The generated Java marks its classes with javax.annotation.Generated, which the JDK dropped with version 11. Jackson,
# the only other library that it needs, comes with the generator itself.
JAVA_ANNOTATIONS = Path("/usr/share/java/geronimo-annotation-1.3-spec.jar")
GUZZLE = Path("/usr/share/php/GuzzleHttp/autoload.php")

# The Debian packages of each language, and the program or the file by which each package is known.
PACKAGES: Mapping[str, Mapping[str, str | Path]] = {
    "go": {"golang-go": "go"},
    "java": {"default-jdk-headless": "javac", "libgeronimo-annotation-1.3-spec-java": JAVA_ANNOTATIONS},
    "php": {"php-cli": "php", "php-guzzlehttp-guzzle": GUZZLE},
}
# Extensions of PHP that the generated client asks for, each in a package of its own.
PHP_EXTENSIONS = {"php-curl": "curl", "php-mbstring": "mbstring"}


def missing(language: str) -> Sequence[str]:
    """The Debian packages that this machine lacks for a language (go, java or php); none when all is there."""
    lacking = [package for package, mark in PACKAGES[language].items() if not _is_there(mark)]
    if language == "php":
        php = shutil.which("php")
        modules = subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout if php else ""
        lacking += [package for package, name in PHP_EXTENSIONS.items() if name not in modules.split()]
    return lacking


def _is_there(mark: str | Path) -> bool:
    return mark.is_file() if isinstance(mark, Path) else shutil.which(mark) is not None


def main() -> None:
    for language in PACKAGES:
        for package in missing(language):
            print(package)


if __name__ == "__main__":
    main()
