"""Problems that networks and agents are given."""
