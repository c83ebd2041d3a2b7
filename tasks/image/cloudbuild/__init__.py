"""Cloud Build: the source goes to Storage, a build is submitted and watched, and the image lands in the registry.

No Docker engine is asked for anything. Light to import: Google's packages are imported where they are used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...environment.settings import Environment


@dataclass(frozen=True)
class Place:
    """Where builds run, and where they get their source. `given` says that the settings name the bucket."""

    project: str
    location: str
    bucket: str
    given: bool = False

    @property
    def parent(self) -> str:
        """As the API names it. A regional build is addressed by this alone."""
        return f"projects/{self.project}/locations/{self.location}"


def place(environment: Environment) -> Place:
    """The environment's place: its region on Cloud Run, else `global`; gcloud's own bucket where none is named."""
    location = environment.region if environment.target == "cloudrun" else "global"
    own = f"{re.sub(r'[:.]', '_', environment.project)}_cloudbuild"
    return Place(environment.project, location, environment.build_bucket or own, given=bool(environment.build_bucket))
