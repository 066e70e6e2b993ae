"""Cover: what should be covered and is not, as gaps with an owner."""
