"""`build.scan`: what scanners find is counted and held against SCAN_MAX; what was not scanned is never called clean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Dockyard, Project, Result
from .scanners import IMAGE, grype, stand_in, trivy

DIGEST = f"sha256:{'2' * 64}"
PINNED = f"{IMAGE}@{DIGEST}"
CRITICAL = ("CRITICAL", "CVE-1", "libssl3", "3.0.1", "3.0.2")
LOW = ("LOW", "CVE-2", "bash", "5.2", "")
TRIVY = (
    "trivy image --quiet --format=json --list-all-pkgs --scanners=vuln --exit-code=0 "
    "--severity=UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL"
)
PYTHON = {"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg", "Packages": [{"Name": "flask"}]}
BARE = {"Target": "api (debian 12.15)", "Class": "os-pkgs", "Type": "debian"}  # /var/lib/dpkg was deleted
NO_DATABASE = (  # 0.59.1, without a network
    "2026-11-22T12:09:47Z\tFATAL\tFatal error\tinit error: DB error: failed to download vulnerability DB: 1 error "
    'occurred:\n\t* Get "https://mirror.gcr.io/v2/": dial tcp: network is unreachable\n\n'
)
Scan = Callable[..., Result]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def scan(project: Project, dockyard: Dockyard, path: Path) -> Scan:
    """Scan the pinned image: `scan("SCAN_MAX=high", "--json")`."""

    def run(settings: str = "", flags: str = "--json", *, pinned: bool = True, dry: str = "") -> Result:
        root = project(local=f"TARGET=docker\nSERVICE=api\nIMAGE={IMAGE}\n{settings}\n")
        if pinned:
            (root / "env" / "local.lock").write_text(f"IMAGE={IMAGE}\nDIGEST={DIGEST}\nTAG=v1\n")
        return dockyard(f"{dry} build.scan --env=local {flags}", root)

    return run


def argv(path: Path) -> list[str]:
    return (path / "argv").read_text().splitlines() if (path / "argv").exists() else []


def test_trivy_is_asked_for_the_pinned_digest_and_its_findings_are_counted(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", trivy(LOW, CRITICAL))
    stand_in(path, "grype", grype())
    done = scan("SCAN_MAX=critical")
    assert done.code == 0
    assert argv(path) == [f"{TRIVY} --platform=linux/amd64 {PINNED}"]
    document = done.document
    assert document.pop("seconds") >= 0
    assert document == {
        "env": "local",
        "target": "docker",
        "service": "api",
        "image": PINNED,
        "scanner": "trivy",
        "max": "critical",
        "result": "allowed",
        "findings": {"critical": 1, "high": 0, "medium": 0, "low": 1, "negligible": 0, "unknown": 0},
        "worst": [
            {"severity": "critical", "id": "CVE-1", "package": "libssl3", "version": "3.0.1", "fixed": "3.0.2"},
            {"severity": "low", "id": "CVE-2", "package": "bash", "version": "5.2", "fixed": None},
        ],
        "notices": [],
    }


def test_grype_where_there_is_no_trivy(scan: Scan, path: Path) -> None:
    stand_in(path, "grype", grype(("Negligible", "CVE-3", "tar", "1", ""), ("High", "CVE-4", "zlib", "1", "2")))
    done = scan("SCAN_MAX=medium")
    assert done.code == 1
    assert argv(path) == [f"grype --quiet --output=json --platform=linux/amd64 {PINNED}"]
    assert done.document["error"] == (
        f"grype found 1 high, 1 negligible in {PINNED}, 1 of it worse than SCAN_MAX=medium: build on a newer base, and "
        "install the fixed versions."
    )
    assert done.document["result"] == "refused"
    assert [each["id"] for each in done.document["worst"]] == ["CVE-4"]


@pytest.mark.parametrize(
    ("most", "severity", "code"),
    [
        ("none", "UNKNOWN", 1),
        ("none", "LOW", 1),
        ("low", "LOW", 0),
        ("low", "UNKNOWN", 0),
        ("low", "MEDIUM", 1),
        ("medium", "HIGH", 1),
        ("high", "HIGH", 0),
        ("high", "CRITICAL", 1),
        ("critical", "CRITICAL", 0),
        ("high", "SOMETHING NEW", 0),
        ("none", "SOMETHING NEW", 1),
    ],
)
def test_the_worst_that_is_allowed(scan: Scan, path: Path, most: str, severity: str, code: int) -> None:
    stand_in(path, "trivy", trivy((severity, "CVE-1", "a", "1", "")))
    assert scan(f"SCAN_MAX={most}").code == code


def test_nothing_found_is_allowed_by_any_limit(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", trivy())
    done = scan("SCAN_MAX=none", "")
    assert (done.code, done.out) == (0, "")
    assert f"trivy found nothing in {PINNED}; SCAN_MAX=none allows that." in done.err


def test_without_a_limit_it_is_told_and_nothing_refused(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", trivy(CRITICAL, LOW))
    done = scan("", "")
    assert done.code == 0
    assert done.out == ("critical   CVE-1: libssl3 3.0.1, fixed in 3.0.2\nlow        CVE-2: bash 5.2, not fixed yet\n")
    assert f"trivy found 1 critical, 1 low in {PINNED}; SCAN_MAX is not set, so nothing is refused." in done.err


def test_each_platform_is_scanned_and_a_finding_of_both_counts_once(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", trivy(CRITICAL))
    done = scan("PLATFORM=linux/amd64,linux/arm64")
    assert argv(path) == [f"{TRIVY} --platform={each} {PINNED}" for each in ("linux/amd64", "linux/arm64")]
    assert done.document["findings"]["critical"] == 1


def test_another_tag(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", trivy())
    assert scan("", "--tag=v2 --json", pinned=False).document["image"] == f"{IMAGE}:v2"
    assert argv(path) == [f"{TRIVY} --platform=linux/amd64 {IMAGE}:v2"]


def test_neither_pin_nor_tag(scan: Scan, path: Path) -> None:
    done = scan(pinned=False)
    assert done.code == 1
    assert done.document["error"] == (
        "local has no pin to scan: type inv pin --env=local, or name an image with --tag."
    )


def test_without_a_scanner_it_is_unverified(scan: Scan, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(path))
    done = scan("SCAN_MAX=critical")
    assert done.code == 1
    assert done.document["result"] == "unverified"
    assert done.document["error"].startswith(
        f"{PINNED} is unverified: neither trivy (https://trivy.dev) nor grype (https://github.com/anchore/grype) is "
    )
    assert "findings" not in done.document


@pytest.mark.parametrize(
    ("report", "code", "why"),
    [
        ("", 1, "trivy failed: unable to find the image"),
        (trivy(), 1, "trivy failed: unable to find the image"),
        ("", 0, "trivy printed no report that can be read: install another version."),
        ("[]", 0, "trivy printed no report that can be read: install another version."),
        ({**trivy(), "SchemaVersion": 3}, 0, "trivy's report has schema version 3, not 2: install another one."),
        ({**trivy(), "Results": []}, 0, "trivy recognised no packages in it, so it could not look for anything."),
        ({**trivy(), "Results": [BARE]}, 0, "trivy recognised no packages in it"),
        (
            {**trivy(), "Results": [BARE, PYTHON]},
            0,
            "trivy found no list of the packages of debian 12.11 in it: do not",
        ),
        (
            trivy(os={"Name": "forky/sid"}),
            0,
            "trivy has no data of debian forky/sid: build on a base that is a release.",
        ),
        (
            {**trivy(), "Results": [{**PYTHON, "Vulnerabilities": [{"Severity": "LOW"}]}]},
            0,
            "no report that can be read",
        ),
    ],
)
def test_a_scan_that_is_none_is_unverified(scan: Scan, path: Path, report: object, code: int, why: str) -> None:
    stand_in(path, "trivy", report, code=code, said="INFO loading\nFATAL unable to find the image\n")
    done = scan("SCAN_MAX=critical")
    assert done.code == 1
    assert done.document["error"].startswith(f"{PINNED} is unverified: ")
    assert why in done.document["error"]
    assert done.document["result"] == "unverified"


def test_why_it_failed_is_told_whole(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", "", code=1, said=NO_DATABASE)
    assert scan().document["error"] == (
        f"{PINNED} is unverified: trivy failed: Fatal error init error: DB error: failed to download vulnerability DB: "
        '1 error occurred: * Get "https://mirror.gcr.io/v2/": dial tcp: network is unreachable'
    )


def test_where_no_system_is_recognised_only_the_packages_of_languages_were_looked_at(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", {**trivy(os={"Family": "none", "Name": ""}), "Results": [PYTHON]})
    done = scan("SCAN_MAX=none")
    told = "trivy knows no system in it: the packages of one, if it has any, were not looked at."
    assert told in done.err
    assert done.document["notices"] == [told]
    assert done.document["result"] == "allowed"


def test_grype_without_a_system_and_without_findings_may_have_looked_at_nothing(scan: Scan, path: Path) -> None:
    unknown = {"name": "", "version": "", "idLike": None}
    stand_in(path, "grype", {**grype(), "distro": unknown})
    assert scan().document["error"] == (
        f"{PINNED} is unverified: grype recognised no system in it, and says of no package that it looked at it: "
        "try trivy."
    )
    stand_in(path, "grype", {**grype(("Low", "CVE-1", "flask", "1", "2")), "distro": unknown})
    done = scan()
    assert "grype knows no system in it" in done.err
    assert done.document["findings"]["low"] == 1


def test_grypes_own_limit_spoils_no_scan_and_its_failure_does(scan: Scan, path: Path) -> None:
    stand_in(path, "grype", grype(("Low", "CVE-1", "a", "1", "")), code=2)
    assert scan("SCAN_MAX=low").document["result"] == "allowed"
    stand_in(path, "grype", grype(), code=1, said="db is too old")
    assert scan("SCAN_MAX=low").document["error"] == f"{PINNED} is unverified: grype failed: db is too old"


def test_a_system_that_gets_no_updates_any_more_is_told(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", trivy(os={"Name": "10.13", "EOSL": True}))
    told = "debian 10.13 gets no security updates any more: trivy may know too little."
    assert told in scan().err


def test_a_dry_run_says_the_command_and_scans_nothing(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", trivy())
    done = scan("SCAN_MAX=high", dry="--dry")
    assert done.code == 0
    assert f"Would run: {TRIVY} --platform=linux/amd64 {PINNED}\n" in done.err
    assert done.document["result"] == "unverified"
    assert argv(path) == []


def test_only_the_worst_are_shown(scan: Scan, path: Path) -> None:
    stand_in(path, "trivy", trivy(*(("HIGH", f"CVE-{number}", "a", "1", "") for number in range(10, 25)), CRITICAL))
    done = scan("", "")
    assert done.out.splitlines()[0].startswith("critical   CVE-1:")
    assert done.out.splitlines()[-1] == "and 6 more"
    assert len(done.out.splitlines()) == 11
