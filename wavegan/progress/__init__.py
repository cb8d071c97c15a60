"""How a run goes: what it wrote down, read and judged."""
