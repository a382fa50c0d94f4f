"""What if: coverage, siting and simulation. Sees travel times as arrays, never a graph."""
