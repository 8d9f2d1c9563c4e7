"""What all pages of HTML that we make have in common: nothing is fetched, imported text stays text, one look."""

from __future__ import annotations

import html
import unicodedata

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def beginning(title: str, style: str = "") -> str:
    """Everything before the content.

    Args:
        title: Plain text.
        style: More rules for this kind of page.
    """
    return "\n".join(
        (
            f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{shown_text(title)}</title>",
            # Nothing may be fetched, whatever anybody manages to put on the page.
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            "<meta name='viewport' content='width=device-width'>",
            f"<style>{_PALETTES}{_STYLE}{style}</style></head><body>",
        )
    )


def shown_text(text: str) -> str:
    """Imported text as text: markup escaped, and signs that are not to be seen shown by their code."""
    return html.escape("".join(sign if sign.isprintable() else _code(sign) for sign in text))


def _code(sign: str) -> str:
    if sign in "\r\n\t" or sign.isspace():
        return " "
    return f"⟨U+{ord(sign):04X}⟩" if unicodedata.category(sign)[0] == "C" else sign


_LIGHT = "--text:#1a1f29;--muted:#535d6d;--line:#d7dce4;--base:#fff;--raises:#b4460f;--lowers:#0b6b83"
_DARK = "--text:#e7eaf0;--muted:#a5aebc;--line:#333a46;--base:#1a1e25;--raises:#ff9d66;--lowers:#5cc8de"
_PALETTES = f"""
:root{{color-scheme:light dark;{_LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
@media print{{:root{{color-scheme:light;{_LIGHT}}}section,figure{{break-inside:avoid}}}}
"""
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:var(--text);background:var(--base);max-width:900px;
margin:24px auto;padding:0 16px;overflow-wrap:anywhere}
h1{margin:0;font-size:24px}h2{font-size:17px;margin:28px 0 8px;border-bottom:1px solid var(--line);padding-bottom:4px}
h3{font-size:15px;margin:0 0 4px}p{margin:4px 0}.muted{color:var(--muted);font-size:13px}
header{display:flex;gap:24px;align-items:flex-start}header>div:first-child{flex:1}
.figure{text-align:right;color:var(--muted);white-space:nowrap}
.figure b{display:block;font-size:28px;color:var(--text)}
table{border-collapse:collapse;width:100%}td{padding:3px 8px 3px 0;vertical-align:top}
.narrow{width:auto;min-width:320px}.bars td:first-child{width:220px}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.two{display:grid;grid-template-columns:1fr 1fr;gap:24px}
.raises{fill:var(--raises);color:var(--raises)}.lowers{fill:var(--lowers);color:var(--lowers)}
.caution{border-left:4px solid var(--raises);padding:6px 12px;margin-top:12px}
.pale{opacity:.4}.mark{fill:var(--text)}.axis{stroke:var(--line)}.wave{fill:var(--muted)}
svg{max-width:100%;height:auto}svg text{font-size:12px;fill:var(--muted)}
figure{margin:12px 0 20px}.frames{display:flex;flex-wrap:wrap;gap:8px}.meter{height:5px;background:currentColor}
pre{white-space:pre-wrap;border:1px solid var(--line);padding:8px}
footer{margin:32px 0;color:var(--muted);font-size:13px}
"""
