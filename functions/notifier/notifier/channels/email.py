"""E-mail, by an SNS topic with e-mail subscriptions. Pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from notifier.channels.call import Mail
from notifier.channels.readable import plain, title

if TYPE_CHECKING:
    from notifier.receivers import Receiver
    from notifier.story import Story

# Characters: ASCII, less than 100, no line breaks, beginning with a letter, number or punctuation mark (SNS API,
# Publish, Subject).
SUBJECT = 99


def request(receiver: Receiver, story: Story) -> Mail:
    """The mail that tells a story."""
    return Mail(receiver.topic_arn, subject(story), plain(story))


def subject(story: Story) -> str:
    """The title in ASCII: letters lose their marks, and what has no such form becomes a question mark."""
    told = title(story).replace("—", "-").replace("…", "...")
    plainer = unicodedata.normalize("NFKD", told)
    kept = "".join(char for char in plainer if not unicodedata.combining(char))
    text = kept.encode("ascii", "replace").decode().strip()
    return text if len(text) <= SUBJECT else f"{text[: SUBJECT - 3].rstrip()}..."
