"""What zipfile and Pillow raise for files that are damaged, cut short, encrypted or not what they say they are."""

import struct
import zipfile
import zlib

from PIL import Image

ARCHIVE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, NotImplementedError, OSError)
# Pillow's readers let through what they stumble over: a bad PNG is a SyntaxError, a text that unpacks to too much a
# ValueError, a picture of absurd size a DecompressionBombError.
PICTURE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
