"""The JavaScript modules of the page as one script: a page without network cannot import modules from files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w./-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|const|class) (\w+)", re.M)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.M)


def joined(files: Mapping[str, str], first: str) -> str:
    """The module `first` and all modules that it imports, as one script.

    Modules import names from other files, `import { a, b } from "../folder/x.js";`, and export functions, constants and
    classes where they are declared. Each module becomes a function with variables of its own.

    Args:
        files: the text of each module by its path from the common folder, such as `folder/x.js`.

    Raises:
        ValueError: a module is missing, has another kind of import or export, or imports itself through others.
    """
    order: list[str] = []
    _visit(files, first, order, ())
    return "const modules = {};\n" + "".join(_wrapped(name, files[name]) for name in order)


def _visit(files: Mapping[str, str], name: str, order: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise ValueError(f"{' imports '.join([*above, name])}: modules must not import each other in a circle")
    if name in order:
        return
    if name not in files:
        raise ValueError(f"{above[-1] if above else 'the page'} imports {name}, which does not exist")
    for _, needed in _IMPORT.findall(files[name]):
        _visit(files, _from(name, needed), order, (*above, name))
    order.append(name)


def _from(name: str, needed: str) -> str:
    """The path of a module that is imported by the module `name`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), needed))


def _wrapped(name: str, text: str) -> str:
    exported = [found[1] for found in _EXPORT.findall(text)]
    imported = _IMPORT.sub(lambda found: f'const {{{found[1]}}} = modules["{_from(name, found[2])}"];\n', text)
    body = _EXPORT.sub(r"\1 \2", imported)
    if left := _OTHER.search(body):
        raise ValueError(f"{name}: write this import or export as the others: {left[0]}")
    if "</script" in body.lower() or "<!--" in body:
        raise ValueError(f"{name}: has text that would end the script in the page")
    return f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {", ".join(exported)} }};\n}})();\n'
