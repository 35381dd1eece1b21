"""`python -m watchpost_cli` is the same as `watchpost`."""

import sys

from watchpost_cli.main import main

sys.exit(main())
