"""Errors in JSON lines: by the names of their parts, as objects, and as stack traces of lines or frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipper.formats.stack import add_trace

if TYPE_CHECKING:
    from shipper.line import Line

_TYPE, _MESSAGE, _STACK, _LOOSE_STACK, _ERROR = "type", "message", "stack", "loose stack", "error"

# Fields of a line: what they hold.
FIELDS: dict[str, str] = {
    **dict.fromkeys(
        (
            "errorType", "error.type", "error.kind", "error_type", "errorName", "exception_name", "exception.type",
            "ErrorType",
        ),
        _TYPE,
    ),
    **dict.fromkeys(("errorMessage", "error.message", "error_message", "exception.message", "ErrorMessage"), _MESSAGE),
    **dict.fromkeys(
        (
            "stack_trace", "stackTrace", "stacktrace", "StackTrace", "exc_info", "exc_text", "traceback", "error.stack",
            "error.stack_trace", "exception.stacktrace", "errorVerbose", "extendedStackTrace", "@x",
        ),
        _STACK,
    ),
    "stack": _LOOSE_STACK,  # may be the name of a deployment
    **dict.fromkeys(("error", "err", "exception", "thrown", "throwable", "Exception", "Error", "_exception"), _ERROR),
}  # fmt: skip  # names are easier to read in a row
_ORDER = (_TYPE, _MESSAGE, _LOOSE_STACK, _STACK, _ERROR)

# Parts of an error's object.
_PARTS: dict[str, str] = {
    **dict.fromkeys(
        (
            "type", "name", "errorType", "kind", "class", "className", "ClassName", "exception_class", "exc_type",
            "Type", "Name",
        ),
        _TYPE,
    ),
    **dict.fromkeys(("message", "errorMessage", "exception_message", "exc_value", "Message", "value"), _MESSAGE),
    **dict.fromkeys(
        (
            "stack", "stack_trace", "stacktrace", "stackTrace", "extendedStackTrace", "StackTrace", "StackTraceString",
            "stepArray", "trace", "traceback",
        ),
        _STACK,
    ),
}  # fmt: skip  # names are easier to read in a row
# An object of Node's runtime, told from any other.
_SHAPE_PARTS = frozenset({"errorType", "errorMessage", "stackTrace", "stack", "trace"})

# Keys of one frame: function, file, line; what stands in front of the function.
_FRAMES = (
    ("method", "file", "line", "class"),
    ("methodName", "fileName", "lineNumber", "className"),
    ("label", "path", "line", None),
    ("func", "source", "line", None),
    ("function", "file", "line", None),
    ("name", "filename", "lineno", None),
)


def order(key: str, value: Any) -> int:
    """The place of a field among those that say something about an error: what is named by itself comes first."""
    held = FIELDS[key]
    return _ORDER.index(_MESSAGE if held == _ERROR and type(value) is str else held)


def take(line: Line, app: dict[str, Any], key: str) -> None:
    """Take what a field says about an error into the line; the rest of it stays where it is."""
    value, held = app[key], FIELDS[key]
    if held in (_ERROR, _STACK) and type(value) is dict:
        _take_parts(line, value, _PARTS.keys())
        if not value:
            del app[key]
    elif _take(line, held, value):
        del app[key]


def take_shape(line: Line, app: dict[str, Any], key: str) -> None:
    """Take the error out of a field that is an error of the Node.js runtime, and leave any other object alone."""
    value = app[key]
    if "errorType" in value and ("errorMessage" in value or "stackTrace" in value):
        _take_parts(line, value, _SHAPE_PARTS)
        if not value:
            del app[key]


def _take_parts(line: Line, value: dict[str, Any], names: Any) -> None:
    for key in sorted(
        (key for key in value if key in names and key in _PARTS), key=lambda key: _ORDER.index(_PARTS[key])
    ):
        if _take(line, _PARTS[key], value[key]):
            del value[key]


def _take(line: Line, held: str, value: Any) -> bool:
    """Take a value for what its field holds; False when it is something else, or known already."""
    known = line.error or {}
    if held in (_TYPE, _MESSAGE):
        if type(value) is not str or not value or held in known:
            return False
        line.add_error(**{held: value})
        return True
    if type(value) is list and value and "stack_trace" not in known:
        return _list(line, value)
    return type(value) is str and bool(value.strip()) and _text(line, held, value)


def _text(line: Line, held: str, value: str) -> bool:
    """A stack trace as text, or the message of an error."""
    one_line = "\n" not in value and "\r" not in value
    if held == _ERROR and one_line:
        return _take(line, _MESSAGE, value)
    if "stack_trace" in (line.error or {}) or (held == _LOOSE_STACK and one_line):
        return False
    if not add_trace(line, value):
        line.add_error(stack_trace=value)
    return True


def _list(line: Line, value: list[Any]) -> bool:
    """A stack trace as a list of lines, or of frames, or of exceptions with frames (structlog)."""
    if all(type(part) is str for part in value):
        return _take(line, _STACK, "\n".join(part.rstrip("\n") for part in value))
    if not all(type(part) is dict for part in value):
        return False
    if "exc_type" in value[0]:
        parts = dict(value[0])
        _take_parts(line, parts, ("exc_type", "exc_value"))
        return False  # the frames stay as they are
    frames = [_frame(part) for part in value]
    if None in frames:
        return False
    known = line.error or {}
    head = ": ".join(filter(None, (known.get("type"), known.get("message"))))
    line.add_error(stack_trace="\n".join([*([head] if head else []), *filter(None, frames)]))
    return True


def _frame(frame: dict[str, Any]) -> str | None:
    for function, file, number, owner in _FRAMES:
        if type(frame.get(function)) is str and file in frame:
            name = f"{frame[owner]}.{frame[function]}" if owner and frame.get(owner) else frame[function]
            place = str(frame[file]) if frame.get(number) is None else f"{frame[file]}:{frame[number]}"
            return f"\tat {name}({place})"
    return None
