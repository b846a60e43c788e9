"""Handwritten characters and small pictures: real ones from official archives, or made here without a download."""

from tlteach.data.archives import data_folder
from tlteach.data.cifar import cifar10
from tlteach.data.kinds import Characters, Pictures, normalise
from tlteach.data.omniglot import omniglot

__all__ = ["Characters", "Pictures", "cifar10", "data_folder", "normalise", "omniglot"]
