"""Foreign text made safe for each format. Names, tags and AWS's texts are hostile until they passed here.

=========  ==========================================================================
format     what is done
=========  ==========================================================================
all        control, bidi and invisible characters are shown as their code: ⟨U+202E⟩
HTML       Jinja's autoescape
Markdown   every character with a meaning is escaped; `@` pings nobody
CSV        a leading = + - @, narrow or wide, gets an apostrophe, so that no program takes it as a formula
=========  ==========================================================================
"""

import re
import unicodedata

_MARKDOWN = re.compile(
    r"[\\`*\[\]~]"  # code, emphasis, links, strike-through
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # emphasis, but not the one inside a word
    r"|^\s*[-+#=]|^\s*\d+[.)](?=\s|$)"  # lists and headings, at the start
    r"|:(?=//)"  # bare addresses
    r"|\$(?!\d)"  # formulas, but not dollars
)
_LINKS = re.compile(r"(?i)\b(www)\.")
_FORMULA = tuple("=+-@＝＋－＠")  # some spreadsheets take the wide forms too


def visible(text: object) -> str:
    """The text on one line, with every invisible or steering character shown as its code.

    >>> visible("a\\u202eb\\nc")
    'a⟨U+202E⟩b⟨U+000A⟩c'
    """
    return "".join(map(_shown, str(text)))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else f"⟨U+{ord(character):04X}⟩"


def markdown(text: object) -> str:
    """The text as Markdown that shows exactly it, also inside a table.

    >>> markdown("a|b <i> [x](y)")
    'a&#124;b &lt;i&gt; \\\\[x\\\\](y)'
    """
    escaped = _MARKDOWN.sub(_escape, visible(text))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "&#124;")
    return _LINKS.sub(r"\1\\.", escaped).replace("@", "@<!-- -->")


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    return f"{found[:-1]}\\{found[-1]}"


def cell(text: object) -> str:
    """The text as a CSV cell that no spreadsheet takes for a formula.

    >>> cell("=1+1")
    "'=1+1"
    """
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
