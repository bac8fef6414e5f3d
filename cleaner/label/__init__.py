"""The labelling page: pages with proposed labels in a local browser, corrected by a person.

    inputs → `tasks` (pages, and where they are saved) → `session` (proposals, saving)
           → `server` (HTTP on this machine) → `page.html`, `page.js`, `page.css`

What is saved are labelled pages as `cleaner.data.pages` defines them.
"""

from __future__ import annotations

from cleaner.label.server import LabelServer
from cleaner.label.session import Session
from cleaner.label.tasks import Task, collect

__all__ = ["LabelServer", "Session", "Task", "collect"]
