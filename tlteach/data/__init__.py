"""Handwritten characters and small pictures: real ones from official archives, or made here without a download."""

from tlteach.data.alphabets import drawn_characters
from tlteach.data.archives import data_folder
from tlteach.data.cifar import cifar10
from tlteach.data.kinds import Characters, Pictures, normalise
from tlteach.data.omniglot_zip import omniglot
from tlteach.data.scenes import natural_pictures
from tlteach.data.sources import characters, pictures

__all__ = [
    "Characters",
    "Pictures",
    "characters",
    "cifar10",
    "data_folder",
    "drawn_characters",
    "natural_pictures",
    "normalise",
    "omniglot",
    "pictures",
]
