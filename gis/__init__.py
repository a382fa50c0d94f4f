"""Where: boundaries, coordinates, addresses and gazetteer. Knows nothing of roads or incidents."""
