"""Vulnerability scanners: trivy and grype, by their commands and what they print as JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import DockyardError

# How bad each severity is, beside the words of SCAN_MAX. What is not known counts as low: only `none` refuses it.
RANKS = {"none": 0, "unknown": 1, "negligible": 1, "low": 1, "medium": 2, "high": 3, "critical": 4}
EVERY = "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL"  # as trivy writes them
SEVERITIES = ("critical", "high", "medium", "low", "negligible", "unknown")
ABSENT = (
    "neither trivy (https://trivy.dev) nor grype (https://github.com/anchore/grype) is installed; install one "
    "(brew install trivy, or brew install grype; both have packages for Linux) and type the command again."
)
NO_SYSTEM = "{} knows no system in it: the packages of one, if it has any, were not looked at."


@dataclass(frozen=True)
class Vulnerability:
    """A known vulnerability of one package in the image. `fixed` is the version without it, "" where there is none."""

    severity: str
    id: str
    package: str
    version: str
    fixed: str = ""

    @property
    def document(self) -> dict[str, str | None]:
        """For `--json`."""
        return {**asdict(self), "fixed": self.fixed or None}

    def __str__(self) -> str:
        mend = f"fixed in {self.fixed}" if self.fixed else "not fixed yet"
        return f"{self.severity:<10} {self.id}: {self.package} {self.version}, {mend}"


@dataclass(frozen=True)
class Scanned:
    """What a scan found, and what people should know beside it."""

    found: tuple[Vulnerability, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scanner:
    """A scanner that is installed. `codes` are the exit codes of a whole scan."""

    name: str
    arguments: tuple[str, ...]
    read: Callable[[Any], Scanned]
    codes: tuple[int, ...] = (0,)

    def command(self, image: str, platform: str) -> list[str]:
        """The argv that scans an image's one platform: all severities, JSON on standard output."""
        return [self.name, *self.arguments, f"--platform={platform}", image]


def trivy(report: Any) -> Scanned:
    """Trivy's report, of schema version 2, with the packages that it looked at. Raises DockyardError without any.

    A system whose list of packages was deleted, and Debian's unstable one, of which trivy has no data, give a report
    without findings too (tried with 0.59.1).
    """
    if report["SchemaVersion"] != 2:
        raise DockyardError(f"trivy's report has schema version {report['SchemaVersion']}, not 2: install another one.")
    results = report.get("Results") or ()
    if not any(result.get("Packages") for result in results):
        raise DockyardError("trivy recognised no packages in it, so it could not look for anything.")
    system = (report.get("Metadata") or {}).get("OS") or {}
    name = f"{system.get('Family')} {system.get('Name')}"
    own = [result for result in results if result.get("Class") == "os-pkgs"]
    if own and not any(result.get("Packages") for result in own):
        raise DockyardError(
            f"trivy found no list of the packages of {name} in it: do not delete that in the Dockerfile."
        )
    if name.endswith("/sid"):
        raise DockyardError(f"trivy has no data of {name}: build on a base that is a release.")
    listed = [each for result in results for each in result.get("Vulnerabilities") or ()]
    old = f"{name} gets no security updates any more: trivy may know too little."
    return Scanned(
        tuple(
            Vulnerability(
                severity(each.get("Severity")),
                each["VulnerabilityID"],
                each["PkgName"],
                each.get("InstalledVersion", ""),
                each.get("FixedVersion", ""),
            )
            for each in listed
        ),
        (*(() if own else (NO_SYSTEM.format("trivy"),)), *((old,) if system.get("EOSL") else ())),
    )


def grype(report: Any) -> Scanned:
    """Grype's report. Raises DockyardError where it does not say which image it looked at, or that it knew anything.

    It does not list the packages that it looked at: without a system and without a finding there may have been none.
    """
    if not report["source"]["target"]:
        raise DockyardError("grype's report names no image.")
    known = (report.get("distro") or {}).get("name")
    if not known and not report["matches"]:
        raise DockyardError("grype recognised no system in it, and says of no package that it looked at it: try trivy.")
    return Scanned(
        tuple(
            Vulnerability(
                severity(each["vulnerability"].get("severity")),
                each["vulnerability"]["id"],
                each["artifact"]["name"],
                each["artifact"]["version"],
                ", ".join((each["vulnerability"].get("fix") or {}).get("versions") or ()),
            )
            for each in report["matches"]
        ),
        () if known else (NO_SYSTEM.format("grype"),),
    )


# Trivy takes its exit code and severities from its configuration otherwise; grype exits 2 where that has a limit of its
# own (https://github.com/anchore/grype/pull/2575), after a whole report.
SCANNERS = (
    Scanner(
        "trivy",
        (
            *("image", "--quiet", "--format=json", "--list-all-pkgs", "--scanners=vuln", "--exit-code=0"),
            f"--severity={EVERY}",
        ),
        trivy,
    ),
    Scanner("grype", ("--quiet", "--output=json"), grype, codes=(0, 2)),
)


def find() -> Scanner | None:
    """The scanner that is installed, trivy before grype."""
    return next((each for each in SCANNERS if shutil.which(each.name)), None)


def run(scanner: Scanner, argv: list[str]) -> Scanned:
    """Scan. Raises DockyardError for anything but a whole report."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        raise DockyardError(f"{scanner.name} cannot be run: {error.strerror}.") from None
    if done.returncode not in scanner.codes:
        raise DockyardError(f"{scanner.name} failed: {last_words(done.stderr) or f'exit code {done.returncode}'}")
    try:
        return scanner.read(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DockyardError(f"{scanner.name} printed no report that can be read: install another version.") from None


def last_words(said: str) -> str:
    """Why it failed: its last words, from the line that says FATAL where one does, as trivy writes several of them."""
    lines = said.strip().splitlines()
    begin = next((at for at, line in enumerate(lines) if "FATAL" in line), len(lines) - 1)
    words = [word for line in lines[max(begin, 0) :] for word in line.split()]
    return " ".join(words[words.index("FATAL") + 1 :] if "FATAL" in words else words)


def severity(said: str | None) -> str:
    """A severity in our words, which are both scanners' in small letters."""
    return said.lower() if said and said.lower() in SEVERITIES else "unknown"


def counted(found: Iterable[Vulnerability]) -> dict[str, int]:
    """How many there are of each severity, the worst first."""
    counts = dict.fromkeys(SEVERITIES, 0)
    for each in found:
        counts[each.severity] += 1
    return counts


def over(severity: str, most: str) -> bool:
    """Whether a severity is worse than SCAN_MAX."""
    return RANKS[severity] > RANKS[most]


def badness(found: Vulnerability) -> tuple[int, int, bool, str, str]:
    """By which to sort: the worst first, and of equal ones what can be fixed."""
    order = SEVERITIES.index(found.severity)
    return (-RANKS[found.severity], order, not found.fixed, found.package, found.id)
