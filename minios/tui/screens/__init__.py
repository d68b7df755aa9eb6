"""What fills the window: the menu, the game, and the sheets over them."""
