"""`python -m cleaner` is the command `cleaner`."""

import sys

from cleaner.cli import main

sys.exit(main())
