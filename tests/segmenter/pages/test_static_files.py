"""Static files that are gone."""

import pytest
from django.http import Http404
from whitenoise.responders import StaticFile

from segmenter.pages.static_files import StaticFilesMiddleware


def test_a_static_file_that_was_deleted_after_the_start_is_not_found(tmp_path, rf):
    path = tmp_path / "site.css"
    path.write_text("body {}")
    found = StaticFile(str(path), [])
    path.unlink()
    with pytest.raises(Http404):
        StaticFilesMiddleware.serve(found, rf.get("/static/site.css"))
