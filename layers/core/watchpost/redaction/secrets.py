"""What nobody wants in a chat or a mail, whatever the configuration says.

Notifications look for it besides what is configured. The shipper does not: what it redacts is gone for good, so that is
for the configuration alone to say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from watchpost.configuration.model import CustomPattern

if TYPE_CHECKING:
    from watchpost.configuration import Redact

# Patterns that Watchpost brings. Of them only `card` may be mistaken, for one number of its length in ten.
SECRETS = ("aws_access_key_id", "aws_secret_access_key", "bearer_token", "authorization", "card")

# Names whose values are secrets, also as the end of a longer name behind a dash or an underscore: `password` is
# `DB_PASSWORD`, too. The end of a longer name without those is listed, as `accessToken` is.
NAMES = (
    *("password", "passwd", "pwd", "passphrase", "db_password", "user_password"),
    *("secret", "client_secret", "api_secret", "secret_key", "secret_access_key"),
    *("token", "access_token", "refresh_token", "id_token", "auth_token", "session_token", "security_token"),
    *("csrf_token", "api_token", "api_key", "private_key", "signing_key", "encryption_key"),
    *("cookie", "set_cookie", "authorization", "proxy_authorization", "credentials"),
)

# Each takes linear time, as patterns of the configuration have to.
LOOKS = (
    # Between `://` and the last `@` before the host: a user and a password.
    CustomPattern("url_credentials", r"(?<=://)[^\s/:@\"'<>]{0,100}:[^\s/\"'<>]{1,200}(?=@)"),
    # Up to its last line, or to the end of the text where that was cut off.
    CustomPattern("private_key", r"-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY(?:[^-]|-(?!----END))+"),
    CustomPattern("slack_token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    CustomPattern("slack_token", r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{16,}"),
    CustomPattern("github_token", r"(?:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    CustomPattern("gitlab_token", r"glpat-[A-Za-z0-9_-]{16,}"),
    CustomPattern("stripe_key", r"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}"),
    CustomPattern("google_api_key", r"AIza[A-Za-z0-9_-]{30,}"),
    CustomPattern("sendgrid_key", r"(?<![A-Za-z0-9_.])SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{32,}"),
)


def with_secrets(redact: Redact) -> Redact:
    """What is configured, and all of these."""
    return replace(
        redact,
        patterns=tuple(dict.fromkeys((*redact.patterns, *SECRETS))),
        custom=(*redact.custom, *LOOKS),
        keys=(*NAMES, *redact.keys),  # the last of two that are the same names what replaces the value
    )
