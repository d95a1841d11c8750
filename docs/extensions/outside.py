"""Links to files of the repository that are no pages of the site become links to a copy of the file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sphinx.application import Sphinx


def refer_to_files(app: Sphinx, docname: str, source: list[str]) -> None:
    """Have a link that leaves ``docs/`` offer its file as a download; a file of the repository is no page here."""
    page = Path(app.env.doc2path(docname))

    def link(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        file = Path(os.path.normpath(page.parent / target))
        if not file.is_file() or file.is_relative_to(app.srcdir):
            return match[0]
        return f"{{download}}`{words.replace('`', '')} <{target}>`"

    source[0] = re.sub(r"(?<!!)\[([^\]]+)\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)", link, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", refer_to_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
