"""Reads arrays of the page."""

import base64
import zlib

import numpy as np


def unpacked(text):
    """The array of a text in the page, by the type that is its key."""
    ((kind, base64_text),) = text.items()
    return np.frombuffer(base64.b64decode(base64_text), "<" + kind)


def unpacked_text(text):
    """The text of compressed bytes in the page."""
    return zlib.decompress(base64.b64decode(text["deflate"])).decode()
