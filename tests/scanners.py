"""Scanners that stand in for trivy and grype: they note their argv, and print what the real ones print, abridged.

Forms: trivy's integration/testdata/*.json.golden (SchemaVersion 2) and what 0.59.1 prints, grype's presenter/json
snapshots.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

IMAGE = "registry.example.com/api"


def stand_in(folder: Path, name: str, report: object, *, code: int = 0, said: str = "") -> Path:
    """Put an executable there; its argv lies beside it afterwards, a line each time."""
    text = report if isinstance(report, str) else json.dumps(report)
    program = folder / name
    program.write_text(
        f'#!/bin/sh\necho {name} "$@" >>{shlex.quote(str(folder / "argv"))}\nprintf %s {shlex.quote(text)}\n'
        f"printf %s {shlex.quote(said)} >&2\nexit {code}\n"
    )
    program.chmod(0o755)
    return program


def trivy(*found: tuple[str, str, str, str, str], os: dict[str, Any] | None = None) -> dict[str, Any]:
    """Trivy's report: severity, id, package, version, fixed version of each."""
    system = {"Family": "debian", "Name": "12.11", **(os or {})}
    return {
        "SchemaVersion": 2,
        "CreatedAt": "2026-01-02T03:04:05.000000006Z",
        "ArtifactName": IMAGE,
        "ArtifactType": "container_image",
        "Metadata": {"OS": system, "ImageID": f"sha256:{'1' * 64}", "RepoDigests": [f"{IMAGE}@sha256:{'2' * 64}"]},
        "Results": [
            {
                "Target": f"{IMAGE} (debian 12.11)",
                "Class": "os-pkgs",
                "Type": "debian",
                "Packages": [{"ID": "base-files@12.4", "Name": "base-files", "Identifier": {}, "Version": "12.4"}],
                **({"Vulnerabilities": [_trivy(*each) for each in found]} if found else {}),
            },
            {"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg"},
        ],
    }


def _trivy(severity: str, name: str, package: str, version: str, fixed: str) -> dict[str, Any]:
    return {
        "VulnerabilityID": name,
        "PkgID": f"{package}@{version}",
        "PkgName": package,
        "PkgIdentifier": {"PURL": f"pkg:deb/debian/{package}@{version}?arch=amd64&distro=debian-12.11"},
        "InstalledVersion": version,
        **({"FixedVersion": fixed} if fixed else {}),
        "Status": "fixed" if fixed else "affected",
        "SeveritySource": "debian",
        "Severity": severity,
    }


def grype(*found: tuple[str, str, str, str, str]) -> dict[str, Any]:
    """Grype's report."""
    return {
        "matches": [_grype(*each) for each in found],
        "source": {
            "type": "image",
            "target": {"userInput": IMAGE, "imageID": f"sha256:{'1' * 64}", "manifestDigest": f"sha256:{'2' * 64}"},
        },
        "distro": {"name": "debian", "version": "12", "idLike": []},
        "descriptor": {"name": "grype", "version": "0.100.0"},
    }


def _grype(severity: str, name: str, package: str, version: str, fixed: str) -> dict[str, Any]:
    return {
        "vulnerability": {
            "id": name,
            "severity": severity,
            "fix": {"versions": [fixed] if fixed else [], "state": "fixed" if fixed else "not-fixed"},
            "advisories": [],
        },
        "relatedVulnerabilities": [],
        "matchDetails": [{"type": "exact-direct-match", "matcher": "dpkg-matcher"}],
        "artifact": {"name": package, "version": version, "type": "deb", "purl": f"pkg:deb/debian/{package}@{version}"},
    }
