from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tasks import dockerd, packages

FOLDER = Path("/state/dockyard")
OTHER = "unix:///run/other.sock"


def test_the_machines_own_socket_gets_the_ordinary_engine() -> None:
    place = dockerd.layout(dockerd.SOCKET, FOLDER, beside=True)
    assert place.record == FOLDER / "dockerd.json"
    assert dockerd.command(place) == ["dockerd", "--host=unix:///var/run/docker.sock"]


def test_another_socket_gets_an_engine_with_places_of_its_own() -> None:
    place = dockerd.layout(OTHER, FOLDER)
    assert place.record == FOLDER / "engine-b91f5c12" / "dockerd.json"
    assert dockerd.command(place) == [
        "dockerd",
        "--host=unix:///run/other.sock",
        "--data-root=/state/dockyard/engine-b91f5c12/data",
        "--exec-root=/run/dockyard-b91f5c12",
        "--pidfile=/state/dockyard/engine-b91f5c12/dockerd.pid",
        "--containerd-namespace=dockyard-b91f5c12",
        "--containerd-plugins-namespace=dockyard-b91f5c12-plugins",
    ]


def test_an_engine_beside_another_has_a_bridge_of_its_own_and_leaves_the_firewall_alone() -> None:
    place = dockerd.layout(OTHER, FOLDER, beside=True)
    assert dockerd.command(place)[-2:] == ["--bridge=dockyard-b91f5c", "--iptables=false"]
    assert dockerd.bridge(place) == [
        ["ip", "link", "add", "name", "dockyard-b91f5c", "type", "bridge"],
        ["ip", "address", "add", "192.168.235.1/24", "dev", "dockyard-b91f5c"],
        ["ip", "link", "set", "dockyard-b91f5c", "up"],
    ]


def test_where_no_engine_can_be_brought_up_a_sentence_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages, "debian", lambda: True)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert dockerd.refusal(OTHER, yes=True) == ""
    assert dockerd.refusal(OTHER, yes=False).endswith("type inv local.up --yes to install this system's docker.io.")
    monkeypatch.setenv("CI", "true")
    assert dockerd.refusal(OTHER, yes=False) == ""
    monkeypatch.setattr(packages, "debian", lambda: False)
    assert "install Docker from this system's packages" in dockerd.refusal(OTHER, yes=True)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert dockerd.refusal(OTHER, yes=True).endswith("type `sudo ./inv local.up --yes`.")
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/sbin/dockerd")
    assert dockerd.refusal(OTHER, yes=True).endswith("type `sudo systemctl start docker`.")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Docker Desktop, OrbStack or colima" in dockerd.refusal(OTHER, yes=True)


def test_a_process_that_only_has_the_recorded_pid_is_not_taken_for_the_engine(tmp_path: Path) -> None:
    place = dockerd.layout(OTHER, tmp_path)
    place.record.parent.mkdir(parents=True)
    place.record.write_text(json.dumps({"pid": os.getpid(), "argv": dockerd.command(place)}))
    assert dockerd.started(place) == 0
    dockerd.stop(place)
    assert not place.record.exists()
