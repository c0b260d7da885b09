"""See `tests/service/test_number_space.py`."""

from tests.service.test_number_space import *  # noqa: F403
