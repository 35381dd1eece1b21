"""What SNS takes as a mail. Rules: SNS API, Publish (Subject, Message); aws.amazon.com/sns/faqs (characters)."""

from __future__ import annotations

import re
from typing import Any

_NOT_XML = re.compile("[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MESSAGE = 262_144  # bytes


def problems(mail: Any) -> list[str]:
    """Which rules a mail breaks, with `topic_arn`, `subject` and `text`."""
    found = []
    if not re.fullmatch(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}", mail.topic_arn):
        found.append("TopicArn")
    if not re.fullmatch(r"[!-~][ -~]{0,98}", mail.subject):
        found.append(f"Subject {mail.subject!r}")
    if not mail.text or len(mail.text.encode()) > MESSAGE or _NOT_XML.search(mail.text):
        found.append("Message")
    return found
