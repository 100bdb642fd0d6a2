"""The learn page's texts: figures into `docs/learn/*.md`, and the Markdown into a template.

In a text, `<!-- figure: NAME -->` and `<!-- end -->` enclose what `figures` writes, and
`<!-- example -->` and `<!-- end -->` a share that was made up to explain something. Between the
lines `<!-- part: NAME -->` and `<!-- end of part -->` is what a forge shows where the page has its
interactive part, `templates/learn/_NAME.html`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import ROOT

DOCS = ROOT / "docs" / "learn"
TEMPLATES = ROOT / "templates" / "learn"
LANGUAGES = {"en": "", "zh-Hans": ".zh_Hans"}
"""By BCP 47 tag: what the names of a language's texts have before `.md`."""

_FIGURE = re.compile(r"(<!-- figure: ([^>]+) -->)(.*?)(<!-- end -->)")
_PART = re.compile(r"<!-- part: ([a-z]+) -->.*?<!-- end of part -->", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def chapters(language: str) -> list[Path]:
    """The texts of a language, in their order."""
    found = sorted(DOCS.glob(f"[0-9]-*{LANGUAGES[language]}.md"))
    return [path for path in found if language != "en" or "." not in path.stem]


def filled(text: str, figures: Mapping[str, str]) -> str:
    """A text with these figures. A per cent sign follows its number as the old one did.

    Raises `KeyError` for an unknown name.
    """

    def write(match: re.Match[str]) -> str:
        opening, name, old, closing = match.groups()
        new = figures[name]
        return opening + (new.replace(" %", "%") if _is_close(old) else new) + closing

    def _is_close(old: str) -> bool:
        return "%" in old and " %" not in old

    return _FIGURE.sub(write, text)


def page(language: str) -> str:
    """The template of all chapters of a language, with a list of them before."""
    rendered = [_chapter(path) for path in chapters(language)]
    links = "".join(
        f'<li><a href="#{anchor}" data-number="{anchor[-1]}">{title}</a></li>'
        for anchor, title, _ in rendered
    )
    label = "{{ _('Chapters') }}"
    contents = f'<nav class="chapters" aria-label="{label}"><ol>{links}</ol></nav>'
    return "\n".join([contents, *(body for *_, body in rendered)]) + "\n"


def _chapter(path: Path) -> tuple[str, str, str]:
    """The anchor, the title and the template of a chapter."""
    anchor = f"chapter-{path.name[0]}"
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = parser.parse(path.read_text("utf-8"))
    title = _shown(tokens[1])
    body = parser.renderer.render(list(_adapted(tokens, anchor)), parser.options, {})
    body = _COMMENT.sub("", _PART.sub(r'{% include "learn/_\1.html" %}', body))
    opening = f'<section class="chapter" id="{anchor}" aria-labelledby="{anchor}-title">'
    return anchor, title, f"{opening}\n{body}</section>"


def _adapted(tokens: list[Token], anchor: str) -> Iterator[Token]:
    """What is shown: headings a level lower, tables and code that scroll, no links to files."""
    heading, codes = "", 0
    _name_rows(tokens)
    for index, token in enumerate(tokens):
        match token.type:
            case "heading_open" | "heading_close":
                token.tag = f"h{int(token.tag[1]) + 1}"
                if token.nesting > 0:
                    heading = _shown(tokens[index + 1])
                    if token.tag == "h2":
                        token.attrSet("id", f"{anchor}-title")
                        token.attrSet("data-number", anchor[-1])
                yield token
            case "table_open":
                token.attrSet("class", "figures")
                yield _html(_scrolling(heading))
                yield token
            case "table_close":
                yield token
                yield _html("</div>\n")
            case "fence" | "code_block":
                code = _escaped(token.content.rstrip("\n"))
                codes += 1
                label = f"{{{{ _('Code') }}}} {anchor[-1]}.{codes}"  # a landmark's name is unique
                yield _html(f"{_scrolling(label)}<pre><code>{code}</code></pre></div>\n")
            case "html_block" if _COMMENT.sub("", token.content).strip():
                raise ValueError(f"HTML, or a figure that begins a paragraph: {token.content}")
            case _:
                token.children = list(_without_files(token.children or []))
                yield token


def _name_rows(tokens: list[Token]) -> None:
    """Make the first cell of each row of a table its heading, and an empty heading none."""
    in_body, is_first, is_empty = False, False, False
    for index, token in enumerate(tokens):
        match token.type:
            case "th_open":
                is_empty = not tokens[index + 1].content
                if is_empty:
                    token.tag = "td"
                else:
                    token.attrSet("scope", "col")
            case "th_close" if is_empty:
                token.tag = "td"
            case "tbody_open" | "tbody_close":
                in_body = token.nesting > 0
            case "tr_open":
                is_first = in_body
            case "td_open" if is_first:
                token.tag = "th"
                token.attrSet("scope", "row")
            case "td_close" if is_first:
                token.tag, is_first = "th", False


def _without_files(tokens: list[Token]) -> Iterator[Token]:
    """Inline content whose links lead to other sites only: files are not on the page."""
    dropped = False
    for token in tokens:
        if token.type == "link_open":
            dropped = ":" not in str(token.attrGet("href"))
        if not (dropped and token.type in ("link_open", "link_close")):
            yield token


def _shown(inline: Token) -> str:
    return _COMMENT.sub("", inline.content).replace('"', "")


def _scrolling(label: str) -> str:
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">'


def _escaped(code: str) -> str:
    """Code in one line, as templates lose their indentation."""
    code = html.escape(code, quote=False)
    return code.replace("{", "&#123;").replace("\n", "&#10;")


def _html(content: str) -> Token:
    return Token("html_block", "", 0, content=content)
