"""The panes of the game screen, each drawn from the play's frozen view."""
