"""What every Google API has in common: endpoints, credentials, clients, and refusals as sentences.

Light to import: Google's packages are imported where a client is made.
"""

from __future__ import annotations
