"""A Docker engine as a platform: revisions as containers behind an edge that shares the traffic out."""
