"""What the check_*.py scripts share: where the repository is, its files, and how problems are told."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def files(*folders, endings=(".cpp", ".hpp")):
    """Files of the given folders with one of the endings, sorted. Only what belongs to the repository, or could."""
    out = []
    for folder in folders:
        out += [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix in endings]
    return sorted(out)


def name(path):
    return str(pathlib.Path(path).resolve().relative_to(ROOT))


def repository_files():
    """Every file that git tracks or would track; all files outside build folders where this is no git checkout."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                            cwd=ROOT, capture_output=True)
    if listed.returncode == 0:
        paths = [ROOT / part for part in listed.stdout.decode().split("\0") if part]
    else:
        paths = [path for path in ROOT.rglob("*") if path.relative_to(ROOT).parts[0] not in ("build", "data", ".git", ".cache")]
    return sorted(path for path in paths if path.is_file())


def finish(problems, advice=""):
    """Prints the problems and ends with the exit code that CTest understands."""
    for problem in problems:
        print(problem)
    if problems and advice:
        print(advice)
    sys.exit(1 if problems else 0)
