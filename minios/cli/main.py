"""The ``minios`` command. A subcommand's module is imported when it is run and not before.

The two forms that scripts call most, ``minios --version`` and ``minios sh -c CMD``, are answered
before click is imported: it alone costs more than either.
"""

import os
import sys

from minios import __version__
from minios.cli.errors import Failure


def main(args: list[str] | None = None) -> int:
    """Run the command line and return its exit status; errors become one line on stderr."""
    words = list(sys.argv[1:] if args is None else args)
    try:
        status = _run(words)
        sys.stdout.flush()
        if args is None and _is_plain_command(words):
            # Taking the whole world apart object by object takes as long as starting Python.
            sys.stderr.flush()
            os._exit(status)
    except BrokenPipeError:
        _silence()
        return 141
    except KeyboardInterrupt:
        return 130
    except Failure as err:
        return complain(str(err), err.status)
    except OSError as err:
        return complain(_reason(err))
    except RecursionError:
        return complain("nested too deeply")
    except Exception as bug:
        if os.environ.get("MINIOS_DEBUG"):
            raise
        return complain(f"a bug in MiniOS: {type(bug).__name__}: {bug} (MINIOS_DEBUG=1 tells more)")
    return status


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        print(f"minios {__version__}")
        return 0
    if _is_plain_command(words):
        from minios.cli.headless import command

        return command(words[2])
    from minios.cli.group import run

    return run(words)


def _is_plain_command(words: list[str]) -> bool:
    return len(words) == 3 and words[:2] == ["sh", "-c"]


def complain(message: str, status: int = 1) -> int:
    """Say on stderr, in one line, why nothing came of it. Returns ``status``."""
    line = " ".join(message.split())
    try:  # noqa: SIM105 - contextlib would be imported for this alone
        print(f"minios: {line}", file=sys.stderr, flush=True)
    except OSError:
        pass
    return status


def _reason(err: OSError) -> str:
    why = err.strerror or str(err) or type(err).__name__
    return f"{os.fsdecode(err.filename)}: {why}" if isinstance(err.filename, str | bytes) else why


def _silence() -> None:
    """Nobody reads stdout any more; the interpreter must not try again when it exits."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
