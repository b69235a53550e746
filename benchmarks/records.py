"""What a benchmark found, as JSON that says with what it was made."""

from pathlib import Path
from statistics import median

from lower_triangle.results import made_with, write_record


def write(path: Path, command: str, record: dict) -> None:
    """Put a record where the pages read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_record(path, {"command": command, **record, **made_with()})
    print(f"wrote {path}")


def summarize(values: list[float], digits: int = 4) -> dict:
    """The median of some rounds, both ends, and all of them in order."""
    return {
        "median": round(median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
        "rounds": [round(value, digits) for value in values],
    }


def ratio(dividends: list[float], divisors: list[float]) -> dict:
    """Round by round how many times one goes into the other."""
    return summarize([one / other for one, other in zip(dividends, divisors, strict=True)])
