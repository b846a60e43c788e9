"""Getting an official archive."""

from tlteach.data.archives import Archive, LocalArchive, data_folder
from tlteach.errors import BadFile


def get(archive: Archive) -> LocalArchive:
    """The archive in the data folder."""
    path = archive.find()
    if path is None:
        raise BadFile(f"{archive.name} is not in {data_folder()}. Get it from {archive.url} and put it there.")
    return LocalArchive.of(archive, path)
