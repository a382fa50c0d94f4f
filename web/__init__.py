"""Faces: Flask app factory, JSON API, maps, tiles and the command line."""
