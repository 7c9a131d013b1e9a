"""Checks spelling and wording: runs typos (typos.toml), then looks for the phrases of phrases.toml in all prose of the repository, which is
documents, configuration, comments and the names of tests.

Prints each finding with what to write instead, and the number of findings per file. Text within backticks is a quotation, and so is a
line that holds `words:ignore`.

usage: check_words.py [PATH ...]
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE = {".css", ".js", ".mjs", ".py", ".rs"}
COMMENT = re.compile(r'(?:^|(?<=[ \t]))(?://|#(?![\[!])).*|"""[\s\S]*?"""|/\*[\s\S]*?\*/|\bfn \w+\(\)', re.MULTILINE)
QUOTATION = re.compile(r"`[^`\n]*`|^.*words:ignore.*$", re.MULTILINE)
# What separates two words of a sentence: a comment may go on at the next line.
GAP = r"[ \t]*(?:[ \t]|\n[ \t]*(?:///?|//!|#|\*)?[ \t]*)"


def misspelt(paths):
    """(file, line, word, corrections) of each finding of typos."""
    command = [pathlib.Path(sys.executable).parent / "typos", "--format", "json", "--force-exclude", *paths]
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode not in (0, 2):
        sys.exit(f"typos ended with {found.returncode}")
    typos = [line for line in map(json.loads, found.stdout.splitlines()) if line["type"] == "typo"]
    return {(typo["path"].removeprefix("./"), typo.get("line_num", 0), typo["typo"],
             " or ".join(typo["corrections"] or []) or "what typos.toml says") for typo in typos}


def prose(file):
    """The text of a file, with blanks in the place of code and quotations."""
    def blank(text):
        return re.sub(r"[^\n]", " ", text)
    text = (ROOT / file).read_text(encoding="utf-8", errors="replace")
    if pathlib.Path(file).suffix in CODE:
        ends = [0, *(place for comment in COMMENT.finditer(text) for place in comment.span()), len(text)]
        pieces = [text[start:end] for start, end in zip(ends, ends[1:])]
        # The names of tests are sentences.
        text = "".join(piece.replace("_", " ") if piece.startswith("fn ") else piece if at % 2 else blank(piece)
                       for at, piece in enumerate(pieces))
    return QUOTATION.sub(lambda quoted: blank(quoted[0]), text)


def misphrased(paths):
    """(file, line, phrase, what to write instead) of each finding in the files that git knows."""
    table = tomllib.loads((ROOT / "scripts/phrases.toml").read_text(encoding="utf-8"))
    patterns = {re.compile(phrase.replace(" ", GAP), re.IGNORECASE): instead for phrase, instead in table["phrases"].items()}
    excluded = [f":!{pattern}" for pattern in table["excluded"]]
    files = subprocess.run(["git", "ls-files", "--", *paths, *excluded], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return {(file, text.count("\n", 0, found.start()) + 1, " ".join(re.findall(r"[\w'-]+", found[0])), instead)
            for file in files.stdout.splitlines() for text in [prose(file)]
            for pattern, instead in patterns.items() for found in pattern.finditer(text)}


def main():
    paths = sys.argv[1:] or ["."]
    findings = sorted(misspelt(paths) | misphrased(paths))
    for file, line, found, instead in findings:
        print(f"{file}:{line}: {found!r}: write {instead}")
    for file, count in collections.Counter(finding[0] for finding in findings).most_common():
        print(f"{count:5} {file}", flush=True)
    sys.exit(f"{len(findings)} findings" if findings else 0)


main()
