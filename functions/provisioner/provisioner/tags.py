"""The tags that an alarm carries, and what of a name fits into a tag."""

from __future__ import annotations

import hashlib
import re

KIND_TAG = "watchpost:kind"
RESOURCE_TAG = "watchpost:resource"
SERVICE_TAG = "service"
SERVICE_KIND = "service"  # the value of KIND_TAG of a composite alarm; no definition has this name

LONGEST = 256  # characters of a tag's value (CloudWatch API, Tag)

# What a tag's value may hold (AWS General Reference, "Tag naming limits and requirements"), in ASCII: that services
# agree about other letters is not documented.
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9 +=._:/@-]")
_HASHED = re.compile(r"=[0-9a-f]{12}\Z")


def resource_tag(name: str) -> str:
    """A name as a tag's value; two different names stay apart.

    What is too long or has characters that no tag may have gets a hash at its end. So does a name that looks as if it
    had one.
    """
    cleaned = cleaned_characters(name)
    if cleaned == name and len(name) <= LONGEST and not _HASHED.search(name):
        return name
    suffix = "=" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return cleaned[: LONGEST - len(suffix)] + suffix


def cleaned_characters(text: str) -> str:
    """The text with a dash for each character that no tag may have, as it is before the hash."""
    return _NOT_ALLOWED.sub("-", text)


def may_begin_with(tag: str, prefix: str) -> bool:
    """Whether the name behind a tag's value may begin with a prefix: never false where it does."""
    # A hash takes the end of a long value.
    return tag.startswith(cleaned_characters(prefix)[: LONGEST - 13])
