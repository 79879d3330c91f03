"""The wheel: what is in it, and that it works where nothing else is."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.cli.process import sandbox

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` builds it, into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("moneyer-*.whl")
    return built


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    """Migrations, their template and py.typed among them; no tests, no caches."""
    package = ROOT / "src"
    sources = {
        str(file.relative_to(package))
        for file in (package / "moneyer").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert packed == sources
        metadata = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "moneyer = moneyer.cli:main" in archive.read(metadata).decode()
    assert "moneyer/py.typed" in packed
    assert any("/migrations/versions/0" in name for name in packed)


def test_the_wheel_and_the_locked_packages_are_enough(wheel: Path, tmp_path: Path) -> None:
    """In an empty environment, far from the sources, the sandbox starts and strikes a token."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = (sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check")
    install = (*pip, "install", "--only-binary=:all:", "--no-deps")
    run(*install, "--require-hashes", "--requirement", str(ROOT / "requirements.lock"))
    run(*install, str(wheel))
    run(*pip, "check")
    with sandbox(tmp_path, command=tmp_path / "venv" / "bin" / "moneyer") as running:
        answer = running.token("meridian-back-office", grant_type="client_credentials")
        assert answer.status_code == 200, answer.text
        assert running.server.stop() == 0
