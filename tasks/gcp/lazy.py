"""Packages of Google's whose `__init__` imports far more than is asked of them."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any


class Lazy(ModuleType):
    """A package whose modules can be imported at once; its `__init__` runs when something of its own is asked for."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if name.startswith("__") or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if importlib.util.find_spec(f"{self.__name__}.{name}"):
            return importlib.import_module(f"{self.__name__}.{name}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec.loader.exec_module(self)
        return getattr(self, name)


def lazy(name: str) -> None:
    """Make a package lazy, unless it was imported already or is not installed."""
    parent, _, leaf = name.rpartition(".")
    with suppress(ModuleNotFoundError):
        spec = importlib.util.find_spec(name)
        if spec is None or name in sys.modules:
            return
        module = Lazy(name)
        module.__spec__, module.__path__ = spec, list(spec.submodule_search_locations or ())
        module.__file__, module.__package__, module.__loader__ = spec.origin, name, spec.loader
        sys.modules[name] = module
        setattr(sys.modules[parent], leaf, module)
