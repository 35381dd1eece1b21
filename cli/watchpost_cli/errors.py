"""What a person at the keyboard can mend."""


class CliError(Exception):
    """Ends the command. The message is one sentence for people; `code` is the command's exit code."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code
