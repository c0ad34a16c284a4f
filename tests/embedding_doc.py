#!/usr/bin/env python3
"""Checks that docs/embedding.md shows tools/examples/embedding.cc as it is compiled, and that it stays short. Exits
with 1 and one line per offence.

Usage: embedding_doc.py SOURCE_ROOT | embedding_doc.py --self-test
"""

import itertools
import pathlib
import re
import sys

LINES_MOST = 60
BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def offences(page, example):
    found = []
    blocks = BLOCK.findall(page)
    if len(blocks) != 1:
        found.append(f"docs/embedding.md: {len(blocks)} blocks of C++ instead of one")
    for block in blocks:
        pairs = itertools.zip_longest(block.splitlines(), example.splitlines())
        line = next((number for number, (shown, real) in enumerate(pairs, 1) if shown != real), None)
        if line is not None:
            found.append(f"docs/embedding.md: its example differs from tools/examples/embedding.cc at line {line}")
    if len(example.splitlines()) > LINES_MOST:
        found.append(f"tools/examples/embedding.cc: longer than {LINES_MOST} lines")
    return found


def self_test():
    example = "int main() {\n}\n"
    page = f"# Page\n\n```cpp\n{example}```\n\n```\n$ run\n```\n"
    assert offences(page, example) == [], offences(page, example)
    long = "\n" * (LINES_MOST + 1)
    for bad_page, bad_example in (
        (page.replace("main", "niam"), example),
        (page.replace("}\n", "}\n\n"), example),
        (page, example + "// more\n"),
        ("# Page\n", example),
        (page + page, example),
        (f"```cpp\n{long}```\n", long),
    ):
        assert offences(bad_page, bad_example), f"not found: {bad_page!r}, {bad_example!r}"


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    texts = [(root / path).read_text(encoding="utf-8") for path in ("docs/embedding.md", "tools/examples/embedding.cc")]
    found = offences(*texts)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
