"""A file -> the lessons in it, whatever kind of file it is."""

from collections.abc import Iterator
from pathlib import Path

from ghostcells.reading import archive, foyle, tldr
from ghostcells.reading.files import MARKDOWN, read, text_of
from ghostcells.reading.markdown import read_markdown
from ghostcells.reading.runbook import Lesson, Unreadable, lessons


def lessons_in(path: Path) -> tuple[Lesson, ...]:
    """The lessons of one file, archives included; raises Unreadable with its name and what is wrong with it."""
    if archive.is_archive(path):
        return tuple(_of_archive(path))
    if foyle.is_example(path):
        return _of_example(path)
    if foyle.is_log(path):
        return tuple(foyle.log_lessons(text_of(path), path.absolute().as_uri()))
    if path.suffix.lower() in MARKDOWN:
        text = text_of(path)
        if tldr.is_page(text):
            return tldr.page_lessons(text, str(path)) if tldr.fits(path.as_posix()) else ()
    return lessons(read(path))


def _of_archive(path: Path) -> Iterator[Lesson]:
    for name, text in archive.pages(path):
        if tldr.is_page(text):
            if tldr.fits(name):
                yield from tldr.page_lessons(text, name)
        else:
            yield from lessons(read_markdown(text, f"{path.absolute().as_uri()}/{name}"))


def _of_example(path: Path) -> tuple[Lesson, ...]:
    try:
        return foyle.example_lessons(path.read_bytes(), path.absolute().as_uri())
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from error
    except Unreadable as error:
        raise Unreadable(f"{path}: {error}") from error
