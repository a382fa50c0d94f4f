"""How far: road network, travel times and routes. Knows nothing of incidents."""
