"""Print the oldest version of each dependency that pyproject.toml allows, as pip's constraints.

Development packages (the extra `dev`) stay at their newest version.
"""

import sys
from pathlib import Path

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
groups = [project["dependencies"], *(extras[name] for name in extras if name != "dev")]
oldest = set()
for requirement in (Requirement(text) for group in groups for text in group):
    applies = requirement.marker is None or requirement.marker.evaluate()
    if applies and requirement.name != project["name"]:  # the extra `all` names other extras
        (bound,) = (each.version for each in requirement.specifier if each.operator == ">=")
        oldest.add(f"{requirement.name}=={bound}")
print("\n".join(sorted(oldest)))
