"""Who goes: units, and the ranking of units for a location. Sees travel times through a Protocol."""
