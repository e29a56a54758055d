"""Prints one of the README's two commands: `readme.py main` or `readme.py test`.

They are the first two `sh` blocks of README.md, so that what CI runs is what a reader is told.
"""

import pathlib
import re
import sys

text = (pathlib.Path(__file__).resolve().parent.parent / "README.md").read_text()
blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
command = blocks[["main", "test"].index(sys.argv[1])].strip()
if "\n" in command or not command.startswith("cargo "):
    sys.exit(f"README.md: expected one `cargo` command, got {command!r}")
print(command)
