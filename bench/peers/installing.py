"""Installing what peers need into build/peers: pinned, hashed, and nothing outside that folder."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.failures import BenchFailure

SERVERS = Path(__file__).parent / "servers"
CACHE = Path(__file__).parents[2] / "build" / "peers"

_TIMEOUT_SECONDS = 900.0


def once(name: str, pinned: str, build: Callable[[Path], None]) -> Path:
    """The folder build/peers/<name>, made by `build` unless it was made from the same `pinned`."""
    folder, stamp = CACHE / name, CACHE / f"{name}.installed"
    digest = hashlib.sha256(pinned.encode()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == digest):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        build(folder)
        stamp.write_text(digest)
    return folder


def python_environment(name: str) -> Path:
    """The `bin` of an environment with exactly the packages of servers/<name>/requirements.lock."""
    lock = SERVERS / name / "requirements.lock"

    def build(folder: Path) -> None:
        run([sys.executable, "-m", "venv", str(folder)])
        exactly = ["--require-hashes", "--only-binary=:all:", "--requirement", str(lock)]
        run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *exactly])

    return once(name, f"{sys.version} {lock.read_text()}", build) / "bin"


def python_versions(bin_folder: Path, *packages: str) -> dict[str, str]:
    """Which versions are installed in an environment; "python" is there as well."""
    program = (
        "import platform, sys; from importlib.metadata import version\n"
        "print(platform.python_version(), *(version(name) for name in sys.argv[1:]))"
    )
    told = run([str(bin_folder / "python"), "-c", program, *packages]).split()
    return dict(zip(("python", *packages), told, strict=True))


def node_packages(name: str) -> Path:
    """A folder with the files of servers/<name> and exactly the packages of its lock file."""
    source = SERVERS / name

    def build(folder: Path) -> None:
        for file in source.iterdir():
            shutil.copy(file, folder)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run(["npm", "ci", *quiet], folder)

    return once(name, "\n".join(file.read_text() for file in sorted(source.iterdir())), build)


def run(
    command: Sequence[str],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What the command prints. Raises BenchFailure if it is not there, fails or takes 15 minutes."""
    try:
        ended = subprocess.run(
            command,
            check=True,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except FileNotFoundError:
        raise BenchFailure(f"no program {command[0]} on this machine") from None
    except subprocess.CalledProcessError as failure:
        said = (failure.stdout + failure.stderr)[-2000:]
        raise BenchFailure(f"{' '.join(command)} failed: {said}") from None
    except subprocess.TimeoutExpired:
        raise BenchFailure(f"{' '.join(command)} does not end") from None
    return ended.stdout
