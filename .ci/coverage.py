"""Print the share of the package that the tests ran, and the files they ran least."""

import json
import sys
from pathlib import Path

SHOWN = 5

files = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]
ran = {name: len(file["executed_lines"]) for name, file in files.items()}
lines = {name: ran[name] + len(file["missing_lines"]) for name, file in files.items()}
print(f"coverage: {sum(ran.values()) / sum(lines.values()):.1%} of {sum(lines.values()):,} lines")
least = sorted((name for name in files if lines[name]), key=lambda name: ran[name] / lines[name])
for name in least[:SHOWN]:
    print(f"  {ran[name] / lines[name]:.0%} {name}")
