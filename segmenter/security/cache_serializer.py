"""The cache is written as JSON, so that whoever gets at it cannot make the site run anything."""

import json
from typing import Any


class JSONSerializer:
    """For Django's Redis cache, which would use pickle. Numbers stay as they are: Redis counts with them."""

    def dumps(self, value: Any) -> bytes | int:
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
