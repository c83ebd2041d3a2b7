"""What examples/rhesis says of itself in its clouds."""

from __future__ import annotations

import pytest

from tasks import environment
from tests.examples.conftest import EXAMPLES


@pytest.mark.parametrize("env", ["prod", "staging", "ecs"])
def test_it_is_reached_by_https_in_every_cloud(env: str) -> None:
    said = environment.load(EXAMPLES / "rhesis", env)
    asked = [said.url] if said.target == "ecs" else []  # Cloud Run's own address is https
    addresses = [*asked, *(each for each in said.variables.values() if "://" in each)]
    assert len(addresses) >= 2
    assert [each for each in addresses if not each.startswith("https://")] == []
