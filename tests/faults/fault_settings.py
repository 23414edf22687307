"""The site's settings plus one more kind of job: the probe, which does what its title says."""

import os
import time

from segmenter.settings import *  # noqa: F403
from segmenter.settings import CELERY_BROKER_TRANSPORT_OPTIONS, JOB_KINDS

JOB_KINDS = {**JOB_KINDS, "probe": {"task": "fault_tasks.execute_probe", "holder": ""}}
CELERY_IMPORTS = ["fault_tasks"]
if visibility := os.environ.get("FAULT_VISIBILITY_SECONDS"):
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "visibility_timeout": float(visibility),
        "unacked_restore_interval": 1,
    }

if offset := float(os.environ.get("FAULT_CLOCK_OFFSET", "0")):
    # For a process whose clock is wrong while the database's is right.
    right = time.time
    time.time = lambda: right() + offset
