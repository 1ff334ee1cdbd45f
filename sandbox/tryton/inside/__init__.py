"""What runs inside Tryton's own environment, with Tryton's Python; our processes never import Tryton."""
