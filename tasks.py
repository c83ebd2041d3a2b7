"""Release tasks of this repository."""

import sys

del sys.modules[__name__]  # inv loads this file as `tasks`; free the name for the package

from tasks import ns as ns  # noqa: E402
