"""Print the oldest version of each dependency that pyproject.toml allows, as pip's constraints."""

from pathlib import Path

import tomllib
from packaging.requirements import Requirement

EXTRAS = ("train", "metrics", "judges", "formats", "export", "interop", "plot")
"""Extras for users; development packages stay at their newest version."""

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
groups = [project["dependencies"], *(project["optional-dependencies"][name] for name in EXTRAS)]
oldest = set()
for requirement in (Requirement(text) for group in groups for text in group):
    if requirement.marker is None or requirement.marker.evaluate():
        (bound,) = (each.version for each in requirement.specifier if each.operator == ">=")
        oldest.add(f"{requirement.name}=={bound}")
print("\n".join(sorted(oldest)))
