"""Files damaged at random: each reader refuses them in its own words, or reads the right value."""
