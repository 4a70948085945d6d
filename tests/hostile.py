# SPDX-License-Identifier: Apache-2.0
"""Text that somebody else wrote, with what would be more than text in some language."""

from __future__ import annotations

TEXTS = {
    "quotes": """a"b'c`d""",
    "backslash": "a\\",
    "lines": "a\nb\r\nc\u2028d\x0be\x85f",
    "end of a C comment": "a */ int evil(void); /* b // c",
    "end of a C string": 'a", evil(), "b',
    "trigraphs": "a??/b??!c??'d??)",
    "format": "a%s%n%%{0}${b}",
    "shell": "a; $(evil) `evil` && evil | evil > b #c",
    "CMake": 'a") execute_process(COMMAND evil) #[[b]] ${c} @d@ $<e>',
    "Tcl": "a] [exec evil] {b} } { ; evil",
    "TOML": 'a"\n[evil]\nb = """c\'\'\'',
    "YAML": "a: &b\n- evil: !!python/object:os.system # c",
    "document": "a\n---\n...\n%TAG",
    "Robot": "***  FrontEndSettings  ***\n*** Tasks ***  ${a}  @{b}  %{c}  # d",
    "Renode": 'a"; python "evil"; include @b',
    "HTML": "</script><script>evil()</script><img src=x onerror='evil()'><!-- & &lt;",
    "Jinja": "{{ evil }} {% evil %} {# evil #}",
    "Markdown": "a](javascript:evil) ![b](c) **d** <e> | f\n# g\n    h\n```",
    "right to left": "a\u202eb\u2066c\ufeffd\u200b",
    "NUL": "a\0b\x1b[31mc\x7f",
    "JSON": '{"a": "\\u0000", b}',
    "many": "größe 値 😀 हिन्दी",
}
"""By what they are aimed at; "evil" is what must never run."""

HALF = "a\ud800b"
"""Half of a surrogate pair: no text at all."""
