"""Runs the tests of this folder, or of the files that its argument names, and prints their numbers
as cargo does."""

import pathlib
import sys
import unittest

folder = pathlib.Path(__file__).parent
files = sys.argv[1] if len(sys.argv) > 1 else "test_*.py"
tests = unittest.defaultTestLoader.discover(str(folder), files)
result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
failed = len(result.failures) + len(result.errors)
print(f"test result: {result.testsRun - failed} passed; {failed} failed;", flush=True)
sys.exit(failed != 0)
