"""Kinds of files, by their paths and by .gitattributes."""

from __future__ import annotations

import pytest

from tachograph.gauges.git.paths import KINDS, classifier, kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("src/a.py", "production"), ("lib/x/Y.java", "production"), ("Makefile", "production"),
        ("tests/test_a.py", "test"), ("src/a_test.go", "test"), ("web/a.spec.ts", "test"),
        ("contest/a.py", "production"), ("src/latest.py", "production"),
        ("docs/a.md", "docs"), ("README", "docs"), ("docs/conf.py", "production"),
        ("package-lock.json", "generated"), ("a/vendor/b.go", "generated"),
        ("api/x_pb2.py", "generated"), ("a.min.js", "generated"), ("data/x.csv", "other"),
    ],
)  # fmt: skip
def test_paths_have_kinds(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_gitattributes_mark_what_is_generated() -> None:
    place = classifier("# about\n*.gen.py linguist-generated\n/out/** linguist-vendored=true\n"
                       "src/*.py text\nthird/x.py linguist-generated=true\n")  # fmt: skip
    found = {path: KINDS[place(path)] for path in
             ("a/b.gen.py", "out/a/b.py", "src/a.py", "third/x.py", "more/third/x.py")}  # fmt: skip
    assert found == {"a/b.gen.py": "generated", "out/a/b.py": "generated",
                     "src/a.py": "production", "third/x.py": "generated",
                     "more/third/x.py": "production"}  # fmt: skip
